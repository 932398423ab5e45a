//! One file per verb: check inputs, call a recipe, say the outcome.

mod chain;
mod chroot;
mod clean;
mod copy;
mod init;
pub(crate) mod inspect;
mod mount;
mod orphans;
mod packages;
mod rebuild;
pub(crate) mod scrub;
pub(crate) mod scrub_all;
mod shell;
mod snapshots;

use crate::buildroot::Cx;
use crate::buildroot::trash::Trash;
use crate::cli::command::Command;
use crate::error::Result;
use crate::scm::Checkout;

/// Runs a command that works on a root.
///
/// `checkout` is what a source package is to be made of, if the command names nothing else.
pub(crate) fn run(command: &Command, cx: Cx<'_>, checkout: Option<&Checkout>) -> Result<()> {
    let trash = Trash::default();
    let done = carry_out(command, cx, &trash, checkout);
    if matches!(command, Command::Scrub(_)) {
        trash.finish();
    }
    done
}

fn carry_out(
    command: &Command,
    cx: Cx<'_>,
    trash: &Trash,
    checkout: Option<&Checkout>,
) -> Result<()> {
    match command {
        Command::Init => init::run(cx, trash),
        Command::Clean => clean::run(cx, trash),
        Command::Scrub(targets) => scrub::run(cx, trash, targets),
        Command::Rebuild { srpms, from } => rebuild::run(cx, trash, srpms, from, checkout),
        Command::Chain(chain) => chain::run(cx, trash, chain),
        Command::Buildsrpm(from) => rebuild::buildsrpm(cx, trash, from, checkout),
        Command::Shell(inside) => shell::run(cx, trash, inside),
        Command::Chroot(inside) => chroot::run(cx, trash, inside),
        Command::Install(packages) => packages::install(cx, trash, packages),
        Command::Installdeps(paths) => packages::installdeps(cx, trash, paths),
        Command::Update(packages) => packages::update(cx, trash, packages),
        Command::Remove(packages) => packages::remove(cx, trash, packages),
        Command::PackageManagerCommand { force, args } => packages::raw(cx, trash, *force, args),
        Command::Copyin {
            sources,
            destination,
        } => copy::copyin(cx, trash, sources, destination),
        Command::Copyout {
            sources,
            destination,
        } => copy::copyout(cx, trash, sources, destination),
        Command::Orphanskill => orphans::run(cx),
        Command::Snapshot(name) => snapshots::snapshot(cx, trash, name),
        Command::RollbackTo(name) => snapshots::rollback(cx, trash, name),
        Command::RemoveSnapshot(name) => snapshots::remove(cx, trash, name),
        Command::ListSnapshots { details } => snapshots::list(cx, trash, *details),
        Command::Mount(words) => mount::mount(cx, trash, words),
        Command::Umount => mount::umount(cx, trash),
        // These have no root of their own; `start` carries them out.
        Command::ScrubAllChroots
        | Command::ListChroots
        | Command::PrintRootPath
        | Command::DebugConfig { .. } => Ok(()),
    }
}
