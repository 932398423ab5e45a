//! Command lines of systemd-nspawn, and how its words are read.

use super::*;
use crate::sandbox::{Ids, Network, Personality, Rights, SyncCalls, View};

fn sandbox() -> Sandbox {
    Sandbox {
        root: "/var/lib/mock/a/root".into(),
        view: View::Inside,
        mounts: vec![Mount::Proc, Mount::Sys, Mount::Dev],
        network: Network::Private,
        user: User {
            uid: 1000,
            gid: 135,
        },
        ids: Ids::Host,
        hostname: None,
        sync_calls: SyncCalls::Carried,
        preload: None,
        personality: Some(Personality::Linux),
        rights: Rights::default(),
        cwd: "/builddir".into(),
        interactive: false,
        nspawn: None,
    }
}

fn nspawn() -> Nspawn {
    Nspawn {
        user: "mockbuild".to_owned(),
        arguments: vec!["--capability=cap_ipc_lock".to_owned()],
        seccomp: false,
        pipe: true,
    }
}

fn here() -> Circumstances {
    Circumstances {
        machine: "0123456789abcdef0123456789abcdef".to_owned(),
        hostname: "builder".to_owned(),
        terminal: true,
        environment: [("TERM", "vt100"), ("HOME", "/builddir")]
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
    }
}

fn line(sandbox: &Sandbox, nspawn: &Nspawn, here: &Circumstances, argv: &[&str]) -> String {
    let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
    let words = arguments(sandbox, nspawn, &argv, here);
    let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap()).collect();
    words.join("\n")
}

#[test]
fn a_program_of_a_build() {
    let argv = ["bash", "--login", "-c", "rpmbuild -bb x.spec"];
    insta::assert_snapshot!(line(&sandbox(), &nspawn(), &here(), &argv), @r"
    -q
    -M
    0123456789abcdef0123456789abcdef
    -D
    /var/lib/mock/a/root
    -a
    -u
    mockbuild
    --resolv-conf=off
    --timezone=off
    --link-journal=no
    --hostname=builder
    --capability=cap_ipc_lock
    --keep-unit
    --register=no
    --console=pipe
    --chdir=/builddir
    --setenv=TERM=vt100
    --setenv=HOME=/builddir
    --
    bash
    --login
    -c
    rpmbuild -bb x.spec
    ");
}

#[test]
fn a_shell_of_roots_on_a_terminal() {
    let mut sandbox = sandbox();
    sandbox.user = User::ROOT;
    sandbox.interactive = true;
    let shell = line(&sandbox, &nspawn(), &here(), &["/bin/sh", "-i", "-l"]);
    for word in ["-u", "mockbuild", "--console=pipe"] {
        assert!(!shell.lines().any(|line| line == word), "{shell}");
    }
    // Not all of its streams are the terminal; and not every version can leave them alone.
    let mut apart = here();
    apart.terminal = false;
    assert!(line(&sandbox, &nspawn(), &apart, &["x"]).contains("\n--console=pipe\n"));
    let mut old = nspawn();
    old.pipe = false;
    assert!(!line(&sandbox, &old, &apart, &["x"]).contains("--console=pipe"));
    // What the machine is called may be no name.
    apart.hostname = "(none)".to_owned();
    assert!(!line(&sandbox, &nspawn(), &apart, &["x"]).contains("--hostname"));
}

#[test]
fn mounts_and_rights() {
    let mut sandbox = sandbox();
    let bind = |source: &str, target: &str, writable| Mount::Bind {
        source: source.into(),
        target: target.into(),
        writable,
    };
    sandbox.mounts.extend([
        bind("/a", "/b", true),
        bind(r"/a:b\c", "/d", false),
        Mount::Device {
            source: "/dev/fuse".into(),
            target: "/dev/fuse".into(),
        },
        Mount::Tmpfs {
            target: "/t".into(),
            options: "size=1G".to_owned(),
        },
        Mount::Loops(2),
    ]);
    sandbox.rights.keep = vec!["CAP_SYSLOG".to_owned()];
    sandbox.rights.drop = vec!["CAP_MKNOD".to_owned(), "CAP_KILL".to_owned()];
    let line = line(&sandbox, &nspawn(), &here(), &["x"]);
    let (_, after) = line.split_once("--register=no\n").unwrap();
    let (options, _) = after.split_once("\n--console").unwrap();
    let options = options.replace("--bind=/dev/loop-control:/dev/loop-control\n", "");
    insta::assert_snapshot!(options, @r"
    --bind=/a:/b
    --bind-ro=/a\:b\\c:/d
    --bind=/dev/fuse:/dev/fuse
    --tmpfs=/t:size=1G
    --bind=/run/systemd/nspawn/mock-loop0:/dev/loop0
    --bind=/run/systemd/nspawn/mock-loop1:/dev/loop1
    --capability=CAP_SYSLOG
    --drop-capability=CAP_MKNOD,CAP_KILL
    ");
}

#[test]
fn what_is_not_in_the_root_is_found_missing_before() {
    let root = tempfile::tempdir().unwrap();
    fs_err::create_dir_all(root.path().join("usr/bin")).unwrap();
    fs_err::write(root.path().join("usr/bin/tool"), "").unwrap();
    // As the root sees it, not as the host does.
    fs_err::os::unix::fs::symlink("/usr/bin", root.path().join("bin")).unwrap();
    let mut sandbox = sandbox();
    sandbox.root = root.path().to_owned();
    sandbox.cwd = "/".into();
    let environment = [("PATH".into(), "/none:/bin".into())];
    let report = |sandbox: &Sandbox, program: &str| {
        obstacle(sandbox, &nspawn(), &[program.into()], &environment)
            .map(|report| format!("{report:?}"))
    };
    for there in [
        "tool",
        "/bin/tool",
        "/usr/bin/tool",
        "usr/bin/tool",
        "/proc/x",
    ] {
        assert_eq!(report(&sandbox, there), None, "{there}");
    }
    for missing in ["bash", "/usr/bin/bash", "/tool"] {
        let expected = format!("NotStarted {{ program: {missing:?}, errno: 2 }}");
        assert_eq!(report(&sandbox, missing), Some(expected));
    }
    sandbox.cwd = "/none".into();
    assert_eq!(
        report(&sandbox, "tool").as_deref(),
        Some("NoDirectory { path: \"/none\", errno: 2 }")
    );
    sandbox.mounts.push(Mount::Bind {
        source: "/usr".into(),
        target: "/none".into(),
        writable: false,
    });
    assert_eq!(report(&sandbox, "bash"), None);
}
