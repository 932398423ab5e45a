//! The root in memory, for the plugin tmpfs: a file system mounted at the root's path. No states.
//!
//! It lasts as long as it is mounted. As root that is until the last command that uses the root is
//! over, or longer if that is wished; as a user, whose mounts are private, never longer than mock.

use std::path::PathBuf;

use nix::mount::MsFlags;

use super::{Attached, Storage, mount_source, mounted};
use crate::error::{Error, Result};

/// What mount tables show as root; the original's name.
const SOURCE: &str = "mock_chroot_tmpfs";

/// What the plugin's options say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// As tmpfs understands it; half of the memory when none.
    pub(crate) size: Option<String>,
    /// Octal.
    pub(crate) mode: String,
    pub(crate) keep_mounted: bool,
}

#[derive(Debug)]
pub(crate) struct Tmpfs {
    pub(crate) root: PathBuf,
    pub(crate) settings: Settings,
    /// In a user namespace.
    pub(crate) user: bool,
}

impl Tmpfs {
    /// As a user, what `--orphanskill` looks for in the namespaces of others.
    fn source(&self) -> String {
        if self.user {
            mount_source(&self.root)
        } else {
            SOURCE.to_owned()
        }
    }

    /// The options of the mount. Files are not limited in number, only in size.
    fn options(&self) -> String {
        let mut options = format!("mode={},nr_inodes=0", self.settings.mode);
        if let Some(size) = &self.settings.size {
            options.push_str(&format!(",size={size}"));
        }
        options
    }

    /// Whether ours is mounted at the root's path. Something else there is an error.
    fn is_mounted(&self) -> Result<bool> {
        match mounted::at(&self.root)? {
            Some(other) if other.kind != "tmpfs" || other.source != self.source() => {
                Err(mounted::foreign(&self.root, &other.source))
            }
            found => Ok(found.is_some()),
        }
    }

    /// Unmounts what is there, also under programs that are still in it.
    fn unmount(&self) -> Result<()> {
        while self.is_mounted()? {
            if let Err(error) = mounted::detach(&self.root, false) {
                tracing::warn!("{error}; it goes when nothing uses it any more");
                mounted::detach(&self.root, true)?;
            }
        }
        Ok(())
    }
}

impl Storage for Tmpfs {
    fn name(&self) -> &'static str {
        "tmpfs"
    }

    fn attach(&self) -> Result<Attached> {
        let source = self.source();
        mounted::clear_others(&self.root, |found| found.source == source)?;
        if self.is_mounted()? {
            tracing::info!("reusing tmpfs at {}", self.root.display());
            return Ok(Attached::AsLeft);
        }
        fs_err::create_dir_all(&self.root).map_err(Error::io("make", &self.root))?;
        let options = self.options();
        let flags = MsFlags::empty();
        mounted::attach(&self.source(), &self.root, "tmpfs", flags, &options).map_err(|errno| {
            Error::Storage {
                message: format!(
                    "cannot mount a tmpfs ({options}) on {}: {errno}",
                    self.root.display()
                ),
                hint: (errno == nix::Error::EINVAL).then(|| {
                    "max_fs_size is a number of bytes, may end in k, m, g or %; mode is octal"
                        .to_owned()
                }),
                code: 20,
            }
        })?;
        Ok(Attached::Empty)
    }

    fn detach(&self) -> Result<()> {
        while self.is_mounted()? {
            mounted::detach(&self.root, false).map_err(|error| Error::Storage {
                message: format!("the root is in use: {error}"),
                hint: Some(format!(
                    "`fuser -vm {}` lists the programs that work in it",
                    self.root.display()
                )),
                code: 60,
            })?;
        }
        Ok(())
    }

    fn is_attached(&self) -> bool {
        self.is_mounted().is_ok_and(|mounted| mounted)
    }

    fn discard(&self) -> Result<()> {
        self.unmount()?;
        // One that lies elsewhere does not go with the root's directory.
        let _ = fs_err::remove_dir(&self.root);
        Ok(())
    }

    fn scrub(&self) -> Result<()> {
        self.discard()
    }

    fn finish(&self) -> Result<()> {
        if self.settings.keep_mounted {
            return Ok(());
        }
        self.unmount()
    }

    fn is_visible(&self) -> bool {
        !self.user
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_the_mount() {
        let tmpfs = |size: Option<&str>| Tmpfs {
            root: PathBuf::from("/r"),
            settings: Settings {
                size: size.map(str::to_owned),
                mode: "0755".to_owned(),
                keep_mounted: false,
            },
            user: false,
        };
        assert_eq!(tmpfs(None).options(), "mode=0755,nr_inodes=0");
        let options = tmpfs(Some("4G")).options();
        assert_eq!(options, "mode=0755,nr_inodes=0,size=4G");
    }
}
