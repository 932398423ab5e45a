//! `--rebuild` and `--buildsrpm`: source packages in, packages and logs out.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::scrub;
use crate::buildroot::Cx;
use crate::buildroot::layout::Layout;
use crate::buildroot::trash::Trash;
use crate::cli::command::{ScrubTarget, SpecAndSources};
use crate::error::{Error, Result};
use crate::package_manager::Op;
use crate::recipe::buildsrpm::Material;
use crate::recipe::rebuild::Source;
use crate::recipe::{self, Prepare, Session};
use crate::report::{self, Outcome, Summary};
use crate::rpm::header::{SourceHeader, is_source_name};

/// A source package that was checked.
struct Package {
    /// As it was named.
    argument: String,
    path: PathBuf,
    header: SourceHeader,
}

pub(super) fn run(
    cx: Cx<'_>,
    trash: &Trash,
    srpms: &[String],
    from: &SpecAndSources,
) -> Result<()> {
    let spec = given(cx, from.spec.as_deref(), "specfile")?;
    let sources = given(cx, from.sources.as_deref(), "sources directory or file")?;
    if let Some(spec) = spec.as_deref().filter(|_| srpms.is_empty()) {
        return from_spec(
            cx,
            trash,
            spec,
            sources.as_deref(),
            from.symlink_dereference,
        );
    }
    // All are checked before the first is built.
    let packages: Vec<Package> = srpms
        .iter()
        .map(|argument| check(cx, argument))
        .collect::<Result<_>>()?;
    if cx.config.hermetic_build {
        scrub::run(cx, trash, &[ScrubTarget::All])?;
    }
    packages.iter().try_for_each(|package| {
        rebuild(cx, trash, package, spec.as_deref(), cx.config.chroot.clean)
    })
}

pub(super) fn buildsrpm(cx: Cx<'_>, trash: &Trash, from: &SpecAndSources) -> Result<()> {
    let spec = given(cx, from.spec.as_deref(), "specfile")?.unwrap_or_default();
    let sources = given(cx, from.sources.as_deref(), "sources directory or file")?;
    let material = Material {
        spec: &spec,
        sources: sources.as_deref(),
        follow_links: from.symlink_dereference,
    };
    make_srpm(cx, trash, material, Cleanup::AsConfigured).map(drop)
}

/// A spec file and its sources in one go: the source package first, then the build in the same root.
fn from_spec(
    cx: Cx<'_>,
    trash: &Trash,
    spec: &Path,
    sources: Option<&Path>,
    follow_links: bool,
) -> Result<()> {
    let path = make_srpm(
        cx,
        trash,
        Material {
            spec,
            sources,
            follow_links,
        },
        Cleanup::AfterFailure,
    )?;
    let package = Package {
        argument: path.display().to_string(),
        header: cx.identity.as_caller(|| SourceHeader::open(&path))?,
        path,
    };
    rebuild(cx, trash, &package, None, false)
}

/// The absolute path of an option's file, which must be there.
fn given(cx: Cx<'_>, path: Option<&Path>, what: &str) -> Result<Option<PathBuf>> {
    let Some(path) = path else { return Ok(None) };
    let full = match path.strip_prefix("~") {
        Ok(rest) => cx.identity.home.join(rest),
        Err(_) => cx.host.cwd.join(path),
    };
    if full.exists() {
        return Ok(Some(full));
    }
    Err(Error::usage(format!(
        "Input {what} does not exist: {}",
        path.display()
    )))
}

fn check(cx: Cx<'_>, argument: &str) -> Result<Package> {
    if ["http://", "https://", "ftp://"]
        .iter()
        .any(|scheme| argument.starts_with(scheme))
    {
        return Err(Error::NotYet {
            mode: format!("a URL as source package ({argument})"),
        });
    }
    let path = cx.host.cwd.join(argument);
    let header = cx.identity.as_caller(|| SourceHeader::open(&path))?;
    header.check_arch(&cx.config.rpmbuild.arch, &path)?;
    Ok(Package {
        argument: argument.to_owned(),
        path,
        header,
    })
}

fn rebuild(
    cx: Cx<'_>,
    trash: &Trash,
    package: &Package,
    spec: Option<&Path>,
    clean: bool,
) -> Result<()> {
    recipe::preflight(cx)?;
    framed(cx, trash, &package.argument, Cleanup::AsConfigured, |cx| {
        if clean {
            recipe::clean::clean(cx, trash)?;
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
        let built = recipe::rebuild::rebuild(&session, source).and_then(|()| {
            if cx.config.rpmbuild.calculatedeps {
                return Ok(());
            }
            after_build(&session)
        });
        if let Err(error) = &built {
            report::record(error);
        }
        finish(session)?;
        built
    })
}

fn make_srpm(
    cx: Cx<'_>,
    trash: &Trash,
    material: Material<'_>,
    cleanup: Cleanup,
) -> Result<PathBuf> {
    let argument = material.spec.display().to_string();
    let mut made = PathBuf::new();
    recipe::preflight(cx)?;
    framed(cx, trash, &argument, cleanup, |cx| {
        if cx.config.chroot.clean {
            recipe::clean::clean(cx, trash)?;
        }
        let session = Session::open(cx, trash, Prepare::Fresh)?;
        let built = recipe::buildsrpm::buildsrpm(&session, material);
        if let Err(error) = &built {
            report::record(error);
        }
        finish(session)?;
        made = built?;
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

/// When the root goes after a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cleanup {
    AsConfigured,
    /// Another build follows in the same root if this one succeeds.
    AfterFailure,
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
        recipe::clean::clean(cx, trash)?;
    }
    done
}

/// What the configuration wants with fresh results: installed, or listed in a repository.
fn after_build(session: &Session<'_>) -> Result<()> {
    let root = &session.root;
    let config = &root.cx.config.rpmbuild;
    if config.post_install {
        let packages = built_packages(&root.layout.result)?;
        if let Err(error) = root.transaction(session.manager, &Op::Install(packages)) {
            tracing::warn!("Failed install built packages: {error}");
        }
    }
    if config.createrepo_on_rpms {
        let line = format!(
            "{} {}",
            config.createrepo_command,
            crate::rpm::rpmbuild::quote(&root.layout.result.to_string_lossy())
        );
        let (status, text) = root.run_on_host(&["/bin/sh", "-c", &line])?;
        if !status.success() {
            return Err(Error::BuildSetup {
                message: format!("{line} failed:\n{text}"),
                hint: None,
            });
        }
    }
    Ok(())
}

fn built_packages(result: &Path) -> Result<Vec<String>> {
    let entries = fs_err::read_dir(result).map_err(Error::io("list", result))?;
    let mut packages: Vec<String> = entries
        .flatten()
        .map(|entry| entry.path().to_string_lossy().into_owned())
        .filter(|path| path.ends_with(".rpm") && !is_source_name(path))
        .collect();
    packages.sort();
    Ok(packages)
}
