//! Variables in addresses: `$releasever`, `${basearch}` and what a configuration adds.

use indexmap::IndexMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vars(IndexMap<String, String>);

impl Vars {
    /// `arch` is the package manager's: that of `--forcearch`, or of the machine as it sees it.
    /// `own` are the `dnf_vars` of a configuration, which come before the built-in ones.
    pub(crate) fn new(
        arch: &str,
        releasever: Option<&str>,
        own: &IndexMap<String, String>,
    ) -> Self {
        let mut vars = IndexMap::new();
        vars.insert("arch".to_owned(), arch.to_owned());
        if let Some(basearch) = basearch(arch) {
            vars.insert("basearch".to_owned(), basearch.to_owned());
        }
        if let Some(releasever) = releasever {
            vars.insert("releasever".to_owned(), releasever.to_owned());
        }
        vars.extend(own.clone());
        Self(vars)
    }

    /// `text` with all variables replaced; none if there is one that is not known, or something
    /// that only a newer package manager understands (`${name:-word}`).
    pub(super) fn expand(&self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let (name, tail) = match after.strip_prefix('{') {
                Some(inner) => inner.split_once('}')?,
                None => after.split_at(after.find(|c| !is_name(c)).unwrap_or(after.len())),
            };
            out.push_str(self.0.get(name)?);
            rest = tail;
        }
        out.push_str(rest);
        Some(out)
    }
}

/// What repositories call an architecture.
fn basearch(arch: &str) -> Option<&str> {
    Some(match arch {
        "x86_64" | "x86_64_v2" | "x86_64_v3" | "x86_64_v4" | "amd64" | "ia32e" => "x86_64",
        "i386" | "i486" | "i586" | "i686" | "athlon" | "geode" => "i386",
        "armv6hl" | "armv7hl" | "armv7hnl" | "armv8hl" => "armhfp",
        "armv5tejl" | "armv5tel" | "armv5tl" | "armv6l" | "armv7l" | "armv8l" => "arm",
        "ppc64iseries" | "ppc64p7" | "ppc64pseries" => "ppc64",
        "aarch64" | "loongarch64" | "mips" | "mipsel" | "mips64" | "mips64el" | "ppc" | "ppc64"
        | "ppc64le" | "riscv64" | "s390" | "s390x" => arch,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let own = [("stream".to_owned(), "10-s".to_owned())].into();
        let vars = Vars::new("i686", Some("9"), &own);
        for (text, expected) in [
            ("a/$releasever/${basearch}/$arch", Some("a/9/i386/i686")),
            ("$stream.x$stream", Some("10-s.x10-s")),
            ("plain", Some("plain")),
            ("$releasever_major", None),
            ("${other}", None),
            ("${releasever", None),
            ("${x:-$y}", None),
            ("100$", None),
            ("$", None),
        ] {
            assert_eq!(vars.expand(text).as_deref(), expected, "{text}");
        }
        assert_eq!(Vars::new("z80", None, &own).expand("$basearch"), None);
    }
}
