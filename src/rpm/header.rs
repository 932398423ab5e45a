//! What mock wants to know from the header of a package, which is a source package nearly always.
//!
//! The header is read by the `rpm` crate, in this process, as the caller: no librpm, no program.

use std::io::{BufReader, Read, Seek};
use std::path::Path;

use rpm::{DependencyFlags, IndexSignatureTag, IndexTag, PackageMetadata};
use sha2::{Digest, Sha256};

use super::index;
use super::requires::Requirement;
use crate::error::{Error, Result};

/// Headers are a few kilobytes, those of the largest source packages about a megabyte. rpm itself
/// allows 256 MiB, which a hostile file could make us allocate.
const LARGEST: u64 = 32 * 1024 * 1024;

/// The first bytes of every RPM file, and of its header structures.
const LEAD: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];
const HEADER: [u8; 3] = [0x8e, 0xad, 0xe8];

/// A package's header, a source package's unless it was opened as any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceHeader {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) release: String,
    pub(crate) requires: Vec<Requirement>,
    /// Names that the package provides itself.
    provides: Vec<String>,
    pub(crate) is_source: bool,
    /// The first spec file among the package's files.
    pub(crate) spec: Option<String>,
    exclusive_arch: Vec<String>,
    exclude_arch: Vec<String>,
    /// The names of its files, and their modes.
    files: Vec<(String, u16)>,
    /// What they take together; rpm writes no more than this.
    pub(crate) unpacked: u64,
    /// Of the header's bytes, which hold digests of the rest: the same package has the same.
    pub(crate) digest: String,
}

/// Digests what is read through it.
struct Digesting<R> {
    from: R,
    digest: Sha256,
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.from.read(buffer)?;
        self.digest.update(&buffer[..length]);
        Ok(length)
    }
}

impl SourceHeader {
    /// Reads and checks the source package at `path`, named so in messages.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::open_any(path)?.must_be_source(path)
    }

    /// The same for a package of any kind.
    pub(crate) fn open_any(path: &Path) -> Result<Self> {
        if !path.is_file() {
            return Err(Error::Unreadable {
                message: if path.exists() {
                    format!(
                        "Cannot find/open srpm: {}. Error: not a regular file",
                        path.display()
                    )
                } else {
                    format!(
                        "Cannot find/open srpm: {}. Error: No such file or directory",
                        path.display()
                    )
                },
            });
        }
        let file = fs_err::File::open(path).map_err(|e| Error::Unreadable {
            message: format!(
                "Cannot find/open srpm: {}. Error: {}",
                path.display(),
                e.kind()
            ),
        })?;
        Self::read_any(file.into_file(), path)
    }

    pub(crate) fn read(file: std::fs::File, path: &Path) -> Result<Self> {
        Self::read_any(file, path)?.must_be_source(path)
    }

    fn must_be_source(self, path: &Path) -> Result<Self> {
        match self.is_source {
            true => Ok(self),
            false => Err(Error::Unreadable {
                message: format!("File is not an srpm: {}.", path.display()),
            }),
        }
    }

    fn read_any(mut file: std::fs::File, path: &Path) -> Result<Self> {
        let length = file.metadata().map_err(Error::io("read", path))?.len();
        check_sizes(&mut file, length, path)?;
        let mut reader = BufReader::new(Digesting {
            from: file.take(2 * LARGEST),
            digest: Sha256::new(),
        });
        let metadata =
            PackageMetadata::parse(&mut reader).map_err(|e| no_rpm(path, &e.to_string()))?;
        check_length(&metadata, length, path)?;
        let digest = reader.into_inner().digest.finalize();
        Ok(Self {
            digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            ..Self::from_metadata(&metadata, path)?
        })
    }

    fn from_metadata(metadata: &PackageMetadata, path: &Path) -> Result<Self> {
        let broken = |e: rpm::Error| no_rpm(path, &e.to_string());
        let strings = |tag| {
            let strings = metadata
                .header
                .get_entry_data_as_string_array(tag)
                .unwrap_or_default();
            strings.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        Ok(Self {
            digest: String::new(),
            name: metadata.get_name().map_err(broken)?.to_owned(),
            version: metadata.get_version().map_err(broken)?.to_owned(),
            release: metadata.get_release().map_err(broken)?.to_owned(),
            requires: metadata
                .get_requires()
                .unwrap_or_default()
                .into_iter()
                .map(|requirement| Requirement {
                    less: requirement.flags.contains(DependencyFlags::LESS),
                    greater: requirement.flags.contains(DependencyFlags::GREATER),
                    equal: requirement.flags.contains(DependencyFlags::EQUAL),
                    of_rpm: requirement.flags.contains(DependencyFlags::RPMLIB),
                    name: requirement.name,
                    version: requirement.version,
                })
                .collect(),
            provides: strings(IndexTag::RPMTAG_PROVIDENAME),
            is_source: metadata.is_source_package(),
            spec: strings(IndexTag::RPMTAG_BASENAMES)
                .into_iter()
                .find(|name| name.ends_with(".spec") && !name.contains('/')),
            exclusive_arch: strings(IndexTag::RPMTAG_EXCLUSIVEARCH),
            exclude_arch: strings(IndexTag::RPMTAG_EXCLUDEARCH),
            unpacked: {
                let header = &metadata.header;
                let long = header.get_entry_data_as_u64_array(IndexTag::RPMTAG_LONGFILESIZES);
                let sizes = long.or_else(|_| {
                    let short = header.get_entry_data_as_u32_array(IndexTag::RPMTAG_FILESIZES);
                    short.map(|sizes| sizes.into_iter().map(u64::from).collect())
                });
                let sizes = sizes.unwrap_or_default();
                sizes.into_iter().fold(0, u64::saturating_add)
            },
            files: {
                let modes = metadata
                    .header
                    .get_entry_data_as_u16_array(IndexTag::RPMTAG_FILEMODES)
                    .unwrap_or_default();
                let names = strings(IndexTag::RPMTAG_BASENAMES).into_iter();
                let modes = modes.iter().copied().chain(std::iter::repeat(0));
                names.zip(modes).collect()
            },
        })
    }

    /// Refuses a package that says it cannot be built for `target`.
    pub(crate) fn check_arch(&self, target: &str, path: &Path) -> Result<()> {
        let listed = |list: &[String]| list.iter().any(|arch| arch == target);
        let any_noarch = self.exclusive_arch.iter().any(|arch| arch == "noarch");
        let (fact, list) = if listed(&self.exclude_arch) {
            ("ExcludeArch", &self.exclude_arch)
        } else if !self.exclusive_arch.is_empty()
            && !listed(&self.exclusive_arch)
            && !any_noarch
            && target != "noarch"
        {
            ("ExclusiveArch", &self.exclusive_arch)
        } else {
            return Ok(());
        };
        Err(Error::Srpm {
            message: format!(
                "{} cannot be built for {target}: its {fact} is {}",
                file_name(path),
                list.join(" ")
            ),
            hint: Some(
                "choose a configuration for another architecture with -r, or give --target"
                    .to_owned(),
            ),
        })
    }

    /// Refuses what rpmbuild puts in no source package, and rpm would unpack: names that lead out of
    /// the directory of sources, devices, links.
    pub(crate) fn check_files(&self, path: &Path) -> Result<()> {
        if file_name(path).chars().any(char::is_control) {
            return Err(Error::Srpm {
                message: format!(
                    "{} has control characters in its name",
                    file_name(path).escape_debug()
                ),
                hint: Some("give it another name".to_owned()),
            });
        }
        let wrong = |(name, mode): &(String, u16)| {
            const REGULAR: u16 = 0o10;
            if name.contains('/') || ["", ".", ".."].contains(&name.as_str()) {
                return Some("is no plain file name");
            }
            if name.chars().any(char::is_control) {
                return Some("has control characters in its name");
            }
            let regular = [0, REGULAR].contains(&(mode >> 12));
            (!regular).then_some("is no regular file")
        };
        let found = self
            .files
            .iter()
            .find_map(|file| Some((file, wrong(file)?)));
        let Some(((name, _), why)) = found else {
            return Ok(());
        };
        Err(Error::Srpm {
            message: format!(
                "{} cannot be unpacked: '{}' in it {why}",
                file_name(path),
                name.escape_debug()
            ),
            hint: Some("rpmbuild makes no such source packages; do not trust it".to_owned()),
        })
    }

    /// What it requires of other packages.
    pub(crate) fn requires_of_others(&self) -> Vec<Requirement> {
        let of_others = |requirement: &&Requirement| !self.provides.contains(&requirement.name);
        self.requires.iter().filter(of_others).cloned().collect()
    }

    pub(crate) fn has_dynamic_requires(&self) -> bool {
        self.requires
            .iter()
            .any(|requirement| requirement.name == "rpmlib(DynamicBuildRequires)")
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn no_rpm(path: &Path, why: &str) -> Error {
    Error::Unreadable {
        message: format!("Cannot find/open srpm: {}. Error: {why}", path.display()),
    }
}

fn truncated(path: &Path) -> Error {
    Error::Unreadable {
        message: format!(
            "Cannot find/open srpm: {}. Error: the file is truncated; fetch or copy it again",
            path.display()
        ),
    }
}

/// Checks the sizes the two header structures claim before anything is allocated for them.
fn check_sizes(file: &mut std::fs::File, length: u64, path: &Path) -> Result<()> {
    let mut lead = [0u8; 96];
    let failed = Error::io("read", path);
    match read_up_to(file, &mut lead).map_err(failed)? {
        read if read < 4 || lead[..4] != LEAD => return Err(no_rpm(path, "not an RPM package")),
        read if read < lead.len() => return Err(truncated(path)),
        _ => {}
    }
    let mut offset = 96;
    for padded in [true, false] {
        let mut intro = [0u8; 16];
        if read_up_to(file, &mut intro).map_err(Error::io("read", path))? < intro.len() {
            return Err(truncated(path));
        }
        if intro[..3] != HEADER {
            return Err(no_rpm(path, "damaged package header"));
        }
        let number = |at: usize| {
            u64::from(u32::from_be_bytes([
                intro[at],
                intro[at + 1],
                intro[at + 2],
                intro[at + 3],
            ]))
        };
        let size = number(8) * 16 + number(12);
        if size > LARGEST {
            return Err(no_rpm(
                path,
                "damaged package header: it claims an impossible size",
            ));
        }
        offset += 16 + size;
        if padded {
            offset = offset.next_multiple_of(8);
        }
        if offset > length {
            return Err(truncated(path));
        }
        let mut entries = vec![0; usize::try_from(number(8) * 16).unwrap_or(0)];
        let read = read_up_to(file, &mut entries).map_err(Error::io("read", path))?;
        if read < entries.len() {
            return Err(truncated(path));
        }
        if !index::fits(&entries, number(12)) {
            return Err(no_rpm(
                path,
                "damaged package header: it claims data that it has not",
            ));
        }
        file.seek(std::io::SeekFrom::Start(offset))
            .map_err(Error::io("read", path))?;
    }
    file.rewind().map_err(Error::io("read", path))
}

fn read_up_to(file: &mut std::fs::File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read(&mut buffer[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}

/// Compares the file's length with what the signature header says of header and payload.
fn check_length(metadata: &PackageMetadata, length: u64, path: &Path) -> Result<()> {
    let signature = &metadata.signature;
    let size = signature
        .get_entry_data_as_u64(IndexSignatureTag::RPMSIGTAG_LONGSIZE)
        .or_else(|_| {
            signature
                .get_entry_data_as_u32(IndexSignatureTag::RPMSIGTAG_SIZE)
                .map(u64::from)
        });
    match size {
        Ok(size) if metadata.get_package_segment_offsets().header + size > length => {
            Err(truncated(path))
        }
        _ => Ok(()),
    }
}

/// The files of a directory that are source packages, as paths.
pub(crate) fn is_source_name(name: &str) -> bool {
    name.ends_with(".src.rpm") || name.ends_with(".nosrc.rpm")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(exclusive: &[&str], exclude: &[&str]) -> SourceHeader {
        let owned = |list: &[&str]| list.iter().map(|arch| (*arch).to_owned()).collect();
        SourceHeader {
            digest: String::new(),
            name: "x".to_owned(),
            version: "1".to_owned(),
            release: "1".to_owned(),
            requires: Vec::new(),
            provides: Vec::new(),
            is_source: true,
            spec: None,
            exclusive_arch: owned(exclusive),
            exclude_arch: owned(exclude),
            files: Vec::new(),
            unpacked: 0,
        }
    }

    #[test]
    fn files_are_checked() {
        for (name, mode, why) in [
            ("x.spec", 0o100644, None),
            ("-x $(id) %{y}.spec", 0o100644, None),
            ("a..b", 0o104755, None),
            ("no-type", 0o644, None),
            ("/etc/passwd", 0o100644, Some("is no plain file name")),
            ("../x", 0o100644, Some("is no plain file name")),
            ("..", 0o100644, Some("is no plain file name")),
            ("", 0o100644, Some("is no plain file name")),
            ("a\nb", 0o100644, Some("has control characters in its name")),
            ("null", 0o020666, Some("is no regular file")),
            ("link", 0o120777, Some("is no regular file")),
            ("d", 0o040755, Some("is no regular file")),
        ] {
            let files = vec![("ok".to_owned(), 0o100644), (name.to_owned(), mode)];
            let header = SourceHeader {
                files,
                ..header(&[], &[])
            };
            let checked = header.check_files(Path::new("x.src.rpm"));
            let expected = why.map(|why| {
                let name = name.escape_debug();
                format!("x.src.rpm cannot be unpacked: '{name}' in it {why}")
            });
            assert_eq!(checked.err().map(|error| error.to_string()), expected);
        }
    }

    #[test]
    fn architectures_are_checked() {
        let path = Path::new("/srv/x-1-1.src.rpm");
        for (exclusive, exclude, refused) in [
            (&[][..], &[][..], false),
            (&["x86_64", "aarch64"], &[], false),
            (&["aarch64"], &[], true),
            (&["aarch64", "noarch"], &[], false),
            (&[], &["x86_64"], true),
            (&[], &["aarch64"], false),
        ] {
            let checked = header(exclusive, exclude).check_arch("x86_64", path);
            assert_eq!(checked.is_err(), refused, "{exclusive:?} {exclude:?}");
        }
        let message = header(&["aarch64"], &[])
            .check_arch("x86_64", path)
            .map_err(|e| e.to_string());
        assert_eq!(
            message,
            Err(
                "x-1-1.src.rpm cannot be built for x86_64: its ExclusiveArch is aarch64".to_owned()
            )
        );
    }

    #[test]
    fn what_is_no_package_is_refused_in_words() -> Result<()> {
        let scratch = tempfile::tempdir().map_err(Error::io("make", "scratch"))?;
        let path = scratch.path().join("x.src.rpm");
        let mut huge = vec![0u8; 96];
        huge[..4].copy_from_slice(&LEAD);
        huge.extend(HEADER);
        huge.extend([
            1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ]);
        let mut outside = vec![0u8; 96];
        outside[..4].copy_from_slice(&LEAD);
        outside.extend(HEADER);
        outside.extend([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 8]);
        outside.extend([0, 0, 3, 0xe8, 0, 0, 0, 6, 0, 0, 0x20, 0xbc, 0, 0, 0, 1]);
        outside.extend([0; 64]);
        for (content, part) in [
            (outside, "claims data that it has not"),
            (b"text".to_vec(), "not an RPM package"),
            (Vec::new(), "not an RPM package"),
            (LEAD.to_vec(), "truncated"),
            (huge, "impossible size"),
        ] {
            fs_err::write(&path, content).map_err(Error::io("write", &path))?;
            let error = SourceHeader::open(&path)
                .map(|_| ())
                .map_err(|e| e.to_string());
            assert!(
                error.as_ref().is_err_and(|text| text.contains(part)),
                "{error:?}"
            );
        }
        let missing = SourceHeader::open(&scratch.path().join("none"))
            .map(|_| ())
            .map_err(|e| e.exit_code());
        assert_eq!(missing, Err(1));
        Ok(())
    }
}
