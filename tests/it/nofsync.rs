//! nofsync: which programs' waiting for the disk is left out, by which method, and what is left of
//! it; dnf's history.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cache::differences;
use crate::old_configs::koji;
use crate::support::{ARCH, Done, Place, Repository, Storage, Who, run};

/// Calls what waits for the disk on what has none, and says what came of it.
const SYNCS: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#define TELL(call) (errno = 0, (call) < 0 ? errno : 0)
int main(int argc, char **argv)
{
	int ends[2], synced, path = open("/", O_PATH);
	if (pipe(ends) < 0)
		return 1;
	int done = TELL(fsync(ends[1]));
	printf("calls=%d,", done);
	printf("%d,", TELL(fdatasync(ends[1])));
	printf("%d,", TELL(syncfs(path)));
	printf("%d,", TELL(sync_file_range(ends[1], 0, 1, SYNC_FILE_RANGE_WRITE)));
	printf("%d ", TELL(msync((char *)ends + 1, 1, MS_SYNC)));
	printf("asked=%d ", TELL(msync((char *)ends + 1, 1, MS_ASYNC)));
	printf("never=%d,%d ", TELL(fsync(-1)), TELL(fsync(1 << 30)));
	synced = open("/tmp", O_TMPFILE | O_WRONLY | O_SYNC, 0600);
	printf("O_SYNC=%d ", TELL(write(synced, "x", 1)));
	close(ends[0]);
	printf("closed=%d\n", TELL(fsync(ends[0])));
	return 0;
}
"#;

/// What it says when the kernel carries the calls out: EINVAL, EBADF, ESPIPE; then EBADF.
const CARRIED: &str = "calls=22,22,9,29,22 asked=22 never=9,9 O_SYNC=0 closed=9\n";

/// By a filter, which does not know what is open.
const FILTERED: &str = "calls=0,0,0,0,0 asked=22 never=9,9 O_SYNC=0 closed=0\n";

/// By a library, which asks what is open and what is mapped.
const PRELOADED: &str = "calls=0,0,0,0,22 asked=22 never=9,9 O_SYNC=0 closed=9\n";

/// Method, and what the dynamic and the static program say.
const METHODS: [(&str, &str, &str); 4] = [
    ("seccomp", FILTERED, FILTERED),
    ("ld_preload", PRELOADED, CARRIED),
    ("python", CARRIED, CARRIED),
    ("", CARRIED, CARRIED),
];

fn compile(repository: &Repository, name: &str, options: &[&str]) -> PathBuf {
    let source = repository.sources().join("syncs.c");
    fs::write(&source, SYNCS).expect("a test's file can be written");
    let program = repository.sources().join(name);
    let mut words = vec!["-o".into(), program.clone(), source];
    words.extend(options.iter().map(PathBuf::from));
    run("gcc", words);
    program
}

/// A repository with a package whose scriptlet runs the program, once linked to libc and once not.
fn syncs(place: &Place) -> Repository {
    let repository = Repository::new(place, "syncs");
    compile(&repository, "syncs", &[]);
    compile(&repository, "syncs-static", &["-static"]);
    repository.add(
        "syncs",
        "%description\n%install\nmkdir -p %{buildroot}/usr/bin\n\
         cp %{_sourcedir}/syncs %{_sourcedir}/syncs-static %{buildroot}/usr/bin\n\
         %post\n/usr/bin/syncs > /etc/syncs.dynamic\n/usr/bin/syncs-static > /etc/syncs.static\n\
         %files\n/usr/bin/syncs\n/usr/bin/syncs-static\n",
    );
    repository
}

fn nofsync(method: &str) -> String {
    format!("--config-opts=nofsync={method}")
}

fn text(place: &Place, path: &str) -> String {
    String::from_utf8(place.inside(path).unwrap_or_default()).expect("programs say ASCII")
}

fn root_log(place: &Place) -> String {
    fs::read_to_string(place.result().join("root.log")).expect("root.log is written")
}

/// The messages with these words, of mock itself.
fn said<'d>(done: &'d Done<'_>, words: &str) -> Vec<&'d str> {
    let lines = done.stderr.lines();
    lines.filter(|line| line.contains(words)).collect()
}

fn scriptlets(who: Who) {
    let Some(place) = Place::new(who) else {
        return;
    };
    let repository = syncs(&place);
    let url = repository.url();
    place.mock(["--init"]).ok();
    for (method, dynamic, fixed) in METHODS {
        place
            .mock(["--addrepo", &url, &nofsync(method), "--install", "syncs"])
            .ok();
        assert_eq!(text(&place, "etc/syncs.dynamic"), dynamic, "{method}");
        assert_eq!(text(&place, "etc/syncs.static"), fixed, "{method}");
        assert!(!root_log(&place).contains("ld.so"), "{method}");
        let left = "find / -xdev -name '*nofsync*' -o -xdev -name 'mock_*' -o -xdev -name ld.so.preload; \
                    ls -A /proc/tty/ldisc /dev/shm; syncs; syncs-static; env | grep LD_; true";
        // A command of somebody's waits for the disk as it would anywhere.
        assert_eq!(
            place.says(left).as_deref(),
            Some(&*format!(
                "/dev/shm:\n\n/proc/tty/ldisc:\n{CARRIED}{CARRIED}"
            )),
            "{method}"
        );
        place.mock([&nofsync(method), "--remove", "syncs"]).ok();
    }
}

#[test]
fn scriptlets_as_root() {
    scriptlets(Who::Root);
}

#[test]
fn scriptlets_as_a_user() {
    scriptlets(Who::User);
}

#[test]
fn scriptlets_with_a_single_id() {
    scriptlets(Who::SingleId);
}

/// Test suites look at what these calls answer.
#[test]
fn builds_only_where_that_is_asked_for() {
    for who in [Who::User, Who::Root, Who::SingleId] {
        let Some(place) = Place::new(who) else {
            continue;
        };
        let repository = syncs(&place);
        let package = repository.source(
            "usessyncs",
            "BuildArch: noarch\nBuildRequires: syncs\n%description\n%build\necho build: $(syncs)\n\
             %check\necho check: $(syncs)\n%files\n",
        );
        let package = package.to_string_lossy().into_owned();
        let build = |options: &[&str]| {
            let done = place
                .mock(["--no-clean", "--addrepo", &repository.url()])
                .args(options)
                .args(["--rebuild", &package])
                .ok();
            let log = fs::read_to_string(place.result().join("build.log"));
            (log.expect("a build has a log"), done)
        };
        let contains = |log: &str, answer: &str| {
            let phases = ["build", "check"].map(|phase| format!("\n{phase}: {answer}"));
            phases.iter().all(|line| log.contains(line))
        };
        for (method, ..) in METHODS {
            let (log, _) = build(&[&nofsync(method)]);
            assert!(contains(&log, CARRIED), "{method}: {log}");
        }
        let also = "--config-opts=nofsync_build=True";
        for (method, answer, _) in METHODS {
            let (log, done) = build(&[&nofsync(method), also]);
            assert!(contains(&log, answer), "{method}: {log}");
            let warned = said(&done, "nofsync_build has no effect");
            assert_eq!(warned.len(), usize::from(method == "python"), "{method}");
        }
        // A command is not a build.
        let done = place.mock(["-q", also, "--chroot", "syncs"]).ok();
        assert_eq!(done.out(), CARRIED);
    }
}

/// What mock says of it for a run of the package manager.
fn told(place: &Place, arguments: &[&str]) -> Vec<String> {
    let done = place
        .mock(["-v"])
        .args(arguments)
        .args(["--pm-cmd", "--", "repolist"])
        .ok();
    let lines = done.stderr.lines();
    lines
        .filter(|line| line.contains(": nofsync: "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn which_and_why() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--init"]).ok();
    let method = "--plugin-option=nofsync:method=python";
    for (arguments, says) in [
        (&[][..], &["DEBUG: nofsync: seccomp"][..]),
        (&["--config-opts=nosync=True"], &["DEBUG: nofsync: seccomp"]),
        (
            &["--config-opts=nosync=False"],
            &["DEBUG: nofsync: off (nosync is False)"],
        ),
        // Who asks for one by name means it.
        (
            &["--config-opts=nosync=False", "--config-opts=nofsync=python"],
            &["DEBUG: nofsync: python"],
        ),
        (
            &["--config-opts=nofsync="],
            &["DEBUG: nofsync: off (it is turned off)"],
        ),
        (
            &["--config-opts=nofsync=eatmydata"],
            &[
                "WARNING: nofsync: 'eatmydata' is none of seccomp, ld_preload, python: data is synchronised",
                "DEBUG: nofsync: off ('eatmydata' is unknown)",
            ],
        ),
        (&["--disable-plugin=nofsync"], &[]),
        (&[method], &["DEBUG: nofsync: python"]),
    ] {
        assert_eq!(told(&place, arguments), says, "{arguments:?}");
    }
    let old = format!("{}config_opts['nofsync'] = 'python'\n", koji(&place));
    let old = place.write("files/old.cfg", old);
    assert_eq!(
        told(&place, &["-r", &old.to_string_lossy()]),
        ["DEBUG: nofsync: python"]
    );
}

/// Starts a program where the kernel refuses filters.
const WITHOUT_FILTERS: &str = r#"
import ctypes, os, sys
lib = ctypes.CDLL("libseccomp.so.2")
lib.seccomp_init.restype = ctypes.c_void_p
class Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]
filter = ctypes.c_void_p(lib.seccomp_init(0x7fff0000))
# No "no new privileges": newuidmap has some.
assert lib.seccomp_attr_set(filter, 3, 0) == 0
refuse = 0x00050000 | 22
rule = lambda name, *compare: lib.seccomp_rule_add_array(
    filter, refuse, lib.seccomp_syscall_resolve_name(name), len(compare), *map(ctypes.byref, compare))
assert rule(b"prctl", Compare(0, 4, 22, 0)) == 0
assert rule(b"seccomp") == 0
assert lib.seccomp_load(filter) == 0
os.execv(sys.argv[1], sys.argv[1:])
"#;

#[test]
fn a_kernel_without_filters() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let without = |place: &Place, arguments: &[&str]| {
        let words = ["/usr/bin/python3", "-c", WITHOUT_FILTERS];
        let done = place.mock(arguments).through(words).run();
        (said(&done, ": nofsync: ").join("\n"), done.shot())
    };
    place.mock(["--init"]).ok();
    let repository = syncs(&place);
    let url = repository.url();
    let install = |options: &[&str]| {
        let arguments = [
            &["-v", "--addrepo", &url][..],
            options,
            &["--install", "syncs"],
        ]
        .concat();
        let (said, shot) = without(&place, &arguments);
        assert!(shot.starts_with("exit 0\n"), "{shot}");
        let answer = text(&place, "etc/syncs.dynamic");
        place.mock(["--remove", "syncs"]).ok();
        (said, answer)
    };
    let why = "the kernel, or this container, has no seccomp filters";
    assert_eq!(
        install(&[]),
        (
            format!("DEBUG: nofsync: ld_preload (not seccomp: {why})"),
            PRELOADED.to_owned()
        )
    );
    assert_eq!(
        install(&[&nofsync("seccomp")]),
        (
            format!("WARNING: nofsync: off: seccomp is skipped, {why}"),
            CARRIED.to_owned()
        )
    );
    // An ordinary user needs them for more than this.
    let Some(user) = Place::new(Who::User) else {
        return;
    };
    let (_, shot) = without(&user, &["--init"]);
    assert!(
        shot.contains(
            "has no seccomp filters (CONFIG_SECCOMP_FILTER); mock needs them to work without root"
        ),
        "{shot}"
    );
}

/// What dnf remembers, and its name for the state of rpm's database, which has a time in it.
const HISTORY: &str = r#"
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
for query in (
    "select trans_id, action, reason, state, rpm.*, repoid from trans_item "
    "left join rpm on rpm.item_id = trans_item.item_id left join repo on repo.id = trans_item.repo_id "
    "order by trans_id, rpm.name, rpm.arch, action",
    "select id, state, rpmdb_version_end != '' from trans order by id",
    "select groupid, part.name, installed, pkg_type from comps_group_package as part "
    "join comps_group on group_id = comps_group.item_id order by 1, 2",
    "pragma integrity_check",
):
    for row in database.execute(query):
        print(*row)
"#;

/// dnf's history of a root, as text.
pub(crate) fn history(place: &Place) -> String {
    let path = "var/lib/dnf/history.sqlite";
    let database = place.inside(path).expect("dnf keeps a history");
    let copy = place.write("files/history.sqlite", database);
    run("/usr/bin/python3", ["-c", HISTORY, &copy.to_string_lossy()])
}

#[test]
fn a_history_in_memory_is_the_same() {
    for storage in [Storage::Default, Storage::Directory] {
        let Some(place) = Place::on(storage, Who::User) else {
            continue;
        };
        let mut seen = Vec::new();
        for method in ["", "python"] {
            let one = nofsync(method);
            place.mock(["--no-layer-cache", "--init", &one]).ok();
            place.mock([&one, "--install", "cmake"]).ok();
            place.mock([&one, "--remove", "cmake"]).ok();
            let whole = "rpm -Va --nomtime | grep -v -e /var/log -e /var/cache; rpm -qa | sort; \
                         find /var/lib/dnf /var/lib/rpm -type f | grep -v -e -wal -e -shm | sort; stat -c %a:%U /var/lib/dnf/history.sqlite";
            let says = place.says(whole).expect("there is a root");
            let done = place
                .mock(["--pm-cmd", "--", "history", "info", "last"])
                .ok();
            assert!(done.out().contains("Removed cmake-3"), "{}", done.shot());
            assert!(
                !root_log(&place).contains("left out"),
                "{}",
                root_log(&place)
            );
            seen.push(history(&place) + &says);
            place.mock(["--scrub=all"]).ok();
        }
        assert!(seen[0].lines().count() > 300, "{}", seen[0]);
        assert_eq!(
            differences(&seen[0], &seen[1]),
            Vec::<String>::new(),
            "{storage:?}"
        );
    }
}

/// dnf leaves the log of its database beside it.
#[test]
fn a_history_that_was_not_closed() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let log = "var/lib/dnf/history.sqlite-wal";
    place.mock(["--init", &nofsync("seccomp")]).ok();
    assert!(place.has(log));
    let python = nofsync("python");
    place.mock([&python, "--install", "cmake"]).ok();
    assert!(
        !root_log(&place).contains("left out"),
        "{}",
        root_log(&place)
    );
    assert!(!place.has(log));
    let all = history(&place);
    for package in [" gcc ", " cmake ", "\nok\n"] {
        assert!(all.contains(package), "{all}");
    }
}

/// What somebody does to dnf, beside what mock does.
fn with_another_plugin(place: &Place, text: &str) {
    place.write(
        &format!(
            "{}/package-manager/plugin/aaa.py",
            place
                .chroot()
                .strip_prefix(&place.dir)
                .expect("it is in the place")
                .display()
        ),
        text,
    );
}

/// A dnf whose insides are others goes on without.
#[test]
fn a_dnf_that_is_made_otherwise() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let one = nofsync("python");
    place.mock(["--init", &one]).ok();
    with_another_plugin(
        &place,
        "import os, dnf, dnf.db.history, dnf.rpm.transaction\n\
         class Path(object):\n    \
         def __get__(self, history, kind):\n        \
         return history and os.path.join(history._db_dir, 'history.sqlite')\n\
         dnf.db.history.SwdbInterface.dbpath = Path()\n\
         wrapper = dnf.rpm.transaction.TransactionWrapper\n\
         dnf.rpm.transaction.TransactionWrapper = wrapper.__call__\n",
    );
    place.mock([&one, "--install", "cmake"]).ok();
    let log = root_log(&place);
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("left out"))
        .collect();
    assert_eq!(lines.len(), 2, "{log}");
    for words in [
        "mock: nofsync is left out: TypeError: the database has no path that can be moved",
        "mock: noverify is left out: AttributeError: ",
    ] {
        assert!(lines.iter().any(|line| line.contains(words)), "{lines:?}");
    }
    let says = place.says("rpm -V cmake && echo whole");
    assert_eq!(says.as_deref(), Some("whole\n"));
    assert!(history(&place).contains(" cmake "));
}

/// The old history stays whole, and dnf says what is wrong.
#[test]
fn a_disk_that_is_full_when_the_history_comes_back() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let one = nofsync("python");
    place.mock(["--init", &one]).ok();
    let before = history(&place);
    with_another_plugin(
        &place,
        "import sqlite3\n\
         connect = sqlite3.connect\n\
         def full(path, **more):\n    \
         if not path.endswith('.mock'):\n        return connect(path, **more)\n    \
         open(path, 'wb').write(b'x' * 4096)\n    \
         raise sqlite3.OperationalError('database or disk is full')\n\
         sqlite3.connect = full\n",
    );
    let done = place.mock([&one, "--install", "cmake"]).run().exits(30);
    assert!(
        done.error().contains("database or disk is full"),
        "{}",
        done.shot()
    );
    assert_eq!(history(&place), before);
    assert!(!place.has("var/lib/dnf/history.sqlite.mock"));
    with_another_plugin(&place, "");
    place.mock([&one, "--install", "meson"]).ok();
    assert!(history(&place).contains(" meson "));
}

/// A dynamic linker that looks for libraries elsewhere, and a program that it loads.
fn foreign(place: &Place) -> Repository {
    let repository = syncs(place);
    let linker = Path::new("/lib64/ld-linux-x86-64.so.2");
    let mut bytes = fs::read(linker).expect("this is x86_64");
    let (word, other) = (b"lib/x86_64-linux-gnu", b"lib/x86_64-linux-gnX");
    let mut count = 0;
    for at in 0..bytes.len() - word.len() {
        if bytes[at..].starts_with(word) {
            bytes[at..at + word.len()].copy_from_slice(other);
            count += 1;
        }
    }
    assert!(count > 0, "the linker has its directory in it");
    fs::write(repository.sources().join("ld.so"), bytes).expect("a test's file can be written");
    compile(
        &repository,
        "foreign",
        &[
            "-Wl,--dynamic-linker=/opt/ld.so",
            "-Wl,-rpath,/lib/x86_64-linux-gnu",
        ],
    );
    repository.add(
        "foreign",
        "%description\n%install\nmkdir -p %{buildroot}/opt\n\
         install -m 755 %{_sourcedir}/ld.so %{_sourcedir}/foreign %{buildroot}/opt\n\
         %post\n/opt/foreign > /etc/foreign\n/opt/foreign > /dev/null\n%files\n/opt/ld.so\n/opt/foreign\n",
    );
    repository
}

#[test]
fn a_root_that_cannot_load_the_library() {
    if ARCH != "x86_64" {
        return;
    }
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let url = foreign(&place).url();
    place.mock(["--init"]).ok();
    for (method, warnings, answer) in [("seccomp", 0, FILTERED), ("ld_preload", 1, CARRIED)] {
        let one = nofsync(method);
        let arguments = ["--addrepo", &url, &one, "--install", "foreign"];
        let done = place.mock(arguments).ok();
        let warned = said(&done, "WARNING: ");
        assert_eq!(warned.len(), warnings, "{}", done.shot());
        for line in warned {
            assert_eq!(
                line,
                "WARNING: the root's libc cannot load the library of nofsync=ld_preload: data is synchronised there"
            );
        }
        assert_eq!(root_log(&place).contains("ld.so: object"), warnings > 0);
        assert_eq!(text(&place, "etc/foreign"), answer);
        place.mock(["--remove", "foreign"]).ok();
    }
}
