//! Nothing is installed twice: the states that package transactions lead to are kept and found again.
//!
//! A [`Request`] is what is asked of the package manager, on top of which state. Its record says
//! which state that led to, and which metadata of the repositories the resolver saw. While those are
//! the same, the request is answered by its state and the package manager is not started. When they
//! are not, the resolver runs, and stops before it downloads anything if the packages it comes to
//! have a state already. The key of a state is made of its parent, of the packages with their
//! checksums, and of what else shapes a transaction ([`request::shape`]).
//!
//! None of this happens in a root that was not started from a state in this run (`--no-clean`), or
//! that others use, or with `layer_cache = false`; then the work is done in place.

pub(crate) mod current;
pub(crate) mod records;
mod request;
mod resolved;

pub(crate) use request::Request;
pub(crate) use resolved::Watch;

use super::Buildroot;
use super::lock::{Lock, Mode};
use super::storage::{State, States};
use crate::error::Result;
use records::{Record, Records};
use request::digest;

/// How a request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// By a state that was there.
    Found,
    /// By work, whose result was kept as a state.
    Made,
    /// By work on the head as it is.
    InPlace,
}

/// What the head's tree is, as far as this run knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ground {
    /// Anything: it was there before this run, or was changed by it.
    Changed,
    /// Nothing.
    Nothing,
    /// There is no head: it has to be started from something before anything is put into it.
    Unmade,
    /// A state, and what the build user wrote.
    State { state: State, identity: String },
}

impl Ground {
    fn state(&self) -> Option<&State> {
        match self {
            Self::State { state, .. } => Some(state),
            Self::Changed | Self::Nothing | Self::Unmade => None,
        }
    }

    /// For digests.
    pub(super) fn identity(&self) -> &str {
        match self {
            Self::State { identity, .. } => identity,
            Self::Changed | Self::Nothing | Self::Unmade => "",
        }
    }

    /// There is nothing in the tree, or no tree yet.
    pub(crate) fn is_void(&self) -> bool {
        matches!(self, Self::Nothing | Self::Unmade)
    }
}

impl Buildroot<'_> {
    /// Brings the head to what `work` makes of it. `carry` are the directories whose content goes
    /// along when the head is started from another state; the rest of what was written is dropped.
    pub(crate) fn cached(
        &self,
        request: &Request,
        carry: &[&str],
        work: impl FnOnce(&Watch) -> Result<()>,
    ) -> Result<Answer> {
        let Some(states) = self.cacheable(carry) else {
            if self.ground() == Ground::Unmade {
                self.start_from(None, &[])?;
            }
            work(&Watch::none())?;
            *self.ground.borrow_mut() = Ground::Changed;
            return Ok(Answer::InPlace);
        };
        if self.answer(states, request, carry)? {
            return Ok(Answer::Found);
        }
        // Whoever asks for the same meanwhile waits for this result.
        let records = Records::at(&self.layout.store);
        let _making = Lock::wait_for(
            &records.lock(request)?,
            Mode::Exclusive,
            self.cx.runner,
            "makes the same root",
        )?;
        if self.answer(states, request, carry)? {
            return Ok(Answer::Found);
        }
        self.make(states, &records, request, carry, work)
            .map(|()| Answer::Made)
    }

    /// Starts the head from the state that answers `request`, if there is one.
    fn answer(&self, states: &dyn States, request: &Request, carry: &[&str]) -> Result<bool> {
        let records = Records::at(&self.layout.store);
        match self.find(states, &records, request)? {
            Some(state) => self.start_from(Some(&state), carry).map(|()| true),
            None => Ok(false),
        }
    }

    /// Does the work on a clean tree and keeps what it leads to.
    fn make(
        &self,
        states: &dyn States,
        records: &Records,
        request: &Request,
        carry: &[&str],
        work: impl FnOnce(&Watch) -> Result<()>,
    ) -> Result<()> {
        let ground = self.ground();
        let key = |set: &str| digest(&[ground.identity(), &request.shape, set]);
        let known = records.sets(ground.identity(), &request.shape, |set| {
            states.has(&State::Cached(key(set)))
        })?;
        let watch = Watch::new(self, known)?;
        if carry.is_empty() {
            self.start_from(ground.state(), &[])?;
        } else {
            self.away(|| states.set_aside())?;
        }
        if let Err(error) = work(&watch) {
            *self.ground.borrow_mut() = Ground::Changed;
            if !carry.is_empty() {
                self.away(|| states.take_back())?;
            }
            return Err(error);
        }
        let set = match watch.set() {
            Some(set) => set,
            None => self.installed_digest()?,
        };
        let repos = watch.repos(self);
        let (state, is_there) = match ground.state() {
            Some(same) if watch.changed_nothing() => (same.clone(), true),
            _ => (State::Cached(key(&set)), watch.stopped()),
        };
        if !is_there {
            self.freeze(states, &state)?;
        }
        if is_there || !carry.is_empty() {
            self.start_from(Some(&state), carry)?;
        } else {
            self.stands_on(states, &state)?;
        }
        let record = Record::new(&state, ground.identity(), request, &set, repos);
        records.keep(request, &self.cx.config.chroot.shared_name, &record)
    }

    /// Starts the head from the state that answered `request` before, if it still does.
    pub(crate) fn recall(&self, request: &Request) -> Result<bool> {
        let Some(states) = self.cacheable(&[]) else {
            return Ok(false);
        };
        self.answer(states, request, &[])
    }

    /// Lets `request` have the same answer as `like` has.
    pub(crate) fn remember(&self, request: &Request, like: &Request) -> Result<()> {
        let records = Records::at(&self.layout.store);
        match records.read(like)? {
            Some(record) => {
                let shared = &self.cx.config.chroot.shared_name;
                records.keep(request, shared, &record.answers(request))
            }
            None => Ok(()),
        }
    }

    /// Where to look for states and what the head stands on, when both may be relied on.
    fn cacheable(&self, carry: &[&str]) -> Option<&dyn States> {
        let states = self.storage.states()?;
        let usable = self.cx.config.chroot.layer_cache
            && self.is_exclusive()
            && *self.ground.borrow() != Ground::Changed
            && (carry.is_empty() || states.carries());
        usable.then_some(states)
    }

    /// The state that answers `request`, if it is known and what the resolver saw still holds.
    fn find(
        &self,
        states: &dyn States,
        records: &Records,
        request: &Request,
    ) -> Result<Option<State>> {
        let Some(mut record) = records.read(request)? else {
            return Ok(None);
        };
        if !states.has(&record.state)? {
            tracing::warn!(
                "{} ({}) was removed from the store and is made anew",
                record.state,
                request.what
            );
            return Ok(None);
        }
        if request.may_age
            && !current::is_current(self.cx, &self.looks, records, request, &mut record)?
        {
            return Ok(None);
        }
        records.used(request, &record.state, &self.cx.config.chroot.shared_name)?;
        tracing::debug!("{}: {}, nothing to install", request.what, record.state);
        Ok(Some(record.state))
    }

    /// Starts the head anew.
    pub(crate) fn start_from(&self, state: Option<&State>, carry: &[&str]) -> Result<()> {
        if let Some(states) = self.storage.states() {
            self.away(|| states.restart(state, carry))?;
            match state {
                Some(state) => self.stands_on(states, state)?,
                None => *self.ground.borrow_mut() = Ground::Nothing,
            }
        }
        Ok(())
    }

    fn stands_on(&self, states: &dyn States, state: &State) -> Result<()> {
        *self.ground.borrow_mut() = Ground::State {
            state: state.clone(),
            identity: states.identity(state)?,
        };
        Ok(())
    }

    /// What is on disk below the root's path changes under `work`.
    pub(crate) fn away<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.inside.release();
        self.forget_installed();
        let done = work();
        self.inside.reopen().and(done)
    }

    /// Keeps the head as `state`. What is installed stays known.
    pub(crate) fn freeze(&self, states: &dyn States, state: &State) -> Result<()> {
        let known = self.known.borrow().clone();
        self.away(|| states.freeze(state))?;
        self.known.replace(known);
        Ok(())
    }

    /// The installed packages and their checksums, for package managers that do not say what they
    /// resolved.
    fn installed_digest(&self) -> Result<String> {
        let text = self.query("%{NEVRA} %{SHA256HEADER} %{SIGMD5}\\n")?;
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        Ok(digest(&lines))
    }
}
