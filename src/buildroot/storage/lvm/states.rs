//! States: thin snapshots of heads, and what is noted about them in tags.

use super::Lvm;
use super::commands::{COPY_TAG, ORIGIN_TAG};
use super::names::Role;
use super::volumes::Volume;
use crate::buildroot::cache::records::Records;
use crate::buildroot::snapshots::POSTINIT;
use crate::buildroot::storage::{Snapshot, State, States, budget};
use crate::error::{Error, Result};

/// A state in a tag; no snapshot's name begins with '+'.
pub(super) fn raw(state: &State) -> String {
    match state {
        State::Snapshot(name) => name.clone(),
        State::Cached(key) => format!("+{key}"),
    }
}

fn from_raw(raw: &str) -> State {
    match raw.strip_prefix('+') {
        Some(key) => State::Cached(key.to_owned()),
        None => State::Snapshot(raw.to_owned()),
    }
}

/// The nearest snapshot below a state, by what the volumes say they were made of.
fn parent(of: &State, ours: &[(&Volume, Role)]) -> Option<String> {
    let volume = |state: &State| {
        ours.iter()
            .find(|(_, role)| *role == Role::State(state.clone()))
            .map(|(volume, _)| *volume)
    };
    let named = |state: &State| match state {
        State::Snapshot(name) => volume(state).map(|_| name.clone()),
        State::Cached(_) => ours.iter().find_map(|(volume, role)| match role {
            Role::State(State::Snapshot(name)) if volume.tag(COPY_TAG) == Some(&raw(state)) => {
                Some(name.clone())
            }
            _ => None,
        }),
    };
    let mut at = of.clone();
    // What is below a copy is what is below the original. A ring can only be made by hand.
    for _ in 0..ours.len() {
        let here = volume(&at)?;
        let copied = here.tag(COPY_TAG).map(from_raw);
        let below = match copied {
            Some(state) => volume(&state)?.tag(ORIGIN_TAG).map(from_raw)?,
            None => here.tag(ORIGIN_TAG).map(from_raw)?,
        };
        match named(&below).filter(|name| State::Snapshot(name.clone()) != *of) {
            Some(name) => return Some(name),
            None => at = below,
        }
    }
    None
}

impl Lvm<'_> {
    /// Applies `work` to the volumes of this root.
    fn with_ours<T>(&self, work: impl FnOnce(&[(&Volume, Role)]) -> T) -> Result<T> {
        let volumes = self.list()?;
        Ok(work(&volumes.of(&self.names, &self.options.pool_name)))
    }

    /// A tag of one volume.
    fn tag(&self, volume: &str, key: &str) -> Result<Option<String>> {
        self.with_ours(|ours| {
            let found = ours.iter().find(|(ours, _)| ours.name == volume);
            found.and_then(|(volume, _)| volume.tag(key).map(str::to_owned))
        })
    }

    fn needed(&self, state: &State) -> Result<String> {
        let name = self.names.state(state);
        if self.exists(&name)? {
            return Ok(name);
        }
        Err(Error::Storage {
            message: format!("{state} of {} is not there any more", self.names.root()),
            hint: Some(format!(
                "its volume {}/{name} was removed by hand; `mock --scrub=lvm` begins anew",
                self.options.volume_group
            )),
            code: 25,
        })
    }

    /// Makes a state of a volume; one of that name goes when the new one is complete.
    fn keep(&self, of: &str, name: &str, tags: &[String]) -> Result<()> {
        self.names.check(name)?;
        self.check_free(name)?;
        if !self.exists(name)? {
            return self.change(&self.commands().snapshot(of, name, tags));
        }
        let making = self.scratch();
        self.change(&self.commands().snapshot(of, &making, tags))?;
        self.remove_volume(name)?;
        self.change(&self.commands().rename(&making, name))
    }

    fn record(&self) -> std::path::PathBuf {
        self.basedir.join(self.names.own_record())
    }

    /// Removes cached states that nobody used for long, when that was not looked at for a day.
    pub(super) fn collect_when_due(&self) -> Result<()> {
        let directory = self.store.join("roots").join(self.names.root());
        if !directory.is_dir() {
            return Ok(());
        }
        budget::apply_age(self.age, &self.store, &directory, || self.collect()).map(drop)
    }
}

impl States for Lvm<'_> {
    fn snapshots(&self) -> Result<Vec<Snapshot>> {
        let mut found: Vec<Snapshot> = self.with_ours(|ours| {
            ours.iter()
                .filter_map(|(volume, role)| match role {
                    Role::State(state @ State::Snapshot(name)) => Some(Snapshot {
                        name: name.clone(),
                        parent: parent(state, ours),
                        made: volume.made(),
                    }),
                    _ => None,
                })
                .collect()
        })?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn has(&self, state: &State) -> Result<bool> {
        self.exists(&self.names.state(state))
    }

    /// What is in a cached state is in its key, and a copy is what it was made of. Anything else is
    /// known by lvm's id, which no other volume gets.
    fn identity(&self, state: &State) -> Result<String> {
        if let State::Cached(key) = state {
            return Ok(key.clone());
        }
        let name = self.needed(state)?;
        if let Some(State::Cached(key)) = self.tag(&name, COPY_TAG)?.as_deref().map(from_raw) {
            return Ok(key);
        }
        self.with_ours(|ours| {
            let found = ours.iter().find(|(volume, _)| volume.name == name);
            found
                .map(|(volume, _)| volume.id.clone())
                .unwrap_or_default()
        })
    }

    fn scope(&self) -> String {
        let (group, pool) = (&self.options.volume_group, &self.options.pool_name);
        format!("{group}/{pool} {}", self.names.root())
    }

    fn default_snapshot(&self) -> Result<Option<String>> {
        let path = self.record();
        let volume = match fs_err::read_to_string(&path) {
            Ok(text) => text.trim().to_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", path)(error)),
        };
        Ok(match self.names.role(&volume) {
            Some(Role::State(State::Snapshot(name))) if self.exists(&volume)? => Some(name),
            _ => None,
        })
    }

    fn set_default(&self, name: &str) -> Result<()> {
        let volume = self.names.state(&State::Snapshot(name.to_owned()));
        crate::fs::replace(&self.record(), volume.as_bytes())
    }

    fn origin(&self) -> Result<Option<State>> {
        let tag = self.tag(&self.names.head(), ORIGIN_TAG)?;
        Ok(tag.as_deref().map(from_raw))
    }

    /// lvm suspends the head for the moment, which also brings its file system to disk.
    fn freeze(&self, state: &State) -> Result<()> {
        let (head, name) = (self.names.head(), self.names.state(state));
        if matches!(state, State::Cached(_)) && self.exists(&name)? {
            // Somebody else came to the same; theirs is as good.
            return self.restart(Some(state), &[]);
        }
        let tag = |origin: &str| format!("{ORIGIN_TAG}{origin}");
        let old = self.tag(&head, ORIGIN_TAG)?.map(|origin| tag(&origin));
        // First, because a state that a head comes from is not collected.
        let new = tag(&raw(state));
        if old.as_ref() != Some(&new) {
            self.change(&self.commands().retag(&head, old.as_deref(), &new))?;
        }
        self.keep(&head, &name, old.as_slice())?;
        if matches!(state, State::Snapshot(name) if name == POSTINIT) {
            self.init_is_over();
        }
        Ok(())
    }

    fn restart(&self, from: Option<&State>, _carry: &[&str]) -> Result<()> {
        if let Some(state) = from {
            self.needed(state)?;
        }
        self.drop_head()?;
        self.make_head(from)?;
        self.mount(&self.names.head())
    }

    fn set_aside(&self) -> Result<()> {
        Err(cannot_carry())
    }

    fn take_back(&self) -> Result<()> {
        Err(cannot_carry())
    }

    fn carries(&self) -> bool {
        false
    }

    fn name_snapshot(&self, name: &str, of: &State) -> Result<()> {
        let from = self.needed(of)?;
        let volume = self.names.state(&State::Snapshot(name.to_owned()));
        if from != volume && self.tag(&volume, COPY_TAG)?.as_deref() != Some(&raw(of)) {
            let tags = [format!("{COPY_TAG}{}", raw(of))];
            self.keep(&from, &volume, &tags)?;
        }
        self.init_is_over();
        Ok(())
    }

    fn remove(&self, state: &State) -> Result<()> {
        self.remove_volume(&self.names.state(state))
    }

    fn collect(&self) -> Result<()> {
        let records = Records::at(&self.store);
        records.forget_unused()?;
        let mut kept = records.states()?;
        let unused = self.with_ours(|ours| {
            let origins = ours
                .iter()
                .filter(|(_, role)| matches!(role, Role::Head(_)));
            kept.extend(origins.filter_map(|(head, _)| head.tag(ORIGIN_TAG).map(from_raw)));
            ours.iter()
                .filter(|(_, role)| match role {
                    Role::State(state @ State::Cached(_)) => !kept.contains(state),
                    _ => false,
                })
                .map(|(volume, _)| volume.name.clone())
                .collect::<Vec<_>>()
        })?;
        unused.iter().try_for_each(|name| {
            tracing::debug!("removing {name}: nothing refers to it");
            self.remove_volume(name)
        })
    }

    /// lvm knows what a volume shows, not what it shares.
    fn own_size(&self, _state: &State) -> Result<Option<u64>> {
        Ok(None)
    }
}

/// Callers ask [`States::carries`] first.
fn cannot_carry() -> Error {
    Error::Storage {
        message: "storage 'lvm_root' cannot set the root's tree aside".to_owned(),
        hint: None,
        code: 25,
    }
}
