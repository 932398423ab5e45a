//! The backend of the plugin lvm_root: heads and states are volumes of one thin pool.
//!
//! A thin snapshot shares its blocks with what it was made of, whatever becomes of that later, so
//! states stand on nothing and a head starts from one at once. Names, locks and words are the
//! original's (`names.rs`); what it has no place for is in tags: whose a volume is, and what it was
//! made of.
//!
//! A volume has its final name only when it is complete, and a head is mounted only by that name.
//! Whatever a mock that was killed leaves is a volume with its number in the name, which the next
//! one removes. Before any volume is removed, it is looked up among those of this root.

mod commands;
mod head;
mod names;
mod options;
mod pool;
mod states;
mod tool;
mod volumes;

use std::cell::{Cell, Ref, RefCell};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Attached, State, States, Storage};
use crate::buildroot::Cx;
use crate::buildroot::cache::records::Records;
use crate::buildroot::layout::Layout;
use crate::error::{Error, Result};
use commands::Commands;
use names::{Names, Role};
pub(crate) use options::LvmOptions;
use pool::Locks;
use tool::Tool;
use volumes::Volumes;

/// How long a list of volumes serves: for questions that are asked in a row.
const FRESH: Duration = Duration::from_millis(200);

pub(super) struct Lvm<'a> {
    options: LvmOptions,
    names: Names,
    basedir: PathBuf,
    /// Where the head is mounted.
    root: PathBuf,
    store: PathBuf,
    /// Cached states that nobody used for this long go.
    age: Duration,
    tool: Tool<'a>,
    locks: RefCell<Locks>,
    listed: RefCell<Option<(Instant, Volumes)>>,
    scratches: Cell<u32>,
}

impl std::fmt::Debug for Lvm<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lvm")
            .field("options", &self.options)
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

impl<'a> Lvm<'a> {
    pub(super) fn new(cx: Cx<'a>, options: LvmOptions) -> Result<Self> {
        if !cx.identity.root {
            return Err(Error::Storage {
                message: "plugin lvm_root needs root: only root may use the device mapper".to_owned(),
                hint: Some(
                    "run mock as root, or without the plugin (`--disable-plugin lvm_root`): storage \"layers\" has \
                     snapshots too"
                        .to_owned(),
                ),
                code: 25,
            });
        }
        let chroot = &cx.config.chroot;
        Ok(Self {
            names: Names::new(&options.volume_group, &chroot.shared_name, &chroot.name)?,
            options,
            basedir: chroot.basedir.clone(),
            root: chroot.rootdir.clone(),
            store: Layout::of(chroot).store,
            age: chroot.layer_cache_age,
            tool: Tool {
                runner: cx.runner,
                no_udev: cx.host.env("DM_DISABLE_UDEV").is_some(),
            },
            locks: RefCell::default(),
            listed: RefCell::default(),
            scratches: Cell::default(),
        })
    }

    fn commands(&self) -> Commands<'_> {
        Commands {
            group: &self.options.volume_group,
            pool: &self.options.pool_name,
            root: self.names.root(),
        }
    }

    /// The volumes of the group.
    fn list(&self) -> Result<Ref<'_, Volumes>> {
        let fresh = matches!(&*self.listed.borrow(), Some((when, _)) if when.elapsed() < FRESH);
        if !fresh {
            let text = self.tool.run(&self.commands().list())?;
            *self.listed.borrow_mut() = Some((Instant::now(), Volumes::parse(&text)?));
        }
        Ref::filter_map(self.listed.borrow(), |listed| {
            listed.as_ref().map(|(_, volumes)| volumes)
        })
        .map_err(|_| Error::command("the list of volumes is in use"))
    }

    /// What was listed no longer holds.
    fn changed(&self) {
        self.listed.borrow_mut().take();
    }

    /// Runs a command that changes volumes.
    fn change(&self, argv: &[String]) -> Result<()> {
        self.changed();
        tracing::debug!("Executing command: {}", argv.join(" "));
        let done = self.tool.run(argv);
        self.changed();
        done.map(drop)
    }

    /// The volumes of this root, all heads' and states'.
    fn ours(&self) -> Result<Vec<(String, Role)>> {
        let volumes = self.list()?;
        let ours = volumes.of(&self.names, &self.options.pool_name);
        Ok(ours
            .into_iter()
            .map(|(volume, role)| (volume.name.clone(), role))
            .collect())
    }

    fn exists(&self, name: &str) -> Result<bool> {
        Ok(self.ours()?.iter().any(|(ours, _)| ours == name))
    }

    /// An error when a volume that is not this root's has a name that is needed.
    fn check_free(&self, name: &str) -> Result<()> {
        if self.exists(name)? || !self.list()?.has(name) {
            return Ok(());
        }
        let LvmOptions {
            volume_group,
            pool_name,
            ..
        } = &self.options;
        Err(Error::Storage {
            message: format!(
                "{volume_group}/{name} is in the way: it is no volume of {} in the pool {pool_name}",
                self.names.root()
            ),
            hint: Some(format!(
                "`lvs -o +pool_lv,lv_tags {volume_group}/{name}` shows what it is; where pool_name was another, `mock \
                 --scrub=lvm` with that name removes it"
            )),
            code: 25,
        })
    }

    fn has_snapshots(&self) -> Result<bool> {
        let is_snapshot = |role: &Role| matches!(role, Role::State(State::Snapshot(_)));
        Ok(self.ours()?.iter().any(|(_, role)| is_snapshot(role)))
    }

    /// Removes a volume of this root; nothing there is fine.
    fn remove_volume(&self, name: &str) -> Result<()> {
        if self.exists(name)? {
            self.change(&self.commands().remove(name))
        } else {
            Ok(())
        }
    }

    /// A name for a volume that is not complete yet, or goes.
    fn scratch(&self) -> String {
        let number = self.scratches.get();
        self.scratches.set(number + 1);
        self.names.scratch(std::process::id(), number)
    }

    fn unmade(&self) -> Result<Attached> {
        fs_err::create_dir_all(&self.root).map_err(Error::io("make", &self.root))?;
        Ok(Attached::Unmade)
    }

    /// Takes over what the original made, and removes what mocks that were killed left behind.
    fn tidy(&self) -> Result<()> {
        let untagged: Vec<String> = {
            let volumes = self.list()?;
            let ours = volumes.of(&self.names, &self.options.pool_name);
            ours.into_iter()
                .filter(|(volume, _)| volume.tag(volumes::ROOT_TAG).is_none())
                .map(|(volume, _)| volume.name.clone())
                .collect()
        };
        if !untagged.is_empty() {
            let names: Vec<&str> = untagged.iter().map(String::as_str).collect();
            self.change(&self.commands().adopt(&names))?;
        }
        for (name, role) in self.ours()? {
            let is_left = matches!(role, Role::Scratch(pid) if !PathBuf::from(format!("/proc/{pid}")).exists());
            if is_left && let Err(error) = self.remove_volume(&name) {
                // Somebody still works in it, or its program of lvm is not done.
                tracing::debug!("{name} stays for now: {error}");
            }
        }
        Ok(())
    }
}

impl Storage for Lvm<'_> {
    fn name(&self) -> &'static str {
        "lvm_root"
    }

    fn attach(&self) -> Result<Attached> {
        self.use_pool()?;
        self.tidy()?;
        self.wait_for_init()?;
        let head = self.names.head();
        if !self.exists(&head)? {
            self.hide(true)?;
            return self.unmade();
        }
        if !self.has_snapshots()? {
            tracing::debug!("{head} was not initialised to the end: it is made anew");
            self.drop_head()?;
            return self.unmade();
        }
        self.show()?;
        Ok(Attached::AsLeft)
    }

    fn detach(&self) -> Result<()> {
        self.hide(false)
    }

    fn is_attached(&self) -> bool {
        self.shown()
            .is_ok_and(|shown| shown == Some(self.names.head()))
    }

    fn discard(&self) -> Result<()> {
        self.drop_head()
    }

    fn scrub(&self) -> Result<()> {
        let _alone = self.lock_pool_alone()?;
        let records = [self.names.own_record()];
        let mut records: Vec<String> = records.into();
        self.hide(true)?;
        for (name, role) in self.ours()? {
            if let Role::Head(extension) = role {
                self.unmount_everywhere(&name)?;
                records.push(self.names.record(&extension));
            }
            tracing::info!("removing {name} volume");
            self.remove_volume(&name)?;
        }
        self.remove_pool()?;
        for record in records {
            crate::fs::remove_tree(&self.basedir.join(record))?;
        }
        Records::at(&self.store).forget_uses_of(self.names.root())?;
        let notes = self.store.join("roots").join(self.names.root());
        crate::fs::remove_tree(&notes.join("packages"))
    }

    fn finish(&self) -> Result<()> {
        if self.options.umount_root {
            self.hide(false)?;
        }
        self.collect_when_due()
    }

    fn states(&self) -> Option<&dyn States> {
        Some(self)
    }
}
