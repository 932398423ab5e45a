//! The plain backend: the root is a directory. No states.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use super::unsettled::Unsettled;
use super::{Attached, Storage, mounted};
use crate::buildroot::trash::Trash;
use crate::error::{Error, Result};

#[derive(Debug)]
pub(super) struct Directory<'a> {
    pub(super) root: PathBuf,
    pub(super) trash: &'a Trash,
    /// By this mock.
    pub(super) changed: Cell<bool>,
}

impl Directory<'_> {
    fn unsettled(&self) -> Unsettled {
        Unsettled::beside(self.root.parent().unwrap_or(Path::new("/")))
    }

    /// Among the marks beside it.
    fn mark(&self) -> String {
        let name = self.root.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

impl Storage for Directory<'_> {
    fn name(&self) -> &'static str {
        "directory"
    }

    fn attach(&self) -> Result<Attached> {
        mounted::clear_others(&self.root, |_| false)?;
        let (unsettled, mark) = (self.unsettled(), self.mark());
        if unsettled.lost()?.contains(&mark) {
            if self.root.is_dir() {
                tracing::warn!(
                    "{} is made anew: it was not on disk when the machine went down",
                    self.root.display()
                );
                self.trash.discard(&self.root)?;
            }
            unsettled.forget(&mark)?;
        }
        if self.root.is_dir() {
            return Ok(Attached::AsLeft);
        }
        fs_err::create_dir_all(&self.root).map_err(Error::io("make", &self.root))?;
        Ok(Attached::Empty)
    }

    fn detach(&self) -> Result<()> {
        Ok(())
    }

    fn is_attached(&self) -> bool {
        self.root.is_dir()
    }

    fn discard(&self) -> Result<()> {
        self.trash.discard(&self.root)?;
        self.unsettled().forget(&self.mark())
    }

    fn scrub(&self) -> Result<()> {
        self.discard()
    }

    fn will_change(&self) -> Result<()> {
        self.changed.set(true);
        self.unsettled().mark(&self.mark())
    }

    fn finish(&self) -> Result<()> {
        // Somebody may have written out the first half meanwhile, and taken the mark away.
        if self.changed.get() {
            self.unsettled().mark(&self.mark())?;
        }
        self.unsettled().settle_later()
    }
}
