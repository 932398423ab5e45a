//! Whether what the resolver saw of the repositories still holds.

use super::records::{Record, Records};
use super::request::Request;
use crate::buildroot::Cx;
use crate::error::Result;

pub(super) fn is_current(
    _cx: Cx<'_>,
    _records: &Records,
    _request: &Request,
    _record: &mut Record,
) -> Result<bool> {
    Ok(true)
}
