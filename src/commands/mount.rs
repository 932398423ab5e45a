//! `--mount` and `--umount`: the root at its path, without initialising it.

use crate::buildroot::layout::Layout;
use crate::buildroot::snapshots;
use crate::buildroot::trash::Trash;
use crate::buildroot::{Buildroot, Cx};
use crate::error::{Error, Result};
use crate::plugins;
use crate::recipe::{Prepare, Session};
use crate::report::LogSink;

pub(super) fn mount(cx: Cx<'_>, trash: &Trash, words: &[String]) -> Result<()> {
    if !words.is_empty() {
        let session = Session::open(cx, trash, Prepare::Enter)?;
        let cmd = session.root.beside_cmd(words);
        let status = cx.runner.run(&cmd, &mut LogSink::capture_only())?;
        return if status.success() {
            Ok(())
        } else {
            Err(Error::Inner(status.code()))
        };
    }
    let plugins = plugins::enabled(cx.config)?;
    let storage = plugins.storage(cx, trash)?;
    if !storage.is_visible() {
        return Err(Error::Command {
            message: format!(
                "storage '{}' is mounted only while mock runs when mock has no privileges",
                storage.name()
            ),
            hint: Some(format!(
                "give a command to run meanwhile: `mock -r {} --mount -- ls {}`",
                cx.named,
                cx.config.chroot.rootdir.display()
            )),
        });
    }
    let root = Buildroot::open(cx, plugins.extras()?, storage)?;
    if root.ground().is_void()
        && let Some(states) = root.storage.states()
    {
        let default = snapshots::default_state(states)?;
        let from = states.has(&default)?.then_some(&default);
        root.start_from(from, &[])?;
    }
    root.leave_attached();
    Ok(())
}

pub(super) fn umount(cx: Cx<'_>, trash: &Trash) -> Result<()> {
    let layout = Layout::of(&cx.config.chroot);
    if !layout.base.is_dir() {
        return Ok(());
    }
    let _lock = layout.lock_alone(cx)?;
    plugins::enabled(cx.config)?.storage(cx, trash)?.detach()
}
