//! Running lvm's programs: their output, their errors.
//!
//! They run in the machine's own namespaces: lvm and the device mapper talk by semaphores. Nobody
//! kills them, not even the end of mock, because one that was stopped half-way may leave a volume
//! suspended, and everything that uses it waits for ever.

use crate::buildroot::describe;
use crate::error::{Error, Result};
use crate::run::{Cmd, Runner, Sink, Status, Stdio, Stream};
use crate::sandbox::{Ids, Sandbox};

/// Starts programs of the machine.
#[derive(Clone, Copy)]
pub(super) struct Tool<'a> {
    pub(super) runner: &'a dyn Runner,
    /// There is no udev that makes device nodes; lvm makes them itself.
    pub(super) no_udev: bool,
}

/// Both outputs, kept apart.
#[derive(Default)]
struct Outputs {
    stdout: String,
    stderr: Vec<String>,
}

impl Sink for Outputs {
    fn line(&mut self, stream: Stream, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        match stream {
            Stream::Stdout => {
                self.stdout.push_str(&line);
                self.stdout.push('\n');
            }
            Stream::Stderr => self.stderr.push(line.trim().to_owned()),
        }
    }
}

impl Tool<'_> {
    /// What the program wrote to its standard output.
    pub(super) fn run(&self, argv: &[String]) -> Result<String> {
        let mut outputs = Outputs::default();
        let status = self
            .runner
            .run(&self.cmd(argv), &mut outputs)
            .map_err(|error| missing(error, argv))?;
        if status.success() {
            return Ok(outputs.stdout);
        }
        Err(failed(argv, status, &outputs.stderr))
    }

    fn cmd(&self, argv: &[String]) -> Cmd {
        let mut env = vec![
            ("LC_ALL", "C.UTF-8"),
            ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            ("LVM_SUPPRESS_FD_WARNINGS", "1"),
        ];
        if self.no_udev {
            env.push(("DM_DISABLE_UDEV", "1"));
        }
        Cmd {
            argv: argv.iter().map(Into::into).collect(),
            env: env
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            sandbox: Sandbox::machine(Ids::Host),
            stdio: Stdio::Captured,
            timeout: None,
        }
    }
}

fn missing(error: Error, argv: &[String]) -> Error {
    match error {
        Error::Spawn { program, source } if source.kind() == std::io::ErrorKind::NotFound => {
            let lvm = argv.first().is_some_and(|name| name.starts_with("lv"));
            Error::Storage {
                message: format!("there is no {program} on this machine"),
                hint: Some(if lvm {
                    "plugin lvm_root needs LVM: `dnf install lvm2 device-mapper-persistent-data`, `apt-get install lvm2 \
                     thin-provisioning-tools`"
                        .to_owned()
                } else {
                    "options filesystem and mkfs_command of plugin lvm_root choose the program that makes the file system"
                        .to_owned()
                }),
                code: 25,
            }
        }
        other => other,
    }
}

fn failed(argv: &[String], status: Status, stderr: &[String]) -> Error {
    let program = argv.first().map(String::as_str).unwrap_or_default();
    let cause = decisive(stderr).unwrap_or("it does not say why");
    Error::Storage {
        message: format!("{program} failed with {}: {cause}", describe(status)),
        hint: hint(cause, argv),
        code: status.code(),
    }
}

/// Of what a program says, the line that says why it failed: the first that is no warning.
fn decisive(stderr: &[String]) -> Option<&str> {
    let mut lines = stderr.iter().map(String::as_str).filter(|line| {
        !line.is_empty() && !line.starts_with("WARNING:") && !line.starts_with("File descriptor")
    });
    lines.next().or(stderr.last().map(String::as_str))
}

fn hint(cause: &str, argv: &[String]) -> Option<String> {
    let known = [
        (
            "Volume group \"",
            "not found",
            "`vgs` lists the volume groups there are",
        ),
        (
            "insufficient free space",
            "",
            "`vgs` shows what is free; option size of plugin lvm_root is the size of the pool",
        ),
        (
            "reached threshold",
            "",
            "the thin pool is full: `mock --remove-snapshot`, `mock --scrub=root-cache` or `lvextend` make space",
        ),
        (
            "/dev/mapper/control",
            "",
            "the kernel has no device mapper, or this container may not use it",
        ),
        (
            "thin_check",
            "",
            "`dnf install device-mapper-persistent-data`, `apt-get install thin-provisioning-tools`",
        ),
        (
            "reserved",
            "",
            "lvm keeps such names for itself: choose another",
        ),
    ];
    known
        .iter()
        .find(|(first, second, _)| cause.contains(first) && cause.contains(second))
        .map(|(_, _, hint)| (*hint).to_owned())
        .or_else(|| Some(format!("the command was `{}`", argv.join(" "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decisive_line_and_lvms_own_status_are_kept() {
        let stderr = [
            "File descriptor 3 (/x) leaked on lvs invocation.",
            "WARNING: Sum of all thin volume sizes exceeds the size of thin pool.",
            "Volume group \"none\" not found",
            "Cannot process volume group none",
        ]
        .map(str::to_owned);
        let argv = ["lvs".to_owned(), "none".to_owned()];
        let error = failed(&argv, Status::Exited(5), &stderr);
        assert_eq!(
            error.to_string(),
            "lvs failed with exit status 5: Volume group \"none\" not found"
        );
        assert_eq!(error.exit_code(), 5);
        assert!(error.hint().is_some_and(|hint| hint.contains("`vgs`")));
        let only = ["WARNING: a".to_owned()];
        assert_eq!(decisive(&only), Some("WARNING: a"));
        assert_eq!(decisive(&[]), None);
    }
}
