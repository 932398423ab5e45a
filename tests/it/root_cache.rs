//! The root cache: a root from an archive is the same root, and no archive is taken that should
//! not be.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::{
    ARCH, Done, Mock, Place, Running, SMALL_ROOT, Storage, Who, configs, run, srpm, wait_until,
};

const PATIENCE: Duration = Duration::from_secs(120);

const CREATED: &str = "Start: creating root cache\n";
const UNPACKED: &str = "Start: unpacking root cache\n";

/// The cache is for roots that are kept in a plain directory.
fn plain(who: Who) -> Option<Place> {
    Place::on(Storage::Directory, who)
}

fn cached<'a>(place: &'a Place, arguments: &[&str]) -> Mock<'a> {
    place
        .mock(["--enable-plugin", "root_cache"])
        .args(arguments)
}

fn init<'a>(place: &'a Place, arguments: &[&str]) -> Done<'a> {
    cached(place, arguments).args(["--init"]).ok()
}

/// The same with a root that takes less time.
fn small<'a>(place: &'a Place, arguments: &[&str]) -> Mock<'a> {
    cached(place, &SMALL_ROOT).args(arguments)
}

fn init_small<'a>(place: &'a Place, arguments: &[&str]) -> Done<'a> {
    small(place, arguments).args(["--init"]).ok()
}

fn directory(place: &Place) -> PathBuf {
    place.cache().join(format!("mini-{ARCH}/root_cache"))
}

fn archive(place: &Place) -> PathBuf {
    directory(place).join("cache.tar.zst")
}

/// What the run did: made the root from the archive, wrote one.
fn did(done: &Done<'_>) -> (bool, bool) {
    (
        done.stderr.contains(UNPACKED),
        done.stderr.contains(CREATED),
    )
}

const FROM_CACHE: (bool, bool) = (true, false);
const INSTALLED: (bool, bool) = (false, true);
const DAMAGED: (bool, bool) = (true, true);

/// Runs a program that may do in the root what its owner may.
fn as_owner(place: &Place, program: &str, arguments: &[&str]) {
    let mut words: Vec<&str> = Vec::new();
    let name = &place.account.name;
    if place.who != Who::Root {
        if nix::unistd::getuid().is_root() {
            words.extend(["setpriv", "--reuid", name, "--regid", name, "--init-groups"]);
        }
        words.extend(["unshare", "--map-auto", "--map-root-user"]);
    }
    words.push(program);
    words.extend(arguments);
    run(words[0], &words[1..]);
}

/// Every file with what must be the same in a root that was unpacked. Each start of mock writes
/// some files anew; logs, caches and databases in use are not the root.
fn listing(root: &Path) -> Vec<String> {
    const ANEW: [&str; 5] = [
        "proc",
        "var/log",
        "var/cache",
        "var/lib/rpm",
        "etc/yum.repos.d",
    ];
    let mut lines = Vec::new();
    let mut todo = vec![root.to_owned()];
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(root).expect("it is below");
            let stat = fs::symlink_metadata(&path).expect("it is there");
            if stat.is_dir() && !ANEW.iter().any(|anew| name == Path::new(anew)) {
                todo.push(path.clone());
            }
            let mut line = format!(
                "{} {:o} {}:{}",
                name.display(),
                stat.mode(),
                stat.uid(),
                stat.gid()
            );
            if stat.is_file() && !name.ends_with(".rpmmacros") {
                let (links, size) = (stat.nlink(), stat.size());
                line += &format!(" {links} {size} {}.{}", stat.mtime(), stat.mtime_nsec());
            }
            if stat.is_symlink() {
                line += &format!(" {:?}", fs::read_link(&path).expect("it is a link"));
            }
            let mut value = [0; 64];
            let length = rustix::fs::lgetxattr(&path, "security.capability", &mut value);
            line += &format!(" {:?}", &value[..length.unwrap_or(0)]);
            lines.push(line);
        }
    }
    lines.sort();
    lines
}

fn same(before: &[String], after: &[String]) {
    let lost: Vec<_> = before.iter().filter(|line| !after.contains(line)).collect();
    let new: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
    assert!(lost.is_empty() && new.is_empty(), "{lost:#?}\n{new:#?}");
}

fn a_root_from_the_cache_is_the_same(who: Who) {
    let Some(place) = plain(who) else { return };
    assert_eq!(did(&init(&place, &[])), INSTALLED);
    if who != Who::SingleId {
        // A file with a capability, one of somebody else's, one with two names.
        let root = place.root().to_string_lossy().into_owned();
        let caps = r"\x01\0\0\x02\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        let script = format!(
            "import os\nr='{root}'\nopen(r+'/usr/bin/able','w').close()\n\
             os.chown(r+'/usr/bin/able',1234,5)\nos.chmod(r+'/usr/bin/able',0o4711)\n\
             os.setxattr(r+'/usr/bin/able','security.capability',b'{caps}')\n\
             os.link(r+'/usr/bin/able',r+'/usr/bin/also')\n"
        );
        as_owner(&place, "/usr/bin/python3", &["-c", &script]);
    }
    let done = cached(&place, &["--no-clean", "--cache-alterations", "--init"]).ok();
    assert_eq!(did(&done), INSTALLED);
    let facts = || {
        let query = "rpm -qa | sort; rpm -Va --nomtime || true";
        let said = place.mock(["-q", "--chroot", query]).ok();
        (listing(&place.root()), said.out())
    };
    let before = facts();
    let able = before
        .0
        .iter()
        .any(|line| line.starts_with("usr/bin/able ") && line.contains("[1, 0, 0, "));
    assert_eq!(able, who != Who::SingleId);
    assert!(before.1.contains("gcc"), "{}", before.1);
    let done = init(&place, &[]);
    assert_eq!(did(&done), FROM_CACHE);
    assert!(!done.stderr.contains("installing minimal buildroot"));
    let after = facts();
    same(&before.0, &after.0);
    assert_eq!(before.1, after.1);
    // It can be built in, and is another root's as well.
    let package = srpm("needsnothing");
    let extension = ["--uniqueext", "two", "--rebuild", &package];
    assert_eq!(did(&cached(&place, &extension).ok()), FROM_CACHE);
    cached(&place, &["--scrub", "root-cache"]).ok();
    assert!(!directory(&place).exists());
    assert_eq!(did(&init(&place, &[])), INSTALLED);
}

#[test]
fn a_root_from_the_cache_is_the_same_rootless() {
    a_root_from_the_cache_is_the_same(Who::User);
}

#[test]
fn a_root_from_the_cache_is_the_same_as_root() {
    a_root_from_the_cache_is_the_same(Who::Root);
}

#[test]
fn a_root_from_the_cache_is_the_same_with_one_id() {
    a_root_from_the_cache_is_the_same(Who::SingleId);
}

#[test]
fn a_damaged_archive_is_made_anew() {
    let Some(place) = plain(Who::User) else {
        return;
    };
    init_small(&place, &[]);
    let whole = fs::read(archive(&place)).expect("it was written");
    let (short, mut flipped) = (&whole[..whole.len() / 2], whole.clone());
    flipped[whole.len() * 2 / 3] ^= 1;
    for bad in [short, &flipped, b"", b"no archive at all"] {
        fs::write(archive(&place), bad).expect("it can be written");
        let done = init_small(&place, &[]);
        assert_eq!(did(&done), DAMAGED);
        let warning = format!("WARNING: {} cannot be used: ", archive(&place).display());
        assert!(done.stderr.contains(&warning), "{}", done.stderr);
        place.mock(["--chroot", "rpm --version"]).ok();
        assert!(!place.root().join(".transaction-unfinished").exists());
        assert_eq!(did(&init_small(&place, &[])), FROM_CACHE);
    }
}

#[test]
fn what_was_made_otherwise_is_made_anew() {
    let Some(place) = plain(Who::User) else {
        return;
    };
    let text = format!("include = [\"{}/mini-{ARCH}.toml\"]\n", configs().display());
    let config = place.write("files/own.toml", &text);
    let config = config.to_string_lossy().into_owned();
    let own = ["-r", &config];
    assert_eq!(did(&init_small(&place, &own)), INSTALLED);
    assert_eq!(did(&init_small(&place, &own)), FROM_CACHE);
    place.write("files/own.toml", &text);
    let done = init_small(&place, &own);
    assert_eq!(did(&done), INSTALLED);
    let info = format!("INFO: {config} newer than root cache; cache will be rebuilt\n");
    assert!(done.stderr.contains(&info), "{}", done.stderr);
    place.write("files/own.toml", &text);
    let unchecked = ["--plugin-option=root_cache:age_check=False"];
    let done = init_small(&place, &[&own[..], &unchecked[..]].concat());
    assert_eq!(did(&done), FROM_CACHE);
    assert!(
        done.stderr
            .contains("INFO: skipping root_cache aging check\n")
    );
    let more = ["--config-opts", "chroot_additional_packages=m4"];
    let done = init_small(&place, &[&own[..], &unchecked[..], &more[..]].concat());
    assert_eq!(did(&done), INSTALLED);
    let info = "INFO: root cache was made with another configuration \
                (chroot_additional_packages); cache will be rebuilt\n";
    assert!(done.stderr.contains(info), "{}", done.stderr);
    let old = ["--plugin-option=root_cache:max_age_days=0"];
    let done = init_small(&place, &[&own[..], &old[..]].concat());
    assert_eq!(did(&done), INSTALLED);
    assert!(
        done.stderr
            .contains("INFO: root cache aged out! cache will be rebuilt\n")
    );
}

#[test]
fn gzip_and_archives_of_tar() {
    let Some(place) = plain(Who::Root) else {
        return;
    };
    let gzip = [
        "--plugin-option=root_cache:compress_program=pigz",
        "--plugin-option=root_cache:decompress_program=unpigz",
        "--plugin-option=root_cache:extension=.gz",
    ];
    assert_eq!(did(&init_small(&place, &gzip)), INSTALLED);
    let archive = directory(&place).join("cache.tar.gz");
    let archive = archive.to_string_lossy();
    let names = Command::new("tar").args(["-tzf", &*archive]).output();
    let names = names.expect("there is tar");
    let said = String::from_utf8_lossy(&names.stderr);
    assert!(names.status.success() && said.is_empty(), "{said}");
    let names = String::from_utf8_lossy(&names.stdout);
    assert!(names.lines().any(|name| name == "./usr/bin/bash"));
    assert!(names.lines().any(|name| name == "./var/log/"));
    assert!(!names.contains("./var/log/yum.log"));
    assert_eq!(did(&init_small(&place, &gzip)), FROM_CACHE);
    // As the original writes it.
    let root = place.root().to_string_lossy().into_owned();
    let mut words = vec!["-C", &root, "-czf", &archive, "--one-file-system"];
    words.extend([
        "--exclude=./proc",
        "--exclude=./dev",
        "--exclude=./var/log",
        ".",
    ]);
    run("tar", words);
    let before = listing(&place.root());
    assert_eq!(did(&init_small(&place, &gzip)), FROM_CACHE);
    assert!(place.root().join("tmp/ccache").is_dir());
    let known = |line: &&String| !line.starts_with("tmp/ccache ");
    let without_parts = |lines: Vec<String>| -> Vec<String> {
        // GNU tar keeps whole seconds and no capabilities.
        let lines = lines.iter().filter(known);
        lines
            .map(|line| line.split('.').next().unwrap_or(line).to_owned())
            .collect()
    };
    same(
        &without_parts(before),
        &without_parts(listing(&place.root())),
    );
    place.mock(["--rebuild", &srpm("needsnothing")]).ok();
}

#[test]
fn other_programs_are_refused() {
    let Some(place) = plain(Who::User) else {
        return;
    };
    let option = ["--plugin-option=root_cache:compress_program=xz", "--init"];
    let done = cached(&place, &option).run().exits(3);
    insta::assert_snapshot!(done.error(), @"
    exit 3
    ERROR: plugin root_cache: there is no compress_program 'xz'
    hint: take zstd; there are also gzip (or pigz) and an empty one for none
    ");
}

#[test]
fn killed_while_unpacking() {
    let Some(place) = plain(Who::User) else {
        return;
    };
    init(&place, &[]);
    // Big enough to be met while it is unpacked, and small in the archive.
    let big = place.root().join("srv/big");
    let line = format!("head -c 512M /dev/zero >'{}'", big.display());
    as_owner(&place, "sh", &["-c", &line]);
    let done = cached(&place, &["--no-clean", "--cache-alterations", "--init"]).ok();
    assert_eq!(did(&done), INSTALLED);
    let mut running = cached(&place, &["--init"]).spawn();
    let started = wait_until(PATIENCE, || {
        assert!(!running.is_over(), "mock ended too early");
        // The mark is not in the old root, which goes first.
        let mut there = [".transaction-unfinished", "srv/big"].iter();
        there
            .all(|name| place.root().join(name).exists())
            .then_some(())
    });
    assert_eq!(started, Some(()));
    running.signal(Signal::SIGKILL);
    running.wait().killed_by(Signal::SIGKILL);
    let done = init(&place, &["--no-clean"]);
    assert_eq!(did(&done), FROM_CACHE);
    let warning = "WARNING: an earlier transaction was cut short: ";
    assert!(done.stderr.contains(warning), "{}", done.stderr);
    place.mock(["--chroot", "gcc --version"]).ok();
}

/// Waits until an archive is being written.
fn while_creating(place: &Place, running: &mut Running<'_>) {
    let parts = || {
        let entries = fs::read_dir(directory(place)).into_iter().flatten();
        let mut names = entries.flatten().map(|entry| entry.file_name());
        names.any(|name| name.to_string_lossy().ends_with(".part"))
    };
    let started = wait_until(PATIENCE, || {
        assert!(!running.is_over(), "mock ended too early");
        parts().then_some(())
    });
    assert_eq!(started, Some(()));
}

#[test]
fn an_archive_is_there_or_not() {
    let Some(place) = plain(Who::User) else {
        return;
    };
    let names = || {
        let entries = fs::read_dir(directory(&place)).expect("it is there");
        let names = entries.flatten().map(|entry| entry.file_name());
        let mut names: Vec<String> = names.map(|n| n.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    // Slow enough to be met.
    let slow = ["--plugin-option=root_cache:compress_program=gzip", "--init"];
    let mut running = cached(&place, &slow).spawn();
    while_creating(&place, &mut running);
    running.signal(Signal::SIGTERM);
    running.wait().exits(143);
    assert_eq!(names(), ["rootcache.lock"]);
    let mut running = cached(&place, &slow).spawn();
    while_creating(&place, &mut running);
    running.signal(Signal::SIGKILL);
    running.wait().killed_by(Signal::SIGKILL);
    assert_eq!(names().len(), 2);
    assert_eq!(did(&cached(&place, &slow).ok()), INSTALLED);
    assert_eq!(names(), ["cache.tar.gz", "rootcache.lock"]);
    assert_eq!(did(&cached(&place, &slow).ok()), FROM_CACHE);
}
