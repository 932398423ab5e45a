//! A root written to an archive, and made from one.

use std::path::Path;

use super::Buildroot;
use super::archive::{self, Fault, Plan};
use super::layout::UNFINISHED;
use crate::error::{Error, Result};
use crate::sandbox::User;

impl Buildroot<'_> {
    /// Writes the root as it is now to `target`.
    pub(crate) fn save(&self, target: &Path, plan: &Plan<'_>) -> Result<()> {
        archive::create(&self.inside, target, plan, &|| self.cx.runner.interrupted())
    }

    /// Replaces the root by what is in `archive`. When that is not to be used, the root is as if
    /// nothing had been tried; when this was cut short, the mark tells the next one.
    pub(crate) fn restore(&self, archive: &Path) -> Result<(), Fault> {
        let file = fs_err::File::open(archive).map_err(Error::io("open", archive))?;
        self.storage.will_change()?;
        self.inside.empty()?;
        self.inside.write(UNFINISHED, b"", 0o644, User::ROOT)?;
        let done = archive::unpack(&self.inside, file, &|| self.cx.runner.interrupted());
        match &done {
            Ok(()) => {}
            Err(Fault::Archive(_)) => self.inside.empty()?,
            Err(Fault::Other(_)) => return done,
        }
        // What was left out has its place again.
        self.make_skeleton()?;
        self.inside.remove(UNFINISHED)?;
        done
    }
}
