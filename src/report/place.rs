//! The one router of this process, the guard for open log files, and the threads that flush the
//! files and keep the status line up to date.
//!
//! Readers follow the logs while they grow, and a quiet program must not keep its last lines from
//! them; a write per line would be slow. So lines wait for at most a tenth of a second, then a
//! thread writes them. Time passes on the status line also while nothing is printed. The threads
//! take no signals: those belong to the thread that waits for programs.

use std::io;
use std::path::Path;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow};
use tracing::Level;

use super::console::columns;
use super::format::{Formats, here};
use super::router::{Logs, Router};
use super::status::{Row, StatusLine};
use crate::error::Result;

const DELAY: Duration = Duration::from_millis(100);

static GLOBAL: LazyLock<Place> = LazyLock::new(|| {
    // Tests of other modules say things in passing; nobody reads them.
    if cfg!(test) {
        Place::new(Router::new(Box::new(io::sink()), Box::new(io::sink())))
    } else {
        Place::new(Router::new(Box::new(io::stderr()), Box::new(io::stdout())))
    }
});

pub(super) struct Place {
    router: Mutex<Router>,
    wake: Condvar,
    flusher: Once,
    status: Condvar,
    ticker: Once,
}

impl Place {
    pub(super) fn new(router: Router) -> Self {
        Self {
            router: Mutex::new(router),
            wake: Condvar::new(),
            flusher: Once::new(),
            status: Condvar::new(),
            ticker: Once::new(),
        }
    }

    pub(super) fn global() -> &'static Self {
        &GLOBAL
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Router> {
        // A thread that panicked while it printed is no reason to lose the messages about that.
        self.router.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn attach(&'static self, dir: &Path, formats: &Formats) -> Result<LogFiles> {
        let logs = Logs::open(dir, formats)?;
        self.flusher.call_once(|| self.start_flusher());
        let mut router = self.lock();
        let id = router.attach(logs);
        let version = concat!("Mock Version: ", env!("CARGO_PKG_VERSION"));
        router.record_state(here!(), version);
        router.build_message(version.as_bytes());
        router.message(Level::INFO, here!(), version);
        Ok(LogFiles { place: self, id })
    }

    /// Sees to it that lines added to `router` reach their files soon.
    pub(super) fn release(&self, router: MutexGuard<'_, Router>) {
        let dirty = router.dirty;
        drop(router);
        if dirty {
            self.wake.notify_one();
        }
    }

    /// Shows `status` until it is taken out of the router again.
    pub(super) fn show_status(&'static self, status: StatusLine) {
        self.lock().status = Some(status);
        self.ticker.call_once(|| {
            let thread = std::thread::Builder::new().name("status".to_owned());
            // Without the thread there is no status line: no harm done.
            let _ = without_signals(|| thread.spawn(|| self.refresh_forever()));
        });
        self.status.notify_one();
    }

    fn refresh_forever(&self) {
        let mut router = self.lock();
        loop {
            while router.status.is_none() {
                router = self
                    .status
                    .wait(router)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            drop(router);
            std::thread::sleep(DELAY);
            router = self.lock();
            let columns = match router.row() {
                Row::Own => columns(io::stderr()),
                Row::Below => columns(io::stdout()),
            };
            router.refresh_status(columns);
        }
    }

    fn start_flusher(&'static self) {
        let thread = std::thread::Builder::new().name("logs".to_owned());
        // Without the thread, lines wait for the end of a program or for 64 KiB: no harm done.
        let _ = without_signals(|| thread.spawn(|| self.flush_forever()));
    }

    fn flush_forever(&self) {
        let mut router = self.lock();
        loop {
            while !router.dirty {
                router = self
                    .wake
                    .wait(router)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            drop(router);
            std::thread::sleep(DELAY);
            router = self.lock();
            router.flush();
        }
    }
}

/// Runs `work` with all signals blocked; a thread it starts inherits that.
fn without_signals<T>(work: impl FnOnce() -> T) -> T {
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK);
    let done = work();
    if let Ok(before) = before {
        let _ = before.thread_set_mask();
    }
    done
}

/// Open log files; dropping it writes what waits and closes them.
#[must_use = "the log files are closed when this is dropped"]
pub(crate) struct LogFiles {
    place: &'static Place,
    id: u64,
}

impl std::fmt::Debug for LogFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogFiles").field("id", &self.id).finish()
    }
}

impl Drop for LogFiles {
    fn drop(&mut self) {
        self.place.lock().detach(self.id);
    }
}
