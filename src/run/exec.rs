//! The real runner: starts the sandbox's process tree, reads its output, waits, cleans up.
//!
//! This is the one place that waits for a child, so it is the one place where signals and time
//! limits become errors. It returns only when every process of the sandbox is gone.

use std::ffi::OsString;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::pty::{self, Pty};
use super::pump::Lines;
use super::screen::Screen;
use super::signals::Signals;
use super::{Bars, Cmd, Runner, Sink, Status, Stdio, Stream};
use crate::error::{Error, Result};
use crate::sandbox::View;
use crate::sandbox::child::{self, Plan, Report};

/// A program with bars on several rows goes back no further; the log is behind by as many lines.
const LOOKED_BACK: u16 = 24;

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// Runs programs in the kernel's namespaces.
#[derive(Debug)]
pub(crate) struct Exec {
    signals: Signals,
}

impl Exec {
    /// Children that lose their parent come to this process, so that it can wait for all of them.
    pub(crate) fn new(signals: Signals) -> Result<Self> {
        nix::sys::prctl::set_child_subreaper(true)
            .map_err(|e| Error::system("cannot become a subreaper", e))?;
        Ok(Self { signals })
    }
}

impl Runner for Exec {
    fn run(&self, cmd: &Cmd, sink: &mut dyn Sink) -> Result<Status> {
        self.signals.check()?;
        let (report, child_report) =
            nix::unistd::pipe().map_err(|e| Error::system("cannot make a pipe", e))?;
        let argv: Vec<OsString> = cmd.argv.clone();
        let plan = Plan {
            sandbox: cmd.sandbox.clone(),
            report_fd: child_report.as_raw_fd(),
            parent: nix::unistd::getpid().as_raw(),
        };
        let modes = match cmd.stdio {
            Stdio::Inherited => pty::Modes::of_caller(),
            Stdio::Captured | Stdio::Terminal(_) => None,
        };
        let mut command = command(cmd, &plan, &argv)?;
        let terminal = connect(&mut command, cmd.stdio)?;
        let spawned = command.spawn().map_err(|source| Error::Spawn {
            program: shell_quoted(&argv),
            source,
        });
        drop(child_report);
        drop(command);
        let child = spawned?;
        let group = match cmd.sandbox.interactive {
            true => nix::unistd::getpgrp(),
            false => Pid::from_raw(child.id().cast_signed()),
        };
        let mut tree = Tree {
            child,
            group,
            whole_group: cmd.sandbox.view == View::Caller,
            over: false,
        };
        let ended = match cmd.stdio {
            Stdio::Captured | Stdio::Terminal(_) => {
                self.read_output(&mut tree, terminal, cmd, sink)
            }
            Stdio::Inherited => self.wait_for_terminal(&report),
        };
        tree.end(ended.is_err())?;
        if ended.is_err()
            && let Some(modes) = modes
        {
            modes.restore();
        }
        ended?;
        outcome(report, &argv)
    }

    fn interrupted(&self) -> Result<()> {
        self.signals.check()
    }
}

fn command(cmd: &Cmd, plan: &Plan, argv: &[OsString]) -> Result<Command> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where programs are started"
    )]
    let mut command = Command::new(child::SELF);
    command.arg0(child::NAME);
    command.args(child::arguments(child::ENTER, plan, argv)?);
    command
        .env_clear()
        .envs(cmd.env.iter().map(|(name, value)| (name, value)));
    Ok(command)
}

/// Says where the three streams of `command` lead. Gives the near end of its terminal, if it has one.
fn connect(command: &mut Command, stdio: Stdio) -> Result<Option<Source>> {
    if stdio == Stdio::Inherited {
        return Ok(None);
    }
    command.stdin(std::process::Stdio::null());
    command.stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    let Stdio::Terminal(bars) = stdio else {
        return Ok(None);
    };
    let size = pty::window();
    let pty = match Pty::open(size) {
        Ok(pty) => pty,
        Err(error) => {
            tracing::debug!("no pseudo-terminal, so no progress bars: {error}");
            return Ok(None);
        }
    };
    let failed = |e| Error::system("cannot hand on a pseudo-terminal", e);
    let held = match bars {
        Bars::Row => 1,
        Bars::Rows => {
            command.stderr(pty.slave.try_clone().map_err(failed)?);
            size.ws_row.min(LOOKED_BACK)
        }
    };
    command.stdout(pty.slave);
    Ok(Some(Source {
        stream: Stream::Stdout,
        fd: pty.master,
        text: Text::Screen(Box::new(Screen::new(held, size.ws_col))),
    }))
}

/// Where output is read from.
struct Source {
    stream: Stream,
    fd: OwnedFd,
    text: Text,
}

/// What a wait has come to.
struct Ready {
    /// Those that can be read.
    sources: Vec<usize>,
    /// The user's window may have another size.
    resized: bool,
}

/// Bytes to lines.
enum Text {
    Lines(Lines),
    Screen(Box<Screen>),
}

impl Source {
    fn pipe(stream: Stream, fd: impl Into<OwnedFd>) -> Self {
        Self {
            stream,
            fd: fd.into(),
            text: Text::Lines(Lines::default()),
        }
    }

    /// Reads once and hands it on. Says whether there may be more.
    fn read(&mut self, buffer: &mut [u8], sink: &mut dyn Sink) -> Result<bool> {
        let length = match nix::unistd::read(&self.fd, buffer) {
            Ok(length) => length,
            Err(nix::Error::EINTR | nix::Error::EAGAIN) => return Ok(true),
            // Nobody has the other end of the pseudo-terminal any more.
            Err(nix::Error::EIO) if matches!(self.text, Text::Screen(_)) => 0,
            Err(e) => return Err(Error::system("cannot read the program's output", e)),
        };
        let stream = self.stream;
        let bytes = &buffer[..length];
        if !bytes.is_empty() {
            sink.bytes(stream, bytes);
        }
        let give = |line: &[u8]| sink.line(stream, line);
        match &mut self.text {
            Text::Lines(lines) => lines.push(bytes, give),
            Text::Screen(screen) => screen.push(bytes, give),
        }
        Ok(length > 0)
    }

    /// Hands on what is held back: nothing more will be read.
    fn finish(&mut self, sink: &mut dyn Sink) {
        let stream = self.stream;
        let give = |line: &[u8]| sink.line(stream, line);
        match &mut self.text {
            Text::Lines(lines) => lines.finish(give),
            Text::Screen(screen) => screen.finish(give),
        }
    }

    /// Tells a terminal that the user's window has another size. Says whether it is one.
    fn resize(&mut self) -> bool {
        let Text::Screen(screen) = &mut self.text else {
            return false;
        };
        let size = pty::window();
        screen.resize(size.ws_col);
        // What does not work then is a program with bars of the wrong width.
        let _ = rustix::termios::tcsetwinsize(&self.fd, size);
        true
    }
}

/// Shell-quoted, for messages.
pub(crate) fn shell_quoted(argv: &[OsString]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    argv.iter()
        .map(|arg| {
            let arg = arg.to_string_lossy();
            if !arg.is_empty() && arg.chars().all(plain) {
                arg.into_owned()
            } else {
                format!("'{}'", arg.replace('\'', r"'\''"))
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// The sandbox's processes. Dropping it ends them.
struct Tree {
    child: Child,
    /// The process group of the sandbox's own processes.
    group: Pid,
    /// No namespace ends with the child: the group has to be.
    whole_group: bool,
    over: bool,
}

impl Tree {
    /// Waits for all of it, killing it first when `kill_first`.
    fn end(&mut self, kill_first: bool) -> Result<()> {
        if kill_first {
            let _ = kill(
                Pid::from_raw(self.child.id().cast_signed()),
                Signal::SIGKILL,
            );
            if self.whole_group {
                let _ = killpg(self.group, Signal::SIGKILL);
            }
        }
        self.child
            .wait()
            .map_err(|e| Error::system("cannot wait for the sandbox", e))?;
        self.over = true;
        reap_orphans(self.group);
        Ok(())
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if !self.over {
            let _ = self.end(true);
        }
    }
}

/// Waits for processes whose parent was killed: the sandbox's process 1, whose end is complete
/// only when everything inside is gone. Not for daemons that a program of the machine started:
/// those have groups of their own.
fn reap_orphans(group: Pid) {
    let group = Pid::from_raw(-group.as_raw());
    while nix::sys::wait::waitpid(group, None).is_ok() {}
}

fn outcome(report: OwnedFd, argv: &[OsString]) -> Result<Status> {
    let mut text = String::new();
    let read = fs_err::File::from_parts(report.into(), "sandbox report").read_to_string(&mut text);
    read.map_err(|e| Error::system("cannot read the sandbox's report", e))?;
    match serde_json::from_str(&text) {
        Ok(Report::Exited(code)) => Ok(Status::Exited(code)),
        Ok(Report::Signaled(signal)) => Ok(Status::Signaled(signal)),
        Ok(Report::NotStarted { program, errno }) => Err(Error::Spawn {
            program,
            source: std::io::Error::from_raw_os_error(errno),
        }),
        Ok(Report::NoDirectory { path, errno }) => Err(Error::Command {
            message: format!(
                "cannot change to {}: {}",
                path.display(),
                nix::Error::from_raw(errno).desc()
            ),
            hint: Some("--cwd is a directory inside the chroot".to_owned()),
        }),
        Ok(Report::Failed { message, hint }) => Err(Error::Sandbox { message, hint }),
        // Killed from outside, or out of memory.
        Err(_) => Err(Error::Sandbox {
            message: format!("the sandbox was killed while it ran {}", shell_quoted(argv)),
            hint: Some("the kernel's log says whether memory ran out: `dmesg | tail`".to_owned()),
        }),
    }
}

impl Exec {
    /// Reads the output until it ends; a signal or the time limit is an error.
    fn read_output(
        &self,
        tree: &mut Tree,
        terminal: Option<Source>,
        cmd: &Cmd,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let stdout = tree.child.stdout.take();
        let stderr = tree.child.stderr.take();
        let mut sources: Vec<Source> = terminal
            .into_iter()
            .chain(stdout.map(|fd| Source::pipe(Stream::Stdout, fd)))
            .chain(stderr.map(|fd| Source::pipe(Stream::Stderr, fd)))
            .collect();
        let read = self.read_all(&mut sources, tree.group, cmd, sink);
        // What a program said before it was interrupted is worth as much.
        sources.iter_mut().for_each(|source| source.finish(sink));
        read
    }

    fn read_all(
        &self,
        sources: &mut Vec<Source>,
        group: Pid,
        cmd: &Cmd,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let deadline = cmd.timeout.map(|limit| Instant::now() + limit);
        let mut buffer = vec![0u8; CHUNK];
        while !sources.is_empty() {
            let ready = self.wait_ready(sources, deadline, cmd)?;
            if ready.resized {
                self.signals.take_resized();
                if sources.iter_mut().any(Source::resize) {
                    // The terminal is not theirs, so the kernel does not tell them.
                    let _ = killpg(group, Signal::SIGWINCH);
                }
            }
            let mut ended = Vec::new();
            for index in ready.sources {
                if !sources[index].read(&mut buffer, sink)? {
                    ended.push(index);
                }
            }
            for index in ended.into_iter().rev() {
                sources.remove(index).finish(sink);
            }
        }
        Ok(())
    }

    /// Waits until there is something to do.
    fn wait_ready(
        &self,
        sources: &[Source],
        deadline: Option<Instant>,
        cmd: &Cmd,
    ) -> Result<Ready> {
        loop {
            if let Some(signal) = self.signals.pending() {
                return Err(Error::Interrupted { signal });
            }
            let timeout = match deadline.map(|end| end.saturating_duration_since(Instant::now())) {
                Some(left) if left.is_zero() => {
                    let limit = cmd.timeout.unwrap_or_default();
                    return Err(Error::Timeout {
                        command: shell_quoted(&cmd.argv),
                        limit,
                    });
                }
                // Poll counts whole milliseconds: round up so as not to spin at the end.
                Some(left) => {
                    PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX)
                }
                None => PollTimeout::NONE,
            };
            let fds = sources.iter().map(|source| source.fd.as_fd());
            let mut fds: Vec<PollFd<'_>> = fds
                .chain([self.signals.resized(), self.signals.fd()])
                .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
                .collect();
            match poll(&mut fds, timeout) {
                Ok(_) | Err(nix::Error::EINTR) => {}
                Err(e) => return Err(Error::system("cannot wait for the program's output", e)),
            }
            let happened = |fd: &PollFd<'_>| fd.revents().is_some_and(|events| !events.is_empty());
            let ready = Ready {
                sources: (0..sources.len()).filter(|n| happened(&fds[*n])).collect(),
                resized: happened(&fds[sources.len()]),
            };
            if ready.resized || !ready.sources.is_empty() {
                return Ok(ready);
            }
        }
    }

    /// Waits for a program that has the caller's terminal: Ctrl-C and Ctrl-\ are its own business.
    fn wait_for_terminal(&self, report: &OwnedFd) -> Result<()> {
        loop {
            let mut fds = [
                PollFd::new(report.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.signals.fd(), PollFlags::POLLIN),
            ];
            match poll(&mut fds, PollTimeout::NONE) {
                Ok(_) | Err(nix::Error::EINTR) => {}
                Err(e) => return Err(Error::system("cannot wait for the program", e)),
            }
            match self.signals.pending() {
                Some(signal @ (signal_hook::consts::SIGINT | signal_hook::consts::SIGQUIT)) => {
                    self.signals.forget(signal);
                }
                Some(signal) => return Err(Error::Interrupted { signal }),
                None => {}
            }
            if fds[0].revents().is_some_and(|events| !events.is_empty()) {
                return Ok(());
            }
        }
    }
}
