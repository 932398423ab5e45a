//! One layer of an image, laid over those below it.
//!
//! A name that begins with `.wh.` removes what a lower layer has there. What the layer itself brings
//! is not removed, in whatever order it comes.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, Mutex};

use nix::fcntl::{AtFlags, OFlag};
use nix::libc::{S_IFDIR, S_IFMT};
use nix::sys::stat::fstatat;
use oci_spec::image::Digest;

use super::member::Member;
use super::unpack::{Target, run};
use super::{Check, Fault, compress, tree};
use crate::buildroot::inside::{Inside, entries};
use crate::buildroot::layout::UNFINISHED;
use crate::fs::remove::remove_at;
use crate::oci::digest::Hasher;

const WHITEOUT: &[u8] = b".wh.";
/// Names of the union file system that had whiteouts first.
const OWN: &[u8] = b".wh..wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// Bytes of what is remembered of a layer: one that needs more is made to fill the memory.
const MOST: usize = 512 << 20;

/// The kernel takes no longer path.
const LONGEST: usize = 4096;

/// What a layer has brought so far: paths, and the directories above them.
#[derive(Debug, Default)]
pub(super) struct Layer {
    made: HashSet<Vec<u8>>,
    bytes: usize,
}

/// Lays the layer in `source` over what is in the root. Its archive must be what `diff_id` says;
/// when it is not, that is known when all of it has been unpacked.
pub(crate) fn unpack_layer(
    inside: &Inside,
    source: impl Read + Send + 'static,
    diff_id: &Digest,
    check: Check<'_>,
) -> Result<(), Fault> {
    let fault = |fault: crate::oci::Fault| match fault {
        crate::oci::Fault::Passing(problem) | crate::oci::Fault::Final(problem) => {
            Fault::Archive(problem.message)
        }
        crate::oci::Fault::Other(error) => Fault::Other(error),
    };
    let hasher = Hasher::like(diff_id).map_err(fault)?;
    let hasher = Arc::new(Mutex::new(hasher));
    let source = Hashed {
        source: compress::decompressed(source, "")?,
        hasher: Arc::clone(&hasher),
    };
    run(inside, Box::new(source), Some(Layer::default()), check)?;
    let hasher = hasher.lock().map(|hasher| hasher.clone());
    let hasher = hasher.map_err(|_| Fault::Archive("its digest was not made".to_owned()))?;
    crate::oci::digest::compare("its archive", &hasher.finish(), diff_id).map_err(fault)
}

/// The digest is made where the archive is decompressed: in the other thread.
struct Hashed {
    source: Box<dyn Read + Send>,
    hasher: Arc<Mutex<Hasher>>,
}

impl Read for Hashed {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.source.read(into)?;
        if let Ok(mut hasher) = self.hasher.lock() {
            hasher.update(&into[..length]);
        }
        Ok(length)
    }
}

impl Layer {
    fn note(&mut self, member: &Member) -> Result<(), Fault> {
        let mut path = member.path.as_slice();
        if path.len() > LONGEST {
            return Err(Fault::Archive(format!("a name of {} bytes", path.len())));
        }
        // Directories are remembered whole, until they are done.
        let xattrs = member.xattrs.iter();
        self.bytes += xattrs
            .map(|(name, value)| name.len() + value.len())
            .sum::<usize>();
        self.bytes += path.len() + size_of::<Member>();
        while !path.is_empty() && self.made.insert(path.to_vec()) {
            self.bytes += path.len() + size_of::<Vec<u8>>();
            path = tree::split(path).0;
        }
        if self.bytes > MOST {
            return Err(Fault::Archive("it has too many members".to_owned()));
        }
        Ok(())
    }
}

impl Target<'_> {
    /// Remembers a member of a layer; carries it out when it only says what goes. Says whether it did.
    pub(super) fn mind(&mut self, member: &Member) -> Result<bool, Fault> {
        if self.layer.is_none() {
            return Ok(false);
        }
        let (above, name) = tree::split(&member.path);
        let name = name.as_bytes();
        let Some(hidden) = name.strip_prefix(WHITEOUT) else {
            if let Some(layer) = &mut self.layer {
                layer.note(member)?;
            }
            return Ok(false);
        };
        // It may be below what goes.
        self.parent = None;
        let failed = |errno| self.failed(&member.path, errno);
        if name == OPAQUE {
            self.make_opaque(above).map_err(failed)?;
        } else if matches!(hidden, b"" | b"." | b"..") {
            return Err(Fault::Archive(format!(
                "the name '{}' removes nothing that can be removed",
                String::from_utf8_lossy(&member.path).escape_debug()
            )));
        } else if !name.starts_with(OWN) {
            self.white_out(above, OsStr::from_bytes(hidden))
                .map_err(failed)?;
        }
        Ok(true)
    }

    fn brought(&self, path: &[u8]) -> bool {
        self.layer
            .as_ref()
            .is_some_and(|layer| layer.made.contains(path))
    }

    fn white_out(&self, above: &[u8], name: &OsStr) -> nix::Result<()> {
        let path = tree::join(above, name);
        match self.open_parent(above) {
            // Lower layers have not even the directory.
            Err(nix::Error::ENOENT | nix::Error::ENOTDIR) => Ok(()),
            Err(errno) => Err(errno),
            Ok(parent) if !self.brought(&path) => self.remove(&readable(&parent)?, name),
            // Of a directory that the layer has too, what is below goes.
            Ok(parent) => match is_directory(&parent, name) {
                Ok(true) => self.empty(&tree::directory(parent.as_fd(), name.as_bytes())?, &path),
                Ok(false) | Err(nix::Error::ENOENT) => Ok(()),
                Err(errno) => Err(errno),
            },
        }
    }

    fn make_opaque(&self, path: &[u8]) -> nix::Result<()> {
        match self.open_parent(path) {
            Err(nix::Error::ENOENT | nix::Error::ENOTDIR) => Ok(()),
            Err(errno) => Err(errno),
            Ok(directory) => self.empty(&readable(&directory)?, path),
        }
    }

    /// Removes what lower layers have in a directory.
    fn empty(&self, directory: &OwnedFd, path: &[u8]) -> nix::Result<()> {
        let listing = directory.try_clone().map_err(|_| nix::Error::EMFILE)?;
        for (name, is_directory) in entries(listing)? {
            let below = tree::join(path, &name);
            if below == UNFINISHED.as_bytes() {
                continue;
            }
            if !self.brought(&below) {
                self.remove(directory, &name)?;
            } else if is_directory {
                self.empty(
                    &tree::directory(directory.as_fd(), name.as_bytes())?,
                    &below,
                )?;
            }
        }
        Ok(())
    }

    fn remove(&self, directory: &OwnedFd, name: &OsStr) -> nix::Result<()> {
        match remove_at(directory, name) {
            Err(nix::Error::ENOENT) => Ok(()),
            done => done,
        }
    }
}

pub(super) fn is_directory(parent: &OwnedFd, name: &OsStr) -> nix::Result<bool> {
    let stat = fstatat(parent, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    Ok(stat.st_mode & S_IFMT == S_IFDIR)
}

/// The same directory, open for more than names.
pub(super) fn readable(directory: &OwnedFd) -> nix::Result<OwnedFd> {
    tree::open(directory.as_fd(), b"", OFlag::O_RDONLY | OFlag::O_DIRECTORY)
}
