//! On a terminal: the shell has it, programs are shown live, colours, Ctrl-C.
//!
//! script(1) makes the terminal, and what is typed is its input; or the test is the terminal itself.
//! Both outputs are one.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::support::{Done, Mock, Place, Running, Who, processes_of, srpm, wait_until};

/// `mock` with these arguments, on a terminal of its own.
fn on_terminal<'a>(
    place: &'a Place,
    arguments: &[&str],
    variables: &str,
    typed: &str,
) -> Running<'a> {
    let line = "exec script --quiet --return --flush --command \"exec $*\" /dev/null";
    place
        .mock(arguments)
        .through(["sh", "-c", &format!("{variables} {line}"), "sh"])
        .input(typed)
        .spawn()
}

fn shown(done: &Done<'_>) -> String {
    done.out().replace('\r', "")
}

#[test]
fn a_shell_has_the_terminal() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--init"]).ok();
    let done = on_terminal(
        &place,
        &["-q", "--shell"],
        "",
        "test -t 0 -a -t 1 -a -t 2 && exit 3\n",
    )
    .wait()
    .exits(3);
    let text = shown(&done);
    // The title that the configured PROMPT_COMMAND sets.
    assert!(text.contains("\u{1b}]0;<mock-chroot>\u{7}"), "{text}");
}

#[test]
fn colours_only_where_they_are_wanted() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let run = |variables: &str| {
        shown(
            &on_terminal(&place, &["--clean"], variables, "")
                .wait()
                .exits(0),
        )
    };
    let coloured = run("");
    assert!(
        coloured.contains("\u{1b}[32mINFO\u{1b}[0m: mock version "),
        "{coloured}"
    );
    let plain = run("NO_COLOR=1");
    assert!(plain.contains("INFO: mock version "), "{plain}");
    assert!(!plain.contains('\u{1b}'), "{plain}");
}

#[test]
fn programs_are_shown_while_they_run() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let done = on_terminal(&place, &[&srpm("needsnothing")], "", "")
        .wait()
        .exits(0);
    let text = shown(&done);
    for line in [
        "Running transaction",
        "Executing(%install): ",
        "Wrote: /builddir/build/RPMS/",
    ] {
        assert!(text.contains(&format!("\n{line}")), "{line}: {text}");
    }
    let quiet = on_terminal(&place, &["-q", &srpm("needsnothing")], "", "")
        .wait()
        .exits(0);
    assert_eq!(shown(&quiet), "");
}

/// The key, not the signal: it goes to every process of the terminal.
#[test]
fn ctrl_c_ends_a_build() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--init"]).ok();
    let fifo = place.path("files/typed");
    crate::support::run("mkfifo", [fifo.as_os_str()]);
    let feed = format!("exec \"$@\" <'{}'", fifo.display());
    let mut running = place
        .mock(["--no-clean", &srpm("endless")])
        .through([
            "sh",
            "-c",
            "exec script --quiet --return --flush --command \"exec $*\" /dev/null",
            "sh",
        ])
        .through(["sh", "-c", &feed, "sh"])
        .spawn();
    let mut typed = std::fs::File::options()
        .write(true)
        .open(&fifo)
        .expect("script reads it");
    let sleeping = wait_until(Duration::from_secs(60), || {
        assert!(!running.is_over(), "mock ended too early");
        let all = processes_of(&place.dir);
        all.iter()
            .any(|line| line.ends_with(" sleep 100000 "))
            .then_some(())
    });
    assert_eq!(sleeping, Some(()));
    std::io::Write::write_all(&mut typed, b"\x03").expect("script reads it");
    let done = running.wait().exits(7);
    assert!(shown(&done).contains("<CTRL>-C"), "{}", shown(&done));
    assert_eq!(processes_of(&place.dir), Vec::<String>::new());
}

/// What goes on, on a row of its own; nowhere else is a time like that.
fn has_status(text: &str) -> bool {
    text.contains("  0:0")
}

/// The option that makes this script the package manager.
fn manager_option(place: &Place, kind: &str, script: &str) -> String {
    let path = place.write(&format!("files/{kind}"), format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("it is our own");
    format!("{kind}_command={}", path.display())
}

/// `mock --pm-cmd` with a package manager that does this.
fn package_manager<'a>(place: &'a Place, kind: &str, script: &str) -> Mock<'a> {
    let option = manager_option(place, kind, script);
    let manager = format!("package_manager={kind}");
    place
        .mock(["--config-opts", &option, "--config-opts", &manager])
        .args(["--pm-cmd", "work"])
        .env("TERM", "xterm")
}

/// A place with a root.
fn with_root() -> Option<Place> {
    let place = Place::new(Who::User)?;
    place.mock(["--init"]).ok();
    Some(place)
}

fn root_log(place: &Place) -> Vec<u8> {
    std::fs::read(place.result().join("root.log")).expect("there is one")
}

/// The messages of `root.log` that are a program's output.
fn logged(place: &Place) -> Vec<String> {
    let log = root_log(place);
    let log = String::from_utf8_lossy(&log).into_owned();
    let line = |line: &str| {
        let (place, text) = line.strip_prefix("DEBUG ")?.split_once(":  ")?;
        place.starts_with("router.rs:").then(|| text.to_owned())
    };
    log.lines().filter_map(line).collect()
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|other| other == part)
}

#[track_caller]
fn is_clean(log: &[u8]) {
    let bad = |byte: &u8| matches!(byte, b'\r' | 0x08 | 0x0e | 0x0f | 0x1b);
    assert_eq!(log.iter().position(bad), None);
}

#[test]
fn progress_is_shown_while_it_happens_and_logged_as_it_ended() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let done = place
        .mock(["--init"])
        .env("TERM", "xterm")
        .on_terminal(24, 80)
        .exits(0);
    let text = done.text();
    let bars = text.matches("\r  Installing       : ").count();
    let log = root_log(&place);
    is_clean(&log);
    let lines = logged(&place);
    let installed = lines
        .iter()
        .filter(|line| line.starts_with("  Installing       : "))
        .count();
    assert!(installed > 20, "{lines:#?}");
    assert!(bars > 2 * installed, "{bars} {text}");
    // Each package once.
    let mut unique = lines.clone();
    unique.retain(|line| line.starts_with("  Installing       : "));
    unique.dedup_by_key(|line| line.split_whitespace().nth(2).map(str::to_owned));
    assert_eq!(unique.len(), installed);
    assert!(lines.contains(&"Complete!".to_owned()), "{lines:#?}");

    assert!(text.contains(" packages\x1b[m\x1b[K\x1b8"), "{text}");
    assert!(
        text.contains("installing minimal buildroot with dnf4  0:0"),
        "{text}"
    );
    assert!(done.ready_for_a_prompt, "{}", done.screen);
    assert!(!has_status(&done.screen), "{}", done.screen);
}

#[test]
fn a_build_has_a_status_line() {
    let Some(place) = with_root() else {
        return;
    };
    let mock = place.mock(["--no-clean", &srpm("needsnothing")]);
    let done = mock.env("TERM", "xterm").on_terminal(24, 80).exits(0);
    let text = done.text();
    assert!(text.contains("rpmbuild needsnothing"), "{text}");
    assert!(has_status(&text), "{text}");
    let mut plain = avt::Terminal::new(80, 1000).expect("it has a size");
    plain.feed(text.as_str());
    assert!(!has_status(&plain.screen().text().join("\n")), "{text}");
    assert!(done.ready_for_a_prompt, "{}", done.screen);
}

#[test]
fn the_window_is_the_users() {
    let Some(place) = with_root() else {
        return;
    };
    let manager = "
trap 'echo told' WINCH
test -t 0 && echo input
test -t 2 && echo errors
exec 3<&1
stty size <&3
stty -a <&3 | grep -o -e '-opost' -e '-echo '
echo first
while test \"$(stty size <&3)\" = '33 77'; do sleep 0.1; done
stty size <&3";
    let mut running = package_manager(&place, "dnf4", manager).on_terminal(33, 77);
    running.shows("first");
    running.resize(22, 66);
    running.exits(0);
    let lines = logged(&place);
    let at = lines.iter().position(|line| line == "33 77");
    let lines = &lines[at.expect("it is the first that it says")..];
    // The shell hears of the other size between two commands.
    let mut lines: Vec<&str> = lines.iter().take(6).map(|line| line.trim()).collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["-echo", "-opost", "22 66", "33 77", "first", "told"]
    );
}

#[test]
fn bars_on_many_rows_are_logged_as_they_ended() {
    let Some(place) = with_root() else {
        return;
    };
    // As dnf5 draws them: on standard error, from the top again and again.
    let manager = r#"
test -t 2 || exit 9
printf '\033[?25l'  >&2
echo 'Repositories loaded.'
for n in 1 2 3 4 5; do
    test $n = 1 || printf '\033[2A\r\033[J' >&2
    printf '[1/2] one %d0%% | %d.0 MiB/s |\n-----\n[0/2] Total %d0%% | 2.0 MiB/s |' $n $n $n >&2
    sleep 0.1
done
printf '\033[2A\r\033[J[1/2] one 100%% | 9.0 MiB/s |\n[2/2] two 100%% | 9.0 MiB/s |\n' >&2
printf '\033[?25h' >&2
printf '\033[32mComplete!\033[0m\n'
"#;
    let done = package_manager(&place, "dnf5", manager)
        .on_terminal(24, 80)
        .exits(0);
    let log = root_log(&place);
    is_clean(&log);
    let lines = logged(&place);
    let at = lines.iter().position(|line| line == "Repositories loaded.");
    assert_eq!(
        lines[at.expect("it is the first that it says")..][..4],
        [
            "Repositories loaded.",
            "[1/2] one 100% | 9.0 MiB/s |",
            "[2/2] two 100% | 9.0 MiB/s |",
            "Complete!"
        ]
    );
    let text = done.text();
    assert!(
        text.contains("Downloading 0/2 packages, 2.0 MiB/s"),
        "{text}"
    );
    let screen = &done.screen;
    let wanted = "Repositories loaded.\n[1/2] one 100% | 9.0 MiB/s |\n[2/2] two 100% | 9.0 MiB/s |\nComplete!\n";
    assert!(screen.contains(wanted), "{screen}");
    assert!(done.ready_for_a_prompt, "{screen}");
}

#[test]
fn ctrl_c_leaves_the_terminal_as_it_was() {
    let Some(place) = with_root() else {
        return;
    };
    let manager = r"
echo one
printf '\033[?25l\033[31;1m(3/20): x.rpm 40%% [====      ] 1.2 MB/s | 30 kB 00:01 ETA\r'
sleep 100000";
    let mut running = package_manager(&place, "dnf4", manager).on_terminal(24, 80);
    running.shows("Downloading 2/20 packages, 1.2 MB/s");
    running.press(b"\x03");
    let done = running.exits(7);
    let screen = &done.screen;
    assert!(done.ready_for_a_prompt, "{screen}");
    assert!(!has_status(screen), "{screen}");
    assert!(screen.contains("x.rpm 40%"), "{screen}");
    let lines = logged(&place);
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("(3/20): x.rpm 40%")),
        "{lines:#?}"
    );
    assert_eq!(processes_of(&place.dir), Vec::<String>::new());
}

#[test]
fn ctrl_c_takes_the_spinner_away() {
    let Some(place) = with_root() else {
        return;
    };
    // The real one is quicker than that.
    let manager = "echo '  Installing : a-1.noarch   3/20'; sleep 100000";
    let option = manager_option(&place, "dnf4", manager);
    let mut running = place
        .mock(["--config-opts", &option])
        .args(["--config-opts", "print_main_output=False", "--update"])
        .env("TERM", "xterm")
        .on_terminal(24, 80);
    running.shows("Installing 3/20 packages");
    running.press(b"\x03");
    let done = running.exits(7);
    assert!(done.ready_for_a_prompt, "{}", done.screen);
    assert!(!done.screen.contains("3/20"), "{}", done.screen);
}

/// Every moment: the sooner it is pressed, the earlier mock is in its work.
#[test]
fn ctrl_c_at_any_moment_leaves_the_terminal_as_it_was() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    for delay in [20, 80, 200, 500, 900, 1500] {
        let mock = place.mock([&srpm("needsnothing")]).env("TERM", "xterm");
        let mut running = mock.on_terminal(24, 80);
        std::thread::sleep(Duration::from_millis(delay));
        running.press(b"\x03");
        let (code, done) = running.ends();
        let screen = &done.screen;
        assert!(!has_status(screen), "{delay}: {screen}");
        // Before mock listens to it the signal just ends it, after the echo of the key; after mock's
        // last word there is nobody to write a line end behind that.
        let too_soon = code.is_none() && screen.starts_with("^C\n\n");
        let too_late = screen.trim_end().ends_with("Finish: run\n^C");
        assert!(
            done.ready_for_a_prompt || too_soon || too_late,
            "{delay}: {screen}"
        );
        assert_eq!(processes_of(&place.dir), Vec::<String>::new());
    }
}

#[test]
fn without_a_terminal_there_are_plain_lines() {
    let Some(place) = with_root() else {
        return;
    };
    let manager = r"
test -t 1 || echo plain
printf ' 1%%\r 2%%\r100%% done\n'
printf 'caf\351 \377\n'";
    let done = package_manager(&place, "dnf4", manager).run().exits(0);
    assert_eq!(done.stdout, b"plain\n 1%\r 2%\r100% done\ncaf\xe9 \xff\n");
    assert!(!has_status(&done.stderr), "{}", done.stderr);
    assert!(!done.stderr.contains('\x1b'), "{}", done.stderr);
    let log = root_log(&place);
    is_clean(&log);
    assert!(has(&log, b":  caf\xe9 \xff\n"));
    assert!(logged(&place).contains(&"100% done".to_owned()));
}

#[test]
fn bytes_that_are_no_text_are_kept() {
    let Some(place) = with_root() else {
        return;
    };
    let manager = r"printf '10%%\rcaf\351 \377\n'";
    let done = package_manager(&place, "dnf4", manager)
        .on_terminal(24, 80)
        .exits(0);
    assert!(has(&done.bytes, b"10%\rcaf\xe9 \xff\r\n"));
    assert!(has(&root_log(&place), b":  caf\xe9 \xff\n"));
}

#[test]
fn a_dumb_terminal_has_no_status_line() {
    let Some(place) = with_root() else {
        return;
    };
    let manager = "test -t 1 && echo terminal; sleep 0.5";
    for terminal in ["dumb", ""] {
        let mock = package_manager(&place, "dnf4", manager).env("TERM", terminal);
        let text = mock.on_terminal(24, 80).exits(0).text();
        assert!(text.contains("terminal\r\n"), "{text}");
        assert!(!has_status(&text), "{text}");
    }
}

#[test]
fn much_output_needs_little_memory() {
    let Some(place) = with_root() else {
        return;
    };
    for (name, flood) in [
        (
            "lines",
            "yes 'a line of some length, as programs print them' | head -c 100000000",
        ),
        ("one line", "head -c 30000000 /dev/zero | tr '\\0' x"),
        (
            "one row",
            "yes \"$(printf 'abcdefghi 12%%\\r')\" | tr -d '\\n' | head -c 10000000",
        ),
    ] {
        let manager = format!("{flood}\necho; echo the end");
        let mut running = package_manager(&place, "dnf4", &manager).on_terminal(24, 80);
        let status = format!("/proc/{}/status", running.pid());
        let mut most = 0;
        while !running.is_over() {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let size = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
            most = size.unwrap_or(0).max(most);
            std::thread::sleep(Duration::from_millis(20));
        }
        running.exits(0);
        assert!((1..200_000).contains(&most), "{name}: {most} kB");
        assert_eq!(logged(&place).last().map(String::as_str), Some("the end"));
        std::fs::remove_file(place.result().join("root.log")).expect("it is the user's");
    }
}
