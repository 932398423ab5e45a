//! What a run came to: status and both outputs, and their form for snapshots.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::machine;
use super::place::{Place, Who, base};

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Done<'a> {
    place: &'a Place,
    status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl<'a> Done<'a> {
    pub(super) fn new(
        place: &'a Place,
        status: ExitStatus,
        stdout: Vec<u8>,
        stderr: &[u8],
    ) -> Self {
        Self {
            place,
            status,
            stdout,
            stderr: String::from_utf8_lossy(stderr).into_owned(),
        }
    }

    /// The exit status must be this.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.status.code(),
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.out(),
            self.stderr
        );
        self
    }

    /// The signal must have ended it.
    pub(crate) fn killed_by(self, signal: nix::sys::signal::Signal) -> Self {
        assert_eq!(self.status.signal(), Some(signal as i32), "{}", self.stderr);
        self
    }

    pub(crate) fn status_code(&self) -> Option<i32> {
        self.status.code()
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Status and outputs, without what differs from run to run.
    pub(crate) fn shot(&self) -> String {
        let mut text = match self.status.code() {
            Some(code) => format!("exit {code}\n"),
            None => format!("signal {:?}\n", self.status.signal()),
        };
        for (name, output) in [("stdout", self.out()), ("stderr", self.stderr.clone())] {
            if !output.is_empty() {
                text.push_str(&format!(
                    "--- {name}\n{}\n",
                    self.filtered(output.trim_end())
                ));
            }
        }
        text
    }

    /// What is an error, and nothing else of the messages.
    pub(crate) fn error(&self) -> String {
        let start = self
            .stderr
            .find("ERROR: ")
            .map_or("", |start| &self.stderr[start..]);
        let code = self.status.code().unwrap_or(-1);
        format!("exit {code}\n{}", self.filtered(start.trim_end()))
    }

    pub(crate) fn filtered(&self, text: &str) -> String {
        let lines = text
            .lines()
            .filter(|line| !line.starts_with("INFO: mock version "));
        let text = lines.collect::<Vec<_>>().join("\n");
        let mut text = text
            .replace(self.place.basedir().to_string_lossy().as_ref(), "[STATE]")
            .replace(self.place.dir.to_string_lossy().as_ref(), "[DIR]")
            .replace(base().to_string_lossy().as_ref(), "[BASE]")
            .replace(machine::minidistro().to_string_lossy().as_ref(), "[MINI]")
            .replace(super::ARCH, "[ARCH]")
            .replace(super::OTHER_ARCH, "[OTHER ARCH]");
        if self.place.who != Who::Root {
            text = text.replace(&self.place.account.name, "[USER]");
        }
        for (before, after, name) in [
            ("process ", "", "[PID]"),
            (" after ", " ms", "[N]"),
            ("", " minutes ", "[N]"),
            (" minutes ", " seconds", "[N]"),
        ] {
            text = without_numbers(&text, before, after, name);
        }
        // Which range is free depends on the machine's users.
        for option in ["--add-subuids ", "--add-subgids "] {
            if let Some((before, after)) = text.split_once(option) {
                let rest = after.split_once(' ').map_or("", |(_, rest)| rest);
                text = format!("{before}{option}[RANGE] {rest}");
            }
        }
        text
    }
}

/// Puts `name` for every number between `before` and `after`.
fn without_numbers(text: &str, before: &str, after: &str, name: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let length = rest[start..]
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len() - start);
        let (head, tail) = rest.split_at(start);
        let (number, tail) = tail.split_at(length);
        result.push_str(head);
        let matches = result.ends_with(before) && tail.starts_with(after);
        result.push_str(if matches { name } else { number });
        rest = tail;
    }
    result + rest
}

#[test]
fn numbers_are_replaced_only_in_their_place() {
    let text = "Built x-1 (0 minutes 12 seconds), process 77 of 99";
    let text = without_numbers(text, "", " minutes ", "[N]");
    let text = without_numbers(&text, " minutes ", " seconds", "[N]");
    let text = without_numbers(&text, "process ", "", "[PID]");
    assert_eq!(
        text,
        "Built x-1 ([N] minutes [N] seconds), process [PID] of 99"
    );
}
