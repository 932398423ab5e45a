//! Commands that run something in a root: `--shell` and `--chroot`.

use std::process::{Command, Stdio};

use insta::{allow_duplicates, assert_snapshot};
use nix::sys::signal::Signal;

use crate::support::{Place, Who, both, shared};

/// The shared roots of both kinds of user.
fn shared_both() -> impl Iterator<Item = &'static Place> {
    [Who::User, Who::Root].into_iter().filter_map(shared)
}

#[test]
fn shell_keeps_the_three_streams_apart() {
    for place in shared_both() {
        let done = place
            .mock(["--quiet", "--shell", "cat; echo to stderr >&2"])
            .input("to stdout\n")
            .ok();
        assert_eq!(done.out(), "to stdout\n");
        assert_eq!(done.stderr, "to stderr\n");
    }
}

#[test]
fn shell_carries_binary_data_both_ways() {
    for place in shared_both() {
        // Every byte, with what terminals and line ends are wont to change.
        let bytes: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
        let done = place
            .mock(["--quiet", "--shell", "cat"])
            .input(bytes.clone())
            .ok();
        assert!(
            done.stdout == bytes,
            "{} bytes came back",
            done.stdout.len()
        );
    }
}

/// `tar -c | mock --shell 'tar -x'` and back, as csmock does it.
#[test]
fn a_tree_travels_through_shells() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.make_dir("files/tree/deep");
    place.write("files/tree/deep/file", b"\0\r\n\xff");
    place.write("files/tree/run me", "");
    let packed = Command::new("tar")
        .args(["-c", "-C"])
        .arg(place.path("files"))
        .arg("tree")
        .output()
        .expect("there is a tar");
    place
        .mock(["-q", "--shell", "mkdir /tmp/x && tar -xC /tmp/x"])
        .input(packed.stdout)
        .ok();
    let done = place.mock(["-q", "--shell", "tar -cC /tmp/x tree"]).ok();
    place.make_dir("files/back");
    let mut unpack = Command::new("tar")
        .args(["-x", "-C"])
        .arg(place.path("files/back"))
        .stdin(Stdio::piped())
        .spawn()
        .expect("there is a tar");
    let mut input = unpack.stdin.take().expect("it was asked for");
    std::io::Write::write_all(&mut input, &done.stdout).expect("tar reads all of it");
    drop(input);
    assert!(unpack.wait().expect("it is our own").success());
    let difference = Command::new("diff")
        .arg("-r")
        .args([place.path("files/tree"), place.path("files/back/tree")])
        .output()
        .expect("there is a diff");
    assert!(difference.status.success(), "{difference:?}");
}

#[test]
fn statuses_come_through() {
    for place in shared_both() {
        for mode in ["--shell", "--chroot"] {
            place.mock([mode, "exit 5"]).run().exits(5);
            place.mock([mode, "true"]).run().exits(0);
            place.mock([mode, "no-such-program"]).run().exits(127);
            // As koji knows it from the original: 256 less the signal.
            place.mock([mode, "kill -9 $$"]).run().exits(247);
        }
        place.mock(["--chroot", "--", "false"]).run().exits(1);
        let done = place
            .mock(["--chroot", "--", "no-such-program", "x"])
            .run()
            .exits(127);
        assert!(done.stderr.contains("no-such-program"), "{}", done.stderr);
    }
}

#[test]
fn a_script_on_standard_input() {
    for place in shared_both() {
        let done = place
            .mock(["-q", "--shell"])
            .input("cd /tmp\npwd\nexit 5\n")
            .run()
            .exits(5);
        assert!(done.out().contains("/tmp\n"), "{}", done.out());
    }
}

#[test]
fn words_of_a_shell_are_joined_for_the_roots_own() {
    for place in shared_both() {
        let done = place
            .mock(["-q", "--shell", "--", "echo", "'a  b'", "$HOME", ">&2"])
            .ok();
        assert_eq!(
            (done.out().as_str(), done.stderr.as_str()),
            ("", "a  b /builddir\n")
        );
    }
}

#[test]
fn one_word_of_chroot_is_a_line_for_the_shell_and_several_are_not() {
    for place in shared_both() {
        let expanded = place.mock(["-q", "--chroot", "echo $((1 + 1))  x"]).ok();
        assert_eq!(expanded.out(), "2 x\n");
        let literal = place
            .mock(["-q", "--chroot", "--", "echo", "$((1 + 1))  x", "*"])
            .ok();
        assert_eq!(literal.out(), "$((1 + 1))  x *\n");
    }
}

#[test]
fn chroot_gives_no_input_and_one_output() {
    for place in shared_both() {
        let done = place
            .mock(["-q", "--chroot", "cat; echo out; echo err >&2"])
            .input("unread")
            .ok();
        assert_eq!(done.out(), "out\nerr\n");
        assert_eq!(done.stderr, "");
    }
}

#[test]
fn chroot_says_what_it_runs_and_logs_it() {
    // Not the shared roots: who finds one in use does not initialise it.
    for place in both() {
        place.mock(["--init"]).ok();
        let done = place.mock(["--chroot", "echo 'said inside'"]).ok();
        allow_duplicates! { assert_snapshot!(done.shot(), @r#"
        exit 0
        --- stdout
        said inside
        --- stderr
        Start: run
        INFO: Mock Version: 0.1.0
        Start: chroot init
        Finish: chroot init
        INFO: Running in chroot: ["echo 'said inside'"]
        Start: chroot ["echo 'said inside'"]
        Finish: chroot ["echo 'said inside'"]
        Finish: run
        "#); }
        let log = std::fs::read_to_string(place.result().join("root.log"));
        let log = log.expect("--chroot writes logs");
        assert!(log.contains("said inside\n"), "{log}");
    }
}

#[test]
fn who_and_where_a_command_is() {
    let line = "id -un; id -gn; pwd; echo $HOME";
    for place in shared_both() {
        let say = |arguments: &[&str]| {
            let done = place.mock(["-q"]).args(arguments).ok();
            done.out().lines().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(say(&["--chroot", line]), "root root / /builddir");
        assert_eq!(
            say(&["--unpriv", "--chroot", line]),
            "mockbuild mock / /builddir"
        );
        assert_eq!(
            say(&["--cwd", "/usr/bin", "--chroot", line]),
            "root root /usr/bin /builddir"
        );
        assert_eq!(say(&["--shell", line]), "root root /builddir /builddir");
        assert_eq!(
            say(&["--shell", "--unpriv", "--cwd=/tmp", line]),
            "mockbuild mock /tmp /builddir"
        );
    }
}

#[test]
fn a_directory_that_is_not_inside() {
    let Some(place) = shared(Who::User) else {
        return;
    };
    let done = place.mock(["--cwd", "/nowhere", "--chroot", "true"]).run();
    assert_snapshot!(done.error(), @"
    exit 50
    ERROR: cannot change to /nowhere: No such file or directory
    hint: --cwd is a directory inside the chroot
    ");
}

/// Output that is longer than a pipe, and a line that never ends.
#[test]
fn long_output_comes_whole() {
    let Some(place) = shared(Who::User) else {
        return;
    };
    let done = place
        .mock([
            "-q",
            "--chroot",
            "seq 300000; head -c 3000000 /dev/zero | tr '\\0' x",
        ])
        .ok();
    let text = done.out();
    assert!(text.starts_with("1\n2\n3\n"));
    let tail = text.rsplit('\n').find(|line| !line.is_empty());
    assert_eq!(tail.map(str::len), Some(3_000_000));
    assert_eq!(text.lines().count(), 300_001);
}

#[test]
fn the_environment_inside_is_the_configurations() {
    let Some(place) = shared(Who::User) else {
        return;
    };
    let done = place
        .mock(["-q", "--chroot", "--", "env", "-u", "NOTHING"])
        .env("SECRET_OF_THE_CALLER", "x")
        .env("LD_LIBRARY_PATH", "/nowhere")
        .ok();
    let text = done.out();
    let mut names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "HOME",
            "HOSTNAME",
            "LANG",
            "PATH",
            "PROMPT_COMMAND",
            "PS1",
            "SHELL",
            "TERM"
        ]
    );
}

/// What runs inside dies of its own signal; `mock` itself ends in order.
#[test]
fn a_signal_inside_is_not_one_outside() {
    let Some(place) = shared(Who::User) else {
        return;
    };
    for (signal, status) in [(Signal::SIGTERM, 241), (Signal::SIGSEGV, 245)] {
        let line = format!("kill -{} $$", signal as i32);
        place.mock(["--chroot", &line]).run().exits(status);
    }
}
