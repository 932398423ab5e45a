//! The thin pool: made when it is missing, watched while it fills, removed with the last volume.
//!
//! Two locks beside the roots, the original's. The pool's is shared while a head is in use and
//! taken alone to make or remove volumes of all heads. The one of initialisation is held from the
//! discovery that a root has no snapshot until it has one, so that heads of one root are not
//! filled beside each other.

use super::volumes::Fill;
use super::{Lvm, Volumes};
use crate::buildroot::lock::{Lock, Mode};
use crate::error::{Error, Result};

/// Above these percentages people are warned, and work is refused.
const NEARLY_FULL: f64 = 75.0;
const FULL: f64 = 90.0;

/// What this process holds.
#[derive(Debug, Default)]
pub(super) struct Locks {
    pool: Option<Lock>,
    init: Option<Lock>,
}

impl Lvm<'_> {
    /// Makes the pool if there is none, says how full it is, and takes its lock to be used.
    pub(super) fn use_pool(&self) -> Result<()> {
        let path = self.basedir.join(self.names.pool_lock());
        let what = "makes or removes the LVM pool";
        let lock = |mode| Lock::wait_for(&path, mode, self.tool.runner, what);
        if self.locks.borrow().pool.is_none() {
            self.locks.borrow_mut().pool = Some(lock(Mode::Shared)?);
        }
        if self.fill(&*self.list()?)?.is_none() {
            self.locks.borrow_mut().pool = None;
            let alone = lock(Mode::Exclusive)?;
            self.changed();
            if self.fill(&*self.list()?)?.is_none() {
                self.make_pool()?;
            }
            alone.share()?;
            self.locks.borrow_mut().pool = Some(alone);
        }
        match self.fill(&*self.list()?)? {
            Some(fill) => self.check(&fill),
            None => Ok(()),
        }
    }

    fn fill(&self, volumes: &Volumes) -> Result<Option<Fill>> {
        volumes.pool(&self.options.volume_group, &self.options.pool_name)
    }

    fn make_pool(&self) -> Result<()> {
        let metadata = self.options.metadata_size.as_deref();
        let argv = self.commands().create_pool(&self.options.size, metadata);
        match self.change(&argv) {
            Ok(()) => {
                tracing::info!("created LVM cache thinpool of size {}", self.options.size);
                Ok(())
            }
            // The pool is not this root's alone: another one's mock may have made it.
            Err(_) if self.fill(&*self.list()?)?.is_some() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn check(&self, fill: &Fill) -> Result<()> {
        let Fill { data, metadata } = fill;
        tracing::info!(
            "LVM plugin enabled. Allocated pool data: {data}%. Allocated metadata: {metadata}%."
        );
        let more_than = |text: &String, limit| text.parse().is_ok_and(|part: f64| part > limit);
        if self.options.check_size && [data, metadata].iter().any(|part| more_than(part, FULL)) {
            return Err(Error::Storage {
                message: format!(
                    "Thin pool {}/{} is over 90%. Please enlarge it.",
                    self.options.volume_group, self.options.pool_name
                ),
                hint: Some(format!(
                    "`lvextend` enlarges it; `mock --remove-snapshot` and `mock --scrub=root-cache` make space in it \
                     (data {data}%, metadata {metadata}%)"
                )),
                code: 25,
            });
        }
        if more_than(metadata, NEARLY_FULL) {
            tracing::warn!(
                "LVM Thin pool metadata are nearly filled up ({metadata}%). You may experience weird errors. Consider \
                 growing up your thin pool."
            );
        }
        if more_than(data, NEARLY_FULL) {
            tracing::warn!(
                "LVM Thin pool is nearly filled up ({data}%). You may experience weird errors. Consider growing up \
                 your thin pool."
            );
        }
        Ok(())
    }

    /// Nobody uses a volume of this root while the lock lives.
    pub(super) fn lock_pool_alone(&self) -> Result<Lock> {
        let path = self.basedir.join(self.names.pool_lock());
        Lock::try_take(&path, Mode::Exclusive)?.ok_or_else(|| Error::Storage {
            message: "LVM is locked".to_owned(),
            hint: Some(format!(
                "another mock uses a volume of {}; its lock is {}",
                self.names.root(),
                path.display()
            )),
            code: 65,
        })
    }

    /// Removes a pool in which nobody has anything.
    pub(super) fn remove_pool(&self) -> Result<()> {
        let volumes = self.list()?;
        if self.fill(&volumes)?.is_none() || volumes.is_used(&self.options.pool_name) {
            return Ok(());
        }
        drop(volumes);
        for argv in self.commands().remove_pool() {
            if let Err(error) = self.change(&argv) {
                // Somebody has something in it since.
                if self.list()?.is_used(&self.options.pool_name) {
                    return Ok(());
                }
                return Err(error);
            }
        }
        tracing::info!("deleted LVM cache thinpool");
        Ok(())
    }

    /// While the root has no snapshot, one head alone goes on to make the first.
    pub(super) fn wait_for_init(&self) -> Result<()> {
        if self.has_snapshots()? {
            return Ok(());
        }
        let path = self.basedir.join(self.names.init_lock());
        let mut said = false;
        loop {
            if let Some(lock) = Lock::try_take(&path, Mode::Exclusive)? {
                self.changed();
                if !self.has_snapshots()? {
                    self.locks.borrow_mut().init = Some(lock);
                }
                return Ok(());
            }
            if !said {
                tracing::info!("Waiting for LVM init lock");
                said = true;
            }
            self.tool.runner.interrupted()?;
            std::thread::sleep(std::time::Duration::from_millis(100));
            self.changed();
            if self.has_snapshots()? {
                return Ok(());
            }
        }
    }

    /// There is a snapshot now.
    pub(super) fn init_is_over(&self) {
        self.locks.borrow_mut().init = None;
    }
}
