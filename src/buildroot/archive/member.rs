//! One member of an archive, to and from tar's headers.

use tar::{EntryType, Header};

use super::Fault;
use super::pax::{self, Records};

pub(super) const BLOCK: u64 = 512;

/// How PAX records name extended attributes.
const XATTR: &str = "SCHILY.xattr.";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Relative to the root, without `./`; empty for the root itself.
    pub(super) path: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Seconds and nanoseconds.
    pub(super) mtime: (i64, u32),
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    File {
        size: u64,
    },
    Directory,
    Symlink(Vec<u8>),
    /// Another name of a member that came before.
    Hardlink(Vec<u8>),
    Fifo,
    Device {
        block: bool,
        major: u32,
        minor: u32,
    },
}

/// Bytes up to the next whole block.
pub(super) fn padding(size: u64) -> u64 {
    size.next_multiple_of(BLOCK) - size
}

/// A header that holds a comment for whoever reads the archive; `tar` passes over it.
pub(super) fn encode_comment(comment: &str) -> Vec<u8> {
    let mut records = Records::default();
    records.push("comment", comment.as_bytes());
    extension(EntryType::XGlobalHeader, records.bytes())
}

fn extension(kind: EntryType, records: &[u8]) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(records.len() as u64);
    put(&mut header.as_old_mut().name, b"./PaxHeaders/mock");
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(records);
    bytes.resize(bytes.len().next_multiple_of(BLOCK as usize), 0);
    bytes
}

/// Fills a name field; `false` when the name does not fit.
fn put(field: &mut [u8; 100], name: &[u8]) -> bool {
    let length = name.len().min(field.len());
    field[..length].copy_from_slice(&name[..length]);
    length == name.len()
}

/// A name as `tar` writes it.
fn dotted(path: &[u8], directory: bool) -> Vec<u8> {
    let mut name = b"./".to_vec();
    name.extend(path);
    if directory && !path.is_empty() {
        name.push(b'/');
    }
    name
}

impl Member {
    /// The headers in front of the member's content.
    pub(super) fn encode(&self) -> std::io::Result<Vec<u8>> {
        let mut header = Header::new_ustar();
        let mut records = Records::default();
        let name = dotted(&self.path, self.kind == Kind::Directory);
        if !put(&mut header.as_old_mut().name, &name) {
            records.push("path", &name);
        }
        let link = match &self.kind {
            Kind::Symlink(target) => target.clone(),
            Kind::Hardlink(first) => dotted(first, false),
            _ => Vec::new(),
        };
        if !put(&mut header.as_old_mut().linkname, &link) {
            records.push("linkpath", &link);
        }
        header.set_entry_type(match self.kind {
            Kind::File { .. } => EntryType::Regular,
            Kind::Directory => EntryType::Directory,
            Kind::Symlink(_) => EntryType::Symlink,
            Kind::Hardlink(_) => EntryType::Link,
            Kind::Fifo => EntryType::Fifo,
            Kind::Device { block: true, .. } => EntryType::Block,
            Kind::Device { block: false, .. } => EntryType::Char,
        });
        header.set_size(match self.kind {
            Kind::File { size } => size,
            _ => 0,
        });
        header.set_mode(self.mode);
        header.set_uid(self.uid.into());
        header.set_gid(self.gid.into());
        let (seconds, nanoseconds) = self.mtime;
        match u64::try_from(seconds) {
            Ok(seconds) if nanoseconds == 0 => header.set_mtime(seconds),
            whole => {
                header.set_mtime(whole.unwrap_or(0));
                records.push("mtime", decimal(self.mtime).as_bytes());
            }
        }
        if let Kind::Device { major, minor, .. } = self.kind {
            header.set_device_major(major)?;
            header.set_device_minor(minor)?;
        }
        for (name, value) in &self.xattrs {
            if let Ok(name) = std::str::from_utf8(name) {
                records.push(&format!("{XATTR}{name}"), value);
            }
        }
        header.set_cksum();
        let mut bytes = if records.is_empty() {
            Vec::new()
        } else {
            extension(EntryType::XHeader, records.bytes())
        };
        bytes.extend(header.as_bytes());
        Ok(bytes)
    }
}

/// What headers in front of a member's own said about it.
#[derive(Debug, Default)]
pub(super) struct Before {
    pub(super) records: Vec<u8>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
}

/// The member and how many bytes of content follow.
pub(super) fn decode(header: &Header, before: &Before) -> Result<(Member, u64), Fault> {
    let wrong = |what: std::io::Error| Fault::Archive(what.to_string());
    let records = pax::parse(&before.records)
        .ok_or_else(|| Fault::Archive("a PAX record is malformed".to_owned()))?;
    // Of several with one name the last counts.
    let record = |key: &str| {
        let mut all = records.iter().rev();
        all.find(|(name, _)| *name == key.as_bytes())
            .map(|(_, value)| *value)
    };
    let number = |key: &str| -> Result<Option<u64>, Fault> {
        let Some(value) = record(key) else {
            return Ok(None);
        };
        let parsed = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
        parsed
            .map(Some)
            .ok_or_else(|| Fault::Archive(format!("PAX record {key} is no number")))
    };
    let id = |key: &str, plain: std::io::Result<u64>| -> Result<u32, Fault> {
        let id = match number(key)? {
            Some(id) => id,
            None => plain.map_err(wrong)?,
        };
        u32::try_from(id).map_err(|_| Fault::Archive(format!("{key} {id} is too large")))
    };
    if records
        .iter()
        .any(|(key, _)| key.starts_with(b"GNU.sparse."))
    {
        let what = "a file with holes, in GNU tar's own form, which mock does not read";
        return Err(Fault::Archive(what.to_owned()));
    }
    let name = match (record("path"), &before.name) {
        (Some(name), _) => name.to_vec(),
        (None, Some(name)) => name.clone(),
        (None, None) => header.path_bytes().into_owned(),
    };
    let link = || match (record("linkpath"), &before.link) {
        (Some(link), _) => link.to_vec(),
        (None, Some(link)) => link.clone(),
        (None, None) => header.link_name_bytes().unwrap_or_default().into_owned(),
    };
    let size = match number("size")? {
        Some(size) => size,
        None => header.entry_size().map_err(wrong)?,
    };
    let device = |block: bool| -> Result<Kind, Fault> {
        Ok(Kind::Device {
            block,
            major: header.device_major().map_err(wrong)?.unwrap_or(0),
            minor: header.device_minor().map_err(wrong)?.unwrap_or(0),
        })
    };
    let kind = match header.entry_type() {
        // Before there were types a directory was a name that ends so.
        EntryType::Regular if name.ends_with(b"/") => Kind::Directory,
        EntryType::Regular | EntryType::Continuous => Kind::File { size },
        EntryType::Directory => Kind::Directory,
        EntryType::Symlink => Kind::Symlink(link()),
        EntryType::Link => Kind::Hardlink(plain_path(&link())?),
        EntryType::Fifo => Kind::Fifo,
        EntryType::Char => device(false)?,
        EntryType::Block => device(true)?,
        other => {
            let byte = char::from(other.as_byte());
            return Err(Fault::Archive(format!(
                "{} is of type '{byte}', which mock does not read",
                String::from_utf8_lossy(&name)
            )));
        }
    };
    let xattrs = records.iter().filter_map(|(key, value)| {
        let name = key.strip_prefix(XATTR.as_bytes())?;
        Some((name.to_vec(), value.to_vec()))
    });
    let mtime = match record("mtime") {
        Some(text) => parse_decimal(text)
            .ok_or_else(|| Fault::Archive("PAX record mtime is no time".to_owned()))?,
        None => {
            let seconds = header.mtime().map_err(wrong)?;
            (i64::try_from(seconds).unwrap_or(i64::MAX), 0)
        }
    };
    let member = Member {
        path: plain_path(&name)?,
        mode: header.mode().map_err(wrong)? & 0o7777,
        uid: id("uid", header.uid())?,
        gid: id("gid", header.gid())?,
        mtime,
        xattrs: xattrs.collect(),
        kind,
    };
    Ok((member, size))
}

/// A path without `.` and repeated slashes; one that could lead out of the root is refused.
fn plain_path(name: &[u8]) -> Result<Vec<u8>, Fault> {
    let parts = || name.split(|byte| *byte == b'/');
    if name.is_empty() || name.starts_with(b"/") || name.contains(&0) || parts().any(|p| p == b"..")
    {
        return Err(Fault::Archive(format!(
            "the name '{}' leads out of the root",
            String::from_utf8_lossy(name).escape_debug()
        )));
    }
    let kept: Vec<&[u8]> = parts().filter(|p| !p.is_empty() && *p != b".").collect();
    Ok(kept.join(&b'/'))
}

/// A time as PAX writes it; times before 1970 count down from the whole second.
fn decimal((seconds, nanoseconds): (i64, u32)) -> String {
    if seconds >= 0 || nanoseconds == 0 {
        return format!("{seconds}.{nanoseconds:09}");
    }
    let (whole, rest) = (-(seconds + 1), 1_000_000_000 - nanoseconds);
    format!("-{whole}.{rest:09}")
}

fn parse_decimal(text: &[u8]) -> Option<(i64, u32)> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let nanoseconds: u32 = digits.parse().ok()?;
    let seconds: i64 = whole.parse().ok()?;
    Some(match nanoseconds {
        1.. if whole.starts_with('-') => (seconds.checked_sub(1)?, 1_000_000_000 - nanoseconds),
        _ => (seconds, nanoseconds),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_and_after_1970() {
        for (time, text) in [
            ((1, 5), "1.000000005"),
            ((0, 0), "0.000000000"),
            ((-1, 500_000_000), "-0.500000000"),
            ((-7, 0), "-7.000000000"),
            ((-7, 250_000_000), "-6.750000000"),
        ] {
            assert_eq!(decimal(time), text);
            assert_eq!(parse_decimal(text.as_bytes()), Some(time));
        }
        assert_eq!(
            parse_decimal(b"1700000000.5"),
            Some((1_700_000_000, 500_000_000))
        );
        assert_eq!(parse_decimal(b"soon"), None);
    }

    #[test]
    fn names_stay_within() {
        for (name, expected) in [
            ("./", Some("")),
            ("./etc//passwd", Some("etc/passwd")),
            ("a/./b/", Some("a/b")),
            ("a/..b", Some("a/..b")),
            ("/etc", None),
            ("a/../b", None),
            ("..", None),
            ("", None),
            ("a\0b", None),
        ] {
            let plain = plain_path(name.as_bytes()).ok();
            assert_eq!(plain.as_deref(), expected.map(str::as_bytes), "{name:?}");
        }
    }
}
