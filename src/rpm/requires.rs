//! Are these requirements met by what is installed?
//!
//! Asking the package manager costs half a second even when there is nothing to do, so the plain
//! cases are decided here: names with versions against what the installed packages provide, and
//! paths. Whatever is not certainly met (rich dependencies, odd versions) counts as missing, and the
//! package manager decides.

use std::collections::HashMap;
use std::fmt;

use rpm_version::Evr;

/// One requirement of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    pub(crate) name: String,
    pub(crate) less: bool,
    pub(crate) greater: bool,
    pub(crate) equal: bool,
    /// A feature of rpm itself (`rpmlib(...)`), not of a package.
    pub(crate) of_rpm: bool,
    /// `[epoch:]version[-release]`, empty for any.
    pub(crate) version: String,
}

/// As rpm prints it and package managers take it: `name >= 1.0`.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.version.is_empty() {
            return Ok(());
        }
        let sign = |is: bool, sign| if is { sign } else { "" };
        let (less, greater) = (sign(self.less, "<"), sign(self.greater, ">"));
        write!(
            f,
            " {less}{greater}{} {}",
            sign(self.equal, "="),
            self.version
        )
    }
}

impl Requirement {
    /// Reads a line of `rpmspec -q --buildrequires`; nothing of an empty one.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        // A rich dependency is one name to everybody but the resolver.
        let (name, rest) = match line.starts_with('(') {
            true => (line, ""),
            false => line.split_once(' ').unwrap_or((line, "")),
        };
        let (sign, version) = rest.trim().split_once(' ').unwrap_or_default();
        (!name.is_empty()).then(|| Self {
            name: name.to_owned(),
            less: sign.contains('<'),
            greater: sign.contains('>'),
            equal: sign.contains('='),
            of_rpm: name.starts_with("rpmlib("),
            version: version.trim().to_owned(),
        })
    }
}

/// The format for `rpm -qa --qf` that [`Installed::parse`] reads: a line per package, with the time
/// it was built and its size, then one per name it provides.
pub(crate) const QUERY: &str = "=%{NEVRA} %{BUILDTIME} %{SIZE}\\n[ %{PROVIDENAME}\\t%{PROVIDEFLAGS:depflags}\\t%{PROVIDEVERSION}\\n]";

/// What is installed in a root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Installed {
    /// Sorted.
    pub(crate) packages: Vec<String>,
    /// The same with `BUILDTIME SIZE` after each: seconds since 1970, bytes.
    pub(crate) details: Vec<String>,
    provides: HashMap<String, Vec<String>>,
}

impl Installed {
    pub(crate) fn parse(text: &str) -> Self {
        let mut installed = Self::default();
        for line in text.lines() {
            if let Some(package) = line.strip_prefix('=') {
                let name = package.split(' ').next().unwrap_or_default();
                installed.packages.push(name.to_owned());
                installed.details.push(package.to_owned());
            } else if let Some(provide) = line.strip_prefix(' ') {
                let mut fields = provide.split('\t');
                let name = fields.next().unwrap_or_default();
                let exact = fields.next().is_some_and(|flags| flags.trim() == "=");
                let version = fields.next().filter(|_| exact).unwrap_or_default();
                installed
                    .provides
                    .entry(name.to_owned())
                    .or_default()
                    .push(version.to_owned());
            }
        }
        installed.packages.sort();
        installed.details.sort();
        installed
    }

    /// Whether something installed certainly meets `requirement`.
    pub(crate) fn meets(&self, requirement: &Requirement) -> bool {
        self.provides
            .get(&requirement.name)
            .is_some_and(|versions| {
                versions
                    .iter()
                    .any(|version| matches_version(version, requirement))
            })
    }
}

fn matches_version(provided: &str, requirement: &Requirement) -> bool {
    if requirement.version.is_empty() {
        return true;
    }
    if provided.is_empty() {
        return false;
    }
    let have = Evr::parse(provided);
    let want = Evr::parse(&requirement.version);
    // A requirement without release is met by any release; without epoch it means epoch 0.
    let release = if want.release().is_empty() {
        ""
    } else {
        have.release()
    };
    let epoch = |evr: &Evr<'_>| {
        if evr.epoch().is_empty() {
            "0".to_owned()
        } else {
            evr.epoch().to_owned()
        }
    };
    let have = Evr::new(epoch(&have), have.version().to_owned(), release.to_owned());
    let want = Evr::new(
        epoch(&want),
        want.version().to_owned(),
        want.release().to_owned(),
    );
    match have.cmp(&want) {
        std::cmp::Ordering::Less => requirement.less,
        std::cmp::Ordering::Equal => requirement.equal,
        std::cmp::Ordering::Greater => requirement.greater,
    }
}

/// The requirements that are not certainly met. `exists` says whether a path is there in the root.
pub(crate) fn missing<'r>(
    requirements: &'r [Requirement],
    installed: &Installed,
    exists: impl Fn(&str) -> bool,
) -> Vec<&'r Requirement> {
    requirements
        .iter()
        .filter(|requirement| {
            let name = &requirement.name;
            let met = installed.meets(requirement) || (name.starts_with('/') && exists(name));
            !requirement.of_rpm && !met
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(text: &str) -> Requirement {
        Requirement::parse(text).unwrap()
    }

    #[test]
    fn requirements_are_written_as_they_are_read() {
        for text in [
            "gcc",
            "gcc >= 12",
            "gcc < 1:12-3",
            "gcc = 12",
            "(gcc >= 12 or clang)",
            "/usr/bin/gcc",
            "pkgconfig(ncurses) <= 6",
        ] {
            assert_eq!(requirement(text).to_string(), text);
        }
        assert!(requirement("rpmlib(CompressedFileNames) <= 3.0.4-1").of_rpm);
        assert_eq!(Requirement::parse("  "), None);
    }

    #[test]
    fn requirements_are_compared_with_provides() {
        let installed = Installed::parse(
            "=make-1:4.3-4.x86_64 1700000000 4096\n make\t= \t1:4.3-4\n make(x86-64)\t\t\n=gcc-12.2-1.x86_64\n gcc\t=\t12.2-1\n",
        );
        assert_eq!(
            installed.packages,
            ["gcc-12.2-1.x86_64", "make-1:4.3-4.x86_64"]
        );
        assert_eq!(installed.details[1], "make-1:4.3-4.x86_64 1700000000 4096");
        for (text, met) in [
            ("gcc", true),
            ("gcc >= 12", true),
            ("gcc >= 12.2-2", false),
            ("gcc = 12.2", true),
            ("gcc < 12", false),
            ("gcc <= 12.2", true),
            ("make >= 4", true),
            ("make < 1:5", true),
            ("make > 2:1", false),
            ("make(x86-64)", true),
            ("make(x86-64) >= 1", false),
            ("(gcc or clang)", false),
            ("cmake", false),
            ("rpmlib(CompressedFileNames) <= 3.0.4-1", true),
            ("/usr/bin/gcc", true),
            ("/usr/bin/clang", false),
        ] {
            let requirements = [requirement(text)];
            let missing = missing(&requirements, &installed, |path| path == "/usr/bin/gcc");
            assert_eq!(missing.is_empty(), met, "{text}");
        }
    }
}
