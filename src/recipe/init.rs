//! Making a root ready: from nothing, or from what earlier commands left.

use crate::buildroot::Buildroot;
use crate::config::PackageManagerKind;
use crate::error::Result;
use crate::package_manager::{self, Op};
use crate::plugin::Scope;
use crate::report::Step;

use super::open::{Prepare, Session};

/// Initialises the root. Whoever finds it in use leaves it as it is: the first one made it ready.
pub(super) fn init(session: &mut Session<'_>, prepare: Prepare) -> Result<()> {
    if session.root.is_exclusive() {
        let _step = Step::start("chroot init");
        let root = &session.root;
        if root.recover()? {
            tracing::warn!(
                "an earlier transaction was cut short: {} is made anew",
                root.layout.root.display()
            );
        }
        root.make_skeleton()?;
        session.plugins.within(Scope::Init, root, || {
            make_ready(root, session.manager, prepare)
        })?;
    }
    session.root.share()
}

fn make_ready(root: &Buildroot<'_>, manager: PackageManagerKind, prepare: Prepare) -> Result<()> {
    let first = !root.is_initialized();
    root.configure_package_manager(manager)?;
    root.write_resolver()?;
    if first {
        root.write_first_files()?;
        install(root, manager)?;
        root.inside.touch("etc/os-release")?;
    } else if prepare == Prepare::Fresh {
        update(root, manager)?;
    }
    root.make_home(first || prepare == Prepare::Fresh)?;
    root.make_mount_targets()?;
    root.mark_initialized()?;
    if first {
        let installed = root.installed()?;
        tracing::debug!("Installed packages:");
        for package in &installed.packages {
            tracing::debug!("{package}");
        }
    }
    Ok(())
}

/// The base root: modules, the configured setup command, additional packages.
fn install(root: &Buildroot<'_>, manager: PackageManagerKind) -> Result<()> {
    let packages = &root.cx.config.packages;
    let name = package_manager::of(manager).name();
    let _step = Step::start(format!("installing minimal buildroot with {name}"));
    for (action, specs) in [
        ("enable", &packages.module_enable),
        ("install", &packages.module_install),
    ] {
        if !specs.is_empty() {
            root.transaction(manager, &Op::Module(action.to_owned(), specs.clone()))?;
        }
    }
    for (action, specs) in &packages.module_setup_commands {
        root.transaction(manager, &Op::Module(action.clone(), specs.clone()))?;
    }
    root.transaction(manager, &Op::Raw(packages.setup_cmd.clone()))?;
    if !packages.chroot_additional_packages.is_empty() {
        root.transaction(
            manager,
            &Op::Install(packages.chroot_additional_packages.clone()),
        )?;
    }
    Ok(())
}

/// Before a build in a root that was there, unless told to keep it as it is.
fn update(root: &Buildroot<'_>, manager: PackageManagerKind) -> Result<()> {
    let config = root.cx.config;
    if config.network.online && config.packages.update_before_build && config.chroot.clean {
        let name = package_manager::of(manager).name();
        let _step = Step::start(format!("{name} update"));
        root.transaction(manager, &Op::Update(Vec::new()))?;
    }
    Ok(())
}
