//! A terminal with a window of some size, and `mock` as its foreground job.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use avt::Line;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

use super::machine::wait_until;
use super::mock::{LIMIT, Mock};

/// A run that goes on, on a terminal of its own.
#[derive(Debug)]
pub(crate) struct OnTerminal {
    child: Child,
    master: File,
    slave: OwnedFd,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
    /// As `stty -a` would say it, before the run.
    modes: String,
    size: (u16, u16),
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) bytes: Vec<u8>,
    /// The rows of the screen in the end.
    pub(crate) screen: String,
    /// The terminal is as a shell wants it: the cursor is to be seen at the start of a row that is
    /// empty as all after it are, and no colours are on.
    pub(crate) ready_for_a_prompt: bool,
}

impl Mock<'_> {
    /// On a terminal with so many rows and columns.
    pub(crate) fn on_terminal(self, rows: u16, columns: u16) -> OnTerminal {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).expect("there are pseudo-terminals");
        unlockpt(&master).expect("it is our own");
        let slave = ioctl_tiocgptpeer(&master, flags).expect("it has another end");
        tcsetwinsize(&master, size(rows, columns)).expect("it has a size");
        let end = || Stdio::from(slave.try_clone().expect("it can be shared"));
        // Its controlling terminal, so that Ctrl-C is a signal.
        let command = self.through(["setsid", "--ctty"]);
        let child = command.start(end(), end(), end());
        let shown = Arc::new(Mutex::new(Vec::new()));
        let mut from = File::from(master.try_clone().expect("it can be shared"));
        let to = Arc::clone(&shown);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0u8; 65536];
            while let Ok(length) = from.read(&mut buffer)
                && length > 0
            {
                to.lock()
                    .expect("nobody panics")
                    .extend_from_slice(&buffer[..length]);
            }
        });
        OnTerminal {
            child,
            modes: modes(&slave),
            master: master.into(),
            slave,
            shown,
            reader,
            size: (rows, columns),
        }
    }
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

fn modes(terminal: &OwnedFd) -> String {
    let modes = tcgetattr(terminal).expect("it is a terminal");
    format!("{modes:?}")
}

impl OnTerminal {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_over(&mut self) -> bool {
        let status = self.child.try_wait().expect("the process is our own");
        status.is_some()
    }

    /// What has been shown so far.
    pub(crate) fn shown(&self) -> String {
        let shown = self.shown.lock().expect("nobody panics");
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// Waits until this has been shown.
    pub(crate) fn shows(&mut self, text: &str) {
        let found = wait_until(Duration::from_secs(60), || {
            let over = self.is_over();
            if over && !self.shown().contains(text) {
                // Its last words may not have been read yet.
                std::thread::sleep(Duration::from_millis(300));
                assert!(self.shown().contains(text), "{}", self.shown());
            }
            self.shown().contains(text).then_some(())
        });
        assert!(found.is_some(), "never shown: {text}\n{}", self.shown());
    }

    /// The keys of the keyboard.
    pub(crate) fn press(&mut self, keys: &[u8]) {
        self.master.write_all(keys).expect("somebody has it open");
    }

    /// The user pulls at the window.
    pub(crate) fn resize(&mut self, rows: u16, columns: u16) {
        tcsetwinsize(&self.master, size(rows, columns)).expect("it has a size");
        self.size = (rows, columns);
    }

    /// The exit status must be this, the terminal in the modes it was in before.
    pub(crate) fn exits(self, code: i32) -> Shown {
        let (status, shown) = self.end();
        assert_eq!(status.code(), Some(code), "{}", shown.text());
        shown
    }

    /// However it ends, the terminal must be in the modes it was in before.
    pub(crate) fn ends(self) -> (Option<i32>, Shown) {
        let (status, shown) = self.end();
        (status.code(), shown)
    }

    fn end(mut self) -> (ExitStatus, Shown) {
        let start = Instant::now();
        while !self.is_over() {
            if start.elapsed() > LIMIT {
                let _ = self.child.kill();
                panic!("it hangs:\n{}", self.shown());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let status = self.child.wait().expect("the process is our own");
        assert_eq!(modes(&self.slave), self.modes);
        drop(self.slave);
        self.reader.join().expect("it does not panic");
        let bytes = self.shown.lock().expect("nobody panics").clone();
        let text = String::from_utf8_lossy(&bytes);
        let (rows, columns) = self.size;
        let mut screen = avt::Terminal::new(columns.into(), rows.into()).expect("it has a size");
        screen.feed(text.as_ref());
        let rows: Vec<String> = screen.screen().visible_lines().map(Line::text).collect();
        let cursor = screen.cursor();
        let before = screen.dump();
        screen.feed("\x1b[m");
        let ready_for_a_prompt = cursor.visible
            && cursor.col == 0
            && rows[cursor.row..].iter().all(|row| row.trim().is_empty())
            && screen.dump() == before;
        let shown = Shown {
            screen: rows
                .iter()
                .map(|row| format!("{}\n", row.trim_end()))
                .collect(),
            ready_for_a_prompt,
            bytes,
        };
        (status, shown)
    }
}

impl Shown {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}
