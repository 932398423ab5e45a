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
use crate::error::Result;
use crate::package_manager;
use crate::plugin::Scope;
use crate::plugins;

use super::init;

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
        let manager = root.choose_package_manager()?;
        root.equip(plugins.equipment(manager, &root)?);
        plugins.within(Scope::Init, &root, || make_ready(&root, manager))?;
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

fn make_ready(root: &Buildroot<'_>, manager: PackageManagerKind) -> Result<()> {
    let states = root.keeps_states();
    if states {
        root.disregard();
    } else {
        root.recover()?;
    }
    let request = Request::bootstrap(root, manager, &init::base_ops(root));
    if states || !root.is_initialized() || made_of(root)? != request.identity() {
        if !states {
            root.inside.empty()?;
        }
        root.cached(&request, &[], |watch| make(root, manager, watch))?;
        // The packages tell more than the request, where they are known.
        let identity = match root.ground() {
            Ground::State { identity, .. } => identity,
            _ => request.identity().to_owned(),
        };
        root.inside.write_if_changed(MADE_OF, identity.as_bytes())?;
    }
    init::refresh(root, manager)?;
    root.mark_initialized()
}

fn make(root: &Buildroot<'_>, manager: PackageManagerKind, watch: &Watch) -> Result<()> {
    init::refresh(root, manager)?;
    root.write_first_files()?;
    let wanted = root.cx.config.packages.package_manager;
    let name = package_manager::of(wanted).name();
    let _step = root.step(format!("installing {name} tooling"));
    if root.transactions(manager, &init::base_ops(root), watch)? {
        root.inside.touch("etc/os-release")?;
    }
    Ok(())
}
