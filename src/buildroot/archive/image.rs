//! A root as an image of one layer, in an OCI archive: what `--buildroot-image` and podman read.
//!
//! The layer is written into the archive itself, behind a header that is filled in when its length
//! and digest are known.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use super::Check;
use super::compress::{Compressor, Format};
use super::create::{Plan, walk};
use super::member::{BLOCK, Kind, Member, padding};
use crate::buildroot::inside::Inside;
use crate::error::{Error, Result};
use crate::oci::digest::Hasher;
use crate::oci::export::{About, Written, documents, path_of};

/// Writes the root to `file`, which is empty; `target` is its name, for messages. Gives the size of the
/// layer.
pub(crate) fn pack(
    inside: &Inside,
    mut file: &File,
    target: &Path,
    plan: &Plan<'_>,
    about: &About,
    check: Check<'_>,
) -> Result<u64> {
    let wrong = || Error::io("write", target);
    file.seek(SeekFrom::Start(BLOCK)).map_err(wrong())?;
    let compressed = Digesting::new(file);
    let compressor = Compressor::new(Format::Gzip, compressed).map_err(wrong())?;
    let plain = walk(inside, target, Digesting::new(compressor), plan, check)?;
    let diff_id = plain.hasher.finish();
    let compressed = plain.out.finish().map_err(wrong())?;
    let layer = Written {
        diff_id,
        size: compressed.count,
        digest: compressed.hasher.finish(),
    };
    let zeros = usize::try_from(padding(layer.size)).unwrap_or(0);
    file.write_all(&[0; BLOCK as usize][..zeros])
        .map_err(wrong())?;
    for (name, content) in documents(&layer, about)? {
        let header = header(&name, content.len() as u64).map_err(wrong())?;
        let zeros = usize::try_from(padding(content.len() as u64)).unwrap_or(0);
        for bytes in [&header, &content, &vec![0; zeros]] {
            file.write_all(bytes).map_err(wrong())?;
        }
    }
    file.write_all(&[0; 1024]).map_err(wrong())?;
    let header = header(&path_of(&layer.digest), layer.size).map_err(wrong())?;
    file.seek(SeekFrom::Start(0)).map_err(wrong())?;
    file.write_all(&header).map_err(wrong())?;
    Ok(layer.size)
}

/// One block: the names are short, the times whole.
fn header(name: &str, size: u64) -> std::io::Result<Vec<u8>> {
    let member = Member {
        path: name.as_bytes().to_vec(),
        kind: Kind::File { size },
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: (0, 0),
        xattrs: Vec::new(),
    };
    let bytes = member.encode()?;
    match bytes.len() as u64 {
        BLOCK => Ok(bytes),
        _ => Err(std::io::Error::other("a name is too long")),
    }
}

/// Digests and counts what passes by.
struct Digesting<W> {
    out: W,
    hasher: Hasher,
    count: u64,
}

impl<W> Digesting<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            hasher: Hasher::sha256(),
            count: 0,
        }
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let length = self.out.write(bytes)?;
        self.hasher.update(&bytes[..length]);
        self.count += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
