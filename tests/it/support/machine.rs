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
/// line, or holds the process's root.
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
            (inside || line.contains(name)).then(|| format!("{pid} {line}"))
        })
        .collect()
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
        } else if depth > 0 {
            found.extend(roots_below(&entry.path(), depth - 1));
        }
    }
    found
}

/// Mount points below `directory`, as the machine's own processes see them.
pub(crate) fn mounts_below(directory: &Path) -> Vec<String> {
    let name = directory.to_str().expect("a test's path is UTF-8");
    let mounts = fs::read_to_string("/proc/mounts").expect("/proc/mounts can be read");
    mounts
        .lines()
        .filter(|line| line.contains(name))
        .map(str::to_owned)
        .collect()
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
