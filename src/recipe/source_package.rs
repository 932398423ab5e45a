//! A source package to build: a file of the caller's, or what a URL leads to.

use std::path::{Path, PathBuf};

use crate::buildroot::Cx;
use crate::download::{self, Download};
use crate::error::Result;
use crate::rpm::header::SourceHeader;

/// A source package whose header was read.
#[derive(Debug)]
pub(crate) struct SourcePackage {
    /// As it was named.
    pub(crate) argument: String,
    pub(crate) path: PathBuf,
    pub(crate) header: SourceHeader,
    /// Where it came from a URL: the file goes with it.
    _fetched: Option<Download>,
}

impl SourcePackage {
    /// The package that `argument` names.
    pub(crate) fn get(cx: Cx<'_>, argument: &str) -> Result<Self> {
        Self::read(cx, argument, SourceHeader::open)
    }

    /// The same; a binary package will do, too.
    pub(crate) fn of_any_kind(cx: Cx<'_>, argument: &str) -> Result<Self> {
        Self::read(cx, argument, SourceHeader::open_any)
    }

    fn read(cx: Cx<'_>, argument: &str, open: fn(&Path) -> Result<SourceHeader>) -> Result<Self> {
        let fetched = match download::is_url(argument) {
            true => Some(download::source_package(cx, argument)?),
            false => None,
        };
        let path = match &fetched {
            Some(download) => download.path.clone(),
            None => cx.host.cwd.join(argument),
        };
        let header = cx.identity.as_caller(|| open(&path));
        let header = header.map_err(|error| match fetched {
            Some(_) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let why = error.to_string();
                download::invalid(argument, &why.replace(&*path.to_string_lossy(), &name))
            }
            None => error,
        })?;
        Ok(Self {
            argument: argument.to_owned(),
            path,
            header,
            _fetched: fetched,
        })
    }

    /// The same, and that it can be built for this root.
    pub(crate) fn for_build(cx: Cx<'_>, argument: &str) -> Result<Self> {
        let package = Self::get(cx, argument)?;
        package.header.check_files(&package.path)?;
        package
            .header
            .check_arch(&cx.config.rpmbuild.arch, &package.path)?;
        Ok(package)
    }
}
