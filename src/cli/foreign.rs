//! Options of the package manager among the words of `--pm-cmd` and its siblings.
//!
//! `mock --pm-cmd install --skip-broken foo` is how programs call mock. Everywhere else an unknown
//! option is a mistake; there it is a word for the package manager. clap knows no such mode of
//! options, so each unknown one is hidden from it by a mark and the line is parsed again.

use std::ffi::{OsStr, OsString};

use clap::ArgMatches;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// No keyboard types it, and no option begins with it.
const MARK: &str = "\u{1}";

const MODES: [&str; 3] = ["--pm-cmd", "--dnf-cmd", "--yum-cmd"];

/// Turns hidden options back into words.
pub(super) fn restore(words: &mut [OsString]) {
    for word in words {
        if let Some(option) = word.to_str().and_then(|word| word.strip_prefix(MARK)) {
            *word = option.into();
        }
    }
}

/// Parses `args`; with a package manager's mode among them, unknown options become words.
pub(super) fn matches(
    command: &clap::Command,
    mut args: Vec<OsString>,
) -> Result<ArgMatches, clap::Error> {
    let lenient = args.iter().any(|arg| MODES.iter().any(|mode| arg == mode));
    loop {
        let parsed = command.clone().try_get_matches_from(&args);
        let unknown = match &parsed {
            Err(error) if lenient && error.kind() == ErrorKind::UnknownArgument => unknown(error),
            _ => None,
        };
        let place = unknown.and_then(|option| args.iter().skip(1).position(|arg| is(arg, &option)));
        let Some(place) = place else {
            return parsed;
        };
        let mut hidden = OsString::from(MARK);
        hidden.push(&args[place + 1]);
        args[place + 1] = hidden;
    }
}

fn unknown(error: &clap::Error) -> Option<String> {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(option)) => Some(option.clone()),
        _ => None,
    }
}

/// Whether `arg` is the option that clap named: alone, with `=value`, or glued.
fn is(arg: &OsStr, option: &str) -> bool {
    let Some(rest) = arg.to_str().and_then(|arg| arg.strip_prefix(option)) else {
        return false;
    };
    rest.is_empty() || rest.starts_with('=') || !option.starts_with("--")
}
