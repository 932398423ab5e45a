//! Decides, for each message, where it is shown and where it is stored.
//!
//! There are three kinds: root-level messages (console and `root.log`), phases (console and
//! `state.log`) and lines of the build (`build.log` only). Output of programs comes as lines too;
//! the console has them only with `-v`, and never when they were shown live.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use tracing::Level;

use super::console;
use super::custom::Line;
use super::format::{Formats, Origin, Shape};
use super::log_file::LogFile;
use super::progress::{Progress, progress_of};
use super::status::{Row, StatusLine};
use super::terminal::Terminal;
use super::{Options, Verbosity};
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

struct Phase {
    /// Tells guards which one is theirs.
    id: u64,
    /// Which root it is about, if not the build root: comes after `Start` and `Finish`.
    whose: &'static str,
    name: String,
    since: Instant,
}

pub(super) struct Router {
    pub(super) options: Options,
    /// Standard error and standard output.
    console: Box<dyn Write + Send>,
    screen: Box<dyn Write + Send>,
    /// The youngest set is the last and gets everything.
    open: Vec<Logs>,
    opened: u64,
    pub(super) status: Option<StatusLine>,
    /// What the screen is in, when it is a terminal.
    terminal: Terminal,
    /// Phases that have begun, with the outermost first.
    phases: Vec<Phase>,
    begun: u64,
    /// How many sinks show their program's output live on a terminal at the moment.
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
            status: None,
            terminal: Terminal::default(),
            phases: Vec::new(),
            begun: 0,
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

    /// Has another file in the place of the last build.log.
    #[cfg(test)]
    pub(super) fn replace_build_log(&mut self, file: LogFile) {
        if let Some(logs) = self.open.last_mut() {
            logs.build = file;
        }
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

    /// A phase begins. Gives what it ends with.
    pub(super) fn begin(&mut self, origin: Origin<'_>, whose: &'static str, name: &str) -> u64 {
        self.state(origin, &format!("Start{whose}: {name}"));
        self.begun += 1;
        self.phases.push(Phase {
            id: self.begun,
            whose,
            name: name.to_owned(),
            since: Instant::now(),
        });
        self.begun
    }

    pub(super) fn end(&mut self, origin: Origin<'_>, id: u64) {
        if let Some(index) = self.phases.iter().position(|phase| phase.id == id) {
            let phase = self.phases.remove(index);
            self.state(origin, &format!("Finish{}: {}", phase.whose, phase.name));
        }
    }

    /// The innermost phase and when it began; not the one that is the whole run.
    pub(super) fn phase(&self) -> Option<(&str, Instant)> {
        let inner = self.phases.get(1..)?.last()?;
        Some((&inner.name, inner.since))
    }

    /// A phase begins or ends.
    fn state(&mut self, origin: Origin<'_>, text: &str) {
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
        let text = String::from_utf8_lossy(line);
        if !shown && console::shows(&self.options, Level::DEBUG) {
            let text = format!("{mark}{text}");
            self.say(&console::leveled(&self.options, Level::DEBUG, &text));
        } else if self.live == 0
            && let Some(status) = &mut self.status
        {
            match progress_of(&text) {
                Some(progress) => status.progress(progress),
                None => status.note(super::cause::tidy(text.trim())),
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
        let formats = &logs.formats;
        let (file, shape, logger) = match which {
            Which::Root => (&mut logs.root, &formats.root, "mockbuild"),
            Which::Build => (&mut logs.build, &formats.build, "mockbuild.Root.build"),
            Which::State => (&mut logs.state, &formats.state, "mockbuild.Root.state"),
        };
        let warning = if *shape == Shape::Unadorned {
            file.line(parts)
        } else {
            let (before, after) = shape.around(Line {
                logger,
                level,
                origin,
            });
            let mut all: Vec<&[u8]> = vec![before.as_bytes()];
            if let Some(after) = &after {
                all.extend_from_slice(parts);
                all.push(after.as_bytes());
            }
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
        self.erase_status();
        console::write_line(&mut self.console, text);
    }

    /// Bytes of a program, shown as they are.
    pub(super) fn show(&mut self, bytes: &[u8]) {
        if !self.options.stdout_tty {
            return self.write(bytes);
        }
        self.terminal.push(bytes);
        let Some(status) = &mut self.status else {
            return self.write(bytes);
        };
        // In one go: nobody sees the moment without it.
        let mut all = status.erase().map_or_else(Vec::new, |(_, erase)| erase);
        all.extend_from_slice(bytes);
        // A window that has shrunk would wrap what was drawn before.
        let columns = console::columns(std::io::stdout()).unwrap_or(status.columns);
        if columns == status.columns && self.terminal.is_free_below(columns) {
            all.extend(status.draw_again(Row::Below));
        }
        self.write(&all);
    }

    /// A program has said how far it is.
    pub(super) fn progress(&mut self, progress: Progress) {
        if let Some(status) = &mut self.status {
            status.progress(progress);
        }
    }

    /// Where the status line is to be.
    pub(super) fn row(&self) -> Row {
        match self.live {
            0 => Row::Own,
            _ => Row::Below,
        }
    }

    /// Draws the status line as it is now.
    pub(super) fn refresh_status(&mut self, columns: Option<usize>) {
        let phase = self.phase().map(|(name, since)| (name.to_owned(), since));
        let row = self.row();
        if let (Some(status), Some(columns)) = (&mut self.status, columns) {
            let free = match row {
                Row::Own => self.options.verbosity == Verbosity::Normal,
                Row::Below => self.terminal.is_free_below(columns),
            };
            if free {
                let bytes = status.draw(row, phase, columns, self.options.color);
                self.write_to(row, &bytes);
            }
        }
    }

    pub(super) fn erase_status(&mut self) {
        if let Some((row, bytes)) = self.status.as_mut().and_then(StatusLine::erase) {
            self.write_to(row, &bytes);
        }
    }

    /// A program's output is over. On a terminal the next message must neither continue its
    /// unfinished line nor have its colours.
    pub(super) fn settle(&mut self, midline: bool) {
        self.erase_status();
        if self.options.stdout_tty {
            let mut bytes = self.terminal.settle();
            if midline && self.options.stderr_tty {
                bytes.push(b'\n');
            }
            self.write(&bytes);
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.write_to(Row::Below, bytes);
    }

    /// To where the row is: below a program's output, which is on the screen, or by itself.
    fn write_to(&mut self, row: Row, bytes: &[u8]) {
        if !bytes.is_empty() {
            let to = match row {
                Row::Own => &mut self.console,
                Row::Below => &mut self.screen,
            };
            let _ = to.write_all(bytes).and_then(|()| to.flush());
        }
    }
}
