//! A build root as one compressed tar archive, written and read without any program.
//!
//! What is written can be read by `tar`, and what `tar` writes can be read: names begin with `./`,
//! what does not fit a plain header is in PAX records. Every path is reached by openat2(2) from the
//! root's own directory, beneath it and through no link, so neither a tree nor an archive leads
//! outside. In a user namespace this runs inside: owners and file capabilities are the root's own.

mod compress;
mod create;
mod gzip;
mod image;
mod layer;
mod member;
mod pax;
mod reader;
mod stream;
mod tree;
mod unpack;
mod xattr;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod layer_tests;
#[cfg(test)]
mod tests;

use std::io::BufReader;
use std::path::Path;

use crate::error::{Error, Result};

pub(crate) use compress::Format;
pub(crate) use create::{Plan, create, sweep};
pub(crate) use image::pack;
pub(crate) use layer::unpack_layer;
pub(crate) use unpack::unpack;

/// Asked again and again during long work: an error ends it.
pub(crate) type Check<'a> = &'a dyn Fn() -> Result<()>;

/// Why an archive could not be unpacked.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is damaged, hostile, or of a kind that mock does not read.
    Archive(String),
    /// The archive is not to blame: the disk is full, a signal came.
    Other(Box<Error>),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Other(Box::new(error))
    }
}

/// What the writer of an archive said about it: the comment in front, `None` when there is none.
pub(crate) fn comment(archive: &Path) -> Result<Option<String>, Fault> {
    let file = fs_err::File::open(archive).map_err(Error::io("open", archive))?;
    let source = BufReader::new(compress::source(file)?);
    let mut members = reader::Members::new(source);
    members.next()?;
    Ok(members.comment().map(str::to_owned))
}
