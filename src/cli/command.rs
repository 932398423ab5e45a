//! The one thing asked for, with its arguments inside.

use std::path::PathBuf;

use crate::config::{Overrides, PackageManagerKind};

/// A parsed command line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Invocation {
    pub(crate) command: Command,
    pub(crate) overrides: Overrides,
    pub(crate) verbosity: Verbosity,
    pub(crate) trace: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScrubTarget {
    All,
    Chroot,
    Cache,
    RootCache,
    CCache,
    YumCache,
    DnfCache,
    Lvm,
    Overlayfs,
    Bootstrap,
}

/// Where and as whom `--shell` and `--chroot` run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Inside {
    /// The words after the mode.
    pub(crate) words: Vec<String>,
    /// `--unpriv`: as the build user.
    pub(crate) unpriv: bool,
    /// `--cwd`, inside the chroot.
    pub(crate) cwd: Option<String>,
}

/// A spec file and its sources, on the host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SpecAndSources {
    pub(crate) spec: Option<PathBuf>,
    pub(crate) sources: Option<PathBuf>,
    pub(crate) symlink_dereference: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    Init,
    Clean,
    Scrub(Vec<ScrubTarget>),
    ScrubAllChroots,
    Rebuild {
        srpms: Vec<String>,
        from: SpecAndSources,
    },
    Buildsrpm(SpecAndSources),
    Shell(Inside),
    Chroot(Inside),
    Install(Vec<String>),
    Installdeps(Vec<String>),
    Update(Vec<String>),
    Remove(Vec<String>),
    Copyin {
        sources: Vec<PathBuf>,
        destination: String,
    },
    Copyout {
        sources: Vec<String>,
        destination: PathBuf,
    },
    Orphanskill,
    /// `--pm-cmd` (`None`), `--dnf-cmd`, `--yum-cmd`.
    PackageManagerCommand {
        force: Option<PackageManagerKind>,
        args: Vec<String>,
    },
    ListChroots,
    PrintRootPath,
    DebugConfig {
        expanded: bool,
    },
    /// A mode of the original that this version does not have; refused with its name.
    NotYet {
        mode: &'static str,
    },
}
