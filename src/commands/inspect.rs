//! Commands that only look: `--print-root-path`, `--debug-config`, `--list-chroots`.

use crate::config::{self, Config, Loaded, Search, cfg};
use crate::error::Result;
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

pub(crate) fn list_chroots(search: &Search, host: &cfg::Host) -> Result<()> {
    report::print(&config::list::list_chroots(search, host));
    Ok(())
}
