//! A phase of the work, as `state.log` and the console have it.
//!
//! The guard makes `Start:` and `Finish:` lines balanced by construction, also when the work
//! between them fails; other programs measure phases by pairing them.

use super::format::here;
use super::place::Place;

/// A phase that has begun; dropping it says that it has ended.
#[must_use = "the phase ends when this is dropped"]
pub(crate) struct Step {
    place: &'static Place,
    id: u64,
    name: String,
}

impl Step {
    pub(crate) fn start(name: impl Into<String>) -> Self {
        Self::start_in(Place::global(), "", name.into())
    }

    /// A phase of the bootstrap root's.
    pub(crate) fn start_of_bootstrap(name: impl Into<String>) -> Self {
        Self::start_in(Place::global(), "(bootstrap)", name.into())
    }

    pub(super) fn start_in(place: &'static Place, whose: &'static str, name: String) -> Self {
        let id = place.lock().begin(here!(), whose, &name);
        Self { place, id, name }
    }
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Step({})", self.name)
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.place.lock().end(here!(), self.id);
    }
}
