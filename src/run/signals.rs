//! Signals are errors: a handler notes them, whoever waits for a child turns them into one.

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};

use crate::error::{Error, Result};

/// The signals that end a run in order, and the one that says that the window has another size.
#[derive(Debug)]
pub(crate) struct Signals {
    last: Arc<AtomicUsize>,
    wake: UnixStream,
    resized: UnixStream,
}

impl Signals {
    pub(crate) fn install() -> Result<Self> {
        let failed = |e| Error::system("cannot handle signals", e);
        let last = Arc::new(AtomicUsize::new(0));
        let (wake, sender) = UnixStream::pair().map_err(failed)?;
        let (resized, resize_sender) = UnixStream::pair().map_err(failed)?;
        wake.set_nonblocking(true).map_err(failed)?;
        resized.set_nonblocking(true).map_err(failed)?;
        signal_hook::low_level::pipe::register(SIGWINCH, resize_sender).map_err(failed)?;
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            let number = usize::try_from(signal).unwrap_or(0);
            // Actions run in the order they were registered: the number is there before the wake-up.
            signal_hook::flag::register_usize(signal, Arc::clone(&last), number).map_err(failed)?;
            let sender = sender.try_clone().map_err(failed)?;
            signal_hook::low_level::pipe::register(signal, sender).map_err(failed)?;
        }
        Ok(Self {
            last,
            wake,
            resized,
        })
    }

    /// Readable when a signal came.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Readable when the window's size has changed, until [`Signals::take_resized`].
    pub(crate) fn resized(&self) -> BorrowedFd<'_> {
        self.resized.as_fd()
    }

    /// Forgets the changes of size that came so far.
    pub(crate) fn take_resized(&self) {
        drain(&self.resized);
    }

    /// The last signal that came, if any.
    pub(crate) fn pending(&self) -> Option<i32> {
        i32::try_from(self.last.load(Ordering::SeqCst))
            .ok()
            .filter(|signal| *signal != 0)
    }

    /// Forgets `signal`: it was meant for the program that had the terminal.
    pub(crate) fn forget(&self, signal: i32) {
        drain(&self.wake);
        let number = usize::try_from(signal).unwrap_or(0);
        let _ = self
            .last
            .compare_exchange(number, 0, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// An error when a signal came; for loops that wait for no child.
    pub(crate) fn check(&self) -> Result<()> {
        self.pending()
            .map_or(Ok(()), |signal| Err(Error::Interrupted { signal }))
    }
}

fn drain(mut stream: &UnixStream) {
    use std::io::Read;
    while stream.read(&mut [0u8; 64]).is_ok_and(|length| length > 0) {}
}
