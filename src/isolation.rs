//! By what programs inside a root are kept apart: mock's own sandbox, or systemd-nspawn.
//!
//! Decided once, before anything is made. Where systemd-nspawn is to be used it is tried, in the way it
//! will be: no list of conditions would be as good.

use std::path::Path;

use crate::config::{Config, IsolationKind};
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::report::LogSink;
use crate::run::{Cmd, Runner, Status, Stdio};
use crate::sandbox::nspawn::{NEEDED, PROGRAM};
use crate::sandbox::{Ids, Mount, Network, Nspawn, Sandbox, User, View};

/// What works everywhere.
const INSTEAD: &str = "--isolation=simple uses mock's own sandbox, which needs none of this";

/// What the programs of the trial need of the host.
const OF_HOST: [&str; 5] = ["/usr", "/bin", "/lib", "/lib64", "/lib32"];

/// Refuses what can be known without privileges.
pub(crate) fn check_caller(config: &Config, identity: &Identity) -> Result<()> {
    if config.isolation.by_use_nspawn {
        tracing::info!("use_nspawn is obsolete: isolation = 'nspawn' or 'simple' says the same");
    }
    if config.isolation.kind == IsolationKind::Nspawn && !identity.root {
        return Err(Error::Unprivileged {
            message: format!("isolation=nspawn: {PROGRAM} needs root"),
            hint: INSTEAD.to_owned(),
        });
    }
    Ok(())
}

/// Gives how systemd-nspawn is used, if it is.
pub(crate) fn choose(
    config: &Config,
    identity: &Identity,
    runner: &dyn Runner,
) -> Result<Option<Nspawn>> {
    let isolation = &config.isolation;
    let foreign = &isolation.nspawn_args.foreign;
    let own = "isolation: mock's own sandbox";
    match isolation.kind {
        IsolationKind::Simple => {
            warn_of(foreign, "isolation=simple");
            tracing::debug!("{own} (isolation=simple)");
            Ok(None)
        }
        IsolationKind::Auto if foreign.is_empty() => {
            tracing::debug!("{own} (isolation=auto, and nothing needs systemd-nspawn)");
            Ok(None)
        }
        IsolationKind::Auto if !identity.root => {
            warn_of(foreign, "only root can use that");
            tracing::debug!("{own} (isolation=auto, and systemd-nspawn needs root)");
            Ok(None)
        }
        IsolationKind::Auto => match usable(config, runner) {
            Ok(nspawn) => {
                let asked = foreign.join(" ");
                tracing::debug!("isolation: {PROGRAM} (isolation=auto, for nspawn_args {asked})");
                Ok(Some(nspawn))
            }
            Err(error @ Error::Interrupted { .. }) => Err(error),
            Err(error) => {
                warn_of(foreign, &error.to_string());
                tracing::debug!("{own} (isolation=auto, and systemd-nspawn cannot be used)");
                Ok(None)
            }
        },
        IsolationKind::Nspawn => {
            let nspawn = usable(config, runner)?;
            tracing::debug!("isolation: {PROGRAM} (isolation=nspawn)");
            Ok(Some(nspawn))
        }
    }
}

fn warn_of(foreign: &[String], why: &str) {
    for argument in foreign {
        tracing::warn!("nspawn_args: {argument} has no effect without systemd-nspawn ({why})");
    }
}

/// Looks at the program, and tries it.
fn usable(config: &Config, runner: &dyn Runner) -> Result<Nspawn> {
    if !Path::new(PROGRAM).exists() {
        return Err(impossible(
            format!("{PROGRAM} is not there"),
            "`dnf install systemd-container`, `apt-get install systemd-container`; or: ",
        ));
    }
    let help = run(
        runner,
        &[PROGRAM, "--no-pager", "--help"],
        Sandbox::machine(Ids::Host),
    );
    let (_, help) = help.map_err(|error| match error {
        Error::Spawn { .. } => impossible(error.to_string(), ""),
        other => other,
    })?;
    let knows = |option: &str| {
        help.split([' ', '\n', '=', '[', ','])
            .any(|word| word == option)
    };
    if let Some(missing) = NEEDED.iter().find(|option| !knows(option)) {
        return Err(impossible(
            format!("{PROGRAM} has no {missing}: systemd 239 or newer is needed"),
            "",
        ));
    }
    let nspawn = Nspawn {
        user: config.users.chrootuser.clone(),
        arguments: config.isolation.nspawn_args.given.clone(),
        seccomp: config.isolation.seccomp,
        pipe: knows("--console") && knows("--pipe"),
    };
    attempt(&nspawn, runner)?;
    Ok(nspawn)
}

/// Runs a program of the host in a container, and says what systemd-nspawn says when it cannot.
fn attempt(nspawn: &Nspawn, runner: &dyn Runner) -> Result<()> {
    let root = tempfile::Builder::new()
        .prefix("mock-nspawn.")
        .tempdir()
        .map_err(|e| Error::system("cannot make a directory to try systemd-nspawn in", e))?;
    let usr = root.path().join("usr");
    fs_err::create_dir(&usr).map_err(Error::io("make", &usr))?;
    let of_host = OF_HOST.iter().map(Path::new).filter(|path| path.exists());
    let sandbox = Sandbox {
        root: root.path().to_owned(),
        view: View::Inside,
        mounts: of_host
            .map(|path| Mount::Bind {
                source: path.to_owned(),
                target: path.to_owned(),
                writable: false,
            })
            .collect(),
        network: Network::Private,
        user: User::ROOT,
        nspawn: Some(nspawn.clone()),
        ..Sandbox::machine(Ids::Host)
    };
    let (status, said) = run(runner, &["/usr/bin/true"], sandbox)?;
    if status.success() {
        return Ok(());
    }
    let said = said.trim();
    let last = said.lines().rev().take(3).collect::<Vec<_>>();
    let why = match last.as_slice() {
        [] => crate::buildroot::describe(status),
        lines => lines.iter().rev().copied().collect::<Vec<_>>().join("; "),
    };
    Err(impossible(
        format!("{PROGRAM} does not work here: {why}"),
        reason(said),
    ))
}

/// What is behind the messages that are known.
fn reason(said: &str) -> &'static str {
    const REASONS: [(&str, &str); 4] = [
        (
            "Operation not permitted",
            "in a container it needs `--privileged` (CAP_SYS_ADMIN, and a /proc and /sys that are whole); or: ",
        ),
        (
            "Permission denied",
            "in a container it needs `--privileged` (CAP_SYS_ADMIN, and a /proc and /sys that are whole); or: ",
        ),
        (
            "cgroup",
            "it needs /sys/fs/cgroup as the kernel and systemd lay it out, writable; or: ",
        ),
        (
            "unrecognized option",
            "an argument in nspawn_args is not known to this version; or: ",
        ),
    ];
    let known = REASONS.iter().find(|(sign, _)| said.contains(sign));
    known.map_or("", |(_, hint)| hint)
}

fn impossible(why: String, first: &str) -> Error {
    Error::Sandbox {
        message: format!("isolation with systemd-nspawn: {why}"),
        hint: Some(format!("{first}{INSTEAD}")),
    }
}

fn run(runner: &dyn Runner, argv: &[&str], sandbox: Sandbox) -> Result<(Status, String)> {
    let cmd = Cmd {
        argv: argv.iter().map(std::ffi::OsString::from).collect(),
        env: vec![("LC_ALL".to_owned(), "C.UTF-8".to_owned())],
        sandbox,
        stdio: Stdio::Captured,
        timeout: Some(std::time::Duration::from_secs(60)),
    };
    let mut sink = LogSink::capture_only();
    let status = runner.run(&cmd, &mut sink)?;
    Ok((status, sink.captured_text()))
}
