//! What an image is called: the forms that podman and skopeo understand.
//!
//!     fedora:43   registry.example.org/os/fedora@sha256:...   docker://...   in a registry
//!     oci:DIR[:TAG]   oci-archive:FILE[:TAG]                               an OCI layout
//!     docker-archive:FILE[:REFERENCE]                                      of `docker save`
//!     dir:DIR                                                              of `skopeo copy`

use std::fmt;
use std::path::{Path, PathBuf};

use oci_spec::distribution::Reference as Name;

use super::fault::{Fault, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    Registry(Remote),
    Layout(Local),
    Archive(Local),
    DockerArchive(Local),
    Directory(PathBuf),
}

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remote {
    /// With the registry that a name without one has at first.
    pub(super) name: Name,
    /// The name as it was typed, without tag and digest, when it names no registry.
    pub(super) short: Option<String>,
}

/// An image in files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Local {
    pub(super) path: PathBuf,
    /// Which one, where there are several.
    pub(super) tag: Option<String>,
}

/// Transports of podman that are for its own storage or for other programs.
const FOREIGN: [&str; 7] = [
    "containers-storage",
    "docker-daemon",
    "ostree",
    "sif",
    "tarball",
    "atomic",
    "openshift",
];

impl Reference {
    /// Relative paths begin at `cwd`.
    pub(crate) fn parse(text: &str, cwd: &Path) -> Result<Self> {
        let (transport, rest) = text.split_once(':').unwrap_or(("", text));
        Ok(match transport {
            "docker" => match rest.strip_prefix("//") {
                Some(name) => Self::Registry(Remote::parse(name)?),
                None => Self::Registry(Remote::parse(text)?),
            },
            "oci" => Self::Layout(Local::parse(text, rest, cwd)?),
            "oci-archive" => Self::Archive(Local::parse(text, rest, cwd)?),
            "docker-archive" => Self::DockerArchive(Local::parse(text, rest, cwd)?),
            "dir" if !rest.is_empty() => Self::Directory(cwd.join(rest)),
            foreign if FOREIGN.contains(&foreign) => {
                return Err(
                    Fault::new(format!("images of '{foreign}:' are not read: {text}")).hinted(
                        "there are names in registries, oci:, oci-archive:, docker-archive: and dir:",
                    ),
                );
            }
            _ => Self::Registry(Remote::parse(text)?),
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (transport, local) = match self {
            Self::Registry(remote) => return remote.fmt(f),
            Self::Directory(path) => return write!(f, "dir:{}", path.display()),
            Self::Layout(local) => ("oci", local),
            Self::Archive(local) => ("oci-archive", local),
            Self::DockerArchive(local) => ("docker-archive", local),
        };
        write!(f, "{transport}:{}", local.path.display())?;
        match &local.tag {
            Some(tag) => write!(f, ":{tag}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(short) = &self.short else {
            return self.name.fmt(f);
        };
        f.write_str(short)?;
        if let Some(tag) = self.name.tag() {
            write!(f, ":{tag}")?;
        }
        match self.name.digest() {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl Remote {
    fn parse(text: &str) -> Result<Self> {
        let name: Name = text.parse().map_err(|error| {
            Fault::new(format!("'{text}' is no name of an image: {error}"))
                .hinted("an image is named [REGISTRY/]NAME[:TAG][@DIGEST], or oci-archive:FILE")
        })?;
        let first = text.split('/').next().unwrap_or_default();
        let names_registry =
            text.contains('/') && (first.contains(['.', ':']) || first == "localhost");
        let short = (!names_registry).then(|| {
            let bare = text.split('@').next().unwrap_or_default();
            let colon = bare.rfind(':').unwrap_or(bare.len());
            bare[..colon].to_owned()
        });
        Ok(Self { name, short })
    }

    /// The same image, found by this full name.
    pub(super) fn at(&self, place: &str) -> Result<Name> {
        let tag = self.name.tag().map(|tag| format!(":{tag}"));
        let digest = self.name.digest().map(|digest| format!("@{digest}"));
        let text = format!(
            "{place}{}{}",
            tag.unwrap_or_default(),
            digest.unwrap_or_default()
        );
        text.parse()
            .map_err(|error| Fault::new(format!("'{text}' is no name of an image: {error}")))
    }
}

impl Local {
    /// A colon may be part of a path that is there; otherwise the first one ends it.
    fn parse(text: &str, rest: &str, cwd: &Path) -> Result<Self> {
        let whole = cwd.join(rest);
        let (path, tag) = match rest.split_once(':') {
            Some((path, tag)) if !whole.exists() => (path, Some(tag)),
            _ => (rest, None),
        };
        if path.is_empty() {
            return Err(Fault::new(format!("'{text}' names no path")));
        }
        Ok(Self {
            path: cwd.join(path),
            tag: tag.filter(|tag| !tag.is_empty()).map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Reference {
        Reference::parse(text, Path::new("/here")).expect("a reference")
    }

    #[test]
    fn names_in_registries() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (text, registry, repository, tag, short) in [
            (
                "fedora:latest",
                "docker.io",
                "library/fedora",
                "latest",
                Some("fedora"),
            ),
            (
                "fedora",
                "docker.io",
                "library/fedora",
                "latest",
                Some("fedora"),
            ),
            (
                "rocky/linux:9",
                "docker.io",
                "rocky/linux",
                "9",
                Some("rocky/linux"),
            ),
            (
                "registry.fedoraproject.org/fedora:43",
                "registry.fedoraproject.org",
                "fedora",
                "43",
                None,
            ),
            (
                "docker.io/library/almalinux:9",
                "docker.io",
                "library/almalinux",
                "9",
                None,
            ),
            (
                "docker://quay.io/centos/centos:stream9",
                "quay.io",
                "centos/centos",
                "stream9",
                None,
            ),
            ("localhost/x", "localhost", "x", "latest", None),
            ("localhost:5000/a/b:c", "localhost:5000", "a/b", "c", None),
            (
                "docker:latest",
                "docker.io",
                "library/docker",
                "latest",
                Some("docker"),
            ),
        ] {
            let Reference::Registry(remote) = parse(text) else {
                panic!("{text}");
            };
            let name = &remote.name;
            assert_eq!(
                (
                    name.registry(),
                    name.repository(),
                    name.tag(),
                    remote.short.as_deref()
                ),
                (registry, repository, Some(tag), short),
                "{text}"
            );
        }
        let text = format!("localhost:5000/x@{digest}");
        let Reference::Registry(remote) = parse(&text) else {
            panic!("{text}");
        };
        assert_eq!(remote.name.digest(), Some(digest.as_str()));
        assert_eq!(parse(&text).to_string(), text);
        assert_eq!(parse("fedora:43").to_string(), "fedora:43");
        for wrong in [
            "",
            "Fedora",
            "a b",
            "x@sha256:12",
            "containers-storage:x",
            "oci:",
            "http://x/y",
        ] {
            assert!(Reference::parse(wrong, Path::new("/")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn images_in_files() {
        let local = |path: &str, tag: Option<&str>| Local {
            path: path.into(),
            tag: tag.map(str::to_owned),
        };
        for (text, reference) in [
            ("oci:layout", Reference::Layout(local("/here/layout", None))),
            ("oci:/a/b:c", Reference::Layout(local("/a/b", Some("c")))),
            (
                "oci-archive:/a.tar",
                Reference::Archive(local("/a.tar", None)),
            ),
            (
                "docker-archive:/a.tar:x/y:z",
                Reference::DockerArchive(local("/a.tar", Some("x/y:z"))),
            ),
            (
                "dir:/a/b@sha256:12",
                Reference::Directory("/a/b@sha256:12".into()),
            ),
        ] {
            assert_eq!(parse(text), reference, "{text}");
        }
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a:b");
        fs_err::write(&path, "").unwrap();
        assert_eq!(
            parse(&format!("oci-archive:{}", path.display())),
            Reference::Archive(local(&path.to_string_lossy(), None))
        );
    }

    #[test]
    fn a_short_name_can_be_somewhere_else() {
        let Reference::Registry(remote) = parse("fedora:43") else {
            panic!("it is a name");
        };
        let name = remote.at("registry.fedoraproject.org/fedora").unwrap();
        assert_eq!(name.to_string(), "registry.fedoraproject.org/fedora:43");
    }
}
