//! Where a program runs, as plain data.
//!
//! A [`Sandbox`] lists what the program will see: root, mounts, network, user. It says nothing of
//! how; `enter` and `init` carry it out in re-executed children, with fresh mount, pid, ipc and
//! uts (and net) namespaces, so that the kernel takes mounts and processes back when they end, by
//! whatever signal. Nothing is unmounted by hand.
//!
//! The process tree of one command is: mock, `enter` (makes the namespaces), `init` (process 1
//! inside: makes the mounts, starts the program, reaps), the program. With [`Nspawn`] it is
//! systemd-nspawn that `init` starts, and that makes what is inside.

pub(crate) mod capabilities;
pub(crate) mod child;
mod enter;
pub(crate) mod filter;
mod init;
mod loopback;
pub(crate) mod mount;
pub(crate) mod nspawn;
pub(crate) mod preload;
pub(crate) mod rights;
pub(crate) mod subids;
pub(crate) mod userns;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub(crate) use mount::Mount;
pub(crate) use nspawn::Nspawn;
pub(crate) use rights::Rights;

/// Which file tree is the program's `/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum View {
    /// The machine's, without any namespace: for programs that manage its storage, and what the
    /// caller wants to run beside a root. Only `user`, `cwd` and `interactive` count then.
    Machine,
    /// The same for the caller's own tools: they have the caller's rights, and end when mock does.
    Caller,
    /// The host's own, read-only but for the build root and `writable`: for tools that work on a
    /// build root from outside (`dnf --installroot`).
    Host { writable: Vec<PathBuf> },
    /// A bootstrap root's, read-only but for `mounts`, with the build root at its own path: for the
    /// distribution's own tools that work on a build root from outside.
    Tools { tree: PathBuf, mounts: Vec<Mount> },
    /// The build root's: nothing of the host can be reached.
    Inside,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Network {
    /// A namespace of its own with nothing but loopback.
    Private,
    Host,
}

/// Who runs the program, in ids as the sandbox sees them. Supplementary groups are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl User {
    pub(crate) const ROOT: Self = Self { uid: 0, gid: 0 };
}

/// What becomes of system calls that wait for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum SyncCalls {
    #[default]
    Carried,
    /// They succeed at once; the kernel writes when it likes.
    Ignored,
}

/// What the kernel says of itself: `uname -m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Personality {
    /// The machine's own word for it.
    Linux,
    /// The 32-bit word, for 32-bit targets on 64-bit hosts.
    Linux32,
}

/// How the caller's ids appear inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ids {
    /// Real root: ids are the host's.
    Host,
    /// A user namespace over the caller's subordinate id range.
    Range,
    /// A user namespace with one id: ownership and identity changes are pretended.
    Single,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sandbox {
    /// The build root on the host, absolute.
    pub(crate) root: PathBuf,
    pub(crate) view: View,
    /// In order; targets are paths inside the build root.
    pub(crate) mounts: Vec<Mount>,
    pub(crate) network: Network,
    pub(crate) user: User,
    pub(crate) ids: Ids,
    pub(crate) hostname: Option<String>,
    pub(crate) sync_calls: SyncCalls,
    /// On the host: a library that every program loads first, in a directory for each architecture.
    /// Needs [`Mount::Proc`].
    pub(crate) preload: Option<PathBuf>,
    /// None: as it is.
    pub(crate) personality: Option<Personality>,
    /// For [`View::Inside`].
    pub(crate) rights: Rights,
    /// Working directory as the program sees it.
    pub(crate) cwd: PathBuf,
    /// Keep the caller's terminal as controlling terminal (interactive shells).
    pub(crate) interactive: bool,
    /// What is [`View::Inside`] is carried out by systemd-nspawn.
    pub(crate) nspawn: Option<Nspawn>,
}

impl Sandbox {
    /// None: a program of the machine's, as root.
    pub(crate) fn machine(ids: Ids) -> Self {
        Self {
            root: PathBuf::from("/"),
            view: View::Machine,
            mounts: Vec::new(),
            network: Network::Host,
            user: User::ROOT,
            ids,
            hostname: None,
            sync_calls: SyncCalls::Carried,
            preload: None,
            personality: None,
            rights: Rights::default(),
            cwd: PathBuf::from("/"),
            interactive: false,
            nspawn: None,
        }
    }

    /// By whom it is carried out, when not by mock itself.
    fn container(&self) -> Option<&Nspawn> {
        self.nspawn
            .as_ref()
            .filter(|_| matches!(self.view, View::Inside))
    }
}
