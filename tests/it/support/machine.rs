//! The machine: where the mini distribution is, which processes and mounts there are.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Made by `tests/run.sh`, which says where.
pub(crate) fn minidistro() -> PathBuf {
    let uid = nix::unistd::getuid();
    let candidates = [
        std::env::var_os("MOCK_TEST_MINIDISTRO").map(PathBuf::from),
        Some(PathBuf::from(format!("/var/tmp/mock-minidistro-{uid}"))),
        Some(PathBuf::from("/var/tmp/mock-minidistro")),
    ];
    candidates
        .into_iter()
        .flatten()
        .find(|path| path.join("key").is_file())
        .expect("the mini distribution is not there: run tests/run.sh, which makes it")
}

/// Process numbers and command lines of everything that works on `directory`: it is in the command
/// line, or the process has its root there. Without what mock leaves behind on purpose: it deletes
/// what was thrown away and writes to disk what was made, and is over by itself.
pub(crate) fn processes_of(directory: &Path) -> Vec<String> {
    let name = directory.to_str().expect("a test's path is UTF-8");
    let roots: Vec<(u64, u64)> = roots_below(directory, 8)
        .iter()
        .filter_map(|path| fs::metadata(path).ok())
        .map(|metadata| (metadata.dev(), metadata.ino()))
        .collect();
    let entries = fs::read_dir("/proc").expect("/proc can be listed");
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != std::process::id())
        .filter_map(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            let root = fs::metadata(format!("/proc/{pid}/root/."));
            let inside = root.is_ok_and(|root| roots.contains(&(root.dev(), root.ino())));
            let outlives = line.starts_with("mock __sweep ") || line.starts_with("mock __settle ");
            (!outlives && (inside || line.contains(name) || is_rooted_in(pid, directory)))
                .then(|| format!("{pid} {line}"))
        })
        .collect()
}

/// Whether the process has a root of `directory` as its `/`, mounted where only it sees that.
fn is_rooted_in(pid: u32, directory: &Path) -> bool {
    // What is shown of a file system has a path from that file system's top, which may be mounted
    // anywhere: the names that no other test has tell enough.
    let names: PathBuf = directory.iter().rev().take(2).collect();
    let names: PathBuf = names.iter().rev().collect();
    let names = format!("/{}/", names.display());
    mount_table(&format!("/proc/{pid}/mountinfo"))
        .iter()
        .any(|mount| {
            mount.point == Path::new("/")
                && (mount.part.contains(&names) || mount.source.contains(&names))
        })
}

/// Build roots below `top`, down to a depth.
fn roots_below(top: &Path, depth: u32) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(top).into_iter().flatten().flatten() {
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if entry.file_name() == "root" {
            found.push(entry.path());
        } else if depth > 0 && entry.file_name() != ".mock" {
            found.extend(roots_below(&entry.path(), depth - 1));
        }
    }
    found
}

/// A line of `/proc/PID/mountinfo`.
#[derive(Debug, Clone)]
struct Mount {
    point: PathBuf,
    /// The directory of the file system that is shown there.
    part: String,
    source: String,
}

/// The mounts that a process sees, oldest first; none when it is gone.
fn mount_table(path: &str) -> Vec<Mount> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let parsed = |line: &str| {
        let (place, origin) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        Some(Mount {
            part: place.next()?.to_owned(),
            point: place.next()?.into(),
            source: origin.split(' ').nth(1)?.to_owned(),
        })
    };
    text.lines().filter_map(parsed).collect()
}

fn mounted_below(directory: &Path) -> Vec<Mount> {
    let mounts = mount_table("/proc/self/mountinfo").into_iter();
    mounts
        .filter(|mount| mount.point.starts_with(directory))
        .collect()
}

/// Mount points below `directory`, as the machine's own processes see them.
pub(crate) fn mounts_below(directory: &Path) -> Vec<String> {
    let mounts = mounted_below(directory);
    mounts.iter().map(|mount| format!("{mount:?}")).collect()
}

/// The same without what a root's storage shows of it, once, at the root's path: that stays as long
/// as the root does.
pub(crate) fn stray_mounts_below(directory: &Path) -> Vec<String> {
    let mut known = Vec::new();
    let mut strays = Vec::new();
    for mount in mounted_below(directory) {
        // Named by the directory of its head, which has the root's name. The start of a long one is cut.
        let head = Path::new(mount.source.strip_prefix("mock:").unwrap_or_default());
        let by_name = head.file_name().is_some()
            && head.file_name() == mount.point.parent().and_then(Path::file_name)
            && head.parent().is_some_and(|heads| heads.ends_with("heads"));
        // A root that stands on nothing yet is the writable directory itself.
        let alone = mount.part.contains("/.mock/roots/") && mount.part.ends_with("/tree/fs");
        if (by_name || alone) && mount.point.ends_with("root") && !known.contains(&mount.point) {
            known.push(mount.point);
        } else {
            strays.push(format!("{mount:?}"));
        }
    }
    strays
}

/// Unmounts all that is mounted below `directory`, also what is in use.
pub(crate) fn unmount_below(directory: &Path) {
    use nix::mount::{MntFlags, umount2};
    for mount in mounted_below(directory).iter().rev() {
        let _ = umount2(
            &mount.point,
            MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW,
        );
    }
}

/// Asks again and again until `what` gives something; nothing after `limit`.
pub(crate) fn wait_until<T>(limit: Duration, mut what: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = what() {
            return Some(found);
        }
        if start.elapsed() > limit {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A tree with a newer dnf than the host's; `None` when there is none here.
pub(crate) fn newer_dnf() -> Option<PathBuf> {
    let tree = std::env::var_os("MOCK_TEST_NEWER_DNF").map(PathBuf::from);
    if tree.is_none() {
        super::skip("there is no tree with a newer dnf: tests/run.sh makes it");
    }
    tree
}
