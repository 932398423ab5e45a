//! The one thing asked for, with its arguments inside.
//!
//! These types are all that the rest of the program sees of the command line. They hold nothing
//! that the parser refuses.

use std::path::PathBuf;

use crate::config::{Overrides, PackageManagerKind};

/// A parsed command line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Invocation {
    pub(crate) command: Command,
    pub(crate) overrides: Overrides,
    pub(crate) verbosity: Verbosity,
    /// `--trace`: tracing on standard error.
    pub(crate) trace: bool,
    /// Deprecated spellings that were used, worded for the user.
    pub(crate) warnings: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

/// `--scrub`'s values are these names with dashes: `root-cache`, `c-cache`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
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

/// A spec file and its sources, on the host. A leading `~` is still there: whoever opens the files
/// knows the caller's home.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SpecAndSources {
    pub(crate) spec: Option<PathBuf>,
    pub(crate) sources: Option<PathBuf>,
    pub(crate) symlink_dereference: bool,
}

/// `--chain`. A leading `~` of the directory is still there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Files and URLs, at least one.
    pub(crate) packages: Vec<String>,
    pub(crate) localrepo: Option<PathBuf>,
    /// `--recurse`, which implies the next one.
    pub(crate) recurse: bool,
    /// `--continue`.
    pub(crate) go_on: bool,
    pub(crate) tmp_prefix: Option<String>,
}

impl SpecAndSources {
    /// Both are there: all that a source package needs.
    pub(crate) fn is_whole(&self) -> bool {
        self.spec.is_some() && self.sources.is_some()
    }
}

impl Command {
    /// A build of nothing that the line names: of a checkout, if the configuration says so.
    pub(crate) fn names_nothing(&self) -> bool {
        match self {
            Self::Rebuild { srpms, from } => {
                srpms.is_empty() && from.spec.is_none() && from.sources.is_none()
            }
            Self::Buildsrpm(from) => from.spec.is_none(),
            _ => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::enum_variant_names,
    reason = "PackageManagerCommand is a command of the package manager's"
)]
pub(crate) enum Command {
    Init,
    Clean,
    Scrub(Vec<ScrubTarget>),
    ScrubAllChroots,
    /// Without `srpms`, a source package is built first: of both `from.spec` and `from.sources`, or
    /// of a checkout, if the configuration says so. At most one when `from.spec` is given.
    Rebuild {
        srpms: Vec<String>,
        from: SpecAndSources,
    },
    Chain(Chain),
    /// `spec` is given, or `--scm-enable`.
    Buildsrpm(SpecAndSources),
    Shell(Inside),
    /// `words` is not empty.
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
    /// The name, as typed.
    Snapshot(String),
    RollbackTo(String),
    RemoveSnapshot(String),
    ListSnapshots {
        details: bool,
    },
    /// With a command to run beside the mounted root, if any.
    Mount(Vec<String>),
    Umount,
    /// `--pm-cmd` (`None`), `--dnf-cmd` (`Dnf4`: stay with the configured dnf if it is one),
    /// `--yum-cmd`.
    PackageManagerCommand {
        force: Option<PackageManagerKind>,
        args: Vec<String>,
    },
    ListChroots,
    PrintRootPath,
    DebugConfig {
        expanded: bool,
    },
}

impl Command {
    /// Programs of the root are run by it, or may be.
    pub(crate) fn runs_inside(&self) -> bool {
        match self {
            Self::Init
            | Self::Rebuild { .. }
            | Self::Chain(_)
            | Self::Buildsrpm(_)
            | Self::Shell(_)
            | Self::Chroot(_)
            | Self::Install(_)
            | Self::Installdeps(_)
            | Self::Update(_)
            | Self::Remove(_)
            | Self::Copyin { .. }
            | Self::Copyout { .. }
            // What is in it is asked of its rpm.
            | Self::Snapshot(_)
            | Self::PackageManagerCommand { .. } => true,
            Self::Mount(words) => !words.is_empty(),
            Self::Clean
            | Self::Scrub(_)
            | Self::ScrubAllChroots
            | Self::Orphanskill
            | Self::RollbackTo(_)
            | Self::RemoveSnapshot(_)
            | Self::ListSnapshots { .. }
            | Self::Umount
            | Self::ListChroots
            | Self::PrintRootPath
            | Self::DebugConfig { .. } => false,
        }
    }
}
