//! What was typed: pure, no files, no environment.
//!
//! One clap tree ([`args`]) knows every option of the original. clap splits the line and refuses
//! what it does not know ([`usage`] words that); [`invocation`] and [`overrides`] make the checks
//! clap cannot know and turn the rest into an [`Invocation`]. Modes are flags, not subcommands:
//! the last one on the line wins and the words belong to it, wherever they stand.

mod args;
pub(crate) mod command;
mod foreign;
mod invocation;
mod literal;
mod modes;
mod overrides;
#[cfg(test)]
pub(crate) mod reference;
#[cfg(test)]
mod tests;
mod usage;

use std::ffi::OsString;

use clap::FromArgMatches;
use clap::error::ErrorKind;

use crate::cli::args::Args;
use crate::cli::command::Invocation;
pub(crate) use crate::cli::invocation::nothing_to_rebuild;
use crate::error::{Error, Result};

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Parsed {
    Run(Box<Invocation>),
    /// `--help` or `--version`: this text, on standard output.
    Print(String),
}

/// Parses a whole command line; `program` is the name that help is given for.
pub(crate) fn parse(program: &str, mut args: Vec<OsString>) -> Result<Parsed> {
    // clap would swallow the first `--` wherever it stands; the original swallows only one that
    // leads the words, so `--chroot env -- ls` keeps it.
    let after = args
        .iter()
        .position(|arg| arg == "--")
        .map(|at| args.split_off(at));

    let command = args::named(program);
    let parsed =
        foreign::matches(&command, args).and_then(|matches| Args::from_arg_matches(&matches));
    match parsed {
        Ok(mut args) => {
            foreign::restore(&mut args.words);
            args.words.extend(after.into_iter().flatten());
            let invocation = invocation::from_args(args)?;
            Ok(Parsed::Run(Box::new(invocation)))
        }
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp => Ok(Parsed::Print(error.render().to_string())),
            ErrorKind::DisplayVersion => {
                Ok(Parsed::Print(format!("{}\n", env!("CARGO_PKG_VERSION"))))
            }
            _ => Err(Error::CommandLine {
                message: usage::message(&error, &command),
            }),
        },
    }
}
