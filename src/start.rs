//! From a command line to a running command: who called, which configuration, which privileges.

use std::ffi::OsString;

use crate::buildroot::layout::{IMAGES, Layout, PACKAGES};
use crate::buildroot::{Cx, holders};
use crate::cli::command::{Command, Invocation, ScrubTarget, Verbosity};
use crate::cli::{self, Parsed};
use crate::commands::{self, inspect, scrub, scrub_all};
use crate::config::{self, Config};
use crate::emulation;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::identity::Identity;
use crate::isolation;
use crate::program;
use crate::report;
use crate::request;
use crate::run::exec::Exec;
use crate::run::signals::Signals;
use crate::sandbox::Ids;
use crate::sandbox::subids::{self, Ranges};
use crate::sandbox::userns;
use crate::scm;

pub(crate) fn run(args: Vec<OsString>) -> Result<()> {
    let words: Vec<OsString> = args.iter().skip(1).cloned().collect();
    let invocation = match cli::parse(program::name(), args)? {
        Parsed::Print(text) => {
            report::print(&text);
            return Ok(());
        }
        Parsed::Run(invocation) => invocation,
    };
    let host = Host::detect();
    report::init(report::Options {
        verbosity: match invocation.verbosity {
            Verbosity::Quiet => report::Verbosity::Quiet,
            Verbosity::Normal => report::Verbosity::Normal,
            Verbosity::Verbose => report::Verbosity::Verbose,
        },
        trace: invocation.trace,
        color: host.env("NO_COLOR").is_none(),
        stderr_tty: host.stderr_tty,
        stdout_tty: host.stdout_tty,
        moves: host.env("TERM").is_some_and(|name| name != "dumb"),
    });
    let identity = Identity::detect(&host)?;
    for warning in &invocation.warnings {
        tracing::error!("{warning}");
    }
    if let Command::ListChroots = invocation.command {
        let search = request::search(&host, &identity, &invocation.overrides);
        let facts = request::facts(&host, &identity);
        return identity.as_caller(|| inspect::list_chroots(&search, &facts));
    }
    if let Command::ScrubAllChroots = invocation.command {
        return scrub_all(&invocation, &host, identity);
    }
    let works = !matches!(
        invocation.command,
        Command::PrintRootPath | Command::DebugConfig { .. }
    );
    let loaded = request::load(&invocation.overrides, &host, &identity, works);
    // What is missing on the line is missing whatever the configuration says, if that says nothing.
    let scm = |(key, _): &(String, _)| key == "scm";
    let unsaid = invocation.command.names_nothing() && !invocation.overrides.set.iter().any(scm);
    let loaded = loaded.map_err(|error| match unsaid {
        true => cli::nothing_to_rebuild(),
        false => error,
    })?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    match &invocation.command {
        Command::PrintRootPath => inspect::print_root_path(&loaded.config),
        Command::DebugConfig { expanded } => {
            let origins = invocation.verbosity == Verbosity::Verbose;
            inspect::debug_config(&loaded, *expanded, origins)?;
            say_storage(&loaded.config, &host, identity, &invocation.overrides.root)
        }
        command if command.names_nothing() && !loaded.config.scm.enable => {
            Err(cli::nothing_to_rebuild())
        }
        command => {
            if command.runs_inside() {
                emulation::check(&loaded.config, &host)?;
            }
            announce(&loaded.config);
            let line = crate::run::exec::shell_quoted(&words);
            tracing::info!(
                "{} version {} starting, args: {line}",
                program::name(),
                env!("CARGO_PKG_VERSION")
            );
            work(command, &loaded.config, &host, identity, &invocation)
        }
    }
}

/// A comment, so that what was printed can still be read back. What the machine can do is known
/// only with the privileges that a root would be made with.
fn say_storage(config: &Config, host: &Host, identity: Identity, named: &str) -> Result<()> {
    let line = privileged(identity).and_then(|(identity, runner)| {
        let cx = Cx {
            config,
            host,
            identity: &identity,
            runner: &runner,
            turn: &holders::Turn::default(),
            nspawn: None,
            named,
            live: false,
            logs: false,
        };
        inspect::storage(cx)
    });
    let line = line.unwrap_or_else(|error| format!("storage here: cannot tell: {error}"));
    report::print(&format!("# {}\n", line.replace('\n', " ")));
    Ok(())
}

/// What the configuration means for this run, before anything is done.
fn announce(config: &Config) {
    let description = config.description.as_deref().unwrap_or("no description");
    tracing::debug!("configuration {}: {description}", config.config_name);
    for path in &config.config_paths {
        tracing::debug!("read {}", path.display());
    }
}

/// Takes on the privileges the work needs, then does it.
fn work(
    command: &Command,
    config: &Config,
    host: &Host,
    identity: Identity,
    invocation: &Invocation,
) -> Result<()> {
    let runs_inside = command.runs_inside();
    if runs_inside {
        isolation::check_caller(config, &identity)?;
    }
    // Before a user namespace is entered: the caller's tools would find nothing as it is outside.
    let checkout = command
        .names_nothing()
        .then(|| {
            let runner = Exec::new(Signals::install()?)?;
            scm::check_out(config, host, &identity, &runner)
        })
        .transpose()?;
    let mut turn = holders::Turn::default();
    let (identity, runner) = match command {
        Command::Orphanskill => (identity, Exec::new(Signals::install()?)?),
        _ => {
            let (entered, waited) = beside_another(config, host, identity)?;
            turn = waited;
            privileged(entered)?
        }
    };
    let nspawn = if runs_inside {
        isolation::choose(config, &identity, &runner)?
    } else {
        None
    };
    let named = named(config, &invocation.overrides.root);
    let _run = report::Step::start("run");
    let quiet = invocation.verbosity == Verbosity::Quiet;
    let cx = Cx {
        config,
        host,
        identity: &identity,
        runner: &runner,
        turn: &turn,
        nspawn: nspawn.as_ref(),
        named: &named,
        live: config
            .logging
            .print_main_output
            .unwrap_or(!quiet && host.stderr_tty),
        logs: !matches!(command, Command::Shell(_)),
    };
    commands::run(command, cx, checkout.as_ref())
}

/// The options that lead to this root again.
fn named(config: &Config, root: &str) -> String {
    let chroot = &config.chroot;
    let rest = chroot
        .name
        .strip_prefix(&chroot.shared_name)
        .unwrap_or_default();
    match rest.strip_prefix('-') {
        Some(unique) => format!("{root} --uniqueext {unique}"),
        None => root.to_owned(),
    }
}

/// `--scrub=all` for every root that is found.
fn scrub_all(invocation: &Invocation, host: &Host, identity: Identity) -> Result<()> {
    let search = request::search(host, &identity, &invocation.overrides);
    let configs = identity.as_caller(|| Ok(config::list::names(&search)))?;
    let (identity, runner) = privileged(identity)?;
    let defaults = request::defaults(host, &identity);
    let directories = [defaults.basedir, defaults.cache_topdir];
    scrub_all::run(&directories, &configs, |known| {
        let mut overrides = invocation.overrides.clone();
        overrides.root = known.config.clone();
        if let Some(unique) = &known.unique {
            overrides
                .set
                .push(("unique-ext".to_owned(), unique.as_str().into()));
        }
        let loaded = request::load(&overrides, host, &identity, true)?;
        let turn = holders::Turn::default();
        let cx = Cx {
            config: &loaded.config,
            host,
            identity: &identity,
            runner: &runner,
            turn: &turn,
            nspawn: None,
            named: &known.config,
            live: false,
            logs: false,
        };
        commands::run(&Command::Scrub(vec![ScrubTarget::All]), cx, None)
    })?;
    // What belongs to no single root.
    scrub::packages(&directories[1].join(PACKAGES))?;
    scrub::images(&directories[1].join(IMAGES))
}

/// The identity that may change roots, and what runs programs for it.
fn privileged(identity: Identity) -> Result<(Identity, Exec)> {
    let identity = if identity.root || identity.ids != Ids::Host {
        identity
    } else {
        enter_namespace(identity)?
    };
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    Ok((identity, Exec::new(Signals::install()?)?))
}

/// Where another mock of the same user has the root mounted in its namespaces, this one enters them:
/// there only it can be seen, and it must not be mounted twice.
fn beside_another(
    config: &Config,
    host: &Host,
    identity: Identity,
) -> Result<(Identity, holders::Turn)> {
    if identity.root {
        return Ok((identity, holders::Turn::default()));
    }
    let base = Layout::of(&config.chroot).base;
    let turn = holders::Turn::take(&base, &Exec::new(Signals::install()?)?)?;
    let identity = match holders::find(&base) {
        Some(pid) => joined(pid, host, identity)?,
        None => identity,
    };
    Ok((identity, turn))
}

fn joined(pid: u32, host: &Host, identity: Identity) -> Result<Identity> {
    match userns::join(pid) {
        Ok((ids, mapped)) => {
            tracing::debug!("entered the namespaces of process {pid}, which has the root mounted");
            // The other one's mount namespace begins at its root directory.
            let _ = nix::unistd::chdir(&host.cwd);
            Ok(identity.in_namespace(ids, mapped))
        }
        // It ended just now.
        Err(error @ Error::Io { .. }) => {
            tracing::debug!("{error}");
            Ok(identity)
        }
        Err(error) => Err(error),
    }
}

fn enter_namespace(identity: Identity) -> Result<Identity> {
    let ranges = Ranges::of(&identity.name, identity.uid);
    let (ids, mapped) = userns::enter(&identity.name, ranges)?;
    if ids == Ids::Single {
        tracing::warn!(
            "{} has no subordinate ids: every file in the root gets one owner, and programs that change users only \
             pretend to. To get them: `{}`",
            identity.name,
            subids::subid_command(&identity.name)
        );
    }
    Ok(identity.in_namespace(ids, mapped))
}
