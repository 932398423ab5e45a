//! The extended attributes that belong to a root: file capabilities and users' own.
//!
//! Others are the host's business (labels, access lists) or the file system's. Inside a user
//! namespace the kernel shows capabilities as those of its root, and stores them as such.

use std::os::fd::BorrowedFd;

use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
use rustix::io::Errno;

const CAPABILITY: &[u8] = b"security.capability";

/// The kernel's limit of one value, and of one list of names.
const LARGEST: usize = 1 << 16;

fn wanted(name: &[u8]) -> bool {
    name == CAPABILITY || name.starts_with(b"user.")
}

/// Names and values, sorted. `buffer` is scratch space that is kept between calls.
pub(super) fn read(
    file: BorrowedFd<'_>,
    buffer: &mut Vec<u8>,
) -> rustix::io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    buffer.resize(LARGEST, 0);
    let length = match flistxattr(file, buffer.as_mut_slice()) {
        Ok(0) | Err(Errno::NOTSUP) => return Ok(Vec::new()),
        done => done?,
    };
    let mut names: Vec<Vec<u8>> = buffer[..length]
        .split(|byte| *byte == 0)
        .filter(|name| wanted(name))
        .map(<[u8]>::to_vec)
        .collect();
    names.sort();
    let mut found = Vec::new();
    for name in names {
        match fgetxattr(file, name.as_slice(), buffer.as_mut_slice()) {
            Ok(length) => found.push((name, buffer[..length].to_vec())),
            Err(Errno::NODATA) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(found)
}

/// Sets them. Users' attributes are left out where the file system has none.
pub(super) fn write(file: BorrowedFd<'_>, xattrs: &[(Vec<u8>, Vec<u8>)]) -> rustix::io::Result<()> {
    for (name, value) in xattrs.iter().filter(|(name, _)| wanted(name)) {
        match fsetxattr(file, name.as_slice(), value, XattrFlags::empty()) {
            Err(Errno::NOTSUP) if name != CAPABILITY => {
                tracing::debug!("no user attributes on this file system");
            }
            done => done?,
        }
    }
    Ok(())
}
