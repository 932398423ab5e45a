//! Building one source package in a root that is ready.

use std::path::Path;
use std::time::Duration;

use crate::buildroot::cache::Request;
use crate::buildroot::{Buildroot, Inner, describe};
use crate::error::{Error, Result};
use crate::plugin::Scope;
use crate::report::{self, LogSink, Spinner, Step};
use crate::rpm::header::SourceHeader;
use crate::rpm::requires::Installed;
use crate::rpm::rpmbuild::{Run, Stage, shell_line};
use crate::run::Status;

use super::buildreqs::{self, Built, read_header, topdir_files};
use super::init::refresh;
use super::open::Session;

/// What rpmbuild exits with when dynamic build requirements are missing (rpmbuild(8), `-br`).
const DYNAMIC_REQUIRES_MISSING: u8 = 11;

/// A source package to build, and the spec file to use instead of its own, if any.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) srpm: &'a Path,
    pub(crate) header: &'a SourceHeader,
    pub(crate) spec: Option<&'a Path>,
}

/// Builds, and copies the results out.
pub(crate) fn rebuild(session: &Session<'_>, source: Source<'_>) -> Result<()> {
    let root = &session.root;
    let name = source
        .srpm
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    session.plugins.within(Scope::Job, root, || {
        let _phase = Step::start(format!("build phase for {name}"));
        let setup = Step::start(format!("build setup for {name}"));
        let known = by_source(session, &name, source)?;
        if root.recall(&known)? {
            refresh(root, session.manager)?;
            root.make_home(false)?;
            root.make_mount_targets()?;
        }
        let (spec, generates) = install_requirements(session, &name, source, &known)?;
        // What is generated was installed by the earlier build that this one goes on with.
        let dynamic = generates && root.cx.config.rpmbuild.short_circuit.is_none();
        drop(setup);
        {
            let _step = Step::start(format!("rpmbuild {name}"));
            if dynamic {
                install_dynamic_requirements(session, &spec)?;
            }
            session.plugins.deps_installed(root)?;
            root.share()?;
            if !root.cx.config.rpmbuild.calculatedeps {
                build(root, &spec, dynamic)?;
            }
        }
        copy_results(root)
    })
}

/// Everything that decides what the source package requires, in the root as it is now.
fn by_source(session: &Session<'_>, name: &str, source: Source<'_>) -> Result<Request> {
    let root = &session.root;
    let config = root.cx.config;
    let rpmbuild = &config.rpmbuild;
    let read = |path: &Path| {
        root.cx
            .identity
            .as_caller(|| fs_err::read_to_string(path).map_err(Error::io("read", path)))
    };
    let parts = [
        source.header.digest.clone(),
        format!("{:?}", source.spec.map(read).transpose()?),
        format!("{:?}", rpmbuild.macrofile.as_deref().map(read).transpose()?),
        format!(
            "{:?} {:?} {}",
            rpmbuild.macros, rpmbuild.arch, rpmbuild.opts
        ),
        format!("{:?}", buildreqs::preconfigured(session, source.header)),
    ];
    Ok(Request::source(root, session.manager, name, &parts))
}

/// Brings the source package in and unpacks it. Gives the spec file, as the inside sees it.
fn unpack(root: &Buildroot<'_>, name: &str, source: Source<'_>) -> Result<String> {
    let spec = match (source.spec, &source.header.spec) {
        (Some(path), _) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            root.layout.topdir(&format!("originals/{name}"))
        }
        (None, Some(name)) => root.layout.topdir(&format!("SPECS/{name}")),
        (None, None) => {
            return Err(Error::Srpm {
                message: format!("No specfile found in srpm: {name}"),
                hint: None,
            });
        }
    };
    let (needed, free) = (source.header.unpacked, root.inside.free()?);
    if needed > free {
        return Err(Error::Srpm {
            message: format!(
                "{name} does not fit: its files take {} MB, and {} MB are free for {}",
                needed.div_ceil(1_000_000),
                free / 1_000_000,
                root.layout.root.display()
            ),
            hint: Some("make room there".to_owned()),
        });
    }
    let inside = root
        .layout
        .topdir(&format!("originals/{}", plain_name(name)));
    root.copy_in_file(source.srpm, &inside)?;
    let mut sink = LogSink::build(false, false);
    let rpm = &root.cx.config.rpmbuild.rpm_command;
    let cmd = root.inner_cmd(&[rpm, "-Uvh", "--nodeps", &inside], &root.as_builder());
    let status = root.run_logged(&cmd, &mut sink)?;
    if !status.success() {
        return Err(Error::Srpm {
            message: format!("Source RPM is not installable:\n{}", sink.tail().join("\n")),
            hint: Some("the file may be damaged; check it with `rpm -K`".to_owned()),
        });
    }
    if let Some(path) = source.spec {
        root.copy_in_file(path, &spec)?;
    }
    Ok(spec)
}

/// A file name that rpm does not take for a pattern or a quotation.
fn plain_name(name: &str) -> String {
    let plain = |c: char| !c.is_control() && !" *?[]{}\\'\"%~".contains(c);
    name.chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect()
}

/// rpmbuild as a login shell runs it: profile scripts of the root may set up compilers.
fn rpmbuild(
    root: &Buildroot<'_>,
    run: &Run<'_>,
    timeout: Option<Duration>,
    sink: &mut LogSink,
) -> Result<Status> {
    let how = Inner {
        timeout,
        ..root.as_builder()
    };
    let mut cmd = root.inner_cmd(&["bash", "--login", "-c", &shell_line(run)], &how);
    root.equipment().build.equip(&mut cmd);
    let _spinner = Spinner::start("rpmbuild");
    root.run_logged(&cmd, sink)
}

/// Makes the source package anew from the unpacked one, as the root's own rpm sees it: its macros
/// decide what is required.
pub(super) fn build_source(root: &Buildroot<'_>, spec: &str) -> Result<String> {
    let config = &root.cx.config.rpmbuild;
    let mut sink = LogSink::build(root.cx.live, false);
    let run = Run {
        config,
        stage: Stage::Source,
        spec,
        noclean: false,
    };
    let status = rpmbuild(root, &run, config.timeout, &mut sink)?;
    if !status.success() {
        return Err(failed(root, "rpmbuild -bs", status, &sink));
    }
    let made = topdir_files(root, "SRPMS", |name| name.ends_with("src.rpm"))?;
    match made.as_slice() {
        [one] => Ok(one.clone()),
        _ => Err(Error::Srpm {
            message: format!(
                "Expected to find single rebuilt srpm, found {} in {}",
                made.len(),
                root.layout.topdir("SRPMS")
            ),
            hint: None,
        }),
    }
}

/// Static requirements, until installing them changes nothing more: a package installed may bring
/// macros that change what is required. Gives the spec file, as the inside sees it, and whether it
/// generates more.
fn install_requirements(
    session: &Session<'_>,
    name: &str,
    source: Source<'_>,
    known: &Request,
) -> Result<(String, bool)> {
    let root = &session.root;
    let config = &root.cx.config.rpmbuild;
    let mut spec = unpack(root, name, source)?;
    let mut installed = root.installed()?;
    let mut round = 0;
    loop {
        round += 1;
        let srpm = build_source(root, &spec)?;
        let header = read_header(root, &srpm)?;
        if header.has_dynamic_requires() && !config.dynamic_buildrequires {
            return Err(Error::Refused {
                message: "DynamicBuildRequires are found but support is disabled. See \"dynamic_buildrequires\" in \
                          config_opts."
                    .to_owned(),
                hint: None,
            });
        }
        let now = buildreqs::install(session, &srpm, &header, installed.clone(), Built::Nothing)?;
        if let Some(asked) = &now.asked {
            root.remember(known, asked)?;
        }
        if now.anew {
            spec = unpack(root, name, source)?;
        }
        let settled = now.installed.packages == installed.packages;
        if settled || round >= config.static_buildrequires_max_loops {
            return Ok((spec, header.has_dynamic_requires()));
        }
        installed = now.installed;
    }
}

/// Requirements that `%generate_buildrequires` prints, until it prints no new ones.
fn install_dynamic_requirements(session: &Session<'_>, spec: &str) -> Result<()> {
    let root = &session.root;
    let config = &root.cx.config.rpmbuild;
    report::build_line("Dynamic buildrequires detected");
    report::build_line("Going to install missing buildrequires. See root.log for details.");
    tracing::debug!("Going to install missing dynamic buildrequires");
    let mut installed: Installed = root.installed()?;
    for round in 0..config.dynamic_buildrequires_max_loops {
        let mut sink = LogSink::build(root.cx.live, false);
        let stage = Stage::DynamicRequires {
            prepared: round > 0,
        };
        let run = Run {
            config,
            stage,
            spec,
            noclean: false,
        };
        let status = rpmbuild(root, &run, config.timeout, &mut sink)?;
        match status {
            Status::Exited(0 | DYNAMIC_REQUIRES_MISSING) => {}
            _ => {
                let mut error = failed(root, "rpmbuild -br", status, &sink);
                if let Error::Build { code, .. } = &mut error {
                    *code = 10;
                }
                return Err(error);
            }
        }
        let mut now = installed.clone();
        let listings = requires_packages(root)?;
        for listing in &listings {
            let header = read_header(root, listing)?;
            let round = buildreqs::install(session, listing, &header, now, Built::Partly)?;
            now = round.installed;
        }
        // With --nodeps rpmbuild says "missing" even when nothing is: a round that installs
        // nothing is the last.
        let settled = now.packages == installed.packages;
        let last = settled || round + 1 == config.dynamic_buildrequires_max_loops;
        // The last one is a result when the requirements are what is asked for.
        if !(last && config.calculatedeps) {
            listings
                .iter()
                .try_for_each(|listing| root.inside.remove(listing))?;
        }
        if settled {
            return Ok(());
        }
        installed = now;
    }
    Ok(())
}

fn requires_packages(root: &Buildroot<'_>) -> Result<Vec<String>> {
    topdir_files(root, "SRPMS", |name| name.ends_with(".buildreqs.nosrc.rpm"))
}

fn build(root: &Buildroot<'_>, spec: &str, dynamic: bool) -> Result<()> {
    let config = &root.cx.config.rpmbuild;
    let noclean = !root.cx.config.chroot.cleanup_on_success && knows_noclean(root)?;
    let mut sink = LogSink::build(root.cx.live, false);
    let run = Run {
        config,
        stage: Stage::Binary { dynamic },
        spec,
        noclean,
    };
    let status = rpmbuild(root, &run, config.timeout, &mut sink).inspect_err(|error| {
        if let Error::Timeout { .. } = error {
            report::build_line(format!("commandTimeoutExpired: {error}"));
        }
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(failed(root, "rpmbuild", status, &sink))
    }
}

/// Old rpmbuilds lack the option that keeps the build directory.
fn knows_noclean(root: &Buildroot<'_>) -> Result<bool> {
    let mut sink = LogSink::capture_only();
    let argv = [root.cx.config.rpmbuild.command.as_str(), "--help"];
    root.run_inside(&argv, &root.as_builder(), &mut sink)?;
    Ok(sink.captured_text().contains("--noclean"))
}

fn failed(root: &Buildroot<'_>, phase: &str, status: Status, sink: &LogSink) -> Error {
    let cause = sink.build_cause();
    let name = root.cx.named;
    let chroot = &root.cx.config.chroot;
    let hint = if chroot.cleanup_on_failure {
        format!(
            "keep the root to look into it with --no-cleanup-after, then `mock -r {name} --shell`"
        )
    } else {
        format!("look into the root with `mock -r {name} --shell`")
    };
    Error::Build {
        phase: match cause.section {
            Some(section) => format!("{phase} ({section})"),
            None => phase.to_owned(),
        },
        status: describe(status),
        code: status.code(),
        cause: cause.lines,
        log: Some(root.layout.result.join("build.log")),
        hint: Some(hint),
    }
}

fn copy_results(root: &Buildroot<'_>) -> Result<()> {
    let mut results = topdir_files(root, "RPMS", |name| name.ends_with(".rpm"))?;
    results.extend(topdir_files(root, "SRPMS", |name| name.ends_with(".rpm"))?);
    if results.is_empty() {
        return match root.cx.config.rpmbuild.short_circuit {
            Some(_) => {
                tracing::info!("Short circuit builds don't produce RPMs");
                Ok(())
            }
            None => Err(Error::Srpm {
                message: "No build results found".to_owned(),
                hint: None,
            }),
        };
    }
    results.iter().try_for_each(|path| root.copy_result(path))
}
