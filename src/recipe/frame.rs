//! The frame around every build: words that other programs look for, a root made and opened, the
//! build itself, what follows it, and whether the root goes.
//!
//! All that build go through here, so the order of a build is written once.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::buildroot::Cx;
use crate::buildroot::layout::Layout;
use crate::buildroot::trash::Trash;
use crate::error::{Error, Result};
use crate::package_manager::Op;
use crate::report::{self, Outcome, Summary};
use crate::rpm::header::is_source_name;

use super::buildsrpm::{self, Material};
use super::clean;
use super::createrepo::createrepo;
use super::open::{Prepare, Session, preflight};
use super::rebuild::{self, Source};
use super::source_package::SourcePackage;

/// When the root goes after a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cleanup {
    AsConfigured,
    /// Another build follows in the same root if this one succeeds.
    AfterFailure,
}

/// Builds a source package, with another spec file than its own if one is given.
pub(crate) fn rebuild(
    cx: Cx<'_>,
    trash: &Trash,
    package: &SourcePackage,
    spec: Option<&Path>,
    clean: bool,
) -> Result<()> {
    preflight(cx)?;
    framed(cx, trash, &package.argument, Cleanup::AsConfigured, |cx| {
        if clean {
            clean::clean(cx, trash)?;
        }
        let short_circuit = cx.config.rpmbuild.short_circuit.is_some();
        let prepare = if short_circuit {
            Prepare::Keep
        } else {
            Prepare::Fresh
        };
        let session = Session::open(cx, trash, prepare)?;
        let source = Source {
            srpm: &package.path,
            header: &package.header,
            spec,
        };
        let built = rebuild::rebuild(&session, source).and_then(|()| {
            if cx.config.rpmbuild.calculatedeps {
                return Ok(());
            }
            after_build(&session)
        });
        if let Err(error) = &built {
            report::record(error);
        }
        first_of(built, finish(session))
    })
}

/// Makes a source package. Gives its path in the result directory.
pub(crate) fn make_srpm(
    cx: Cx<'_>,
    trash: &Trash,
    material: Material<'_>,
    cleanup: Cleanup,
) -> Result<PathBuf> {
    let argument = material.spec.display().to_string();
    let mut made = PathBuf::new();
    preflight(cx)?;
    framed(cx, trash, &argument, cleanup, |cx| {
        if cx.config.chroot.clean {
            clean::clean(cx, trash)?;
        }
        let session = Session::open(cx, trash, Prepare::Fresh)?;
        let built = buildsrpm::buildsrpm(&session, material);
        if let Err(error) = &built {
            report::record(error);
        }
        made = first_of(built, finish(session))?;
        Ok(())
    })?;
    Ok(made)
}

/// Closes the logs, then lets plugins have them.
fn finish(session: Session<'_>) -> Result<()> {
    let (root, plugins) = session.close_logs();
    let result = root.layout.result.clone();
    plugins.logs_closed(&root, &result)
}

/// The words around every build, as other programs expect them, and the summary line.
fn framed(
    cx: Cx<'_>,
    trash: &Trash,
    argument: &str,
    cleanup: Cleanup,
    work: impl FnOnce(Cx<'_>) -> Result<()>,
) -> Result<()> {
    let chroot = &cx.config.chroot;
    let results = Layout::of(chroot).result;
    tracing::info!("Start({argument})  Config({})", chroot.name);
    let started = Instant::now();
    let done = work(cx);
    let elapsed = started.elapsed();
    let took = report::duration(elapsed);
    match &done {
        Ok(()) => tracing::info!("Done({argument}) Config({}) {took}", cx.config.config_name),
        Err(_) => tracing::error!("Exception({argument}) Config({}) {took}", chroot.name),
    }
    tracing::info!("Results and/or logs in: {}", results.display());
    let outcome = if done.is_ok() {
        Outcome::Built
    } else {
        Outcome::Failed
    };
    let name = Path::new(argument)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    report::summary(&Summary {
        package: &name,
        outcome,
        elapsed,
        results: &results,
    });
    let (wanted, option) = match done {
        Ok(()) if cleanup == Cleanup::AfterFailure => (false, "cleanup_on_success"),
        Ok(()) => (chroot.cleanup_on_success, "cleanup_on_success"),
        Err(_) => (chroot.cleanup_on_failure, "cleanup_on_failure"),
    };
    if wanted {
        tracing::info!("Cleaning up build root ('{option}=True')");
        return first_of(done, clean::clean(cx, trash));
    }
    done
}

/// What went wrong first is what the user must hear and the exit code tells; what then goes wrong,
/// too, is only said.
fn first_of<T>(built: Result<T>, after: Result<()>) -> Result<T> {
    match (built, after) {
        (Err(error), after) => {
            if let Err(later) = after {
                tracing::warn!("after a build that failed: {later}");
            }
            Err(error)
        }
        (Ok(value), after) => after.map(|()| value),
    }
}

/// What the configuration wants with fresh results: installed, or listed in a repository.
fn after_build(session: &Session<'_>) -> Result<()> {
    let root = &session.root;
    let config = &root.cx.config.rpmbuild;
    if config.post_install {
        let packages = built_packages(&root.layout.result)?;
        if let Err(error) = root.transaction(session.manager, &Op::Install(packages)) {
            if let Error::Interrupted { .. } = error {
                return Err(error);
            }
            tracing::warn!("Failed install built packages: {error}");
        }
    }
    if config.createrepo_on_rpms {
        createrepo(root.cx, &root.layout.result)?;
    }
    Ok(())
}

fn built_packages(result: &Path) -> Result<Vec<String>> {
    let entries = fs_err::read_dir(result).map_err(Error::io("list", result))?;
    let mut packages: Vec<String> = entries
        .flatten()
        // Root reads them: a link would lead it anywhere.
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path().to_string_lossy().into_owned())
        .filter(|path| path.ends_with(".rpm") && !is_source_name(path))
        .collect();
    packages.sort();
    Ok(packages)
}
