//! Who called, and doing file work as them.
//!
//! mock runs as root (directly, through sudo, consolehelper, or installed setuid) or as an
//! ordinary user inside a user namespace, where the caller's own id appears as 0. In both cases
//! results must belong to the caller, and as root nothing the caller could not touch may be
//! touched on their behalf: [`Identity::as_caller`] is the scope for that.

use std::path::PathBuf;

use nix::unistd::{Gid, Group, Uid, User as Account};

use crate::config::Users;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::program;
use crate::sandbox::{Ids, User};

/// The original's gid of group `mock`, used where the host has no such group.
const MOCK_GID: u32 = 135;

/// The build user's id where the caller's own cannot serve: root's, or one outside the mapped range.
const BUILD_UID: u32 = 1000;

#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The person, with the host's ids.
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) name: String,
    pub(crate) home: PathBuf,
    /// The host's groups `mock` and, where the program has another name, that one, which counts.
    pub(crate) mock_gids: Vec<(&'static str, u32)>,
    pub(crate) root: bool,
    /// Installed setuid: the environment is the caller's and not to be trusted.
    pub(crate) setuid: bool,
    pub(crate) ids: Ids,
    /// How many ids are mapped; every id as root.
    mapped: u32,
}

impl Identity {
    pub(crate) fn detect(host: &Host) -> Result<Self> {
        let real = Uid::current().as_raw();
        let root = Uid::effective().is_root();
        let setuid = root && real != 0;
        let said = |name: &str| host.env(name).and_then(|text| text.parse::<u32>().ok());
        let uid = if root && !setuid {
            said("USERHELPER_UID")
                .or_else(|| said("SUDO_UID"))
                .unwrap_or(0)
        } else {
            real
        };
        let account = Account::from_uid(Uid::from_raw(uid)).ok().flatten();
        let (name, gid, home) = match account {
            Some(account) => (account.name, account.gid.as_raw(), account.dir),
            None => (uid.to_string(), Gid::current().as_raw(), PathBuf::from("/")),
        };
        let groups = if setuid || !root {
            nix::unistd::getgroups().unwrap_or_default()
        } else {
            std::ffi::CString::new(name.as_str())
                .ok()
                .and_then(|name| nix::unistd::getgrouplist(&name, Gid::from_raw(gid)).ok())
                .unwrap_or_default()
        };
        if root && uid != 0 {
            nix::unistd::setgroups(&groups)
                .map_err(|e| Error::system("cannot set the caller's groups", e))?;
        }
        if setuid {
            // From here on this is root's process; the caller is remembered above.
            nix::unistd::setresgid(Gid::from_raw(0), Gid::from_raw(0), Gid::from_raw(0))
                .and_then(|()| {
                    nix::unistd::setresuid(Uid::from_raw(0), Uid::from_raw(0), Uid::from_raw(0))
                })
                .map_err(|e| Error::system("cannot become root", e))?;
        }
        Ok(Self {
            uid,
            gid,
            name,
            home,
            mock_gids: mock_gids(),
            root,
            setuid,
            ids: Ids::Host,
            mapped: u32::MAX,
        })
    }

    /// The same person after a user namespace was entered.
    pub(crate) fn in_namespace(self, ids: Ids, mapped: u32) -> Self {
        Self {
            ids,
            mapped,
            ..self
        }
    }

    /// Runs `work` with the caller's rights on files, so that it can do no more than they could.
    ///
    /// File system ids, unlike effective ids, belong to the thread: deletions in the background
    /// go on as root. Supplementary groups are the caller's from the start.
    pub(crate) fn as_caller<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if !self.root || self.uid == 0 {
            return work();
        }
        set_file_ids(self.uid, self.gid)?;
        let done = work();
        set_file_ids(0, 0)?;
        done
    }

    /// The build user's ids, as the chroot sees them.
    pub(crate) fn build_user(&self, users: &Users) -> User {
        let fits = |id: &u32| *id != 0 && (*id < self.mapped || self.ids == Ids::Single);
        User {
            uid: users
                .chrootuid
                .filter(fits)
                .or(Some(self.uid).filter(fits))
                .unwrap_or(BUILD_UID),
            gid: users
                .chrootgid
                .filter(fits)
                .or(self.mock_gid().filter(fits))
                .unwrap_or(MOCK_GID),
        }
    }

    /// gid of the host's group of this program's name.
    pub(crate) fn mock_gid(&self) -> Option<u32> {
        let own = |(group, _): &&(&str, u32)| *group == program::name();
        self.mock_gids.iter().find(own).map(|(_, gid)| *gid)
    }

    /// Owner of files made for the caller, in ids as this process sees them.
    pub(crate) fn owner(&self) -> User {
        if self.root {
            User {
                uid: self.uid,
                gid: self.gid,
            }
        } else {
            User::ROOT
        }
    }
}

/// Configurations of the original ask for group `mock`, whatever this program is called.
fn mock_gids() -> Vec<(&'static str, u32)> {
    let gid = |name| Some(Group::from_name(name).ok().flatten()?.gid.as_raw());
    let mut names = vec!["mock", program::name()];
    names.dedup();
    names
        .into_iter()
        .filter_map(|name| Some((name, gid(name)?)))
        .collect()
}

/// setfsuid(2) reports no failure; asking again does.
fn set_file_ids(uid: u32, gid: u32) -> Result<()> {
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    nix::unistd::setfsgid(gid);
    nix::unistd::setfsuid(uid);
    if nix::unistd::setfsuid(uid) == uid && nix::unistd::setfsgid(gid) == gid {
        return Ok(());
    }
    Err(Error::system(
        "cannot change to the calling user",
        nix::Error::EPERM,
    ))
}
