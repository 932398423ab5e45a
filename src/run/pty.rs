//! A pseudo-terminal for a program whose output is shown live, of the size of the user's window.
//!
//! It carries bytes and changes none: line ends and control characters reach the user's own terminal
//! as the program wrote them, and that one does what there is to do. Nobody has it as their
//! controlling terminal, so no key and no hang-up comes through it.

use std::os::fd::OwnedFd;

use rustix::io::Result;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{
    OptionalActions, Termios, Winsize, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize,
};

/// What a terminal without a size of its own is taken for.
const ROWS: u16 = 24;
const COLUMNS: u16 = 80;

/// Both ends; the program gets `slave`.
pub(super) struct Pty {
    pub(super) master: OwnedFd,
    pub(super) slave: OwnedFd,
}

impl Pty {
    pub(super) fn open(size: Winsize) -> Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags)?;
        unlockpt(&master)?;
        // By descriptor: the name need not lead to it where /dev/pts is another one.
        let slave = ioctl_tiocgptpeer(&master, flags)?;
        let mut modes = tcgetattr(&slave)?;
        modes.make_raw();
        tcsetattr(&slave, OptionalActions::Now, &modes)?;
        tcsetwinsize(&master, size)?;
        Ok(Self { master, slave })
    }
}

/// The size of the user's window.
pub(super) fn window() -> Winsize {
    let size = tcgetwinsize(std::io::stdout()).ok();
    let known = |value: Option<u16>, default| value.filter(|n| *n > 0).unwrap_or(default);
    Winsize {
        ws_row: known(size.map(|size| size.ws_row), ROWS),
        ws_col: known(size.map(|size| size.ws_col), COLUMNS),
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

/// How the caller's terminal was, for when a program that had it for itself is ended.
pub(super) struct Modes(Termios);

impl Modes {
    /// Nothing when standard input is no terminal.
    pub(super) fn of_caller() -> Option<Self> {
        tcgetattr(std::io::stdin()).ok().map(Self)
    }

    pub(super) fn restore(&self) {
        let now = OptionalActions::Now;
        // A terminal that is gone needs no modes.
        let _ = tcsetattr(std::io::stdin(), now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn bytes_arrive_as_they_were_written() {
        let size = Winsize {
            ws_row: 7,
            ws_col: 33,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = Pty::open(size).unwrap();
        let seen = tcgetwinsize(&pty.slave).unwrap();
        assert_eq!((seen.ws_row, seen.ws_col), (7, 33));
        let text = b"one\n\ttwo\r\x08\x03\x04\xff three";
        fs_err::File::from_parts(pty.slave.into(), "slave")
            .write_all(text)
            .unwrap();
        let mut got = Vec::new();
        // All that was written, then the error that says that nobody has the other end any more.
        let end = fs_err::File::from_parts(pty.master.into(), "master")
            .read_to_end(&mut got)
            .unwrap_err();
        assert_eq!(got, text);
        assert_eq!(end.kind(), std::io::Error::from_raw_os_error(5).kind());
    }
}
