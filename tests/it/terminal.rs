//! On a terminal: the shell has it, programs are shown live, colours, Ctrl-C.
//!
//! script(1) makes the terminal; what is typed is its input, and both outputs are one.

use std::time::Duration;

use crate::support::{Done, Place, Running, Who, processes_of, srpm, wait_until};

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
