//! What a build can see and reach: its root, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::{Place, Who, both, run, shared, srpm};

fn shared_both() -> impl Iterator<Item = &'static Place> {
    [Who::User, Who::Root].into_iter().filter_map(shared)
}

/// The output of a line run by the shell inside, as root and as the build user.
fn inside(place: &Place, line: &str) -> [String; 2] {
    [&["--shell", line][..], &["--unpriv", "--shell", line]]
        .map(|arguments| place.mock(["-q"]).args(arguments).ok().out())
}

/// What `attempts.sh` of the package may succeed with: places inside the root, and what root may
/// do there. Nothing of it is seen outside.
const HARMLESS: [&str; 4] = [
    "write /tmp/escaped-mock",
    "write /var/tmp/escaped-mock",
    "write /dev/shm/escaped-mock",
    // The chroot's own; processes of the sandbox all have the same root.
    "write /proc/1/root/tmp/escaped-mock",
];

fn no_escape(who: Who) {
    let Some(place) = Place::new(who) else { return };
    let hostname = run("hostname", [""; 0]);
    let cores = fs::read_to_string("/proc/sys/kernel/core_pattern").ok();
    let done = place.mock([srpm("escape")]).run();
    let log = fs::read(place.result().join("build.log")).expect("there is a log");
    let log = String::from_utf8_lossy(&log).into_owned();
    let mut attempts = 0;
    for line in log.lines() {
        attempts += usize::from(line.starts_with("ESCAPE-"));
        if let Some((_, what)) = line
            .strip_prefix("ESCAPE-OK: ")
            .and_then(|rest| rest.split_once(": "))
        {
            assert!(HARMLESS.contains(&what), "{line}");
        }
    }
    assert!(attempts > 60, "{attempts} attempts:\n{log}");
    // The results that are links to files of the host are not followed, and not copied.
    for name in fs::read_dir(place.result()).expect("there are results") {
        let path = name.expect("it can be listed").path();
        let metadata = fs::symlink_metadata(&path).expect("it was listed");
        assert!(metadata.is_file(), "{}", path.display());
        assert!(
            !path.to_string_lossy().contains("escaped"),
            "{}",
            path.display()
        );
    }
    drop(done);
    assert_eq!(run("hostname", [""; 0]), hostname);
    assert_eq!(
        fs::read_to_string("/proc/sys/kernel/core_pattern").ok(),
        cores
    );
    let places = [
        "/",
        "/etc",
        "/usr",
        "/root",
        "/tmp",
        "/var/tmp",
        "/dev",
        "/dev/shm",
        "/proc/1/cwd",
        "/var/lib/rpm",
    ];
    for directory in places.map(Path::new) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            assert!(
                !name.to_string_lossy().contains("escaped-mock"),
                "{:?}",
                entry.path()
            );
        }
    }
}

#[test]
fn nothing_escapes_rootless() {
    no_escape(Who::User);
}

#[test]
fn nothing_escapes_as_root() {
    no_escape(Who::Root);
}

fn network_lines(place: &Place, arguments: &[&str]) -> Vec<String> {
    place.mock(arguments).args([srpm("network")]).ok();
    let log = fs::read_to_string(place.result().join("build.log")).expect("there is a log");
    log.lines()
        .filter(|line| line.starts_with("NETWORK-"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_build_has_no_network_but_its_own_loopback() {
    for place in both() {
        assert_eq!(
            network_lines(&place, &[]),
            [
                "NETWORK-INTERFACE: lo up",
                "NETWORK-LOOPBACK: ok",
                "NETWORK-OUTSIDE: Network is unreachable",
                "NETWORK-NAMES: Temporary failure in name resolution",
            ]
        );
    }
}

#[test]
fn the_hosts_network_when_asked_for() {
    for place in both() {
        let of_host: BTreeSet<String> = fs::read_dir("/sys/class/net")
            .expect("it can be listed")
            .map(|entry| entry.expect("it can be listed").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        let lines = network_lines(&place, &["--enable-network"]);
        let seen: BTreeSet<String> = lines
            .iter()
            .filter_map(|line| line.strip_prefix("NETWORK-INTERFACE: ")?.split(' ').next())
            .map(str::to_owned)
            .collect();
        assert!(
            seen.is_subset(&of_host) && seen.contains("lo"),
            "{seen:?} {of_host:?}"
        );
        let inside = place
            .mock([
                "-q",
                "--enable-network",
                "--shell",
                "readlink /proc/self/ns/net; cat /etc/resolv.conf",
            ])
            .ok();
        let own = fs::read_link("/proc/self/ns/net").expect("the kernel has namespaces");
        let resolver = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        assert_eq!(inside.out(), format!("{}\n{resolver}", own.display()));
    }
}

#[test]
fn devices_are_these() {
    for place in shared_both() {
        for listing in inside(
            place,
            "cd /dev; find . | grep -v '^./pts/[0-9]' | LC_ALL=C sort",
        ) {
            let expected = [
                ".",
                "./console",
                "./fd",
                "./full",
                "./null",
                "./ptmx",
                "./pts",
                "./pts/ptmx",
                "./random",
                "./shm",
                "./stderr",
                "./stdin",
                "./stdout",
                "./tty",
                "./urandom",
                "./zero",
            ];
            let names: Vec<&str> = listing.lines().collect();
            assert_eq!(names, expected);
        }
        for line in [
            "head -c3 /dev/zero | wc -c | tr -d '\\n'",
            "head -c3 /dev/urandom | wc -c | tr -d '\\n'",
            "head -c3 /dev/full | wc -c | tr -d '\\n'",
            "echo x >/dev/null && echo x > /dev/shm/x && rm /dev/shm/x && printf 3",
            "echo x > /dev/full || printf 3",
        ] {
            assert_eq!(inside(place, line), ["3", "3"], "{line}");
        }
    }
}

#[test]
fn processes_are_only_ones_own() {
    for place in shared_both() {
        for text in inside(place, "cat /proc/[0-9]*/comm; echo; cat /proc/1/comm") {
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.len() <= 6, "{text}");
            let known = ["mock", "sh", "bash", "cat", ""];
            let first = lines.last().unwrap_or(&"");
            assert!(
                lines
                    .iter()
                    .all(|name| known.contains(name) || name == first),
                "{text}"
            );
        }
    }
}

#[test]
fn namespaces_are_ones_own() {
    for place in shared_both() {
        for name in ["mnt", "pid", "ipc", "uts", "net"] {
            let path = format!("/proc/self/ns/{name}");
            let own = fs::read_link(&path).expect("the kernel has namespaces");
            for seen in inside(place, &format!("readlink {path}")) {
                assert_ne!(seen.trim(), own.to_string_lossy(), "{name}");
                assert!(seen.starts_with(&format!("{name}:[")), "{seen}");
            }
        }
    }
}

#[test]
fn the_host_name_is_the_configurations_if_it_has_one() {
    for place in shared_both() {
        let line = "cat /proc/sys/kernel/hostname";
        let own = fs::read_to_string("/proc/sys/kernel/hostname").expect("the kernel has a name");
        assert_eq!(inside(place, line), [own.as_str(), &own]);
        let done = place
            .mock(["-q", "--config-opts=hostname=built", "--shell", line])
            .ok();
        assert_eq!(done.out(), "built\n");
        let still = fs::read_to_string("/proc/sys/kernel/hostname").ok();
        assert_eq!(still, Some(own));
    }
}

#[test]
fn sys_and_the_kernels_settings_cannot_be_changed() {
    for place in shared_both() {
        for text in inside(
            place,
            "for f in /sys/kernel/uevent_helper /sys/module /proc/sys/kernel/hostname /proc/sys/vm/drop_caches \
                                   /proc/sysrq-trigger; do test -w $f && echo $f; done; \
                                   mkdir /sys/x 2>/dev/null && echo made; true",
        ) {
            assert_eq!(text, "");
        }
    }
}

/// The bits are those of linux/capability.h; only a real root has any to lose.
#[test]
fn a_real_root_may_not_change_the_machine() {
    const WITHHELD: [(&str, u32); 5] = [
        ("CAP_SYS_MODULE", 16),
        ("CAP_SYS_RAWIO", 17),
        ("CAP_SYS_BOOT", 22),
        ("CAP_SYS_TIME", 25),
        ("CAP_SYSLOG", 34),
    ];
    const CAP_SYS_ADMIN: u32 = 21;
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    for set in ["CapEff", "CapBnd"] {
        let line = format!("sed -n 's/^{set}:\\s*//p' /proc/self/status");
        let done = place.mock(["-q", "--shell", &line]).ok();
        let bits = u64::from_str_radix(done.out().trim(), 16).expect("a mask in hexadecimal");
        for (name, bit) in WITHHELD {
            assert_eq!(bits >> bit & 1, 0, "{set} has {name}");
        }
        assert_eq!(bits >> CAP_SYS_ADMIN & 1, 1, "{set} lacks CAP_SYS_ADMIN");
    }
}

/// What could be mounted over, or left mounted, on the host.
#[test]
fn mounts_are_those_of_the_sandbox() {
    for place in shared_both() {
        for text in inside(place, "cut -d' ' -f2 /proc/self/mounts | sort -u") {
            // Which of the kernel's settings there are to be covered depends on the kernel.
            let covered = |path: &&str| path.starts_with("/proc/");
            assert!(text.lines().any(|path| path == "/proc/sys"), "{text}");
            let seen: Vec<&str> = text.lines().filter(|path| !covered(path)).collect();
            let expected = [
                "/",
                "/dev",
                "/dev/console",
                "/dev/full",
                "/dev/null",
                "/dev/pts",
                "/dev/random",
                "/dev/shm",
                "/dev/tty",
                "/dev/urandom",
                "/dev/zero",
                "/proc",
                "/sys",
            ];
            assert_eq!(seen, expected);
        }
    }
}

/// Neither mock's own nor what its caller had open: a directory would be a way out.
#[test]
fn no_open_file_is_handed_on() {
    for place in shared_both() {
        for options in [&["--shell"][..], &["--unpriv", "--shell"], &["--chroot"]] {
            let done = place
                .mock(["-q"])
                .args(options)
                .args(["ls /proc/self/fd"])
                .through(["sh", "-c", "exec \"$@\" 7</", "sh"])
                .ok();
            // 3 is the directory that ls reads.
            assert_eq!(done.out(), "0\n1\n2\n3\n", "{options:?}");
        }
    }
}

#[test]
fn a_users_bind_mount_is_there() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let data = place.make_dir("files/data");
    place.write("files/data/file", "of the host\n");
    let option = format!(
        "--plugin-option=bind_mount:dirs=[('{}', '/mnt/data')]",
        data.display()
    );
    let done = place
        .mock(["-q", &option, "--shell", "cat /mnt/data/file"])
        .ok();
    assert_eq!(done.out(), "of the host\n");
}
