//! The plain backend: the root is a directory. No states.

use std::path::PathBuf;

use super::{Attached, Storage, mounted};
use crate::buildroot::trash::Trash;
use crate::error::{Error, Result};

#[derive(Debug)]
pub(super) struct Directory<'a> {
    pub(super) root: PathBuf,
    pub(super) trash: &'a Trash,
}

impl Storage for Directory<'_> {
    fn name(&self) -> &'static str {
        "directory"
    }

    fn attach(&self) -> Result<Attached> {
        mounted::clear_others(&self.root, |_| false)?;
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
        self.trash.discard(&self.root)
    }

    fn scrub(&self) -> Result<()> {
        self.discard()
    }
}
