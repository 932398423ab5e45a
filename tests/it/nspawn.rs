//! systemd-nspawn in place of mock's own sandbox, and what `nspawn_args` ask of either.
//!
//! As root; no systemd has to run for it. What is tested where it is process 1, in a container or
//! with another layout of control groups is tested on such machines alone.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Place, Who, own_mounts, processes_of, run, shared, skip, srpm, wait_until};

const METHODS: [&str; 2] = ["--isolation=simple", "--isolation=nspawn"];

/// Whether it is there.
fn program() -> bool {
    let there = Path::new("/usr/bin/systemd-nspawn").exists();
    if !there {
        skip("there is no systemd-nspawn (package systemd-container)");
    }
    there
}

/// The root that nobody changes, for tests that look at one.
fn looked_at() -> Option<&'static Place> {
    program().then(|| shared(Who::Root)).flatten()
}

/// Its own place, for those that kill.
fn place() -> Option<Place> {
    program().then(|| Place::new(Who::Root)).flatten()
}

fn nothing_is_left(place: &Place) {
    let left = || Some(processes_of(&place.dir)).filter(|left| left.is_empty());
    let gone = wait_until(Duration::from_secs(10), left);
    assert_eq!(gone, Some(Vec::new()), "{:?}", processes_of(&place.dir));
}

#[test]
fn a_build_runs_in_a_container() {
    let Some(place) = place() else { return };
    let arguments = [
        "-v",
        "--new-chroot",
        "--resultdir=out",
        &srpm("needsnothing"),
    ];
    let done = place.mock(arguments).ok();
    for line in [
        "ERROR: Option --new-chroot has been deprecated. Use --isolation=nspawn instead.",
        "DEBUG: isolation: /usr/bin/systemd-nspawn (isolation=nspawn)",
    ] {
        assert!(
            done.stderr.lines().any(|said| said == line),
            "{}",
            done.stderr
        );
    }
    let results = fs::read_dir(place.path("files/out")).expect("it was made");
    let packages = results
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".rpm"));
    assert_eq!(packages.count(), 2);
    nothing_is_left(&place);
    // The caller's terminal and descriptors are its own business, the control groups ours.
    for group in run("find", ["/sys/fs/cgroup", "-name", "payload"]).lines() {
        let users = fs::read_to_string(format!("{group}/cgroup.procs")).unwrap_or_default();
        assert_ne!(users, "", "{group} is left, empty");
    }
}

#[test]
fn streams_status_and_surroundings_are_as_without() {
    let Some(place) = looked_at() else { return };
    for method in METHODS {
        let line = "printf out; printf err >&2; cat; id -un; pwd; ls /sys/class/net; exit 5";
        let input = b"bytes \x00\xff\n".to_vec();
        let done = place
            .mock(["-q", method, "--unpriv", "--shell", line])
            .input(input.clone())
            .run()
            .exits(5);
        let expected = [b"out", &input[..], b"mockbuild\n/builddir\nlo\n"].concat();
        assert_eq!(done.stdout, expected, "{method}");
        assert_eq!(done.stderr, "err", "{method}");
        let words = ["-q", method, "--chroot", "--", "no-such-program"];
        place.mock(words).run().exits(127);
        let words = ["-q", method, "--cwd=/none", "--chroot", "--", "true"];
        assert_eq!(
            place.mock(words).run().exits(50).error(),
            "exit 50\nERROR: cannot change to /none: No such file or directory\n\
             hint: --cwd is a directory inside the chroot",
            "{method}"
        );
        // An argument is no option of what runs it.
        let words = [
            "-q", method, "--chroot", "--", "echo", "--bind=/", "a b", "",
        ];
        assert_eq!(place.mock(words).ok().out(), "--bind=/ a b \n", "{method}");
    }
    // A signal: the original's numbers for either.
    for (method, status) in METHODS.into_iter().zip([256 - 9, 255]) {
        let words = ["-q", method, "--shell", "kill -9 $$"];
        place.mock(words).run().exits(status);
    }
    let words = ["-q", METHODS[1], "--shell", "echo $PPID; cat /proc/1/comm"];
    assert_eq!(place.mock(words).ok().out(), "1\n(sd-stubinit)\n");
}

/// What somebody mounted below the root before, as builders of images do.
#[test]
fn mounts_of_the_caller_are_to_be_seen() {
    let Some(place) = looked_at() else { return };
    for method in METHODS {
        let script = format!(
            "mount -t tmpfs -o size=4m none '{0}/mnt' && echo seen >'{0}/mnt/file' && \"$@\"",
            place.root().display()
        );
        let done = place
            .mock(["-q", method, "--chroot", "cat /mnt/file"])
            .through(own_mounts(&script))
            .ok();
        assert_eq!(done.out(), "seen\n", "{method}");
    }
}

#[test]
fn a_shell_has_a_terminal_of_its_own() {
    let Some(place) = place() else { return };
    place.mock(["--init"]).ok();
    let shell = || {
        let mut terminal = place
            .mock(["-q", METHODS[1], "--shell"])
            .on_terminal(24, 80);
        // systemd-nspawn may throw away what is typed before.
        terminal.shows("<mock-chroot>");
        terminal
    };
    let mut terminal = shell();
    terminal.press(b"tty; echo start$((1 + 1)); sleep 1000\n");
    terminal.shows("start2");
    terminal.press(b"\x03");
    // What is typed before that is thrown away.
    terminal.shows("^C");
    // Job control works.
    terminal.press(b"sleep 1000 &\njobs; exit 3\n");
    terminal.shows("Running");
    terminal.exits(3);
    nothing_is_left(&place);

    let mut terminal = shell();
    terminal.press(b"echo start$((1 + 1)); sleep 1000\n");
    terminal.shows("start2");
    let pid = Pid::from_raw(terminal.pid().cast_signed());
    kill(pid, Signal::SIGTERM).expect("it runs");
    // As it was before: systemd-nspawn had it raw.
    terminal.exits(143);
    nothing_is_left(&place);
}

#[test]
fn whoever_kills_mock_kills_the_container() {
    let Some(place) = place() else { return };
    place.mock(["--init"]).ok();
    for (mode, signal) in [
        ("--shell", Signal::SIGKILL),
        ("--chroot", Signal::SIGKILL),
        ("--chroot", Signal::SIGINT),
    ] {
        let line = "setsid sleep 1000 & echo started >/tmp/started; sleep 1000";
        let mut running = place.mock(["-q", METHODS[1], mode, line]).spawn();
        let started = place.root().join("tmp/started");
        let found = wait_until(Duration::from_secs(60), || {
            assert!(!running.is_over(), "it ended too early");
            started.exists().then_some(())
        });
        assert_eq!(found, Some(()));
        // Others may work in the same root meanwhile.
        let other = place.mock(["-q", METHODS[1], "--shell", "rm /tmp/started; echo too"]);
        assert_eq!(other.ok().out(), "too\n");
        running.signal(signal);
        let _ = running.wait();
        nothing_is_left(&place);
    }
}

/// Both do what is asked, each in its way.
#[test]
fn arguments_of_systemd_nspawn() {
    let Some(place) = place() else { return };
    place.mock(["--init"]).ok();
    let data = place.make_dir("files/data");
    place.write("files/data/file", "of the host\n");
    let arguments = [
        "--console=pipe",
        "--bind=/dev/fuse",
        &format!("--bind-ro={}:/mnt/data", data.display()),
        "--tmpfs=/scratch:size=8m,mode=1777",
        "--capability=cap_syslog",
        "--drop-capability=cap_mknod",
        "--setenv=COLOR=red",
        "--setenv=HOME=/elsewhere",
        "--rlimit=RLIMIT_NOFILE=100:200",
        "--hostname=box",
    ]
    .map(|argument| format!("--config-opts=nspawn_args={argument}"));
    const LINES: [&str; 8] = [
        "stat -c %F /dev/fuse /dev/loop-control /dev/loop1; ls -d /dev/loop2 2>/dev/null",
        "cat /mnt/data/file; test -w /mnt/data/file || echo read-only",
        "stat -f -c '%T' /scratch; stat -c %a /scratch",
        "echo $COLOR $HOME",
        "ulimit -Sn; ulimit -Hn",
        "cat /proc/sys/kernel/hostname",
        "set -- $(grep CapBnd /proc/self/status); echo $((0x$2 >> 34 & 1)) $((0x$2 >> 27 & 1))",
        "mknod /tmp/x c 1 3 2>/dev/null || echo no device",
    ];
    const ANSWERS: &str = "character special file\ncharacter special file\nblock special file\n\
                           of the host\nread-only\ntmpfs\n1777\nred /builddir\n100\n200\nbox\n1 0\nno device\n";
    for method in METHODS {
        let done = place
            .mock(["-q", method, "--config-opts=dev_loop_count=2"])
            .args(&arguments)
            .args(["--shell", &LINES.join("; ")])
            .ok();
        assert_eq!(done.out(), ANSWERS, "{method}");
        assert_eq!(done.stderr, "", "{method}");
    }
    // Devices are there for whoever asked.
    let line = "ls /dev | grep -E 'loop|fuse'; true";
    for method in METHODS {
        let done = place.mock(["-q", method, "--shell", line]).ok();
        assert_eq!(done.out(), "", "{method}");
    }
}

#[test]
fn automatic_is_ones_own_unless_something_needs_the_other() {
    let Some(place) = looked_at() else { return };
    let chosen = |options: &[&str]| {
        let done = place
            .mock(["-v", "--isolation=auto"])
            .args(options)
            .args(["--shell", "cat /proc/1/comm"])
            .ok();
        let said = done.stderr.lines().filter(|line| {
            line.contains("isolation: ")
                || (line.contains("nspawn_args") && !line.contains("starting, args: "))
        });
        let said: Vec<&str> = said.collect();
        format!("{}{}", done.out(), said.join("\n"))
    };
    assert_eq!(
        chosen(&["--config-opts=nspawn_args=--setenv=A=b"]),
        "mock\nDEBUG: isolation: mock's own sandbox (isolation=auto, and nothing needs systemd-nspawn)"
    );
    let foreign = "--config-opts=nspawn_args=--no-new-privileges=yes";
    assert_eq!(
        chosen(&[foreign]),
        "(sd-stubinit)\nDEBUG: isolation: /usr/bin/systemd-nspawn (isolation=auto, for nspawn_args \
         --no-new-privileges=yes)"
    );
    assert_eq!(
        chosen(&["--config-opts=nspawn_args=--no-such=x"]),
        "mock\nWARNING: nspawn_args: --no-such=x has no effect without systemd-nspawn (isolation with \
         systemd-nspawn: /usr/bin/systemd-nspawn does not work here: /usr/bin/systemd-nspawn: unrecognized option \
         '--no-such=x')\n\
         DEBUG: isolation: mock's own sandbox (isolation=auto, and systemd-nspawn cannot be used)"
    );
    assert_eq!(
        chosen(&["--isolation=simple", foreign]),
        "mock\nWARNING: nspawn_args: --no-new-privileges=yes has no effect without systemd-nspawn \
         (isolation=simple)\n\
         DEBUG: isolation: mock's own sandbox (isolation=simple)"
    );
}

/// Before anything is made.
#[test]
fn what_cannot_work_says_why() {
    let refused = |place: &Place, words: &[&str], options: &[&str], status: i32| {
        let before = place.listing();
        let mut mock = place.mock(["--isolation=nspawn", "--init"]).args(options);
        if !words.is_empty() {
            mock = mock.through(words);
        }
        let error = mock.run().exits(status).error();
        assert_eq!(place.listing(), before);
        error
    };
    const INSTEAD: &str = "--isolation=simple uses mock's own sandbox, which needs none of this";
    if let Some(place) = Place::new(Who::User) {
        let error = refused(&place, &[], &[], 2);
        let why = "exit 2\nERROR: isolation=nspawn: /usr/bin/systemd-nspawn needs root\nhint: ";
        assert_eq!(error, format!("{why}{INSTEAD}"));
    }
    let Some(place) = place() else { return };
    let program = "mount --bind /dev/null /usr/bin/systemd-nspawn && \"$@\"";
    assert_eq!(
        refused(&place, &own_mounts(program), &[], 80),
        format!(
            "exit 80\nERROR: isolation with systemd-nspawn: /usr/bin/systemd-nspawn: Permission denied (os error 13)\n\
             hint: {INSTEAD}"
        )
    );
    let groups = "mount -t tmpfs none /sys/fs/cgroup && \"$@\"";
    let error = refused(&place, &own_mounts(groups), &[], 80);
    assert!(
        error.starts_with(
            "exit 80\nERROR: isolation with systemd-nspawn: /usr/bin/systemd-nspawn does not work here: "
        ) && error.ends_with(INSTEAD),
        "{error}"
    );
    let unknown = ["--config-opts=nspawn_args=--no-such=x"];
    assert_eq!(
        refused(&place, &[], &unknown, 80),
        format!(
            "exit 80\nERROR: isolation with systemd-nspawn: /usr/bin/systemd-nspawn does not work here: \
             /usr/bin/systemd-nspawn: unrecognized option '--no-such=x'\n\
             hint: an argument in nspawn_args is not known to this version; or: {INSTEAD}"
        )
    );
    let elsewhere = ["--config-opts=nspawn_args=--directory=/"];
    assert_eq!(
        refused(&place, &[], &elsewhere, 3),
        "exit 3\nERROR: command line: nspawn_args: --directory=/ cannot be given: mock itself says which program runs \
         where, and as whom"
    );
    let missing = place.mock(["--config-opts=nspawn_args=--bind=/none", "--init"]);
    assert_eq!(
        missing.run().exits(3).error(),
        "exit 3\nERROR: nspawn_args: /none is not there"
    );
    // What runs nothing inside needs none of it.
    let clean = place.mock(["--isolation=nspawn", "--clean"]);
    clean.through(own_mounts(program)).ok();
}
