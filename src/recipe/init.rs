//! Making a root ready: from nothing, from a state that is kept, or from what earlier commands left.

use crate::buildroot::cache::{Answer, Ground, Request, Watch};
use crate::buildroot::storage::{State, States};
use crate::buildroot::{Buildroot, snapshots};
use crate::config::PackageManagerKind;
use crate::error::Result;
use crate::package_manager::{self, Op};
use crate::plugin::Scope;
use crate::report::Step;

use super::open::{Prepare, Session};
use super::{image, made_of};

/// Initialises the root. Whoever finds it in use leaves it as it is: the first one made it ready.
///
/// A root for a build stays this mock's alone: it may be started from other states until all
/// requirements are there.
pub(super) fn init(session: &mut Session<'_>, prepare: Prepare) -> Result<()> {
    if session.root.is_exclusive() {
        let _step = Step::start("chroot init");
        let root = &session.root;
        if prepare == Prepare::Fresh {
            made_of::announce(root);
        }
        if root.recover()? {
            tracing::warn!(
                "an earlier transaction was cut short: {} is made anew",
                root.layout.root.display()
            );
        }
        // Plugins may run programs of the host on the root, whose sandbox wants some directories.
        root.make_skeleton()?;
        session.plugins.within(Scope::Init, root, || {
            make_ready(root, session.manager, prepare)
        })?;
    }
    match prepare {
        Prepare::Enter | Prepare::Keep => session.root.share(),
        Prepare::Fresh => Ok(()),
    }
}

fn make_ready(root: &Buildroot<'_>, manager: PackageManagerKind, prepare: Prepare) -> Result<()> {
    let fresh = prepare == Prepare::Fresh;
    match root.storage.states() {
        // A tree that was left half made is no ground to go on from.
        Some(states) if root.ground() != Ground::Changed || !root.is_initialized() => {
            start_on_state(root, states, manager, fresh)
        }
        _ if root.is_initialized() => {
            refresh(root, manager)?;
            if fresh {
                update(root, manager)?;
            }
            finish(root, fresh)
        }
        _ => {
            let ops = base_ops(root, image::begin(root)?.is_some());
            make_base(root, manager, &ops, &Watch::none())?;
            finish(root, true)
        }
    }
}

/// Starts the head from the snapshot that it returns to, or from the base root.
fn start_on_state(
    root: &Buildroot<'_>,
    states: &dyn States,
    manager: PackageManagerKind,
    fresh: bool,
) -> Result<()> {
    if let Some(name) = snapshots::own_default(states)? {
        root.start_from(Some(&State::Snapshot(name.clone())), &[])?;
        tracing::info!("rolled back to {name} snapshot");
        refresh(root, manager)?;
        if fresh {
            update(root, manager)?;
        }
        return finish(root, true);
    }
    if !root.ground().is_void() {
        root.start_from(None, &[])?;
    }
    let ops = base_ops(root, image::begin(root)?.is_some());
    let request = Request::base(root, manager, &ops);
    let answer = root.cached(&request, &[], |watch| make_base(root, manager, &ops, watch))?;
    name_postinit(root, states, answer)?;
    refresh(root, manager)?;
    finish(root, true)
}

/// Every initialised root has a snapshot that cannot be removed.
fn name_postinit(root: &Buildroot<'_>, states: &dyn States, answer: Answer) -> Result<()> {
    let name = snapshots::POSTINIT;
    let state = State::Snapshot(name.to_owned());
    match (answer, states.origin()?) {
        // The work was not kept for others: it is kept as the snapshot alone.
        (Answer::InPlace, _) => root.freeze(states, &state)?,
        (Answer::Made | Answer::Found, Some(origin)) => states.name_snapshot(name, &origin)?,
        (Answer::Made | Answer::Found, None) => return Ok(()),
    }
    if answer != Answer::Found {
        tracing::info!("created {name} snapshot");
    }
    if answer != Answer::Found || snapshots::packages(root.cx, name)?.is_none() {
        snapshots::keep_packages(root.cx, name, &root.installed()?.packages)?;
    }
    Ok(())
}

/// What belongs to this run and not to what was installed: written only where it differs.
pub(super) fn refresh(root: &Buildroot<'_>, manager: PackageManagerKind) -> Result<()> {
    root.make_skeleton()?;
    root.configure_package_manager(manager)?;
    root.write_resolver()
}

/// Accounts, the build user's home, mount targets. With `fresh` the home is as before a first build.
fn finish(root: &Buildroot<'_>, fresh: bool) -> Result<()> {
    root.make_home(fresh)?;
    root.make_mount_targets()?;
    root.mark_initialized()
}

/// The base root, from nothing or from an image.
fn make_base(
    root: &Buildroot<'_>,
    manager: PackageManagerKind,
    ops: &[Op],
    watch: &Watch,
) -> Result<()> {
    refresh(root, manager)?;
    root.write_first_files()?;
    let name = package_manager::of(manager).name();
    if !ops.is_empty() {
        let _step = Step::start(format!("installing minimal buildroot with {name}"));
        if !root.transactions(manager, ops, watch)? {
            return Ok(());
        }
    }
    root.inside.touch("etc/os-release")?;
    finish(root, true)?;
    tracing::debug!("Installed packages:");
    for package in root.installed()?.packages {
        tracing::debug!("{package}");
    }
    Ok(())
}

/// What fills a new root: modules, the configured setup command, additional packages. An image may
/// have all of that.
pub(super) fn base_ops(root: &Buildroot<'_>, has_image: bool) -> Vec<Op> {
    let packages = &root.cx.config.packages;
    let image = root.cx.config.buildroot_image.as_ref();
    if let Some(image) = image.filter(|_| has_image)
        && image::is_ready(
            image,
            &[
                ("module_enable", !packages.module_enable.is_empty()),
                ("module_install", !packages.module_install.is_empty()),
                (
                    "module_setup_commands",
                    !packages.module_setup_commands.is_empty(),
                ),
                (
                    "chroot_additional_packages",
                    !packages.chroot_additional_packages.is_empty(),
                ),
            ],
        )
    {
        return Vec::new();
    }
    let mut ops = Vec::new();
    for (action, specs) in [
        ("enable", &packages.module_enable),
        ("install", &packages.module_install),
    ] {
        if !specs.is_empty() {
            ops.push(Op::Module(action.to_owned(), specs.clone()));
        }
    }
    for (action, specs) in &packages.module_setup_commands {
        ops.push(Op::Module(action.clone(), specs.clone()));
    }
    let (setup, more) = (&packages.setup_cmd, &packages.chroot_additional_packages);
    match setup.first().map(String::as_str) {
        // One run is faster than two.
        Some("install") => ops.push(Op::Raw([&setup[..], more].concat())),
        _ => {
            ops.push(Op::Raw(setup.clone()));
            ops.extend((!more.is_empty()).then(|| Op::Install(more.clone())));
        }
    }
    ops
}

/// Before a build in a root that was there, unless told to keep it as it is.
fn update(root: &Buildroot<'_>, manager: PackageManagerKind) -> Result<()> {
    let config = root.cx.config;
    if config.network.online && config.packages.update_before_build && config.chroot.clean {
        let name = package_manager::of(manager).name();
        let _step = Step::start(format!("{name} update"));
        let request = Request::update(root, manager);
        root.cached(&request, &[], |watch| {
            root.transactions(manager, &[Op::Update(Vec::new())], watch)
                .map(drop)
        })?;
    }
    Ok(())
}
