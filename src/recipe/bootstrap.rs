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
use crate::package_manager::{self, Op};
use crate::plugin::{Plugins, Scope};
use crate::plugins;

use super::{image, init};

/// Says of what a bootstrap root was made, where states do not.
const MADE_OF: &str = ".bootstrap";

/// Makes the bootstrap root ready, if the configuration wants one.
pub(super) fn open<'a>(cx: Cx<'a>, trash: &'a Trash) -> Result<Option<Buildroot<'a>>> {
    let Some(bootstrap) = cx.config.bootstrap() else {
        return Ok(None);
    };
    let cx = Cx {
        config: &bootstrap.config,
        ..cx
    };
    let plugins = plugins::enabled(cx.config)?;
    trash.sweep(&Layout::of(&cx.config.chroot).package_manager_home());
    let storage = plugins.storage(cx, trash)?;
    let root = Buildroot::open(cx, plugins.extras()?, storage)?;
    if root.is_exclusive() {
        let _step = root.step("chroot init");
        plugins.within(Scope::Init, &root, || make_ready(&root, &plugins))?;
        root.share()?;
    }
    Ok(Some(root))
}

/// Where the package manager of a root that has this bootstrap runs.
pub(super) fn tools(root: &Buildroot<'_>) -> Result<Tools> {
    Ok(Tools::Bootstrap {
        tree: root.layout.root.clone(),
        identity: made_of(root)?,
    })
}

fn made_of(root: &Buildroot<'_>) -> Result<String> {
    let text = root.inside.read(MADE_OF)?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn make_ready(root: &Buildroot<'_>, plugins: &Plugins) -> Result<()> {
    if root.keeps_states() {
        root.disregard();
        let ops = begin(root)?;
        let manager = prepare(root, plugins, &ops)?;
        if !ops.is_empty() {
            let request = Request::bootstrap(root, manager, &ops);
            root.cached(&request, &[], |watch| install(root, manager, &ops, watch))?;
        }
        let Ground::State { identity, .. } = root.ground() else {
            return Err(Error::command("a bootstrap root stands on no state"));
        };
        return finish(root, manager, &identity);
    }
    root.recover()?;
    let image = image::digest(root)?;
    let ops = init::base_ops(root, image.is_some());
    let identity = Request::made_of(root, &ops, image.as_deref());
    if root.is_initialized() && made_of(root)? == identity {
        return finish(root, root.cx.config.packages.package_manager, &identity);
    }
    root.inside.empty()?;
    let ops = begin(root)?;
    let manager = prepare(root, plugins, &ops)?;
    install(root, manager, &ops, &Watch::none())?;
    finish(root, manager, &identity)
}

/// Puts the image into the root, if there is one. Says what is to be installed beyond it.
fn begin(root: &Buildroot<'_>) -> Result<Vec<Op>> {
    let has_image = image::begin(root)?;
    if has_image {
        root.work_with(Tools::Itself);
    }
    Ok(init::base_ops(root, has_image))
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
    }
    root.inside.touch("etc/os-release")
}

fn finish(root: &Buildroot<'_>, manager: PackageManagerKind, identity: &str) -> Result<()> {
    init::refresh(root, manager)?;
    root.inside.write_if_changed(MADE_OF, identity.as_bytes())?;
    root.mark_initialized()
}
