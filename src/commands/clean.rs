//! `--clean`: the root goes, with everything in its directory.

use crate::buildroot::Cx;
use crate::buildroot::trash::Trash;
use crate::error::Result;
use crate::recipe;

pub(super) fn run(cx: Cx<'_>, trash: &Trash) -> Result<()> {
    recipe::clean::clean(cx, trash)
}
