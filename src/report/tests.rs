//! Messages, phases and programs' output, from where they are said to where they are read.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

use super::log_file::LogFile;
use super::place::Place;
use super::progress::progress_of;
use super::router::Router;
use super::sink::Target;
use super::status::StatusLine;
use super::step::Step;
use super::subscriber::Events;
use super::{Formats, LogFiles, LogSink, Options, Shape, Verbosity};
use crate::run::{Sink, Stream};

/// A screen or console that remembers.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u8>>>);

impl Seen {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct World {
    place: &'static Place,
    console: Seen,
    screen: Seen,
    dir: tempfile::TempDir,
}

impl World {
    fn new(verbosity: Verbosity) -> Self {
        let (console, screen) = (Seen::default(), Seen::default());
        let router = Router::new(Box::new(console.clone()), Box::new(screen.clone()));
        let place: &'static Place = Box::leak(Box::new(Place::new(router)));
        place.lock().options = Options {
            verbosity,
            ..Options::default()
        };
        Self {
            place,
            console,
            screen,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn attach(&self) -> LogFiles {
        self.attach_as(&Formats::default())
    }

    fn attach_as(&self, formats: &Formats) -> LogFiles {
        self.place.attach(self.dir.path(), formats).unwrap()
    }

    fn events(&self, work: impl FnOnce()) {
        let events = Events {
            place: self.place,
            trace: false,
        };
        tracing::subscriber::with_default(Registry::default().with(events), work);
    }

    fn sink(&self, target: Target, live: bool) -> LogSink {
        LogSink::on(self.place, target, live, true)
    }

    fn log(&self, name: &str) -> String {
        read(&self.dir.path().join(name))
    }
}

fn read(path: &Path) -> String {
    String::from_utf8(fs_err::read(path).unwrap()).unwrap()
}

/// What a user has seen in the end, and where the cursor is in it.
fn seen(bytes: &[u8]) -> (Vec<String>, usize) {
    let mut terminal = avt::Terminal::with_scrollback(40, 6, None).unwrap();
    // As a terminal line's ONLCR does.
    let text = String::from_utf8_lossy(bytes).replace('\n', "\r\n");
    terminal.feed(text.as_str());
    let lines = terminal.screen().all_lines();
    let mut rows: Vec<String> = lines
        .map(|line| line.text().trim_end().to_owned())
        .collect();
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    (rows, terminal.cursor().col)
}

#[test]
fn a_status_line_disturbs_nothing_wherever_it_is_drawn() {
    let row = "\r  Installing : a-1 [==    ]  1/20\r  Installing : a-1            1/20 \n";
    let bars = "\x1b[?25l[1/2] one  50% |\n------\n[0/2] Total  20% |\x1b[2A\r\x1b[J\
                [1/2] one 100% |\n[2/2] t\u{e9}\u{4e16}  60% |\n------\n[1/2] Total  60% |\
                \x1b[2A\r\x1b[J[2/2] two 100% |\n\x1b[?25h";
    let wide = "123456789 123456789 123456789 123456789 123456789\n\x1b]0;title\x07";
    let text = format!("first\n{row}\x1b[1mbold\n{row}{wide}still bold\x1b[m\n\n{bars}last\n");
    let text = text.as_bytes();
    for length in [1, 2, 3, 5, 7, 20, 64, 1000] {
        let world = World::new(Verbosity::Normal);
        world.place.lock().options.stdout_tty = true;
        let mut sink = world.sink(Target::Root, true);
        world.place.lock().status = Some(StatusLine::new("work".to_owned()));
        for (number, chunk) in text.chunks(length).enumerate() {
            // Drawn anew with another text, and once more with the same.
            let line = format!("({}/99): x", number % 99 + 1);
            let mut router = world.place.lock();
            router.refresh_status(Some(40));
            router.progress(progress_of(&line).unwrap());
            router.refresh_status(Some(40));
            router.refresh_status(Some(40));
            drop(router);
            sink.bytes(Stream::Stdout, chunk);
        }
        drop(sink);
        let shown = world.screen.0.lock().unwrap().clone();
        assert_eq!(seen(&shown), seen(text), "pieces of {length}");
        let drawn = String::from_utf8_lossy(&shown)
            .matches("0:00  Downloading ")
            .count();
        assert!(
            drawn > text.len() / length / 2,
            "pieces of {length}: {drawn}"
        );
    }
}

#[test]
fn messages_take_the_place_of_the_status_line() {
    let world = World::new(Verbosity::Normal);
    world.place.lock().options.stdout_tty = true;
    let mut sink = world.sink(Target::Root, true);
    let mut router = world.place.lock();
    router.status = Some(StatusLine::new("work".to_owned()));
    router.refresh_status(Some(80));
    router.refresh_status(Some(80));
    router.say("a message");
    router.refresh_status(None);
    drop(router);
    sink.bytes(Stream::Stdout, b"\x1b[31m 5%");
    drop(sink);
    let text = world.screen.text();
    let line = "\x1b7\x1b[B\r\x1b[m\x0fwork  0:00\x1b[K\x1b8";
    let erased = "\x1b7\x1b[B\r\x1b[m\x0f\x1b[K\x1b8";
    let room = "\x1bD\x1b[A";
    assert_eq!(
        text,
        format!("{room}{line}{erased}\x1b[31m 5%{room}{line}{erased}\x1b[m")
    );
}

#[test]
fn the_package_managers_output_is_logged_as_a_terminal_shows_it() {
    let world = World::new(Verbosity::Normal);
    let logs = world.attach();
    let mut sink = world.sink(Target::Root, false);
    sink.line(Stream::Stdout, b" 10%\r 20%\r100% \x1b[32mdone\x1b[m");
    sink.line(Stream::Stdout, b"ab\x08\x08xy caf\xe9");
    assert_eq!(sink.tail(), ["100% done", "xy caf\u{fffd}"]);
    drop(sink);
    let mut sink = world.sink(Target::Build, false);
    sink.line(Stream::Stdout, b" 10%\r100% \x1b[32mdone\x1b[m");
    drop(sink);
    drop(logs);
    let log = fs_err::read(world.dir.path().join("root.log")).unwrap();
    assert!(log.ends_with(b":  xy caf\xe9\n"));
    assert!(world.log("build.log").ends_with("\n 10%\r100% done\n"));
}

/// Replaces line numbers of the sources by `N`.
fn without_numbers(log: &str) -> String {
    log.lines()
        .map(|line| match line.split_once(".rs:") {
            Some((file, rest)) => {
                let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
                format!("{file}.rs:N{rest}\n")
            }
            None => format!("{line}\n"),
        })
        .collect()
}

/// Replaces the time stamps of `state.log` by `T`.
fn without_times(log: &str) -> String {
    log.lines()
        .map(|line| {
            let (time, message) = line.split_once(" - ").unwrap();
            assert_eq!(time.len(), "2026-11-22 12:17:53,234".len(), "{line}");
            format!("T - {message}\n")
        })
        .collect()
}

const VERSION: &str = concat!("Mock Version: ", env!("CARGO_PKG_VERSION"));

#[test]
fn events_go_to_the_console_and_to_root_log() {
    let world = World::new(Verbosity::Normal);
    let logs = world.attach();
    world.events(|| {
        tracing::debug!("rootdir = {}", "/r");
        tracing::info!(packages = 3, "installing");
        tracing::warn!("two\nlines");
        tracing::error!(target: "somebody_else", "not ours");
        tracing::error!(target: "mockery", "not ours either");
        tracing::trace!("not traced");
    });
    drop(logs);
    assert_eq!(
        without_numbers(&world.log("root.log")),
        format!(
            "INFO place.rs:N:  {VERSION}\n\
             DEBUG tests.rs:N:  rootdir = /r\n\
             INFO tests.rs:N:  installing packages=3\n\
             WARNING tests.rs:N:  two\n\
             lines\n"
        )
    );
    assert_eq!(
        world.console.text(),
        format!("INFO: {VERSION}\nINFO: installing packages=3\nWARNING: two\nlines\n")
    );
}

#[test]
fn steps_are_balanced_in_state_log() {
    let world = World::new(Verbosity::Normal);
    {
        let _before_the_logs = Step::start_in(world.place, "", "run".to_owned());
        let _logs = world.attach();
        let _outer = Step::start_in(world.place, "", "chroot init".to_owned());
        let _inner = Step::start_in(world.place, "", "dnf5 update".to_owned());
    }
    assert_eq!(
        without_times(&world.log("state.log")),
        format!(
            "T - {VERSION}\n\
             T - Start: chroot init\n\
             T - Start: dnf5 update\n\
             T - Finish: dnf5 update\n\
             T - Finish: chroot init\n"
        )
    );
    assert_eq!(
        world.console.text(),
        format!(
            "Start: run\nINFO: {VERSION}\nStart: chroot init\n\
             Start: dnf5 update\nFinish: dnf5 update\n\
             Finish: chroot init\nFinish: run\n"
        )
    );
}

#[test]
fn quiet_shows_warnings_only() {
    let world = World::new(Verbosity::Quiet);
    let logs = world.attach();
    world.events(|| {
        tracing::info!("information");
        tracing::warn!("a warning");
        drop(Step::start_in(world.place, "", "run".to_owned()));
    });
    drop(logs);
    assert_eq!(world.console.text(), "WARNING: a warning\n");
    assert!(world.log("root.log").contains(":  information\n"));
    assert!(world.log("state.log").contains(" - Finish: run\n"));
}

#[test]
fn a_build_is_logged_plain_and_shown_raw() {
    let world = World::new(Verbosity::Verbose);
    let logs = world.attach_as(&Formats {
        stderr_line_prefix: "BUILDSTDERR:".to_owned(),
        ..Formats::default()
    });
    let mut sink = world.sink(Target::Build, true);
    sink.note("Executing command: ['rpmbuild']");
    // Chunks end anywhere; lines come when they are complete.
    sink.bytes(Stream::Stdout, b"\x1b[1mone\x1b[m\ntw");
    sink.line(Stream::Stdout, b"\x1b[1mone\x1b[m");
    sink.bytes(Stream::Stderr, b"+ cd x\n");
    sink.line(Stream::Stderr, b"+ cd x");
    sink.bytes(Stream::Stdout, b"o\n\n");
    sink.line(Stream::Stdout, b"two");
    sink.line(Stream::Stdout, b"");
    sink.bytes(Stream::Stderr, b"bad");
    sink.line(Stream::Stderr, b"bad");
    sink.note("Child return code was: 1");
    assert_eq!(
        sink.captured_text(),
        "\x1b[1mone\x1b[m\n+ cd x\ntwo\n\nbad\n"
    );
    assert_eq!(sink.tail(), ["one", "+ cd x", "two", "", "bad"]);
    drop(sink);
    drop(logs);
    assert_eq!(world.screen.text(), "\x1b[1mone\x1b[m\ntw+ cd x\no\n\nbad");
    assert_eq!(
        world.log("build.log"),
        format!(
            "{VERSION}\nExecuting command: ['rpmbuild']\none\n+ cd x\ntwo\n\n\
             BUILDSTDERR:bad\nChild return code was: 1\n"
        )
    );
    assert_eq!(world.console.text(), format!("INFO: {VERSION}\n"));
}

#[test]
fn bytes_that_are_not_text_reach_build_log_as_they_are() {
    let world = World::new(Verbosity::Normal);
    let logs = world.attach();
    let mut sink = world.sink(Target::Build, false).without_stderr();
    sink.line(Stream::Stdout, b"caf\xe9 \0 \xff");
    sink.line(Stream::Stderr, b"aside");
    assert_eq!(sink.captured, b"caf\xe9 \0 \xff\n");
    drop(sink);
    drop(logs);
    let log = fs_err::read(world.dir.path().join("build.log")).unwrap();
    assert!(log.ends_with(b"\ncaf\xe9 \0 \xff\naside\n"));
}

#[test]
fn root_output_is_debug_and_never_twice_on_the_console() {
    let world = World::new(Verbosity::Verbose);
    let logs = world.attach();
    for live in [false, true] {
        let mut sink = world.sink(Target::Root, live);
        sink.bytes(Stream::Stdout, b"No match\n\n");
        sink.line(Stream::Stdout, b"No match");
        sink.line(Stream::Stdout, b"");
    }
    drop(logs);
    assert_eq!(
        without_numbers(&world.log("root.log")),
        format!(
            "INFO place.rs:N:  {VERSION}\n\
             DEBUG router.rs:N:  No match\n\
             DEBUG router.rs:N:  No match\n"
        )
    );
    assert_eq!(
        world.console.text(),
        format!("INFO: {VERSION}\nDEBUG: No match\n")
    );
    assert_eq!(world.screen.text(), "No match\n\n");
}

#[test]
fn lines_reach_the_log_while_the_program_is_silent() {
    let world = World::new(Verbosity::Normal);
    let _logs = world.attach();
    let mut sink = world.sink(Target::Build, false);
    sink.line(Stream::Stdout, b"checking for gcc...");
    let limit = Instant::now() + Duration::from_secs(10);
    while !world.log("build.log").ends_with("checking for gcc...\n") {
        assert!(Instant::now() < limit, "never flushed");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_youngest_files_get_everything() {
    let world = World::new(Verbosity::Quiet);
    let outer = world.attach();
    let inner_dir = tempfile::tempdir().unwrap();
    let inner = world
        .place
        .attach(inner_dir.path(), &Formats::default())
        .unwrap();
    world.place.lock().build_message(b"inside");
    drop(inner);
    world.place.lock().build_message(b"outside");
    drop(outer);
    world.place.lock().build_message(b"nowhere");
    assert_eq!(world.log("build.log"), format!("{VERSION}\noutside\n"));
    assert_eq!(
        read(&inner_dir.path().join("build.log")),
        format!("{VERSION}\ninside\n")
    );
}

#[test]
fn formats_can_be_chosen_per_log() {
    let world = World::new(Verbosity::Quiet);
    let logs = world.attach_as(&Formats {
        root: Shape::Simple,
        build: Shape::State,
        ..Formats::default()
    });
    world.events(|| tracing::warn!("careful"));
    drop(logs);
    assert_eq!(
        world.log("root.log"),
        format!("INFO: {VERSION}\nWARNING: careful\n")
    );
    assert_eq!(
        without_times(&world.log("build.log")),
        format!("T - {VERSION}\n")
    );
}

#[test]
fn a_full_disk_warns_once_and_the_rest_goes_on() {
    let world = World::new(Verbosity::Quiet);
    let path = world.dir.path().join("build.log");
    let logs = world.attach();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let file = LogFile::on(&path, Box::new(full.unwrap()));
    world.place.lock().replace_build_log(file);
    let mut sink = world.sink(Target::Build, false);
    for _ in 0..10_000 {
        sink.line(Stream::Stdout, b"a line of the build");
    }
    drop(sink);
    world.events(|| tracing::warn!("still here"));
    drop(logs);
    assert_eq!(
        world.console.text(),
        format!(
            "WARNING: cannot write {}: No space left on device (os error 28); going on without it\n\
             WARNING: still here\n",
            path.display()
        )
    );
    assert!(world.log("root.log").ends_with(":  still here\n"));
}
