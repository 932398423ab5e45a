//! The reference, all from the clap tree: `docs/cli.md`, the manual page, the shell completions.
//!
//! The generated files are committed, so that packages need not run the program to ship them. A
//! test compares them; `MOCK_UPDATE_DOCS=1 cargo test` writes them anew.

mod completions;
mod manual;
mod markdown;

use std::collections::BTreeSet;
use std::path::Path;

use clap::CommandFactory;

use crate::cli::args::Args;

/// Compares a committed file with what it should say, or writes it if `MOCK_UPDATE_DOCS` is set.
/// `path` is relative to the root of the repository.
pub(crate) fn check_or_update(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch of the test run, not of mock"
    )]
    let update = std::env::var_os("MOCK_UPDATE_DOCS").is_some();
    if update {
        let directory = file.parent().expect("a file has a directory");
        fs_err::create_dir_all(directory).expect("cannot create the directory");
        fs_err::write(&file, text).expect("cannot write the file");
        return;
    }
    let committed = fs_err::read_to_string(&file).unwrap_or_default();
    if committed != text {
        let differs = committed
            .lines()
            .zip(text.lines())
            .position(|(a, b)| a != b);
        let line = differs.unwrap_or_else(|| committed.lines().count().min(text.lines().count()));
        panic!(
            "{path} is out of date from line {}; write it anew with: MOCK_UPDATE_DOCS=1 cargo test",
            line + 1
        );
    }
}

/// Status and meaning, as `error.rs` assigns them.
const EXIT_CODES: &[(&str, &str)] = &[
    ("0", "Success"),
    (
        "1",
        "Something unexpected failed: a file that cannot be read, a program that cannot be \
         started. Also the usual result of a failed build, which ends with the status of the \
         program that failed, and rpmbuild's is 1",
    ),
    (
        "2",
        "The command line is not understood: an unknown option, a missing or invalid value. Also: \
         the machine does not let this user make a sandbox, or --isolation=nspawn without root",
    ),
    ("3", "The configuration is wrong or missing"),
    ("4", "With --chain: some package was not built"),
    (
        "5",
        "Options that do not go together, or a bad value that only mock can know. Also: a URL that leads to no source package; with \
         --scm-enable, no tool, no checkout, no spec file in it",
    ),
    (
        "6",
        "The architecture cannot be built on this machine, or its emulator cannot be used",
    ),
    ("7", "Interrupted with Ctrl-C"),
    ("10", "A build error that is not the status of one program"),
    ("11", "A command ran into its time limit"),
    (
        "20",
        "The root's storage cannot be used: it does not work here, a layer is not there, or \
         something else is mounted on the root. Also: the image of --buildroot-image cannot be had",
    ),
    (
        "25",
        "A snapshot that is not there, is there already or cannot be removed; LVM is missing, not \
         configured, or its pool is full",
    ),
    ("30", "The package manager failed"),
    (
        "31",
        "A requirement from outside the distribution (`external:`) that cannot be installed",
    ),
    (
        "40",
        "The source package is at fault, or the build left no results",
    ),
    (
        "50",
        "The mode was given too little, too much, or something it cannot use",
    ),
    ("60", "Another mock, or a program, is using the chroot"),
    (
        "65",
        "LVM is locked: another mock uses a volume of what is to be scrubbed",
    ),
    ("70", "The result directory cannot be created"),
    (
        "80",
        "The sandbox cannot be made, or systemd-nspawn cannot work here",
    ),
    (
        "90",
        "The image of the bootstrap root cannot be had, and is not to be replaced by packages",
    ),
    (
        "120",
        "The program for build requirements is missing, `yum-builddep` for instance",
    ),
    (
        "128+n",
        "Ended by signal n other than that of Ctrl-C: 129 for SIGHUP, 143 for SIGTERM",
    ),
    (
        "n",
        "With --shell and --chroot: the status of the command inside; with --scm-enable that of a \
         tool that failed; with the plugin lvm_root also that of a program of LVM that failed",
    ),
];

const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "http_proxy, https_proxy, ftp_proxy, no_proxy",
        "Proxies for the package manager, and with --enable-network for commands in the chroot, \
         unless the configuration sets the option of the same name",
    ),
    (
        "XDG_DATA_HOME, XDG_CACHE_HOME",
        "Without root: where chroots and caches are kept, in a directory mock of each; by default \
         ~/.local/share and ~/.cache",
    ),
    (
        "SUDO_UID, USERHELPER_UID",
        "As root: the user who called, to whom results belong",
    ),
    (
        "REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME, DOCKER_CONFIG",
        "For images: a file with passwords of registries; where podman and docker keep theirs, and \
         registries.conf of your own",
    ),
    (
        "TMPDIR",
        "Where sources are checked out and source packages are fetched to, in private directories; \
         by default /var/tmp",
    ),
    (
        "DM_DISABLE_UDEV",
        "With the plugin lvm_root: LVM makes device nodes itself if set, for systems without udev",
    ),
    ("NO_COLOR", "Keep colours out of the output if set"),
    (
        "TERM",
        "No status line without it, nor if it is dumb. What is run in the chroot has that of the configuration",
    ),
    (
        "SSH_AUTH_SOCK",
        "With --scm-enable: there for the tools that check out, as all of the environment; never in \
         the chroot",
    ),
];

/// Every option by its long name, and whether it is there.
pub(crate) fn options() -> Vec<(String, bool)> {
    let command = Args::command();
    let mut options: Vec<_> = command
        .get_arguments()
        .filter_map(|arg| Some((format!("--{}", arg.get_long()?), !arg.is_hide_set())))
        .collect();
    options.sort();
    options
}

pub(crate) fn exit_codes() -> BTreeSet<String> {
    EXIT_CODES
        .iter()
        .map(|(code, _)| (*code).to_owned())
        .collect()
}

pub(crate) fn variables() -> BTreeSet<String> {
    let names = ENVIRONMENT.iter().flat_map(|(names, _)| names.split(", "));
    names.map(str::to_owned).collect()
}

const DESCRIPTION: &str = "\
mock builds RPM packages in a clean chroot: it installs nothing but the build dependencies, builds \
as an unprivileged user, and keeps the packages and logs. Which chroot is a matter of \
configuration, chosen with --root.";

/// The command as users see it.
fn command() -> clap::Command {
    let full = Args::command();
    let usage = full.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    clap::Command::new("mock")
        .version(env!("CARGO_PKG_VERSION"))
        .about(full.get_about().cloned().unwrap_or_default())
        .long_about(DESCRIPTION)
        .override_usage(usage)
        .after_help(full.get_after_help().cloned().unwrap_or_default())
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(
            full.get_arguments()
                .filter(|arg| !arg.is_hide_set())
                .cloned(),
        )
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use super::*;
    use crate::error::Error;

    #[test]
    fn generated_files_are_current() {
        check_or_update("docs/cli.md", &markdown::page());
        check_or_update("docs/man/mock.1", &manual::page());
        check_or_update("completions/mock.bash", &completions::bash());
        check_or_update("completions/_mock", &completions::zsh());
        check_or_update("completions/mock.fish", &completions::fish());
    }

    #[test]
    fn every_option_has_one_line_of_help_and_a_group() {
        for arg in command().get_arguments().filter(|arg| !arg.is_positional()) {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty(), "{}: no help", arg.get_id());
            assert!(!help.ends_with('.'), "{}: full stop", arg.get_id());
            assert!(!help.contains('\n'), "{}: several lines", arg.get_id());
            assert!(arg.get_long_help().is_none(), "{}: long help", arg.get_id());
            assert!(
                arg.get_help_heading().is_some(),
                "{}: no group",
                arg.get_id()
            );
        }
    }

    #[test]
    fn exit_codes_are_documented() {
        let (message, hint) = (String::new(), None);
        let errors = [
            Error::CommandLine {
                message: message.clone(),
            },
            Error::Usage {
                message: message.clone(),
                hint: hint.clone(),
            },
            Error::Command {
                message: message.clone(),
                hint: hint.clone(),
            },
            Error::Config {
                place: message.clone(),
                message: message.clone(),
                excerpt: None,
                hint: hint.clone(),
            },
            Error::system("", io::Error::other("")),
            Error::Unprivileged {
                message: message.clone(),
                hint: String::new(),
            },
            Error::Sandbox {
                message: message.clone(),
                hint: hint.clone(),
            },
            Error::Locked {
                path: "/".into(),
                holder: None,
            },
            Error::ResultDir {
                path: "/".into(),
                source: io::Error::other(""),
                option: "",
            },
            Error::Chain {
                failed: vec![],
                of: 1,
            },
            Error::Architecture {
                message: message.clone(),
                hint: hint.clone(),
            },
            Error::Srpm {
                message: message.clone(),
                hint: hint.clone(),
            },
            Error::PackageManager {
                command: message.clone(),
                status: message.clone(),
                cause: vec![],
                log: None,
                hint: hint.clone(),
            },
            Error::BuildSetup {
                message: message.clone(),
                hint,
            },
            Error::Timeout {
                command: message,
                limit: Duration::ZERO,
            },
            Error::Interrupted { signal: 2 },
        ];
        let storage = [20, 25, 60, 65].map(|code| Error::Storage {
            message: String::new(),
            hint: None,
            code,
        });
        let images = [20, 90].map(|code| Error::Image {
            message: String::new(),
            hint: None,
            code,
        });
        let packages = [
            Error::NoBuilddep {
                program: String::new(),
            },
            Error::External {
                message: String::new(),
                hint: None,
            },
        ];
        let errors = errors.into_iter().chain(storage);
        for error in errors.chain(images).chain(packages) {
            let code = error.exit_code().to_string();
            assert!(
                EXIT_CODES.iter().any(|(documented, _)| *documented == code),
                "{code}, the status of {error:?}, is not documented"
            );
        }
    }
}
