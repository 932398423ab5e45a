//! Platforms: which image of several is for an architecture.

use std::fmt;

use oci_spec::image::{Descriptor, ImageIndex};

use super::fault::{Fault, Result};

/// `linux/amd64/v2`, in the names that images use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Platform {
    pub(crate) os: String,
    pub(crate) architecture: String,
    pub(crate) variant: Option<String>,
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl Platform {
    /// Of an architecture as rpm or `uname -m` names it.
    pub(crate) fn of_arch(arch: &str) -> Self {
        let (architecture, variant) = match arch {
            "x86_64" | "amd64" => ("amd64", None),
            "x86_64_v2" => ("amd64", Some("v2")),
            "x86_64_v3" => ("amd64", Some("v3")),
            "x86_64_v4" => ("amd64", Some("v4")),
            "i386" | "i486" | "i586" | "i686" | "athlon" => ("386", None),
            "aarch64" => ("arm64", None),
            "armv6l" | "armv6hl" => ("arm", Some("v6")),
            "armv7l" | "armv7hl" | "armv7hnl" | "armv8l" => ("arm", Some("v7")),
            "loongarch64" => ("loong64", None),
            "mips64el" | "mips64r6el" => ("mips64le", None),
            "mipsel" | "mipsr6el" => ("mipsle", None),
            other => (other, None),
        };
        Self {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
        }
    }

    /// As `podman --platform` takes it: `OS/ARCH[/VARIANT]`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts.as_slice() {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some((*variant).to_owned())),
            _ => {
                return Err(Fault::new(format!("'{text}' is no platform"))
                    .hinted("a platform is OS/ARCHITECTURE[/VARIANT], such as linux/amd64/v2"));
            }
        };
        Ok(Self {
            os: (*os).to_owned(),
            architecture: (*architecture).to_owned(),
            variant,
        })
    }

    /// Variants of images that run where this is wanted, the best first.
    fn variants(&self) -> Vec<Option<&str>> {
        match (self.architecture.as_str(), self.variant.as_deref()) {
            ("arm64", None | Some("v8")) => vec![Some("v8"), None],
            ("arm", Some("v7")) => vec![Some("v7"), Some("v6"), Some("v5"), None],
            ("arm", Some("v6")) => vec![Some("v6"), Some("v5"), None],
            ("amd64", None) => vec![None, Some("v1")],
            (_, variant) => vec![variant],
        }
    }

    /// An image for `other` runs where this is wanted.
    pub(crate) fn takes(&self, other: &Self) -> bool {
        self.os == other.os
            && self.architecture == other.architecture
            && (other.variant.is_none() || self.variants().contains(&other.variant.as_deref()))
    }
}

/// What an index says of one of its images; nothing for what is no image (signatures and the like).
fn platform(entry: &Descriptor) -> Option<Platform> {
    let platform = entry.platform().as_ref()?;
    Some(Platform {
        os: platform.os().to_string(),
        architecture: platform.architecture().to_string(),
        variant: platform.variant().clone(),
    })
}

/// The image for `wanted`.
pub(super) fn choose<'i>(index: &'i ImageIndex, wanted: &Platform) -> Result<&'i Descriptor> {
    let entries = index.manifests();
    for variant in wanted.variants() {
        let exact = Platform {
            variant: variant.map(str::to_owned),
            ..wanted.clone()
        };
        if let Some(found) = entries
            .iter()
            .find(|entry| platform(entry).as_ref() == Some(&exact))
        {
            return Ok(found);
        }
    }
    // An index of one image need not say for what it is.
    if let [only] = entries.as_slice()
        && only.platform().is_none()
    {
        return Ok(only);
    }
    let there: Vec<String> = entries
        .iter()
        .filter_map(platform)
        .filter(|platform| platform.os != "unknown")
        .map(|platform| platform.to_string())
        .collect();
    Err(Fault::new(format!(
        "there is no image for {wanted}, only for {}",
        match there.is_empty() {
            true => "no named platform".to_owned(),
            false => there.join(", "),
        }
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(platforms: &[&str]) -> ImageIndex {
        let entries = platforms.iter().enumerate().map(|(number, text)| {
            let platform = match *text {
                "" => String::new(),
                text => {
                    let p = Platform::parse(text).unwrap();
                    let variant = p.variant.map(|v| format!(r#","variant":"{v}""#));
                    format!(
                        r#","platform":{{"os":"{}","architecture":"{}"{}}}"#,
                        p.os,
                        p.architecture,
                        variant.unwrap_or_default()
                    )
                }
            };
            let digest = format!("sha256:{number:064}");
            format!(
                r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":1,"digest":"{digest}"{platform}}}"#
            )
        });
        let text = format!(
            r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
            entries.collect::<Vec<_>>().join(",")
        );
        ImageIndex::from_reader(text.as_bytes()).unwrap()
    }

    fn chosen(there: &[&str], wanted: &str) -> Option<usize> {
        let index = index(there);
        let found = choose(&index, &Platform::parse(wanted).unwrap()).ok()?;
        found.digest().digest().parse().ok()
    }

    #[test]
    fn one_of_several_is_chosen() {
        let arm = ["linux/arm/v6", "linux/arm/v7", "linux/arm64/v8"];
        let amd = ["unknown/unknown", "linux/amd64/v2", "linux/amd64"];
        for (there, wanted, number) in [
            (&arm[..], "linux/arm/v7", Some(1)),
            (&arm, "linux/arm/v6", Some(0)),
            (&arm, "linux/arm64", Some(2)),
            (&arm, "linux/amd64", None),
            (&amd, "linux/amd64", Some(2)),
            (&amd, "linux/amd64/v2", Some(1)),
            (&amd, "linux/amd64/v3", None),
            (&[""], "linux/s390x", Some(0)),
            (&["", ""], "linux/s390x", None),
        ] {
            assert_eq!(chosen(there, wanted), number, "{there:?} {wanted}");
        }
    }

    #[test]
    fn those_that_are_there_are_named() {
        let index = index(&["unknown/unknown", "linux/arm64/v8", "linux/s390x"]);
        let Err(Fault::Final(problem)) = choose(&index, &Platform::of_arch("x86_64")) else {
            panic!("there is none");
        };
        assert_eq!(
            problem.message,
            "there is no image for linux/amd64, only for linux/arm64/v8, linux/s390x"
        );
    }

    #[test]
    fn architectures_of_rpm() {
        for (arch, text) in [
            ("x86_64", "linux/amd64"),
            ("i686", "linux/386"),
            ("aarch64", "linux/arm64"),
            ("armv7hl", "linux/arm/v7"),
            ("ppc64le", "linux/ppc64le"),
            ("riscv64", "linux/riscv64"),
        ] {
            assert_eq!(Platform::of_arch(arch).to_string(), text);
        }
        let arm64 = Platform::of_arch("aarch64");
        assert!(arm64.takes(&Platform::parse("linux/arm64/v8").unwrap()));
        assert!(!arm64.takes(&Platform::parse("linux/amd64").unwrap()));
        assert!(Platform::parse("amd64").is_err());
    }
}
