//! The bootstrap root: the distribution's own package manager, installed by the host's, so that a
//! build root is filled by the tools that know its packages.
//!
//! It is a state that is kept, made of the configuration and of the packages that are in it. The
//! head is started from that state each time, which is a mount; when either changes, it is another
//! state.

use crate::buildroot::cache::{Ground, Request, Watch};
use crate::buildroot::layout::Layout;
use crate::buildroot::tools::Tools;
use crate::buildroot::trash::Trash;
use crate::buildroot::{Buildroot, Cx};
use crate::config::PackageManagerKind;
use crate::error::{Error, Result};
use crate::lockfile::Image;
use crate::package_manager::{self, Op};
use crate::plugin::{Plugins, Scope};
use crate::plugins;

use super::{image, init, made_of};

/// Makes the bootstrap root ready, if the configuration wants one.
pub(super) fn open<'a>(cx: Cx<'a>, trash: &'a Trash) -> Result<Option<Buildroot<'a>>> {
    let Some(bootstrap) = cx.config.bootstrap() else {
        return Ok(None);
    };
    let config = &bootstrap.config;
    open_with(Cx { config, ..cx }, trash, &[]).map(Some)
}

/// Makes the bootstrap root of this configuration ready, with more packages in it.
pub(super) fn open_with<'a>(
    cx: Cx<'a>,
    trash: &'a Trash,
    more: &[String],
) -> Result<Buildroot<'a>> {
    let plugins = plugins::enabled(cx.config)?;
    trash.sweep(&Layout::of(&cx.config.chroot).package_manager_home());
    let storage = plugins.storage(cx, trash)?;
    let root = Buildroot::open(cx, plugins.extras()?, storage)?;
    if root.is_exclusive() {
        let _step = root.step("chroot init");
        plugins.within(Scope::Init, &root, || make_ready(&root, &plugins, more))?;
        root.share()?;
    }
    Ok(root)
}

fn make_ready(root: &Buildroot<'_>, plugins: &Plugins, more: &[String]) -> Result<()> {
    let more: Vec<Op> = match more {
        [] => Vec::new(),
        packages => vec![Op::Install(packages.to_vec())],
    };
    if root.keeps_states() {
        root.disregard();
        let (ops, image) = begin(root)?;
        let manager = prepare(root, plugins, &[&ops[..], &more].concat())?;
        if !ops.is_empty() {
            let request = Request::bootstrap(root, manager, &ops);
            root.cached(&request, &[], |watch| install(root, manager, &ops, watch))?;
        }
        if !more.is_empty() {
            let request = Request::bootstrap(root, manager, &more);
            root.cached(&request, &[], |watch| install(root, manager, &more, watch))?;
        }
        let Ground::State { identity, .. } = root.ground() else {
            return Err(Error::command("a bootstrap root stands on no state"));
        };
        return finish(root, manager, &identity, image.as_ref());
    }
    root.recover()?;
    let image = image::digest(root)?;
    let ops = [init::base_ops(root, image.is_some()), more.clone()].concat();
    let identity = Request::made_of(root, &ops, image.as_deref());
    if root.is_initialized() && made_of::identity(root)? == identity {
        return init::refresh(root, root.cx.config.packages.package_manager);
    }
    root.inside.empty()?;
    let (mut ops, image) = begin(root)?;
    ops.extend(more);
    let manager = prepare(root, plugins, &ops)?;
    install(root, manager, &ops, &Watch::none())?;
    finish(root, manager, &identity, image.as_ref())
}

/// Puts the image into the root, if there is one. Says what is to be installed beyond it.
fn begin(root: &Buildroot<'_>) -> Result<(Vec<Op>, Option<Image>)> {
    let image = image::begin(root)?;
    if image.is_some() {
        root.work_with(Tools::Itself);
    }
    Ok((init::base_ops(root, image.is_some()), image))
}

/// Which package manager installs the rest.
fn prepare(root: &Buildroot<'_>, plugins: &Plugins, ops: &[Op]) -> Result<PackageManagerKind> {
    let manager = if ops.is_empty() {
        root.cx.config.packages.package_manager
    } else {
        root.choose_package_manager()?
    };
    root.equip(plugins.equipment(manager, root)?);
    Ok(manager)
}

fn install(
    root: &Buildroot<'_>,
    manager: PackageManagerKind,
    ops: &[Op],
    watch: &Watch,
) -> Result<()> {
    init::refresh(root, manager)?;
    root.write_first_files()?;
    let wanted = root.cx.config.packages.package_manager;
    let name = package_manager::of(wanted).name();
    if !ops.is_empty() {
        let _step = root.step(format!("installing {name} tooling"));
        if !root.transactions(manager, ops, watch)? {
            return Ok(());
        }
        made_of::note_manager(root)?;
    }
    root.inside.touch("etc/os-release")
}

fn finish(
    root: &Buildroot<'_>,
    manager: PackageManagerKind,
    identity: &str,
    image: Option<&Image>,
) -> Result<()> {
    init::refresh(root, manager)?;
    made_of::note(root, identity, image)?;
    root.mark_initialized()
}
