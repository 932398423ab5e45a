//! systemd-nspawn carries a sandbox out: the same value, as its command line.
//!
//! It is started by `init`, inside namespaces of mock's own: whatever ends mock ends the container,
//! and nothing of it is left mounted. So it cannot be registered with systemd-machined, which would
//! be told process numbers of another namespace; that also means that no systemd has to run here.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use serde::{Deserialize, Serialize};

use super::child::Report;
use super::mount::{self, Mount};
use super::{Sandbox, User};
use crate::error::{Error, Result};

pub(crate) const PROGRAM: &str = "/usr/bin/systemd-nspawn";

/// Options that it must have: those of systemd 239.
pub(crate) const NEEDED: [&str; 4] = ["--chdir", "--keep-unit", "--resolv-conf", "--timezone"];

/// Where it keeps what it shares with a container. Private here: on some hosts it is on a disk, which
/// it then refuses to clean up.
const STATE: &str = "/run/systemd/nspawn";

/// What its own environment must say for a container to be a build root.
const ENVIRONMENT: [(&str, &str); 2] = [
    // `/tmp` is the root's own.
    ("SYSTEMD_NSPAWN_TMPFS_TMP", "0"),
    // Several commands may work in one root; who may is for mock's own lock to say.
    ("SYSTEMD_NSPAWN_LOCK", "0"),
];

/// Where programs are looked for when the environment does not say it.
const SEARCHED: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How systemd-nspawn is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Nspawn {
    /// The build user, as the root calls it.
    pub(crate) user: String,
    /// `nspawn_args`.
    pub(crate) arguments: Vec<String>,
    /// Its filter of system calls stays.
    pub(crate) seccomp: bool,
    /// It can leave standard streams as they are (`--console=pipe`).
    pub(crate) pipe: bool,
}

/// What is known only where it is started.
#[derive(Debug)]
struct Circumstances {
    machine: String,
    hostname: String,
    /// All three streams are a terminal.
    terminal: bool,
    environment: Vec<(OsString, OsString)>,
}

/// Its arguments. Bind mounts are its business as well: those below `/dev` and `/run` come after its
/// own.
fn arguments(
    sandbox: &Sandbox,
    nspawn: &Nspawn,
    argv: &[OsString],
    here: &Circumstances,
) -> Vec<OsString> {
    let mut words: Vec<OsString> = ["-q", "-M", &here.machine, "-D"].map(OsString::from).into();
    words.push(sandbox.root.clone().into());
    words.push("-a".into());
    if sandbox.user != User::ROOT {
        words.extend(["-u".into(), nspawn.user.clone().into()]);
    }
    // What it would change in the root. A configuration may know better.
    words.extend(["--resolv-conf=off", "--timezone=off", "--link-journal=no"].map(OsString::from));
    if is_host_name(&here.hostname) {
        words.push(format!("--hostname={}", here.hostname).into());
    }
    words.extend(nspawn.arguments.iter().map(OsString::from));
    words.extend(["--keep-unit", "--register=no"].map(OsString::from));
    words.extend(sandbox.mounts.iter().flat_map(mount_options));
    for (option, names) in [
        ("capability", &sandbox.rights.keep),
        ("drop-capability", &sandbox.rights.drop),
    ] {
        if !names.is_empty() {
            words.push(format!("--{option}={}", names.join(",")).into());
        }
    }
    if nspawn.pipe && !(sandbox.interactive && here.terminal) {
        words.push("--console=pipe".into());
    }
    words.push(joined("--chdir=", sandbox.cwd.as_os_str()));
    for (name, value) in &here.environment {
        let mut word = joined("--setenv=", name);
        word.push("=");
        word.push(value);
        words.push(word);
    }
    words.push("--".into());
    words.extend(argv.iter().cloned());
    words
}

fn joined(option: &str, value: &OsStr) -> OsString {
    let mut word = OsString::from(option);
    word.push(value);
    word
}

/// It is strict about names, and some machines have none.
fn is_host_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.len() <= 64 && name.chars().all(plain)
}

fn mount_options(mount: &Mount) -> Vec<OsString> {
    match mount {
        // It makes these itself.
        Mount::Proc | Mount::Sys | Mount::Dev => Vec::new(),
        Mount::Bind {
            source,
            target,
            writable,
        } => {
            let option = if *writable { "--bind=" } else { "--bind-ro=" };
            vec![bind(option, source, target)]
        }
        Mount::Device { source, target } => vec![bind("--bind=", source, target)],
        Mount::Tmpfs { target, options } => {
            let mut word = joined("--tmpfs=", &escaped(target.as_os_str()));
            word.push(":");
            word.push(options);
            vec![word]
        }
        Mount::Loops(count) => {
            let control = Path::new(mount::LOOP_CONTROL);
            let nodes = (0..*count).map(|number| {
                let target = PathBuf::from(format!("/dev/loop{number}"));
                bind("--bind=", &loop_node(number), &target)
            });
            control
                .exists()
                .then(|| bind("--bind=", control, control))
                .into_iter()
                .chain(nodes)
                .collect()
        }
    }
}

fn bind(option: &str, source: &Path, target: &Path) -> OsString {
    let mut word = joined(option, &escaped(source.as_os_str()));
    word.push(":");
    word.push(escaped(target.as_os_str()));
    word
}

/// A colon ends a path there.
fn escaped(path: &OsStr) -> OsString {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let mut bytes = Vec::with_capacity(path.len());
    for byte in path.as_bytes() {
        if matches!(byte, b':' | b'\\') {
            bytes.push(b'\\');
        }
        bytes.push(*byte);
    }
    OsString::from_vec(bytes)
}

fn loop_node(number: u32) -> PathBuf {
    Path::new(STATE).join(format!("mock-loop{number}"))
}

/// What it needs around itself, in the namespaces `init` is in.
pub(super) fn ground(sandbox: &Sandbox) -> Result<()> {
    mount::proc_of_this_namespace()?;
    fs_err::create_dir_all(STATE).map_err(Error::io("make", Path::new(STATE)))?;
    mount::tmpfs_over(Path::new(STATE))?;
    for mount in &sandbox.mounts {
        if let Mount::Loops(count) = mount {
            for number in 0..*count {
                mount::make_loop(&loop_node(number), number).map_err(|errno| Error::Sandbox {
                    message: format!("cannot make the device loop{number}: {errno}"),
                    hint: Some("dev_loop_count says how many a build gets".to_owned()),
                })?;
            }
        }
    }
    Ok(())
}

/// The command that runs `argv` in the container, or why it cannot.
pub(super) fn command(
    sandbox: &Sandbox,
    nspawn: &Nspawn,
    argv: &[OsString],
) -> Result<Result<Command, Report>> {
    // What the sandbox was started with.
    let environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    if let Some(report) = obstacle(sandbox, nspawn, argv, &environment) {
        return Ok(Err(report));
    }
    let uuid = "/proc/sys/kernel/random/uuid";
    let machine = fs_err::read_to_string(uuid)
        .map_err(Error::io("read", Path::new(uuid)))?
        .trim()
        .replace('-', "");
    let here = Circumstances {
        machine,
        // That of this namespace: the sandbox's, or the host's.
        hostname: nix::unistd::gethostname()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        terminal: std::io::stdin().is_terminal()
            && std::io::stdout().is_terminal()
            && std::io::stderr().is_terminal(),
        environment,
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "carries out the sandbox that mock describes"
    )]
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments(sandbox, nspawn, argv, &here))
        .env_clear()
        .env("PATH", SEARCHED)
        .envs(ENVIRONMENT);
    if let Some(terminal) = here.environment.iter().find(|(name, _)| name == "TERM") {
        command.env("TERM", &terminal.1);
    }
    if !nspawn.seccomp {
        command.env("SYSTEMD_SECCOMP", "0");
    }
    Ok(Ok(command))
}

/// systemd-nspawn would end with status 1, as a program may. What other mounts hide is not known here.
fn obstacle(
    sandbox: &Sandbox,
    nspawn: &Nspawn,
    argv: &[OsString],
    environment: &[(OsString, OsString)],
) -> Option<Report> {
    let its_own = |mount: &Mount| {
        matches!(
            mount,
            Mount::Proc | Mount::Sys | Mount::Dev | Mount::Loops(_)
        )
    };
    let plain = sandbox.mounts.iter().all(its_own)
        && !nspawn.arguments.iter().any(|word| {
            ["--bind", "--overlay", "--tmpfs"]
                .iter()
                .any(|option| word.starts_with(option))
        });
    let made = ["/proc", "/sys", "/dev", "/run"];
    if !plain || made.iter().any(|path| sandbox.cwd.starts_with(path)) {
        return None;
    }
    if let Err(errno) = look(&sandbox.root, &sandbox.cwd, OFlag::O_DIRECTORY) {
        return Some(Report::NoDirectory {
            path: sandbox.cwd.clone(),
            errno: errno as i32,
        });
    }
    let program = Path::new(argv.first()?);
    let there = |path: &Path| look(&sandbox.root, path, OFlag::empty()).is_ok();
    let path = environment
        .iter()
        .find(|(name, _)| name == "PATH")
        .map_or(OsStr::new(SEARCHED), |(_, value)| value);
    let found = if program.components().count() > 1 {
        made.iter().any(|path| program.starts_with(path)) || there(&sandbox.cwd.join(program))
    } else {
        std::env::split_paths(path).any(|directory| there(&directory.join(program)))
    };
    (!found).then(|| Report::NotStarted {
        program: program.to_string_lossy().into_owned(),
        errno: nix::Error::ENOENT as i32,
    })
}

/// Opens a path as programs inside see it.
fn look(root: &Path, path: &Path, flags: OFlag) -> nix::Result<()> {
    let directory = nix::fcntl::open(
        root,
        OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
        nix::sys::stat::Mode::empty(),
    )?;
    let how = OpenHow::new()
        .flags(flags | OFlag::O_PATH | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_IN_ROOT);
    openat2(&directory, path, how).map(drop)
}

/// Groups below mock's own that it moves itself and the container into, and leaves behind. Asked
/// before: later `/proc` is the container's side of things.
pub(super) fn cgroups() -> Vec<PathBuf> {
    let groups = fs_err::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let paths = groups.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    let mut all = Vec::new();
    for path in paths {
        for hierarchy in ["", "/unified", "/systemd"] {
            let own = format!("/sys/fs/cgroup{hierarchy}{path}");
            all.extend(["payload", "supervisor"].map(|name| Path::new(&own).join(name)));
        }
    }
    all
}

/// Whoever still uses them keeps them: the kernel removes only empty ones.
pub(super) fn remove_cgroups(groups: &[PathBuf]) {
    for group in groups {
        let _ = fs_err::remove_dir(group);
    }
}

#[cfg(test)]
#[path = "nspawn_tests.rs"]
mod tests;
