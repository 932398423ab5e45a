//! Commands that only look: `--print-root-path`, `--debug-config`, `--list-chroots`.

use crate::config::Config;
use crate::error::Result;
use crate::report;

/// With a final slash, as callers expect.
pub(crate) fn print_root_path(config: &Config) -> Result<()> {
    report::print(&format!("{}/\n", config.chroot.rootdir.display()));
    Ok(())
}
