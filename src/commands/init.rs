//! `--init`: a fresh root.

use crate::buildroot::Cx;
use crate::buildroot::trash::Trash;
use crate::error::Result;
use crate::recipe::{self, Prepare, Session};

pub(super) fn run(cx: Cx<'_>, trash: &Trash) -> Result<()> {
    recipe::preflight(cx)?;
    if cx.config.chroot.clean {
        recipe::clean::clean(cx, trash)?;
    }
    Session::open(cx, trash, Prepare::Keep).map(drop)
}
