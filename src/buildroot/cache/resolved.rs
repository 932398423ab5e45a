//! Watching the package manager's resolver during the work for one request.

use std::collections::BTreeSet;

use crate::buildroot::Buildroot;
use crate::error::Result;
use crate::package_manager::repos::RepoState;

/// What the resolver said while one request was worked on.
#[derive(Debug)]
pub(crate) struct Watch {}

impl Watch {
    /// For work whose result is not kept.
    pub(crate) fn none() -> Self {
        Self {}
    }

    pub(super) fn new(_root: &Buildroot<'_>, _known: BTreeSet<String>) -> Result<Self> {
        Ok(Self {})
    }

    /// Another operation begins.
    pub(crate) fn begin(&self, _last: bool) -> Result<()> {
        Ok(())
    }

    pub(crate) fn end(&self) -> Result<()> {
        Ok(())
    }

    pub(crate) fn options(&self) -> Vec<String> {
        Vec::new()
    }

    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    pub(super) fn set(&self) -> Option<String> {
        None
    }

    pub(crate) fn stopped(&self) -> bool {
        false
    }

    pub(super) fn repos(&self) -> Option<Vec<RepoState>> {
        None
    }
}
