//! Commands that only look: `--print-root-path`, `--debug-config`, `--list-chroots`.

use crate::buildroot::Cx;
use crate::buildroot::trash::Trash;
use crate::config::{self, Config, Loaded, Search, cfg};
use crate::error::Result;
use crate::plugins;
use crate::report;

/// With a final slash, as callers expect.
pub(crate) fn print_root_path(config: &Config) -> Result<()> {
    report::print(&format!("{}/\n", config.chroot.rootdir.display()));
    Ok(())
}

/// Every value as an assignment that a program can read back; with `origins`, where it came from.
pub(crate) fn debug_config(loaded: &Loaded, expanded: bool, origins: bool) -> Result<()> {
    let options = if expanded {
        loaded.expanded()?
    } else {
        loaded.options.clone()
    };
    report::print(&config::debug::render(&options, origins));
    Ok(())
}

/// The storage that a root of this configuration gets on this machine.
pub(crate) fn storage(cx: Cx<'_>) -> Result<String> {
    let trash = Trash::default();
    let (storage, why) = plugins::enabled(cx.config)?.choose_storage(cx, &trash)?;
    Ok(format!("storage here: {} ({why})", storage.name()))
}

pub(crate) fn list_chroots(search: &Search, host: &cfg::Host) -> Result<()> {
    report::print(&config::list::list_chroots(search, host)?);
    Ok(())
}
