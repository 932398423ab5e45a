//! One run of `mock`: its arguments, environment and input; then running; then done.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::done::Done;
use super::place::Place;

/// No test's single run takes this long: it hangs.
pub(super) const LIMIT: Duration = Duration::from_secs(300);

/// A run to be.
#[derive(Debug)]
pub(crate) struct Mock<'a> {
    place: &'a Place,
    command: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    input: Vec<u8>,
    cwd: PathBuf,
}

impl<'a> Mock<'a> {
    pub(super) fn new(place: &'a Place, command: Vec<OsString>) -> Self {
        let home = place.path("home");
        let env = [
            ("PATH", OsStr::new("/usr/bin:/bin:/usr/sbin:/sbin")),
            ("HOME", home.as_os_str()),
            ("XDG_DATA_HOME", home.join(".local/share").as_os_str()),
            ("XDG_CACHE_HOME", home.join(".cache").as_os_str()),
        ]
        .map(|(name, value)| (name.into(), value.to_owned()))
        .into();
        Self {
            place,
            command,
            env,
            input: Vec::new(),
            cwd: place.path("files"),
        }
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        let arguments = arguments.into_iter().map(|a| a.as_ref().to_owned());
        self.command.extend(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.insert(name.into(), value.as_ref().to_owned());
        self
    }

    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Runs it through other programs: the words before its own.
    pub(crate) fn through<S: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        let words = words.into_iter().map(|word| word.as_ref().to_owned());
        self.command.splice(0..0, words);
        self
    }

    /// Leaves its own program out, for one that `through` names.
    pub(crate) fn without_program(mut self) -> Self {
        self.command.remove(0);
        self
    }

    pub(super) fn start(&self, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Child {
        Command::new(&self.command[0])
            .args(&self.command[1..])
            .env_clear()
            .envs(&self.env)
            .current_dir(&self.cwd)
            .stdin(stdin)
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .expect("mock can be started")
    }

    /// The bare process, for tests that talk with it.
    pub(crate) fn piped(&self, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Child {
        self.start(stdin, stdout, stderr)
    }

    pub(crate) fn spawn(self) -> Running<'a> {
        let mut child = self.start(Stdio::piped(), Stdio::piped(), Stdio::piped());
        let mut stdin = child.stdin.take().expect("it was asked for");
        let input = self.input;
        // Whoever does not read its input is free to.
        std::thread::spawn(move || drop(stdin.write_all(&input)));
        let stdout = collect(child.stdout.take().expect("it was asked for"));
        let stderr = collect(child.stderr.take().expect("it was asked for"));
        Running {
            place: self.place,
            line: self.command,
            child,
            stdout: Some(stdout),
            stderr: Some(stderr),
        }
    }

    pub(crate) fn run(self) -> Done<'a> {
        self.spawn().wait()
    }

    /// Runs it, and it must work.
    pub(crate) fn ok(self) -> Done<'a> {
        self.run().exits(0)
    }
}

fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        from.read_to_end(&mut all).expect("a pipe can be read");
        all
    })
}

/// A run that goes on.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    place: &'a Place,
    line: Vec<OsString>,
    child: Child,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

impl<'a> Running<'a> {
    /// `mock`'s own process number: what switches the user replaces itself.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(self.pid().cast_signed());
        nix::sys::signal::kill(pid, signal).expect("the process is our own");
    }

    pub(crate) fn is_over(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("the process is our own")
            .is_some()
    }

    pub(crate) fn wait(mut self) -> Done<'a> {
        let start = Instant::now();
        while !self.is_over() {
            if start.elapsed() > LIMIT {
                let _ = self.child.kill();
                panic!("{:?} hangs", self.line);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let status = self.child.wait().expect("the process is our own");
        let text = |thread: &mut Option<JoinHandle<Vec<u8>>>| {
            let thread = thread.take().expect("it is taken once");
            thread.join().expect("the reader does not panic")
        };
        let (stdout, stderr) = (text(&mut self.stdout), text(&mut self.stderr));
        Done::new(self.place, status, stdout, &stderr)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
