//! A library of mock's own that every program of a sandbox loads first.
//!
//! The dynamic linker must find it under one path wherever a program's root is: package managers
//! work from the host and run scriptlets inside the root. A directory of `/proc` is on both sides,
//! is the sandbox's own on both, and needs no mount point made: nothing has to be taken out of the
//! root again, whatever ends the sandbox.

use std::path::Path;

use super::mount::{self, Mount};
use crate::error::Result;

/// Always empty; the kernel has kept it for programs that expect it (`fs/proc/proc_tty.c`).
pub(crate) const DIRECTORY: &str = "/proc/tty/ldisc";

/// The library's name in each directory.
pub(crate) const LIBRARY: &str = "libnofsync.so";

pub(super) const VARIABLE: &str = "LD_PRELOAD";

/// `$LIB` is the dynamic linker's own word for the directory of the program's architecture.
pub(super) fn value(others: Option<&str>) -> String {
    let own = format!("{DIRECTORY}/$LIB/{LIBRARY}");
    match others {
        Some(others) if !others.is_empty() => format!("{own}:{others}"),
        _ => own,
    }
}

/// Whether a dynamic linker says with this line that it cannot load the library.
pub(crate) fn is_complaint(line: &str) -> bool {
    line.contains("ld.so: object ")
        && line.contains(DIRECTORY)
        && line.contains("cannot be preloaded")
}

/// Shows `source` inside `root`, whose `/proc` is there already.
pub(super) fn show(source: &Path, root: &Path) -> Result<()> {
    Mount::Bind {
        source: source.to_owned(),
        target: DIRECTORY.into(),
        writable: false,
    }
    .make(root)
}

/// Shows programs of the host what those inside `root` see.
pub(super) fn show_host(source: &Path) -> Result<()> {
    mount::bind_over(source, Path::new(DIRECTORY))
}
