//! Killing `mock` at every stage of its work.

use std::time::Instant;

use nix::sys::signal::Signal;

use super::mock::Mock;

/// How many kills hit before the work counted as done, and how many after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hits {
    pub(crate) before: u32,
    pub(crate) after: u32,
}

impl Hits {
    /// There must be some on both sides.
    pub(crate) fn on_both_sides(self) {
        assert!(self.before > 0 && self.after > 0, "{self:?}");
    }
}

/// Lets `mock` do its work once, and then kills it `moments` times at it: at moments spread over the
/// time that it took, and as often as soon as the work can be seen to be done. `start` gives the
/// runs, by number; `seen` is asked without a pause; `is_done` looks at what is left of a run and
/// says whether its work counts as done.
pub(crate) fn kill_through<'p>(
    moments: u32,
    mut start: impl FnMut(u32) -> Mock<'p>,
    mut seen: impl FnMut(u32) -> bool,
    mut is_done: impl FnMut(u32) -> bool,
) -> Hits {
    let whole = start(0);
    let began = Instant::now();
    whole.ok();
    let whole = began.elapsed();
    assert!(is_done(0), "what was not killed is done");
    let mut hits = Hits::default();
    for number in 1..=2 * moments {
        let mut running = start(number).spawn();
        if number <= moments {
            std::thread::sleep(whole * (number - 1) / moments);
        } else {
            while !seen(number) && !running.is_over() {
                std::thread::yield_now();
            }
        }
        if !running.is_over() {
            running.signal(Signal::SIGKILL);
        }
        let killed = running.wait().status_code().is_none();
        let count = match is_done(number) {
            true => &mut hits.after,
            false => &mut hits.before,
        };
        *count += u32::from(killed);
    }
    hits
}
