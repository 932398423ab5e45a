//! An archive of a checkout, by the name under which the spec file wants it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::Checkout;
use super::tools::Tools;
use crate::error::{Error, Result};
use crate::rpm::spec::SpecFacts;

/// What GNU tar leaves out with `--exclude-vcs`.
const VCS: [&str; 23] = [
    "CVS",
    "RCS",
    "SCCS",
    ".git",
    ".gitignore",
    ".gitmodules",
    ".gitattributes",
    ".cvsignore",
    ".svn",
    ".arch-ids",
    "{arch}",
    "=RELEASE-ID",
    "=meta-update",
    "=update",
    ".bzr",
    ".bzrignore",
    ".bzrtags",
    ".hg",
    ".hgignore",
    ".hgrags",
    ".hgtags",
    "_darcs",
    "_MTN",
];

/// How an archive is compressed, by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    None,
    Gzip,
    Zstd,
    /// A program of the host does it, which puts an ending of its own behind the name.
    Program(&'static [&'static str], &'static str),
}

const ENDINGS: [(&str, Compression); 12] = [
    (".tar", Compression::None),
    (".tar.gz", Compression::Gzip),
    (".tgz", Compression::Gzip),
    (".tar.zst", Compression::Zstd),
    (".tzst", Compression::Zstd),
    (".tar.xz", XZ),
    (".txz", XZ),
    (".tar.bz2", BZIP2),
    (".tbz", BZIP2),
    (".tbz2", BZIP2),
    (".tar.lz", LZIP),
    (".tlz", LZIP),
];
const XZ: Compression = Compression::Program(&["xz", "-T0"], ".xz");
const BZIP2: Compression = Compression::Program(&["bzip2"], ".bz2");
const LZIP: Compression = Compression::Program(&["lzip"], ".lz");

/// An archive to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Archive {
    file: String,
    /// The directory in it.
    top: String,
    compression: Compression,
}

impl Archive {
    pub(super) fn of(facts: &SpecFacts) -> Result<Self> {
        let top = format!("{}-{}", facts.name, facts.version);
        if top.contains('/') || top.starts_with(['.', '-']) || top.chars().any(char::is_control) {
            return Err(Error::usage(format!(
                "the spec file's name and version, {}, cannot be a directory's name",
                top.escape_debug()
            )));
        }
        let first = facts.first_source();
        let known = first.as_ref().and_then(|file| {
            let mut endings = ENDINGS.iter();
            let (_, compression) = endings.find(|(ending, _)| file.ends_with(ending))?;
            Some((file.clone(), *compression))
        });
        let (file, compression) =
            known.unwrap_or_else(|| (format!("{top}.tar.gz"), Compression::Gzip));
        Ok(Self {
            file,
            top,
            compression,
        })
    }

    /// Makes it beside the checkout, and gives its path.
    pub(super) fn make(
        &self,
        tools: &Tools<'_>,
        checkout: &Checkout,
        exclude_vcs: bool,
    ) -> Result<PathBuf> {
        let place = checkout.scratch.path().join(".archive");
        let made = place.join(&self.file);
        tracing::info!("Writing {} of the checkout", self.file);
        let plain = tools.identity.as_caller(|| {
            fs_err::create_dir_all(&place).map_err(Error::io("make", &place))?;
            let failed = Error::io("write", &made);
            match self.compression {
                Compression::None => {
                    let file = create(&made)?;
                    self.write(file, checkout, exclude_vcs).map(drop)?;
                }
                Compression::Gzip => {
                    let file = create(&made)?;
                    let level = flate2::Compression::default();
                    let encoder = flate2::GzBuilder::new().write(file, level);
                    let encoder = self.write(encoder, checkout, exclude_vcs)?;
                    encoder.finish().map_err(failed)?;
                }
                Compression::Zstd => {
                    let encoder = zstd::Encoder::new(create(&made)?, 0);
                    let encoder = encoder.map_err(Error::io("write", &made))?;
                    let encoder = self.write(encoder, checkout, exclude_vcs)?;
                    encoder.finish().map_err(failed)?;
                }
                Compression::Program(..) => {
                    let plain = place.join("archive.tar");
                    self.write(create(&plain)?, checkout, exclude_vcs)
                        .map(drop)?;
                    return Ok(Some(plain));
                }
            }
            Ok(None)
        })?;
        if let (Some(plain), Compression::Program(program, ending)) = (plain, self.compression) {
            let mut argv: Vec<String> = program.iter().map(|&word| word.to_owned()).collect();
            argv.extend(["--".to_owned(), "archive.tar".to_owned()]);
            tools.run(&argv, &place)?;
            let packed = format!("{}{ending}", plain.display());
            tools
                .identity
                .as_caller(|| fs_err::rename(&packed, &made).map_err(Error::io("make", &made)))?;
        }
        Ok(made)
    }

    /// In the order of names, owned by root: the same files make the same archive.
    fn write<W: Write>(&self, to: W, checkout: &Checkout, exclude_vcs: bool) -> Result<W> {
        let mut archive = tar::Builder::new(to);
        let top = &checkout.directory;
        let entries = walkdir::WalkDir::new(top)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| !exclude_vcs || entry.depth() == 0 || !is_vcs(entry.file_name()));
        for entry in entries {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(top).to_owned();
                Error::io("read", path)(error.into())
            })?;
            let path = entry.path();
            let relative = path.strip_prefix(top).unwrap_or(path);
            let name = Path::new(&self.top).join(relative);
            add(&mut archive, path, &name).map_err(Error::io("archive", path))?;
        }
        archive.into_inner().map_err(Error::io("archive", top))
    }
}

fn create(path: &Path) -> Result<fs_err::File> {
    fs_err::File::create(path).map_err(Error::io("write", path))
}

fn is_vcs(name: &OsStr) -> bool {
    VCS.iter().any(|vcs| name == *vcs)
}

fn add<W: Write>(archive: &mut tar::Builder<W>, path: &Path, name: &Path) -> std::io::Result<()> {
    let metadata = path.symlink_metadata()?;
    let kind = metadata.file_type();
    let mut header = tar::Header::new_gnu();
    header.set_metadata(&metadata);
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root")?;
    header.set_groupname("root")?;
    if kind.is_symlink() {
        header.set_size(0);
        archive.append_link(&mut header, name, fs_err::read_link(path)?)
    } else if kind.is_dir() {
        header.set_size(0);
        archive.append_data(&mut header, name, std::io::empty())
    } else if kind.is_file() {
        let file = fs_err::File::open(path)?;
        archive.append_data(&mut header, name, file)
    } else {
        // Version control keeps no others.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_first_source_s() {
        let facts = |source: &str| SpecFacts {
            name: "foo".to_owned(),
            version: "1.0".to_owned(),
            sources: vec![(1, "other".to_owned()), (0, source.to_owned())],
            others: Vec::new(),
        };
        for (source, file, compression) in [
            ("https://h/foo-1.0.tar.xz", "foo-1.0.tar.xz", XZ),
            ("foo.tgz", "foo.tgz", Compression::Gzip),
            (
                "https://h/v1#/foo-1.0.tar.zst",
                "foo-1.0.tar.zst",
                Compression::Zstd,
            ),
            ("foo.tar", "foo.tar", Compression::None),
            ("foo.zip", "foo-1.0.tar.gz", Compression::Gzip),
            ("", "foo-1.0.tar.gz", Compression::Gzip),
        ] {
            let archive = Archive::of(&facts(source)).map_err(|error| error.to_string());
            let expected = Archive {
                file: file.to_owned(),
                top: "foo-1.0".to_owned(),
                compression,
            };
            assert_eq!(archive, Ok(expected), "{source}");
        }
        let hostile = SpecFacts {
            name: "../x".to_owned(),
            ..facts("")
        };
        assert!(Archive::of(&hostile).is_err());
    }
}
