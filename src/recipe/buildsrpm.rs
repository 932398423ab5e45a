//! A source package from a spec file and its sources.

use std::path::{Path, PathBuf};

use crate::buildroot::Buildroot;
use crate::error::{Error, Result};
use crate::plugin::Scope;
use crate::report::{LogSink, Step};
use crate::rpm::spec::SpecFacts;
use crate::scm::Checkout;

use super::open::Session;
use super::rebuild::build_source;

/// What the source package is made of, on the host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Material<'a> {
    pub(crate) spec: &'a Path,
    /// A file, or a directory whose content becomes rpmbuild's `SOURCES`.
    pub(crate) sources: Option<&'a Path>,
    pub(crate) follow_links: bool,
    /// Where both come from, if that has more to do once the root can read the spec file.
    pub(crate) checkout: Option<&'a Checkout>,
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
        if let Some(checkout) = material.checkout
            && checkout.needs_facts(&root.cx.config.scm)
        {
            checkout.complete(root.cx, &read_spec(root, &spec)?)?;
        }
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

/// What the root's own rpm makes of the spec file. The sources need not be there.
fn read_spec(root: &Buildroot<'_>, spec: &str) -> Result<SpecFacts> {
    let arch = &root.cx.config.rpmbuild.arch;
    let argv = ["rpmspec", "--parse", "--target", arch, spec];
    let mut sink = LogSink::build(false, true);
    let cmd = root.inner_cmd(&argv, &root.as_builder());
    let status = root.run_logged(&cmd, &mut sink)?;
    if status.success() {
        return Ok(SpecFacts::parse(&sink.captured_text()));
    }
    Err(Error::Srpm {
        message: format!("rpm cannot read the spec file:\n{}", sink.tail().join("\n")),
        hint: None,
    })
}
