//! Tables of `nspawn_args`: what becomes of each.

use super::*;

fn parse(words: &[&str]) -> Result<NspawnArgs, String> {
    NspawnArgs::parse(words.iter().map(|word| (*word).to_owned()).collect())
}

fn wishes(words: &[&str]) -> Vec<Wish> {
    let parsed = parse(words).unwrap();
    assert_eq!(parsed.foreign, [""; 0], "{words:?}");
    parsed.wishes
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn what_the_own_sandbox_can_do() {
    let bound = |source: &str, target: &str, writable| Wish::Bind {
        source: source.into(),
        target: target.into(),
        writable,
    };
    let table: &[(&[&str], Wish)] = &[
        (
            &["--capability=cap_ipc_lock"],
            Wish::Keep(names(&["CAP_IPC_LOCK"])),
        ),
        (
            &["--capability", "CAP_SYS_RAWIO,cap_syslog"],
            Wish::Keep(names(&["CAP_SYS_RAWIO", "CAP_SYSLOG"])),
        ),
        (&["--capability=all"], Wish::Keep(Vec::new())),
        (
            &["--drop-capability=cap_mknod"],
            Wish::Drop(names(&["CAP_MKNOD"])),
        ),
        (&["--bind=/a"], bound("/a", "/a", true)),
        (&["--bind", "/a:/b"], bound("/a", "/b", true)),
        (&[r"--bind-ro=/a\:b:/c:rbind"], bound("/a:b", "/c", false)),
        (&["--bind=/dev/fuse"], bound("/dev/fuse", "/dev/fuse", true)),
        (
            &["--tmpfs=/x:size=1G,mode=755"],
            Wish::Tmpfs {
                target: "/x".into(),
                options: "size=1G,mode=755".to_owned(),
            },
        ),
        (
            &["--setenv=A=b=c"],
            Wish::Environment("A".to_owned(), "b=c".to_owned()),
        ),
        (&["-EA="], Wish::Environment("A".to_owned(), String::new())),
        (
            &["--rlimit=RLIMIT_NOFILE=1024:infinity"],
            Wish::Limit {
                name: "NOFILE".to_owned(),
                soft: Some(1024),
                hard: None,
            },
        ),
        (
            &["--rlimit=MEMLOCK=2M"],
            Wish::Limit {
                name: "MEMLOCK".to_owned(),
                soft: Some(2 << 20),
                hard: Some(2 << 20),
            },
        ),
        (&["--hostname=b"], Wish::Hostname("b".to_owned())),
        (&["--private-network"], Wish::NoNetwork),
    ];
    for (words, wish) in table {
        assert_eq!(wishes(words), std::slice::from_ref(wish), "{words:?}");
    }
    let how = [
        "--console=pipe",
        "-q",
        "--resolv-conf=off",
        "--register",
        "no",
    ];
    assert_eq!(wishes(&how), []);
    assert_eq!(parse(&how).unwrap().given, how);
}

#[test]
fn what_needs_systemd_nspawn_itself() {
    let words = [
        "--system-call-filter=@mount",
        "--property",
        "MemoryMax=1G",
        "--bind=+/a:/b",
        "--bind=:/b",
        "--bind=/a:/b:idmap",
        "--setenv=A",
        "-Zlabel",
        "--brand-new=x",
    ];
    let parsed = parse(&words).unwrap();
    assert_eq!(parsed.wishes, []);
    assert_eq!(
        parsed.foreign,
        [
            "--system-call-filter=@mount",
            "--property MemoryMax=1G",
            "--bind=+/a:/b",
            "--bind=:/b",
            "--bind=/a:/b:idmap",
            "--setenv=A",
            "-Zlabel",
            "--brand-new=x",
        ]
    );
}

#[test]
fn what_cannot_be_meant() {
    let table: &[(&[&str], &str)] = &[
        (&[""], "'' is no option of systemd-nspawn"),
        (&["bash"], "'bash' is no option of systemd-nspawn"),
        (&["--"], "'--' is no option of systemd-nspawn"),
        (&["-"], "'-' is no option of systemd-nspawn"),
        (&["--bind"], "--bind needs a value, --bind=..."),
        (
            &["--bind="],
            "--bind=: expected absolute paths, /HOST[:/INSIDE]",
        ),
        (
            &["--bind=a:/b"],
            "--bind=a:/b: expected absolute paths, /HOST[:/INSIDE]",
        ),
        (
            &["--bind-ro=/a:b"],
            "--bind-ro=/a:b: expected absolute paths, /HOST[:/INSIDE]",
        ),
        (
            &["--tmpfs=x"],
            "--tmpfs=x: expected an absolute path, /INSIDE[:OPTIONS]",
        ),
        (
            &["--capability=ipc"],
            "--capability=ipc: expected capabilities such as cap_ipc_lock, found 'ipc'",
        ),
        (
            &["--rlimit=NOFILE"],
            "--rlimit=NOFILE: expected NAME=LIMIT or NAME=SOFT:HARD, such as NOFILE=10240:10240",
        ),
        (
            &["--rlimit=NOFILE=many"],
            "--rlimit=NOFILE=many: expected NAME=LIMIT or NAME=SOFT:HARD, such as NOFILE=10240:10240",
        ),
        (
            &["--rlimit=FILES=1"],
            "--rlimit=FILES=1: there is no limit 'FILES'",
        ),
        (
            &["--rlimit=NOFILE=2:1"],
            "--rlimit=NOFILE=2:1: the soft limit is above the hard one",
        ),
        (&["--hostname="], "--hostname=: expected a name"),
        (
            &["--boot"],
            "--boot cannot be given: mock itself says which program runs where, and as whom",
        ),
        (
            &["-D", "/"],
            "-D / cannot be given: mock itself says which program runs where, and as whom",
        ),
        (
            &["-uroot"],
            "-uroot cannot be given: mock itself says which program runs where, and as whom",
        ),
    ];
    for (words, message) in table {
        assert_eq!(parse(words), Err((*message).to_owned()), "{words:?}");
    }
}
