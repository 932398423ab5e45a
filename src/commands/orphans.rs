//! `--orphanskill`: ends every process that has the root as its root.
//!
//! Runs in the caller's own user namespace, also without root: whoever owns a namespace may signal
//! the processes in it from outside, but not from a sibling namespace.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::buildroot::Cx;
use crate::buildroot::layout::Layout;
use crate::buildroot::storage::{marks_of_head, mount_source};
use crate::error::Result;
use crate::fs::{FileId, file_id};
use crate::run::exec::shell_quoted;

pub(super) fn run(cx: Cx<'_>) -> Result<()> {
    let chroot = &cx.config.chroot;
    let layout = Layout::of(chroot);
    let (source, tree) = marks_of_head(&layout.store, &chroot.shared_name, &chroot.name);
    let root = Root {
        ids: [&layout.root, &tree].map(|path| file_id(path)),
        sources: [source, mount_source(&layout.root)],
        uid: cx.identity.uid,
    };
    if root.ids == [None, None] {
        return Ok(());
    }
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let victims = processes_in(&root);
        if victims.is_empty() {
            return Ok(());
        }
        for (pid, command) in victims {
            tracing::warn!(
                "Leftover process {pid} is being killed with signal {}: {command}",
                signal as i32
            );
            let _ = kill(Pid::from_raw(pid), signal);
        }
        // Those that handle the first signal get a moment for it.
        for _ in 0..10 {
            if processes_in(&root).is_empty() {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
    Ok(())
}

/// How a process that has the root as its root is told.
struct Root {
    /// Of what is at its path, and of the tree that is its root while it stands on nothing.
    ids: [Option<FileId>; 2],
    /// In mount tables, where the root is mounted in namespaces that this process is not in.
    sources: [String; 2],
    /// Whose processes these can be.
    uid: u32,
}

impl Root {
    fn is_of(&self, pid: i32) -> bool {
        let seen = file_id(Path::new(&format!("/proc/{pid}/root/.")));
        (seen.is_some() && self.ids.contains(&seen)) || self.is_mounted_in(pid)
    }

    fn is_mounted_in(&self, pid: i32) -> bool {
        let owner = fs_err::metadata(format!("/proc/{pid}")).map(|process| process.uid());
        let table = fs_err::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
        // Ids other than the caller's are those of a namespace of theirs, which only they can enter.
        let foreign = owner.is_ok_and(|owner| self.uid != 0 && owner == 0);
        !foreign
            && crate::fs::parse_mount_table(&table)
                .iter()
                .any(|mount| mount.point == Path::new("/") && self.sources.contains(&mount.source))
    }
}

/// Numbers and command lines of processes whose root is `root`.
fn processes_in(root: &Root) -> Vec<(i32, String)> {
    let Ok(entries) = fs_err::read_dir("/proc") else {
        return Vec::new();
    };
    let own = std::process::id().cast_signed();
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| *pid != own && !is_mock(*pid) && root.is_of(*pid))
        .map(|pid| {
            (
                pid,
                command_line(Path::new(&format!("/proc/{pid}/cmdline"))),
            )
        })
        .collect()
}

/// Another mock's part of the sandbox: it ends with its program and reports how that ended. Told by
/// the executable file, which a build cannot have.
fn is_mock(pid: i32) -> bool {
    let own = file_id(Path::new("/proc/self/exe"));
    own.is_some() && file_id(Path::new(&format!("/proc/{pid}/exe"))) == own
}

fn command_line(path: &Path) -> String {
    let words = fs_err::read(path).unwrap_or_default();
    let words: Vec<std::ffi::OsString> = words
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty())
        .map(|word| String::from_utf8_lossy(word).into_owned().into())
        .collect();
    shell_quoted(&words)
}
