//! Options of the original that are not there yet: parsed with their arguments, then refused.
//!
//! Refusing by name beats "unknown option", and beats ignoring an option that changes what is
//! built. They are hidden from the help, the completions and the manual page.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, FromArgMatches};

pub(super) const HEADING: &str = "Not there yet";

struct Row {
    long: &'static str,
    values: usize,
    is_mode: bool,
}

const fn option(long: &'static str, values: usize) -> Row {
    Row {
        long,
        values,
        is_mode: false,
    }
}

const ROWS: &[Row] = &[option("scm-enable", 0), option("scm-option", 1)];

/// Long names of the modes.
pub(super) fn modes() -> impl Iterator<Item = &'static str> {
    ROWS.iter().filter(|row| row.is_mode).map(|row| row.long)
}

/// The first option of the line that is not there yet.
#[derive(Debug, Clone)]
pub(super) struct NotYet {
    pub(super) option: Option<&'static str>,
}

impl FromArgMatches for NotYet {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let first = ROWS
            .iter()
            .filter(|row| !row.is_mode)
            .filter(|row| matches.value_source(row.long) == Some(ValueSource::CommandLine))
            .min_by_key(|row| matches.index_of(row.long));
        Ok(Self {
            option: first.map(|row| row.long),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for NotYet {
    fn augment_args(command: clap::Command) -> clap::Command {
        command.args(ROWS.iter().map(|row| {
            let arg = Arg::new(row.long)
                .long(row.long)
                .hide(true)
                .help_heading(HEADING);
            match row.values {
                0 => arg.action(ArgAction::SetTrue),
                values => arg.action(ArgAction::Append).num_args(values),
            }
        }))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}
