//! Second child, process 1 of the sandbox: makes the mounts, starts the program, reaps.
//!
//! When it exits, the kernel ends whatever the program left running and drops every mount, so a
//! daemon started by a scriptlet or a test suite cannot outlive its command.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::MntFlags;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::Pid;

use super::child::{Plan, Report};
use super::{
    Ids, Mount, Network, Personality, Sandbox, User, View, capabilities, filter, loopback, mount,
    nspawn, preload, rights,
};
use crate::error::{Error, Result};

pub(super) fn run(plan: &Plan, argv: &[OsString]) -> Option<Report> {
    Some(match start(plan, argv) {
        Ok(report) => report,
        Err(error) => Report::from(error),
    })
}

fn start(plan: &Plan, argv: &[OsString]) -> Result<Report> {
    die_with_parent(plan.parent)?;
    // The program must not inherit it; `child` has opened its own.
    let _ = nix::unistd::close(plan.report_fd);
    let sandbox = &plan.sandbox;
    prepare(sandbox)?;
    let command = match sandbox.container() {
        Some(nspawn) => match nspawn::command(sandbox, nspawn, argv)? {
            Ok(command) => command,
            Err(report) => return Ok(report),
        },
        None => match change_directory(sandbox) {
            Some(report) => return Ok(report),
            None => command(sandbox, argv)?,
        },
    };
    rights::limit(&sandbox.rights)?;
    capabilities::withhold(sandbox);
    let supervisor = filter::install(sandbox)?;
    if let Some(supervisor) = supervisor {
        std::thread::spawn(move || supervisor.serve());
    }
    Ok(spawn(command))
}

/// Without namespaces, in the first child.
pub(super) fn run_here(plan: &Plan, argv: &[OsString]) -> Result<Report> {
    let _ = nix::unistd::close(plan.report_fd);
    match change_directory(&plan.sandbox) {
        Some(report) => Ok(report),
        None => command(&plan.sandbox, argv).map(spawn),
    }
}

fn change_directory(sandbox: &Sandbox) -> Option<Report> {
    let errno = nix::unistd::chdir(&sandbox.cwd).err()?;
    Some(Report::NoDirectory {
        path: sandbox.cwd.clone(),
        errno: errno as i32,
    })
}

fn command(sandbox: &Sandbox, argv: &[OsString]) -> Result<Command> {
    let (Some(program), arguments) = (argv.first(), argv.get(1..).unwrap_or_default()) else {
        return Err(setup("nothing to run", nix::Error::EINVAL));
    };
    #[expect(clippy::disallowed_methods, reason = "the program the sandbox is for")]
    let mut command = Command::new(program);
    command.args(arguments);
    if sandbox.preload.is_some() {
        // Not before: mock's own processes would not find it.
        #[expect(
            clippy::disallowed_methods,
            reason = "what the sandbox was started with is the program's environment"
        )]
        let others = std::env::var_os(preload::VARIABLE);
        let others = others.as_deref().and_then(|others| others.to_str());
        command.env(preload::VARIABLE, preload::value(others));
    }
    let is_user = sandbox.view == View::Caller;
    if sandbox.user != User::ROOT && sandbox.ids != Ids::Single && !is_user {
        command.uid(sandbox.user.uid).gid(sandbox.user.gid);
    }
    Ok(command)
}

fn spawn(mut command: Command) -> Report {
    match command.spawn() {
        Ok(child) => reap_until(Pid::from_raw(child.id().cast_signed())),
        Err(error) => Report::NotStarted {
            program: command.get_program().to_string_lossy().into_owned(),
            errno: error.raw_os_error().unwrap_or(0),
        },
    }
}

/// Asks the kernel for this process's end when `enter` ends. It may have ended just before: in
/// the `/proc` still mounted, numbered as `enter` sees itself, the parent would be another.
fn die_with_parent(parent: i32) -> Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(|e| setup("cannot ask for a death signal", e))?;
    let status = fs_err::read_to_string("/proc/self/status")
        .map_err(Error::io("read", "/proc/self/status"))?;
    let now = status
        .lines()
        .find_map(|line| line.strip_prefix("PPid:"))
        .map(str::trim);
    // 0: the mounted /proc belongs to an unrelated pid namespace and cannot tell.
    if now.is_some_and(|pid| pid != "0" && pid != parent.to_string()) {
        return Err(setup(
            "mock ended before its sandbox began",
            nix::Error::ESRCH,
        ));
    }
    Ok(())
}

fn setup(what: &str, errno: nix::Error) -> Error {
    Error::Sandbox {
        message: format!("{what}: {errno}"),
        hint: None,
    }
}

/// Carries the plan out, up to the point where the program can start.
fn prepare(sandbox: &Sandbox) -> Result<()> {
    if sandbox.network == Network::Private {
        loopback::up().map_err(|e| Error::system("cannot bring up the loopback interface", e))?;
    }
    if let Some(hostname) = &sandbox.hostname {
        nix::unistd::sethostname(hostname).map_err(|e| setup("cannot set the host name", e))?;
    }
    mount::make_private().map_err(|e| setup("cannot make mounts private", e))?;
    match &sandbox.view {
        View::Host { writable } => host_view(sandbox, writable)?,
        View::Tools { tree, mounts } => tools_view(sandbox, tree, mounts)?,
        View::Inside if sandbox.container().is_some() => nspawn::ground(sandbox)?,
        View::Inside => inside_view(sandbox)?,
        View::Machine | View::Caller => {}
    }
    if let Some(personality) = sandbox.personality {
        // linux/personality.h; nix names only the flags above it.
        let bits = match personality {
            Personality::Linux => 0x0000,
            Personality::Linux32 => 0x0008,
        };
        nix::sys::personality::set(nix::sys::personality::Persona::from_bits_retain(bits))
            .map_err(|e| setup("cannot set the personality", e))?;
    }
    match sandbox.ids {
        Ids::Host | Ids::Range => {
            nix::unistd::setgroups(&[])
                .map_err(|e| setup("cannot drop supplementary groups", e))?;
        }
        Ids::Single if sandbox.user != User::ROOT => become_user_of_single_id(sandbox.user)?,
        Ids::Single => {}
    }
    Ok(())
}

fn make_mounts(sandbox: &Sandbox) -> Result<()> {
    for mount in &sandbox.mounts {
        mount.make_target(&sandbox.root);
        mount.make(&sandbox.root)?;
    }
    match &sandbox.preload {
        Some(source) => preload::show(source, &sandbox.root),
        None => Ok(()),
    }
}

fn inside_view(sandbox: &Sandbox) -> Result<()> {
    mount::bind_self(&sandbox.root)?;
    make_mounts(sandbox)?;
    pivot_into(&sandbox.root)
}

/// A bootstrap root with the build root in it.
fn tools_view(sandbox: &Sandbox, tree: &Path, mounts: &[Mount]) -> Result<()> {
    mount::bind_self(&sandbox.root)?;
    make_mounts(sandbox)?;
    mount::bind_self(tree)?;
    for mount in mounts {
        mount.make_target(tree);
        mount.make(tree)?;
    }
    if let Some(source) = &sandbox.preload {
        preload::show(source, tree)?;
    }
    mount::remount_read_only(tree).map_err(|e| setup("cannot make the bootstrap read-only", e))?;
    pivot_into(tree)
}

/// Nothing but what is below `root` is left.
fn pivot_into(root: &Path) -> Result<()> {
    // The old root goes on top of the new one and is detached: pivot_root(2), "pivot_root(".", ".")".
    nix::unistd::chdir(root).map_err(|e| setup("cannot enter the root", e))?;
    nix::unistd::pivot_root(".", ".")
        .map_err(|e| setup("cannot make the directory the root", e))?;
    #[expect(clippy::disallowed_methods, reason = "this is where mounts are made")]
    nix::mount::umount2(".", MntFlags::MNT_DETACH)
        .map_err(|e| setup("cannot drop the host's root", e))?;
    nix::unistd::chdir("/").map_err(|e| setup("cannot enter the root", e))
}

/// The host's tree, read-only but for the build root and what the plan names: a package manager
/// that works from outside must not be led to write anywhere else.
fn host_view(sandbox: &Sandbox, writable: &[PathBuf]) -> Result<()> {
    let before = crate::fs::mount_table()?;
    let kept: Vec<&Path> = writable
        .iter()
        .map(PathBuf::as_path)
        .chain([sandbox.root.as_path()])
        .collect();
    for path in &kept {
        mount::bind_self(path)?;
    }
    make_mounts(sandbox)?;
    // The table has no links in its paths.
    let kept: Vec<PathBuf> = kept
        .iter()
        .map(|path| fs_err::canonicalize(path).unwrap_or_else(|_| path.to_path_buf()))
        .collect();
    for point in before.into_iter().map(|mount| mount.point) {
        if !kept.iter().any(|path| point.starts_with(path)) {
            // Some mounts (autofs, those of another owner) refuse; they stay as the host has them.
            let _ = mount::remount_read_only(&point);
        }
    }
    mount::proc_of_this_namespace()?;
    match &sandbox.preload {
        Some(source) => preload::show_host(source),
        None => Ok(()),
    }
}

/// With a single mapped id the build user is the same kernel id under another number, in a nested
/// user namespace.
fn become_user_of_single_id(user: User) -> Result<()> {
    unshare(CloneFlags::CLONE_NEWUSER)
        .map_err(|e| setup("cannot make a nested user namespace", e))?;
    super::userns::write_single_map(user.uid, 0, user.gid, 0)
}

/// Waits for every child until `program` has ended.
fn reap_until(program: Pid) -> Report {
    loop {
        match wait() {
            Ok(WaitStatus::Exited(pid, code)) if pid == program => {
                return Report::Exited(u8::try_from(code & 0xff).unwrap_or(u8::MAX));
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == program => {
                return Report::Signaled(signal as i32);
            }
            Ok(_) | Err(nix::Error::EINTR) => {}
            Err(errno) => {
                return Report::Failed {
                    message: format!("cannot wait for the program: {errno}"),
                    hint: None,
                };
            }
        }
    }
}
