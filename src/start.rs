//! From a command line to a running command: who called, which configuration, which privileges.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::buildroot::Cx;
use crate::cli::command::{Command, Invocation, Verbosity};
use crate::cli::{self, Parsed};
use crate::commands::{self, inspect};
use crate::config::{self, Config, Defaults, Loaded, Request, Search, cfg};
use crate::error::Result;
use crate::host::Host;
use crate::identity::Identity;
use crate::report;
use crate::run::exec::Exec;
use crate::run::signals::Signals;
use crate::sandbox::Ids;
use crate::sandbox::userns::{self, Ranges};

pub(crate) fn run(args: Vec<OsString>) -> Result<()> {
    let words: Vec<OsString> = args.iter().skip(1).cloned().collect();
    let invocation = match cli::parse(args)? {
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
    });
    let identity = Identity::detect(&host)?;
    for warning in &invocation.warnings {
        tracing::error!("{warning}");
    }
    if let Command::ListChroots = invocation.command {
        let mut search = search(&host, &identity);
        if let Some(directory) = &invocation.overrides.configdir {
            search.config_dirs = vec![host.cwd.join(directory)];
        }
        return identity.as_caller(|| inspect::list_chroots(&search, &facts(&host, &identity)));
    }
    let loaded = load(&invocation, &host, &identity)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    match &invocation.command {
        Command::PrintRootPath => inspect::print_root_path(&loaded.config),
        Command::DebugConfig { expanded } => inspect::debug_config(
            &loaded,
            *expanded,
            invocation.verbosity == Verbosity::Verbose,
        ),
        command => {
            config::check_host_arch(&loaded.config, &host.arch)?;
            let line = crate::run::exec::shell_quoted(&words);
            tracing::info!(
                "mock version {} starting, args: {line}",
                env!("CARGO_PKG_VERSION")
            );
            work(command, &loaded.config, &host, identity, &invocation)
        }
    }
}

/// Configuration is read with the caller's rights: it may include any path, and an error quotes it.
fn load(invocation: &Invocation, host: &Host, identity: &Identity) -> Result<Loaded> {
    identity.as_caller(|| {
        config::load(&Request {
            overrides: &invocation.overrides,
            search: search(host, identity),
            defaults: defaults(host, identity),
            host: facts(host, identity),
            host_arch: host.arch.clone(),
        })
    })
}

/// What a configuration may see of the machine.
fn facts(host: &Host, identity: &Identity) -> cfg::Host {
    cfg::Host {
        environment: host.environment.clone(),
        uid: identity.uid,
        gid: identity.gid,
        groups: identity
            .mock_gid
            .map(|gid| ("mock".to_owned(), gid))
            .into_iter()
            .collect(),
        home: identity.home.clone(),
        cwd: host.cwd.clone(),
        hostname: host.hostname.clone(),
    }
}

/// Where configurations are: the machine's own, the package's, and for a binary that was only
/// built the ones of its source tree.
fn search(host: &Host, identity: &Identity) -> Search {
    let built = std::env::current_exe().ok().and_then(|exe| {
        exe.ancestors()
            .map(|directory| directory.join("configs"))
            .find(|configs| configs.join("defaults.toml").is_file())
    });
    let installed = [
        PathBuf::from("/etc/mock"),
        PathBuf::from("/usr/share/mock/configs"),
    ];
    Search {
        config_dirs: installed
            .into_iter()
            .chain(built.filter(|_| !identity.setuid))
            .collect(),
        home: Some(identity.home.clone()),
        cwd: host.cwd.clone(),
    }
}

/// An ordinary user's state lives in their own directories (XDG Base Directory Specification).
fn defaults(host: &Host, identity: &Identity) -> Defaults {
    if identity.root {
        return Defaults::default();
    }
    let directory = |variable: &str, fallback: &str| {
        let base = host
            .env(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute());
        Some(
            base.unwrap_or_else(|| identity.home.join(fallback))
                .join("mock"),
        )
    };
    Defaults {
        basedir: directory("XDG_DATA_HOME", ".local/share"),
        cache_topdir: directory("XDG_CACHE_HOME", ".cache"),
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
    let identity = match command {
        Command::Orphanskill => identity,
        _ if identity.root => identity,
        _ => enter_namespace(identity)?,
    };
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    let runner = Exec::new(Signals::install()?)?;
    let live = config
        .logging
        .print_main_output
        .unwrap_or(invocation.verbosity != Verbosity::Quiet && host.stderr_tty);
    let logs = !matches!(command, Command::Shell(_));
    let _run = report::Step::start("run");
    commands::run(
        command,
        Cx {
            config,
            host,
            identity: &identity,
            runner: &runner,
            named: &invocation.overrides.root,
            live,
            logs,
        },
    )
}

fn enter_namespace(identity: Identity) -> Result<Identity> {
    let ranges = Ranges::of(&identity.name, identity.uid);
    let (ids, mapped) = userns::enter(&identity.name, ranges)?;
    if ids == Ids::Single {
        tracing::warn!(
            "{} has no subordinate ids: every file in the root gets one owner, and programs that change users only \
             pretend to. To get them: `{}`",
            identity.name,
            userns::subid_command(&identity.name)
        );
    }
    Ok(identity.in_namespace(ids, mapped))
}
