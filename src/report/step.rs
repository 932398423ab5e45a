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
    name: String,
    /// Stands between the word and the name, as in `Start(bootstrap): chroot init`.
    whose: &'static str,
}

impl Step {
    pub(crate) fn start(name: impl Into<String>) -> Self {
        Self::start_in(Place::global(), name.into(), "")
    }

    /// A phase of the bootstrap chroot.
    pub(crate) fn start_bootstrap(name: impl Into<String>) -> Self {
        Self::start_in(Place::global(), name.into(), "(bootstrap)")
    }

    pub(super) fn start_in(place: &'static Place, name: String, whose: &'static str) -> Self {
        place
            .lock()
            .state(here!(), &format!("Start{whose}: {name}"));
        Self { place, name, whose }
    }
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Step{}({})", self.whose, self.name)
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        let text = format!("Finish{}: {}", self.whose, self.name);
        self.place.lock().state(here!(), &text);
    }
}
