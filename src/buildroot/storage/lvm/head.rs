//! The head: made, mounted at the root's path, unmounted, removed.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Lvm;
use super::commands::ORIGIN_TAG;
use super::states::raw;
use crate::buildroot::storage::{State, mounted};
use crate::error::{Error, Result};
use crate::fs::mount_table;

/// How long udev may take to make a device node.
const PATIENCE: Duration = Duration::from_secs(10);

impl Lvm<'_> {
    fn device(&self, volume: &str) -> PathBuf {
        Path::new("/dev")
            .join(&self.options.volume_group)
            .join(volume)
    }

    /// Makes a head that is not there: from a state, or with an empty file system.
    pub(super) fn make_head(&self, from: Option<&State>) -> Result<()> {
        let (commands, head) = (self.commands(), self.names.head());
        self.check_free(&head)?;
        if let Some(state) = from {
            let tags = [format!("{ORIGIN_TAG}{}", raw(state))];
            return self.change(&commands.head(&self.names.state(state), &head, &tags));
        }
        let making = self.scratch();
        self.change(&commands.create(&making, &self.options.size))?;
        let device = self.wait_for(&making)?;
        let mut mkfs = self.options.mkfs.clone();
        mkfs.push(device.to_string_lossy().into_owned());
        mkfs.extend(self.options.mkfs_args.iter().cloned());
        let made = self.tool.run(&mkfs);
        if let Err(error) = made {
            self.remove_volume(&making)?;
            return Err(error);
        }
        self.change(&commands.rename(&making, &head))
    }

    /// Mounts the head, unless it is.
    pub(super) fn show(&self) -> Result<()> {
        let head = self.names.head();
        if self.shown()?.as_ref() == Some(&head) {
            return Ok(());
        }
        self.hide(true)?;
        let active = {
            let volumes = self.list()?;
            let ours = volumes.of(&self.names, &self.options.pool_name);
            ours.iter()
                .any(|(volume, _)| volume.name == head && volume.is_active())
        };
        if !active {
            self.change(&self.commands().activate(&head))?;
        }
        self.mount(&head)
    }

    pub(super) fn mount(&self, volume: &str) -> Result<()> {
        let device = self.wait_for(volume)?;
        fs_err::create_dir_all(&self.root).map_err(Error::io("make", &self.root))?;
        let (flags, text) = self.options.mount();
        let source = device.to_string_lossy();
        mounted::attach(&source, &self.root, &self.options.filesystem, flags, &text).map_err(
            |errno| Error::Storage {
                message: format!("cannot mount {source} on {}: {errno}", self.root.display()),
                hint: Some(
                    "the kernel's log may say why: `dmesg | tail`; `mock --clean` makes the root anew"
                        .to_owned(),
                ),
                code: 20,
            },
        )
    }

    /// The device node of an active volume, which udev makes when it gets to it.
    fn wait_for(&self, volume: &str) -> Result<PathBuf> {
        let device = self.device(volume);
        let began = Instant::now();
        while !device.exists() {
            self.tool.runner.interrupted()?;
            if began.elapsed() > PATIENCE {
                return Err(Error::Storage {
                    message: format!(
                        "there is no {} after {} seconds",
                        device.display(),
                        PATIENCE.as_secs()
                    ),
                    hint: Some(
                        "udev makes it: is it running? Without udev set DM_DISABLE_UDEV=1, then lvm does"
                            .to_owned(),
                    ),
                    code: 25,
                });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(device)
    }

    /// The volume of the group whose device `path` is on.
    fn volume_at(&self, path: &Path) -> Option<String> {
        let device = fs_err::metadata(path).ok()?.dev();
        let (major, minor) = (nix::sys::stat::major(device), nix::sys::stat::minor(device));
        let name = format!("/sys/dev/block/{major}:{minor}/dm/name");
        let name = fs_err::read_to_string(name).ok()?;
        self.names.unmapped(name.trim())
    }

    /// What is mounted at the root's path: a volume of this root, or nothing. Anything else is an
    /// error.
    pub(super) fn shown(&self) -> Result<Option<String>> {
        let Some(top) = mounted::at(&self.root)? else {
            return Ok(None);
        };
        match self.volume_at(&self.root) {
            Some(volume) if self.names.role(&volume).is_some() => Ok(Some(volume)),
            _ => Err(mounted::foreign(&self.root, &top.source)),
        }
    }

    /// Unmounts what is at the root's path. `lazily`: what is in use goes on being used.
    pub(super) fn hide(&self, lazily: bool) -> Result<()> {
        while let Some(volume) = self.shown()? {
            if volume != self.names.head() {
                tracing::warn!("Forcibly unmounting root volume");
                mounted::detach(&self.root, true)?;
                continue;
            }
            match mounted::detach(&self.root, false) {
                Err(_) if lazily => mounted::detach(&self.root, true)?,
                Err(error) => {
                    return Err(Error::Storage {
                        message: format!("the root is in use: {error}"),
                        hint: Some(format!(
                            "`fuser -vm {}` lists the programs that work in it",
                            self.root.display()
                        )),
                        code: 60,
                    });
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Unmounts and removes the head. One that somebody still works in gets out of the way, and a
    /// later mock removes it.
    pub(super) fn drop_head(&self) -> Result<()> {
        self.hide(true)?;
        let head = self.names.head();
        if self.remove_volume(&head).is_ok() {
            return Ok(());
        }
        // A program that ends, or one of udev's that looks at the device.
        std::thread::sleep(self.options.sleep_time);
        let Err(error) = self.remove_volume(&head) else {
            return Ok(());
        };
        let aside = self.scratch();
        match self.change(&self.commands().rename(&head, &aside)) {
            Ok(()) => {
                tracing::debug!("{head} is still in use and goes later, as {aside}: {error}");
                Ok(())
            }
            Err(_) => Err(error),
        }
    }

    /// Unmounts a volume wherever it is mounted.
    pub(super) fn unmount_everywhere(&self, volume: &str) -> Result<()> {
        let points = mount_table()?.into_iter().rev();
        for point in points
            .filter(|mount| mount.source.starts_with("/dev/"))
            .map(|mount| mount.point)
        {
            if self.volume_at(&point).as_deref() == Some(volume) {
                mounted::detach(&point, true)?;
            }
        }
        Ok(())
    }
}
