//! The members of an archive, one after the other, from a stream.

use std::io::BufRead;

use tar::{EntryType, Header};

use super::Fault;
use super::member::{BLOCK, Before, Member, decode, padding};
use super::pax;

/// Headers in front of a member may not be larger: attributes are at most 64 KiB each.
const LARGEST: u64 = 1 << 22;

#[derive(Debug)]
pub(super) struct Members<R> {
    source: R,
    /// What the current member has left, content and padding.
    left: u64,
    pad: u64,
    comment: Option<String>,
}

fn broken(error: std::io::Error) -> Fault {
    Fault::Archive(error.to_string())
}

impl<R: BufRead> Members<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            left: 0,
            pad: 0,
            comment: None,
        }
    }

    /// What the writer said in front of the first member.
    pub(super) fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// The next member; `None` at the end of the archive, which must be there.
    pub(super) fn next(&mut self) -> Result<Option<Member>, Fault> {
        self.skip()?;
        let mut before = Before::default();
        loop {
            let mut header = Header::new_old();
            self.source
                .read_exact(header.as_mut_bytes())
                .map_err(broken)?;
            if header.as_bytes().iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            check(&header)?;
            let kind = header.entry_type();
            if kind.is_pax_local_extensions() {
                before.records = self.payload(&header)?;
            } else if kind.is_gnu_longname() {
                before.name = Some(self.name(&header)?);
            } else if kind.is_gnu_longlink() {
                before.link = Some(self.name(&header)?);
            } else if kind == EntryType::XGlobalHeader {
                self.global(&header)?;
            } else {
                let (member, size) = decode(&header, &before)?;
                self.left = size;
                self.pad = padding(size);
                return Ok(Some(member));
            }
        }
    }

    /// The next piece of the current member's content, empty at its end.
    pub(super) fn piece(&mut self) -> Result<&[u8], Fault> {
        if self.left == 0 {
            return Ok(&[]);
        }
        let buffer = self.source.fill_buf().map_err(broken)?;
        if buffer.is_empty() {
            return Err(Fault::Archive("it ends too early".to_owned()));
        }
        let length = buffer
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        Ok(&buffer[..length])
    }

    /// That much of the last piece was used.
    pub(super) fn consume(&mut self, length: usize) {
        self.source.consume(length);
        self.left -= length as u64;
    }

    /// Reads on to the end: checksums come last.
    pub(super) fn finish(mut self) -> Result<(), Fault> {
        loop {
            let length = self.source.fill_buf().map_err(broken)?.len();
            if length == 0 {
                return Ok(());
            }
            self.source.consume(length);
        }
    }

    fn skip(&mut self) -> Result<(), Fault> {
        self.left = self
            .left
            .checked_add(self.pad)
            .ok_or_else(|| Fault::Archive("a size is too large".to_owned()))?;
        self.pad = 0;
        loop {
            let length = self.piece()?.len();
            if length == 0 {
                return Ok(());
            }
            self.consume(length);
        }
    }

    fn payload(&mut self, header: &Header) -> Result<Vec<u8>, Fault> {
        let size = header.entry_size().map_err(broken)?;
        if size > LARGEST {
            return Err(Fault::Archive(format!("a header of {size} bytes")));
        }
        let mut payload = vec![0; usize::try_from(size + padding(size)).unwrap_or(0)];
        self.source.read_exact(&mut payload).map_err(broken)?;
        payload.truncate(usize::try_from(size).unwrap_or(0));
        Ok(payload)
    }

    /// GNU's long names end with a zero byte.
    fn name(&mut self, header: &Header) -> Result<Vec<u8>, Fault> {
        let mut name = self.payload(header)?;
        if name.last() == Some(&0) {
            name.pop();
        }
        Ok(name)
    }

    fn global(&mut self, header: &Header) -> Result<(), Fault> {
        let payload = self.payload(header)?;
        let records = pax::parse(&payload)
            .ok_or_else(|| Fault::Archive("a PAX record is malformed".to_owned()))?;
        let comment = records.iter().find(|(key, _)| *key == b"comment");
        if let Some((_, text)) = comment {
            self.comment = Some(String::from_utf8_lossy(text).into_owned());
        }
        Ok(())
    }
}

/// The checksum is over the header with its own field as blanks.
fn check(header: &Header) -> Result<(), Fault> {
    let bytes = header.as_bytes();
    let sum: u32 = bytes[..148]
        .iter()
        .chain(&bytes[156..BLOCK as usize])
        .map(|byte| u32::from(*byte))
        .sum();
    match header.cksum() {
        Ok(said) if said == sum + 8 * 32 => Ok(()),
        _ => Err(Fault::Archive("a header's checksum is wrong".to_owned())),
    }
}
