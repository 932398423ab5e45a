//! root_cache: an archive of the fresh root, from which the next one is made.
//!
//! The archive is taken when it is not old, no configuration file is newer, and it was made of the
//! same: what goes into a root is said in the archive itself ([`made_of`]). One without that, as
//! the original makes it, is judged by its age alone. One that turns out to be damaged is removed
//! and the root is installed.

mod made_of;
mod settings;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::buildroot::Buildroot;
use crate::buildroot::archive::{self, Fault, Plan};
use crate::buildroot::lock::{Lock, Mode};
use crate::config::PluginConfig;
use crate::error::{Error, Result};
use crate::plugin::{Done, Next, Plugin, Scope};
use crate::report::{Spinner, Step};
use crate::sandbox::User;

use settings::Settings;

#[derive(Debug)]
struct RootCache {
    settings: Settings,
}

pub(super) fn new(settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    let settings = Settings::read(settings)?;
    Ok(Box::new(RootCache { settings }))
}

impl Plugin for RootCache {
    fn name(&self) -> &'static str {
        "root_cache"
    }

    fn around(&self, scope: Scope, root: &Buildroot<'_>, next: Next<'_>) -> Result<Done> {
        if scope != Scope::Init {
            return next.run();
        }
        if !root.is_plain_directory() {
            let storage = root.storage.name();
            let text = format!(
                "root_cache is turned off: storage {storage} keeps initialised roots itself"
            );
            // Where somebody chose the storage, they may have meant both.
            match storage {
                "lvm_root" => tracing::info!("{text}"),
                _ => tracing::debug!("{text}"),
            }
            return next.run();
        }
        let was_there = root.is_initialized() || self.unpack(root)?;
        let done = next.run()?;
        if !was_there || root.cx.config.chroot.cache_alterations {
            match self.write(root) {
                Ok(()) => {}
                Err(error @ Error::Interrupted { .. }) => return Err(error),
                // The root is good without.
                Err(error) => tracing::warn!("root cache is not written: {error}"),
            }
        }
        Ok(done)
    }
}

/// Why an archive is not taken.
type Reason = String;

impl RootCache {
    fn lock(&self, root: &Buildroot<'_>, mode: Mode) -> Result<Lock> {
        let path = self.settings.directory.join("rootcache.lock");
        Lock::wait_for(&path, mode, root.cx.runner, "uses this root cache")
    }

    /// Makes the root from the archive; says whether it did.
    fn unpack(&self, root: &Buildroot<'_>) -> Result<bool> {
        let archive = self.settings.archive();
        if !archive.exists() {
            return Ok(false);
        }
        let reason = {
            let _lock = self.lock(root, Mode::Shared)?;
            // It may have gone, or have been replaced, while it was waited for.
            if !archive.exists() {
                return Ok(false);
            }
            match self.judge(root, &archive)? {
                Ok(()) => {
                    let _step = Step::start("unpacking root cache");
                    let _spinner = Spinner::start("root cache");
                    match root.restore(&archive) {
                        Ok(()) => {
                            self.make_left_out(root, &archive)?;
                            return Ok(true);
                        }
                        Err(Fault::Archive(reason)) => Err(reason),
                        Err(Fault::Other(error)) => return Err(*error),
                    }
                }
                Err(reason) => Ok(reason),
            }
        };
        match reason {
            Ok(stale) => tracing::info!("{stale}"),
            Err(broken) => tracing::warn!(
                "{} cannot be used: {broken}; cache will be rebuilt",
                archive.display()
            ),
        }
        self.remove(root, &archive)?;
        Ok(false)
    }

    /// The original leaves these out of its archives and makes them when it unpacks; mock's own
    /// archives have them, empty.
    fn make_left_out(&self, root: &Buildroot<'_>, archive: &Path) -> Result<()> {
        if matches!(archive::comment(archive), Ok(Some(_))) {
            return Ok(());
        }
        for directory in self.settings.plain_directories() {
            root.inside.create_dir_all(directory, User::ROOT)?;
        }
        Ok(())
    }

    /// Whether the archive may be taken, by age and by what it was made of.
    fn judge(&self, root: &Buildroot<'_>, archive: &Path) -> Result<Result<(), Reason>> {
        if self.settings.age_check {
            if let Some(reason) = self.too_old(root, archive)? {
                return Ok(Err(reason));
            }
        } else {
            tracing::info!("skipping root_cache aging check");
        }
        let said = match archive::comment(archive) {
            Ok(said) => said,
            // Unpacking says it in its own way, and removes it.
            Err(Fault::Archive(_)) => return Ok(Ok(())),
            Err(Fault::Other(error)) => return Err(*error),
        };
        let Some(said) = said else {
            tracing::debug!("{}: made by another program", archive.display());
            return Ok(Ok(()));
        };
        let differences = made_of::differences(&said, &self.made_of(root));
        if differences.is_empty() {
            return Ok(Ok(()));
        }
        Ok(Err(format!(
            "root cache was made with another configuration ({}); cache will be rebuilt",
            differences.join(", ")
        )))
    }

    fn made_of(&self, root: &Buildroot<'_>) -> String {
        made_of::text(root, &self.settings.exclude_texts())
    }

    fn too_old(&self, root: &Buildroot<'_>, archive: &Path) -> Result<Option<Reason>> {
        let metadata = fs_err::metadata(archive).map_err(Error::io("read", archive))?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_secs());
        let age = now.saturating_sub(u64::try_from(metadata.ctime()).unwrap_or(0));
        if age >= self.settings.max_age.as_secs() {
            return Ok(Some(
                "root cache aged out! cache will be rebuilt".to_owned(),
            ));
        }
        let written = metadata.modified().map_err(Error::io("read", archive))?;
        let newer = root.cx.config.config_paths.iter().find(|path| {
            let changed = fs_err::metadata(path).and_then(|metadata| metadata.modified());
            changed.is_ok_and(|changed| changed > written)
        });
        Ok(newer.map(|path: &PathBuf| {
            format!(
                "{} newer than root cache; cache will be rebuilt",
                path.display()
            )
        }))
    }

    /// Takes an archive away that is of no use, unless somebody has replaced it since.
    fn remove(&self, root: &Buildroot<'_>, archive: &Path) -> Result<()> {
        let identity = |path: &Path| {
            fs_err::metadata(path)
                .ok()
                .map(|m| (m.ino(), m.mtime_nsec()))
        };
        let bad = identity(archive);
        let _lock = self.lock(root, Mode::Exclusive)?;
        if bad.is_some() && identity(archive) == bad {
            fs_err::remove_file(archive).map_err(Error::io("remove", archive))?;
        }
        Ok(())
    }

    fn write(&self, root: &Buildroot<'_>) -> Result<()> {
        let archive = self.settings.archive();
        root.make_cache_directory(&self.settings.directory)?;
        let _lock = self.lock(root, Mode::Exclusive)?;
        archive::sweep(&archive);
        let forced = root.cx.config.chroot.cache_alterations;
        if !forced && self.is_good(root, &archive)? {
            tracing::debug!("{}: another mock has just written it", archive.display());
            return Ok(());
        }
        let _step = Step::start("creating root cache");
        let _spinner = Spinner::start("root cache");
        // They are as long as the highest user id, with nothing in them.
        for log in ["var/log/lastlog", "var/log/faillog"] {
            root.inside.truncate(log)?;
        }
        let comment = self.made_of(root);
        let plan = Plan {
            format: self.settings.format,
            exclude: &self.settings.exclude,
            comment: &comment,
            omit: &[],
            home: None,
        };
        root.save(&archive, &plan)
    }

    fn is_good(&self, root: &Buildroot<'_>, archive: &Path) -> Result<bool> {
        Ok(archive.exists()
            && self.too_old(root, archive)?.is_none()
            && matches!(archive::comment(archive), Ok(Some(said)) if said == self.made_of(root)))
    }
}
