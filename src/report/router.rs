//! Decides, for each message, where it is shown and where it is stored.
//!
//! There are three kinds: root-level messages (console and `root.log`), phases (console and
//! `state.log`) and lines of the build (`build.log` only). Output of programs comes as lines too;
//! the console has them only with `-v`, and never when they were shown live.

use std::io::Write;
use std::path::Path;

use indicatif::ProgressBar;
use tracing::Level;

use super::Options;
use super::console;
use super::format::{Formats, Origin, Shape};
use super::log_file::LogFile;
use crate::error::Result;

/// The three files of one result directory.
pub(super) struct Logs {
    /// Tells guards which set is theirs.
    id: u64,
    formats: Formats,
    root: LogFile,
    build: LogFile,
    state: LogFile,
}

impl Logs {
    pub(super) fn open(dir: &Path, formats: &Formats) -> Result<Self> {
        Ok(Self {
            id: 0,
            formats: formats.clone(),
            state: LogFile::open(&dir.join("state.log"))?,
            build: LogFile::open(&dir.join("build.log"))?,
            root: LogFile::open(&dir.join("root.log"))?,
        })
    }

    fn each(&mut self) -> [&mut LogFile; 3] {
        [&mut self.root, &mut self.build, &mut self.state]
    }
}

#[derive(Clone, Copy)]
enum Which {
    Root,
    Build,
    State,
}

pub(super) struct Router {
    pub(super) options: Options,
    /// Standard error and standard output.
    console: Box<dyn Write + Send>,
    screen: Box<dyn Write + Send>,
    /// The youngest set is the last and gets everything.
    open: Vec<Logs>,
    opened: u64,
    pub(super) spinner: Option<ProgressBar>,
    /// How many sinks show their program's output live at the moment.
    pub(super) live: usize,
    /// Lines wait in memory for the next flush.
    pub(super) dirty: bool,
}

impl Router {
    pub(super) fn new(console: Box<dyn Write + Send>, screen: Box<dyn Write + Send>) -> Self {
        Self {
            options: Options::default(),
            console,
            screen,
            open: Vec::new(),
            opened: 0,
            spinner: None,
            live: 0,
            dirty: false,
        }
    }

    pub(super) fn attach(&mut self, mut logs: Logs) -> u64 {
        self.opened += 1;
        logs.id = self.opened;
        self.open.push(logs);
        self.opened
    }

    pub(super) fn detach(&mut self, id: u64) {
        if let Some(index) = self.open.iter().position(|logs| logs.id == id) {
            let mut logs = self.open.remove(index);
            let warnings = logs.each().map(LogFile::flush);
            self.warn(warnings);
        }
    }

    /// A root-level message.
    pub(super) fn message(&mut self, level: Level, origin: Origin<'_>, text: &str) {
        if console::shows(&self.options, level) {
            self.say(&console::leveled(&self.options, level, text));
        }
        self.record(level, origin, text);
    }

    /// A root-level message for `root.log` alone.
    pub(super) fn record(&mut self, level: Level, origin: Origin<'_>, text: &str) {
        self.store(Which::Root, level, origin, &[text.as_bytes()]);
        self.flush();
    }

    /// A phase begins or ends.
    pub(super) fn state(&mut self, origin: Origin<'_>, text: &str) {
        if console::shows(&self.options, Level::INFO) {
            self.say(text);
        }
        self.record_state(origin, text);
    }

    /// A line for `state.log` alone.
    pub(super) fn record_state(&mut self, origin: Origin<'_>, text: &str) {
        self.store(Which::State, Level::INFO, origin, &[text.as_bytes()]);
        self.flush();
    }

    /// A line of the build that is not a program's.
    pub(super) fn build_message(&mut self, text: &[u8]) {
        self.store(Which::Build, Level::DEBUG, super::format::here!(), &[text]);
        self.flush();
    }

    /// A program's line for `build.log`; `from_stderr` puts the configured mark before it.
    pub(super) fn build_output(&mut self, line: &[u8], from_stderr: bool) {
        let mark = self.mark(line, from_stderr);
        let parts: [&[u8]; 2] = [mark.as_bytes(), line];
        self.store(Which::Build, Level::DEBUG, super::format::here!(), &parts);
        self.dirty = true;
    }

    /// A program's line for `root.log`, and for the console when it was not shown there already.
    pub(super) fn root_output(&mut self, line: &[u8], from_stderr: bool, shown: bool) {
        if line.is_empty() {
            return;
        }
        let mark = self.mark(line, from_stderr);
        if !shown {
            let text = String::from_utf8_lossy(line);
            if console::shows(&self.options, Level::DEBUG) {
                let text = format!("{mark}{text}");
                self.say(&console::leveled(&self.options, Level::DEBUG, &text));
            } else if let Some(spinner) = &self.spinner {
                spinner.set_message(super::cause::tidy(text.trim()));
            }
        }
        let parts: [&[u8]; 2] = [mark.as_bytes(), line];
        self.store(Which::Root, Level::DEBUG, super::format::here!(), &parts);
        self.dirty = true;
    }

    /// Traces of the shell are on standard error too, and stay recognisable by their `+`.
    fn mark(&self, line: &[u8], from_stderr: bool) -> String {
        match self.open.last() {
            Some(logs) if from_stderr && !line.starts_with(b"+ ") => {
                logs.formats.stderr_line_prefix.clone()
            }
            _ => String::new(),
        }
    }

    fn store(&mut self, which: Which, level: Level, origin: Origin<'_>, parts: &[&[u8]]) {
        let Some(logs) = self.open.last_mut() else {
            return;
        };
        let (file, shape) = match which {
            Which::Root => (&mut logs.root, logs.formats.root),
            Which::Build => (&mut logs.build, logs.formats.build),
            Which::State => (&mut logs.state, logs.formats.state),
        };
        let warning = if shape == Shape::Unadorned {
            file.line(parts)
        } else {
            let prefix = shape.prefix(level, origin);
            let mut all: Vec<&[u8]> = vec![prefix.as_bytes()];
            all.extend_from_slice(parts);
            file.line(&all)
        };
        self.warn([warning]);
    }

    /// Writes what waits in memory.
    pub(super) fn flush(&mut self) {
        self.dirty = false;
        let mut warnings = Vec::new();
        for logs in &mut self.open {
            warnings.extend(logs.each().map(LogFile::flush));
        }
        self.warn(warnings);
    }

    /// Only to the console: the files may be what is broken.
    fn warn(&mut self, warnings: impl IntoIterator<Item = Option<String>>) {
        for warning in warnings.into_iter().flatten() {
            self.say(&console::leveled(&self.options, Level::WARN, &warning));
        }
    }

    /// A line on the console, whatever the verbosity.
    pub(super) fn say(&mut self, text: &str) {
        let console = &mut self.console;
        match &self.spinner {
            Some(spinner) => spinner.suspend(|| console::write_line(console, text)),
            None => console::write_line(console, text),
        }
    }

    /// Bytes of a program, shown as they are.
    pub(super) fn show(&mut self, bytes: &[u8]) {
        let _ = self
            .screen
            .write_all(bytes)
            .and_then(|()| self.screen.flush());
    }
}
