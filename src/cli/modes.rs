//! The modes: flags of which the last on the line wins.
//!
//! A table, because a mode is one row: its flag, its help, its old-style word. Which flag came
//! last is known only by position, which derived structs do not keep, hence the hand-written
//! clap traits. `--scrub` takes values and is therefore not in the table.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, FromArgMatches, value_parser};

use crate::cli::command::ScrubTarget;

pub(super) const HEADING: &str = "Modes";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Rebuild,
    Chain,
    Buildsrpm,
    CalculateBuildDependencies,
    Init,
    Clean,
    Scrub,
    ScrubAllChroots,
    Shell,
    Chroot,
    Install,
    Installdeps,
    Update,
    Remove,
    PmCmd,
    DnfCmd,
    YumCmd,
    Copyin,
    Copyout,
    Orphanskill,
    Snapshot,
    RollbackTo,
    RemoveSnapshot,
    ListSnapshots,
    Mount,
    Umount,
    ListChroots,
    PrintRootPath,
    DebugConfig,
    DebugConfigExpanded,
}

struct Row {
    mode: Mode,
    short: Option<char>,
    long: &'static str,
    /// What the mode takes, as a usage line shows it.
    words: &'static str,
    help: &'static str,
}

const fn row(
    mode: Mode,
    short: Option<char>,
    long: &'static str,
    words: &'static str,
    help: &'static str,
) -> Row {
    Row {
        mode,
        short,
        long,
        words,
        help,
    }
}

/// In the order of the help.
const MODES: &[Row] = &[
    row(
        Mode::Rebuild,
        None,
        "rebuild",
        "SRPM...",
        "Build binary packages from source packages; the default mode",
    ),
    row(
        Mode::Chain,
        None,
        "chain",
        "SRPM...",
        "Build source packages in order, each with those before it in a repository",
    ),
    row(
        Mode::Buildsrpm,
        None,
        "buildsrpm",
        "--spec FILE [--sources PATH] | --scm-enable",
        "Build a source package from --spec and --sources, or from a checkout",
    ),
    row(
        Mode::CalculateBuildDependencies,
        None,
        "calculate-build-dependencies",
        "SRPM",
        "Install the build dependencies of a source package, generated ones too, and write buildroot_lock.json",
    ),
    row(
        Mode::Init,
        None,
        "init",
        "",
        "Make a fresh chroot ready, or with --no-clean complete the one that is there",
    ),
    row(
        Mode::Clean,
        None,
        "clean",
        "",
        "Delete the chroot, and the results if they are in their default place",
    ),
    row(
        Mode::ScrubAllChroots,
        None,
        "scrub-all-chroots",
        "",
        "Delete every chroot and every cache",
    ),
    row(
        Mode::Shell,
        None,
        "shell",
        "[COMMAND]...",
        "Run a command, or a login shell, in the chroot on this terminal",
    ),
    row(
        Mode::Chroot,
        None,
        "chroot",
        "COMMAND...",
        "Run a command in the chroot without input, and log it",
    ),
    row(
        Mode::Install,
        Some('i'),
        "install",
        "PACKAGE...",
        "Install packages into the chroot",
    ),
    row(
        Mode::Installdeps,
        None,
        "installdeps",
        "FILE...",
        "Install what source packages and spec files need to be built, binary packages to be installed",
    ),
    row(
        Mode::Update,
        None,
        "update",
        "[PACKAGE]...",
        "Update the packages in the chroot, or only those named",
    ),
    row(
        Mode::Remove,
        None,
        "remove",
        "PACKAGE...",
        "Remove packages from the chroot",
    ),
    row(
        Mode::PmCmd,
        None,
        "pm-cmd",
        "[ARGUMENT]...",
        "Run the package manager on the chroot with the words as its arguments",
    ),
    row(
        Mode::DnfCmd,
        None,
        "dnf-cmd",
        "[ARGUMENT]...",
        "Run dnf on the chroot with the words as its arguments",
    ),
    row(
        Mode::YumCmd,
        None,
        "yum-cmd",
        "[ARGUMENT]...",
        "Run yum on the chroot with the words as its arguments",
    ),
    row(
        Mode::Copyin,
        None,
        "copyin",
        "SOURCE... DESTINATION",
        "Copy files into the chroot; the last word is the destination",
    ),
    row(
        Mode::Copyout,
        None,
        "copyout",
        "SOURCE... DESTINATION",
        "Copy files out of the chroot; the last word is the destination",
    ),
    row(
        Mode::Orphanskill,
        None,
        "orphanskill",
        "",
        "Kill the processes left over in the chroot",
    ),
    row(
        Mode::Snapshot,
        None,
        "snapshot",
        "NAME",
        "Make a snapshot of the chroot, to which a clean returns from then on",
    ),
    row(
        Mode::RollbackTo,
        None,
        "rollback-to",
        "NAME",
        "Return the chroot to a snapshot, and let a clean do so from then on",
    ),
    row(
        Mode::RemoveSnapshot,
        None,
        "remove-snapshot",
        "NAME",
        "Remove a snapshot; if a clean returned to it, it returns to postinit",
    ),
    row(
        Mode::ListSnapshots,
        Some('l'),
        "list-snapshots",
        "",
        "List the chroot's snapshots, with -v what is in them; wins over every other mode",
    ),
    row(
        Mode::Mount,
        None,
        "mount",
        "[-- COMMAND]",
        "Mount the chroot where --print-root-path says, or run a command beside it",
    ),
    row(
        Mode::Umount,
        None,
        "umount",
        "",
        "Unmount the chroot; what is in it stays",
    ),
    row(
        Mode::ListChroots,
        None,
        "list-chroots",
        "",
        "List the chroot configurations with their descriptions",
    ),
    row(
        Mode::PrintRootPath,
        Some('p'),
        "print-root-path",
        "",
        "Print the path of the chroot's root; wins over every other mode",
    ),
    row(
        Mode::DebugConfig,
        None,
        "debug-config",
        "",
        "Print every option, templates unexpanded; with -v where it was set",
    ),
    row(
        Mode::DebugConfigExpanded,
        None,
        "debug-config-expanded",
        "",
        "Print every option, templates expanded; with -v where it was set",
    ),
];

/// What the mode of this name takes, for the reference.
#[cfg(test)]
pub(super) fn words_of(flag: &str) -> &'static str {
    let row = MODES.iter().find(|row| row.long == flag);
    row.map_or("", |row| row.words)
}

/// Words that choose a mode when they come first and no mode flag is given.
pub(super) const OLD_STYLE: &[(&str, Mode)] = &[
    ("chroot", Mode::Chroot),
    ("shell", Mode::Shell),
    ("rebuild", Mode::Rebuild),
    ("install", Mode::Install),
    ("installdeps", Mode::Installdeps),
    ("remove", Mode::Remove),
    ("init", Mode::Init),
    ("clean", Mode::Clean),
];

impl Mode {
    fn row(self) -> Option<&'static Row> {
        MODES.iter().find(|row| row.mode == self)
    }

    /// The flag, dashes included.
    pub(super) fn flag(self) -> String {
        format!("--{}", self.row().map_or("scrub", |row| row.long))
    }

    /// How the mode is called, for hints and the reference.
    pub(super) fn usage(self) -> String {
        let words = self.row().map_or("", |row| row.words);
        format!("mock [OPTIONS] {} {words}", self.flag())
            .trim_end()
            .to_owned()
    }
}

/// What the mode flags of a line say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// No mode flag: an old-style word, or the default.
    Unsaid,
    Mode(Mode),
}

#[derive(Debug, Clone)]
pub(super) struct Modes {
    pub(super) choice: Choice,
    /// Forces the scrub mode unless empty.
    pub(super) scrub: Vec<ScrubTarget>,
    /// These two pre-empt every mode.
    pub(super) print_root_path: bool,
    pub(super) list_snapshots: bool,
}

fn typed(matches: &ArgMatches, id: &str) -> Option<usize> {
    (matches.value_source(id) == Some(ValueSource::CommandLine))
        .then(|| matches.indices_of(id)?.next_back())
        .flatten()
}

impl FromArgMatches for Modes {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let there = MODES
            .iter()
            .map(|row| (row.long, Choice::Mode(row.mode)))
            .filter(|(id, _)| !matches!(*id, "print-root-path" | "list-snapshots"))
            .filter_map(|(id, choice)| Some((typed(matches, id)?, choice)));
        let last = there.max_by_key(|(index, _)| *index);
        Ok(Self {
            choice: last.map_or(Choice::Unsaid, |(_, choice)| choice),
            scrub: matches
                .get_many("scrub")
                .map(|targets| targets.copied().collect())
                .unwrap_or_default(),
            print_root_path: typed(matches, "print-root-path").is_some(),
            list_snapshots: typed(matches, "list-snapshots").is_some(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for Modes {
    fn augment_args(command: clap::Command) -> clap::Command {
        let scrub = Arg::new("scrub")
            .long("scrub")
            .value_name("TYPE")
            .value_parser(value_parser!(ScrubTarget))
            .action(ArgAction::Append)
            .help("Delete the chroot, a cache or everything; may be repeated")
            .help_heading(HEADING);
        MODES.iter().fold(command, |command, row| {
            let flag = Arg::new(row.long)
                .long(row.long)
                .action(ArgAction::SetTrue)
                .help(row.help)
                .help_heading(HEADING);
            let flag = match row.short {
                Some(short) => flag.short(short),
                None => flag,
            };
            let command = command.arg(flag);
            if row.mode == Mode::Clean {
                command.arg(scrub.clone())
            } else {
                command
            }
        })
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}
