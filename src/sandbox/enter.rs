//! First child: makes the namespaces, then waits for the process that lives in them.
//!
//! A pid namespace begins with the next child, so this process cannot be in it. It ends when mock
//! does (death signal), and its end is `init`'s end, and that is the end of everything inside.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Gid, Uid, getpgrp, setresgid, setresuid};

use super::child::{self, Plan, Report};
use super::{Ids, Network, Sandbox, User, View, init, nspawn};
use crate::error::Error;

pub(super) fn run(plan: &Plan, argv: &[OsString]) -> Option<Report> {
    match enter(plan, argv) {
        Ok(report) => report,
        Err(error) => Some(Report::from(error)),
    }
}

/// Gives the report when there is no second child to give it.
fn enter(plan: &Plan, argv: &[OsString]) -> Result<Option<Report>, Error> {
    if plan.sandbox.interactive {
        outlive_terminal_signals()?;
    } else {
        // Ctrl-C is for mock, which then ends this tree in order.
        nix::unistd::setsid().map_err(|e| Error::system("cannot start a session", e))?;
    }
    let for_caller = plan.sandbox.view == View::Caller;
    let mut end = Signal::SIGKILL;
    if for_caller {
        become_user(&plan.sandbox)?;
        // There is no namespace whose end is theirs.
        take_group_along()?;
        end = Signal::SIGTERM;
    }
    // After that: a change of ids takes the wish back.
    prctl::set_pdeathsig(end).map_err(|e| Error::system("cannot ask for a death signal", e))?;
    if nix::unistd::getppid().as_raw() != plan.parent {
        return Err(gone());
    }
    if for_caller || plan.sandbox.view == View::Machine {
        return init::run_here(plan, argv).map(Some);
    }
    unshare(namespaces(&plan.sandbox)).map_err(|errno| Error::Sandbox {
        message: format!("cannot make namespaces for the sandbox: {errno}"),
        hint: match errno {
            nix::Error::EPERM => Some(
                "inside a container, mock needs CAP_SYS_ADMIN (docker run --privileged)".to_owned(),
            ),
            nix::Error::ENOSPC => {
                Some("the limits in /proc/sys/user/max_*_namespaces are reached".to_owned())
            }
            _ => None,
        },
    })?;
    let plan = Plan {
        sandbox: plan.sandbox.clone(),
        report_fd: plan.report_fd,
        parent: nix::unistd::getpid().as_raw(),
    };
    let groups = match plan.sandbox.container() {
        Some(_) => nspawn::cgroups(),
        None => Vec::new(),
    };
    #[expect(clippy::disallowed_methods, reason = "the sandbox's own process tree")]
    let mut init = Command::new(child::SELF)
        .arg0(child::NAME)
        .args(child::arguments(child::INIT, &plan, argv)?)
        .spawn()
        .map_err(|source| Error::Spawn {
            program: "the sandbox".to_owned(),
            source,
        })?;
    // `init` holds the report pipe itself; what it says is final.
    init.wait()
        .map_err(|e| Error::system("cannot wait for the sandbox", e))?;
    nspawn::remove_cgroups(&groups);
    Ok(None)
}

/// For good, with all the groups that the caller has.
fn become_user(sandbox: &Sandbox) -> Result<(), Error> {
    let User { uid, gid } = sandbox.user;
    if sandbox.ids != Ids::Host || sandbox.user == User::ROOT {
        return Ok(());
    }
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    setresgid(gid, gid, gid)
        .and_then(|()| setresuid(uid, uid, uid))
        .map_err(|e| Error::system("cannot become the calling user", e))
}

/// The signal that comes with mock's end ends every process of this session.
fn take_group_along() -> Result<(), Error> {
    let failed = |e| Error::system("cannot handle signals", e);
    let (mut wake, sender) = UnixStream::pair().map_err(failed)?;
    signal_hook::low_level::pipe::register(signal_hook::consts::SIGTERM, sender).map_err(failed)?;
    std::thread::spawn(move || {
        if wake.read_exact(&mut [0]).is_ok() {
            let _ = killpg(getpgrp(), Signal::SIGKILL);
        }
    });
    Ok(())
}

fn gone() -> Error {
    Error::Sandbox {
        message: "mock ended before its sandbox began".to_owned(),
        hint: None,
    }
}

fn namespaces(sandbox: &Sandbox) -> CloneFlags {
    let base = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    match sandbox.network {
        Network::Private => base | CloneFlags::CLONE_NEWNET,
        Network::Host => base,
    }
}

/// The terminal sends Ctrl-C to every process of the foreground group; only the program inside is
/// meant. A handler, unlike "ignore", does not pass on to the programs started here.
fn outlive_terminal_signals() -> Result<(), Error> {
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGQUIT] {
        signal_hook::flag::register(signal, std::sync::Arc::default())
            .map_err(|e| Error::system("cannot handle signals", e))?;
    }
    Ok(())
}
