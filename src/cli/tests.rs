//! Whole command lines: what they become, and how the wrong ones are refused.

mod callers;
mod modes;
mod options;
mod refusals;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::CommandFactory;

use crate::cli::args::Args;
use crate::cli::command::ScrubTarget as Scrubbed;
use crate::cli::command::{Chain, Command, Inside, Invocation, SpecAndSources, Verbosity};
use crate::cli::{Parsed, parse};
use crate::config::{Hermetic, Overrides, PackageManagerKind, RepoSwitch, Value};
use crate::error::Error;

type Words = &'static [&'static str];

fn parse_words(words: &[&str]) -> Result<Parsed, Error> {
    let args = std::iter::once("mock").chain(words.iter().copied());
    parse("mock", args.map(OsString::from).collect())
}

fn run(words: &[&str]) -> Invocation {
    match parse_words(words) {
        Ok(Parsed::Run(invocation)) => *invocation,
        other => panic!("{words:?}: {other:?}"),
    }
}

fn command(words: &[&str]) -> Command {
    run(words).command
}

fn overrides(words: &[&str]) -> Overrides {
    let mut all = vec!["--init"];
    all.extend(words);
    run(&all).overrides
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn rebuild(srpms: &[&str]) -> Command {
    Command::Rebuild {
        srpms: strings(srpms),
        from: SpecAndSources::default(),
    }
}

fn inside(words: &[&str]) -> Inside {
    Inside {
        words: strings(words),
        ..Inside::default()
    }
}

fn from(spec: &str, sources: Option<&str>) -> SpecAndSources {
    SpecAndSources {
        spec: Some(PathBuf::from(spec)),
        sources: sources.map(PathBuf::from),
        symlink_dereference: false,
    }
}

type Assignments = Vec<(String, Value)>;

fn set(pairs: &[(&str, Value)]) -> Assignments {
    let pair = |(key, value): &(&str, Value)| ((*key).to_owned(), value.clone());
    pairs.iter().map(pair).collect()
}

fn s(text: &str) -> Value {
    Value::from(text)
}

const FALSE: Value = Value::Bool(false);
const TRUE: Value = Value::Bool(true);

#[test]
fn the_tree_is_sound() {
    Args::command().debug_assert();
}

#[test]
fn help_and_version() {
    for words in [
        &["--version"][..],
        &["--init", "--vers"],
        &["--init", "x", "--version"],
    ] {
        let text = format!("{}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(
            parse_words(words).ok(),
            Some(Parsed::Print(text)),
            "{words:?}"
        );
    }
    let Ok(Parsed::Print(help)) = parse_words(&["-h"]) else {
        panic!("no help");
    };
    assert_eq!(
        parse_words(&["--help"]).ok(),
        Some(Parsed::Print(help.clone()))
    );
    let headings: Vec<&str> = help
        .lines()
        .filter(|line| line.ends_with(':') && !line.starts_with(' '))
        .collect();
    assert_eq!(
        headings,
        [
            "Arguments:",
            "Modes:",
            "Choosing the chroot:",
            "Building:",
            "Building a chain:",
            "Building out of version control:",
            "Packages and repositories:",
            "Bootstrap root and images:",
            "Running commands:",
            "Isolation:",
            "Plugins:",
            "Output:",
        ]
    );
}
