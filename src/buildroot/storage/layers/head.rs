//! One head: its file, its tree, and the tree's way to the root's path and back.
//!
//! The file says what the tree stands on and which name it will have as a layer. Every change of
//! either is made in an order in which a kill leaves a head that the next mock can use.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::overlay::{self, Overlay};
use super::store::{self, Head, Layer, SnapshotFile, Store};
use super::{Layers, mount_source};
use crate::buildroot::snapshots::is_asked_for;
use crate::buildroot::storage::{State, mounted};
use crate::error::{Error, Result};
use crate::fs::{MountEntry, remove_tree};

/// Programs of the machine that look at every file are soon somewhere else.
const LOOKED_AT: Duration = Duration::from_secs(2);

impl Layers<'_> {
    pub(super) fn store(&self) -> Store {
        Store {
            path: self.store.clone(),
        }
    }

    pub(super) fn head_dir(&self) -> PathBuf {
        self.store().heads(&self.shared).join(&self.instance)
    }

    pub(super) fn tree(&self) -> PathBuf {
        self.head_dir().join("tree")
    }

    pub(super) fn aside(&self) -> PathBuf {
        self.head_dir().join("aside")
    }

    /// What mount tables show, and `--orphanskill` looks for.
    pub(super) fn source(&self) -> String {
        mount_source(&self.head_dir())
    }

    /// The head's file, brought in line with what a mock that was killed got done.
    pub(super) fn head(&self) -> Result<Head> {
        let path = self.head_dir().join("head.json");
        let Some(mut head) = store::read::<Head>(&path)? else {
            return Ok(Head::new());
        };
        // A layer of that name beside a tree was made by somebody else.
        if !self.tree().exists()
            && let Some(layer) = self.store().read_layer(&head.next)?
        {
            self.frozen(&mut head, &layer)?;
        }
        Ok(head)
    }

    pub(super) fn write_head(&self, head: &Head) -> Result<()> {
        store::make_private(&self.head_dir())?;
        store::write(&self.head_dir().join("head.json"), head)
    }

    /// The head's tree has become the layer `head.next`: the files say so from here on.
    pub(super) fn frozen(&self, head: &mut Head, layer: &Layer) -> Result<()> {
        let id = std::mem::replace(&mut head.next, store::fresh_id());
        head.origin = Some(match &layer.snapshot {
            Some(name) => {
                self.refer(name, &id)?;
                head.default = Some(name.clone());
                State::Snapshot(name.clone())
            }
            None => State::Cached(id.clone()),
        });
        head.base = Some(id);
        self.write_head(head)
    }

    pub(super) fn refer(&self, name: &str, id: &str) -> Result<()> {
        let directory = self.store().snapshots(&self.shared);
        store::make_private(&directory)?;
        let path = directory.join(name);
        // One that says so already keeps its time.
        if store::read::<SnapshotFile>(&path)?.is_some_and(|file| file.layer == id) {
            return Ok(());
        }
        store::write(&path, &SnapshotFile::new(id))?;
        // It must not be younger on disk than the head's file, which no longer says it.
        match is_asked_for(name) {
            true => store::sync_file(&path),
            false => Ok(()),
        }
    }

    pub(super) fn snapshot(&self, name: &str) -> Result<Option<SnapshotFile>> {
        store::read(&self.store().snapshots(&self.shared).join(name))
    }

    /// The layer that a state is, if it is there.
    pub(super) fn layer_of(&self, state: &State) -> Result<Option<String>> {
        let id = match state {
            State::Cached(key) => Some(key.clone()),
            State::Snapshot(name) => self.snapshot(name)?.map(|file| file.layer),
        };
        Ok(id.filter(|id| self.store().chain(id).is_ok()))
    }

    pub(super) fn needed(&self, state: &State) -> Result<String> {
        self.layer_of(state)?.ok_or_else(|| Error::Storage {
            message: format!("{state} of {} is not there any more", self.shared),
            hint: Some(format!(
                "a layer was removed from {}; `mock --rollback-to postinit` uses another, `--remove-snapshot` forgets \
                 it, `--scrub=overlayfs` begins anew",
                self.store().layers().display()
            )),
            code: 20,
        })
    }

    /// An empty tree to stand on `base`.
    pub(super) fn make_tree(&self, at: &Path, base: Option<&str>) -> Result<()> {
        remove_tree(at)?;
        store::make_private(&self.head_dir())?;
        let fs = at.join("fs");
        store::make_private(at)?;
        fs_err::create_dir(&fs).map_err(Error::io("make", &fs))?;
        match base {
            Some(base) => overlay::like(&self.store().layer(base).join("fs"), &fs),
            None => {
                fs_err::set_permissions(&fs, std::os::unix::fs::PermissionsExt::from_mode(0o755))
                    .map_err(Error::io("set the mode of", &fs))
            }
        }
    }

    /// Mounts the head's tree on what it stands on.
    pub(super) fn show(&self, head: &Head) -> Result<()> {
        fs_err::create_dir_all(&self.root).map_err(Error::io("make", &self.root))?;
        let (upper, work) = (self.tree().join("fs"), self.tree().join("work"));
        let Some(base) = &head.base else {
            return mounted::bind(&upper, &self.root);
        };
        // It holds the mark of an earlier volatile mount, which would be taken for a crash.
        remove_tree(&work)?;
        fs_err::create_dir(&work).map_err(Error::io("make", &work))?;
        Overlay {
            layers: &self.store().layers(),
            lowers: &self.store().chain(base)?,
            upper: &upper,
            work: &work,
            source: &self.source(),
            user: self.user,
        }
        .mount(&self.root)
    }

    /// Whether a mount shows this head.
    pub(super) fn is_own(&self, mount: &MountEntry) -> bool {
        // One that stands on nothing is the directory itself.
        mount.source == self.source() || mount.is_of(&self.tree().join("fs"))
    }

    /// Whether this head is at the root's path. Something else there is an error.
    pub(super) fn shown(&self) -> Result<bool> {
        match mounted::at(&self.root)? {
            Some(other) if !self.is_own(&other) => Err(mounted::foreign(&self.root, &other.source)),
            found => Ok(found.is_some()),
        }
    }

    /// Unmounts the head. One in use can go on being used, where that does no harm.
    pub(super) fn hide(&self, lazily: bool) -> Result<()> {
        self.shown()?;
        self.hide_at(&self.root, lazily)
    }

    /// Unmounts the roots of all unique extensions, which go with this one's.
    pub(super) fn hide_all_heads(&self) -> Result<()> {
        let heads = self.store().heads(&self.shared);
        for name in store::names(&heads)? {
            let head = store::read::<Head>(&heads.join(&name).join("head.json"))?;
            let path = head
                .and_then(|head| head.root)
                .unwrap_or_else(|| self.basedir.join(&name).join("root"));
            if name != self.instance {
                tracing::info!("removing the root {name} with its writable part");
            }
            mounted::clear_others(&path, |_| false)?;
        }
        Ok(())
    }

    /// Unmounts the head from a path.
    pub(super) fn hide_at(&self, path: &Path, lazily: bool) -> Result<()> {
        let until = Instant::now() + LOOKED_AT;
        while mounted::at(path)?.is_some_and(|top| self.is_own(&top)) {
            match mounted::detach(path, false) {
                Ok(()) => {}
                Err(_) if lazily => mounted::detach(path, true)?,
                Err(_) if Instant::now() < until => {
                    self.runner.interrupted()?;
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => return Err(self.in_use(&error)),
            }
        }
        Ok(())
    }

    fn in_use(&self, error: &Error) -> Error {
        // What is mounted inside keeps it, too.
        let inside = crate::fs::mount_table().unwrap_or_default();
        let inside = inside
            .iter()
            .find(|mount| mount.point != self.root && mount.point.starts_with(&self.root));
        Error::Storage {
            message: format!("the root is in use: {error}"),
            hint: Some(match inside {
                Some(mount) => format!(
                    "something is mounted in it: `umount {}`",
                    mount.point.display()
                ),
                None => format!(
                    "`fuser -vm {}` lists the programs that work in it",
                    self.root.display()
                ),
            }),
            code: 60,
        }
    }

    /// The head's file can be understood.
    pub(super) fn is_known(&self) -> bool {
        store::read::<Head>(&self.head_dir().join("head.json")).is_ok_and(|head| head.is_some())
    }

    /// Overlayfs keeps its marks elsewhere in a user namespace, and ids are other ones there.
    pub(super) fn check_owner(&self, user: Option<bool>) -> Result<()> {
        if user.is_none_or(|user| user == self.user) {
            return Ok(());
        }
        let (made, used) = match self.user {
            true => ("as root", "without root"),
            false => ("without root", "as root"),
        };
        Err(Error::Storage {
            message: format!(
                "{} in {} was made {made} and cannot be used {used}",
                self.instance,
                self.store.display()
            ),
            hint: Some("give this user a basedir of its own".to_owned()),
            code: 20,
        })
    }

    /// Removes what a mock that was killed had begun.
    pub(super) fn drop_unfinished(&self) -> Result<()> {
        ["aside", "fresh", "flat"]
            .iter()
            .try_for_each(|name| self.drop_tree(&self.head_dir().join(name)))
    }

    /// A tree that goes: renamed out of the head at once.
    pub(super) fn drop_tree(&self, path: &Path) -> Result<()> {
        self.trash.discard_into(path, &self.store)
    }

    /// Moves directories of an earlier tree, with all that is in them, into the head's.
    pub(super) fn carry(&self, from: &Path, carry: &[&str]) -> Result<()> {
        for name in carry {
            let (old, new) = (
                from.join("fs").join(name),
                self.tree().join("fs").join(name),
            );
            if !is_plain(&from.join("fs"), name) {
                continue;
            }
            if let (Some(was), Some(parent)) = (old.parent(), new.parent())
                && !parent.is_dir()
            {
                fs_err::create_dir_all(parent).map_err(Error::io("make", parent))?;
                overlay::like(was, parent)?;
            }
            fs_err::rename(&old, &new).map_err(Error::io("move", &old))?;
        }
        Ok(())
    }

    /// Starts the head on `base` with a new tree; gives where the old one went, if there was one.
    pub(super) fn begin(
        &self,
        head: &mut Head,
        base: Option<String>,
        origin: Option<State>,
    ) -> Result<()> {
        head.base = base;
        head.origin = origin;
        head.next = store::fresh_id();
        head.boot = store::boot_id();
        head.root = Some(self.root.clone());
        head.user = Some(self.user);
        let fresh = self.head_dir().join("fresh");
        self.make_tree(&fresh, head.base.as_deref())?;
        // Between the two there is a head without a tree, which the next mock starts anew.
        {
            let store = self.store();
            let _lock = store.lock(self.runner)?;
            // It may have been collected just before it was referred to.
            if let Some(base) = &head.base {
                store.chain(base)?;
            }
            self.write_head(head)?;
        }
        fs_err::rename(&fresh, self.tree()).map_err(Error::io("make", self.tree()))
    }
}

/// Whether `name` below `tree` is a directory and every part of the way to it is: through a link, it
/// would be one of the machine's.
fn is_plain(tree: &Path, name: &str) -> bool {
    let mut path = tree.to_owned();
    Path::new(name).components().all(|part| {
        path.push(part);
        fs_err::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir())
    })
}
