//! A source package from a spec file and its sources.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::plugin::Scope;
use crate::report::Step;

use super::open::Session;
use super::rebuild::build_source;

/// What the source package is made of, on the host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Material<'a> {
    pub(crate) spec: &'a Path,
    /// A file, or a directory whose content becomes rpmbuild's `SOURCES`.
    pub(crate) sources: Option<&'a Path>,
    pub(crate) follow_links: bool,
}

/// Builds the source package and copies it out. Gives its path in the result directory.
pub(crate) fn buildsrpm(session: &Session<'_>, material: Material<'_>) -> Result<PathBuf> {
    let root = &session.root;
    session.plugins.within(Scope::Job, root, || {
        root.share()?;
        let _step = Step::start("buildsrpm");
        let name = material
            .spec
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let spec = root.layout.topdir(&format!("SPECS/{name}"));
        root.copy_in_file(material.spec, &spec)?;
        if let Some(sources) = material.sources {
            let target = root.layout.topdir("SOURCES");
            if sources.is_dir() {
                root.inside.remove(&target)?;
                root.copy_in_tree(sources, &target, root.user, material.follow_links)?;
            } else {
                let name = sources.file_name().unwrap_or_default().to_string_lossy();
                root.copy_in_file(sources, &format!("{target}/{name}"))?;
            }
        }
        let srpm = {
            let _step = Step::start("rpmbuild -bs");
            build_source(root, &spec)?
        };
        root.copy_result(&srpm)?;
        let name = Path::new(&srpm).file_name().ok_or_else(|| Error::Srpm {
            message: "rpmbuild named no source package".to_owned(),
            hint: None,
        })?;
        Ok(root.layout.result.join(name))
    })
}
