//! Words clap's errors as one line of mock's own.
//!
//! clap renders several lines with a usage summary; mock's reporter prints an error and a hint.
//! clap also calls an ambiguous abbreviation unknown, which this tells apart.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What is wrong with the line, without the `error: ` prefix.
pub(super) fn message(error: &clap::Error, command: &clap::Command) -> String {
    let option = context(error, ContextKind::InvalidArg);
    // `--short-circuit <STAGE>`
    let name = option.split(' ').next().unwrap_or_default();
    let value = context(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument => unknown(error, name, command),
        ErrorKind::InvalidValue if value.is_empty() => format!("option '{name}' needs a value"),
        ErrorKind::InvalidValue => {
            let known = context(error, ContextKind::ValidValue);
            format!("invalid value '{value}' for '{name}': expecting one of {known}")
        }
        ErrorKind::ValueValidation => {
            let reason = error
                .source()
                .map(|source| format!(": {source}"))
                .unwrap_or_default();
            format!("invalid value '{value}' for '{name}'{reason}")
        }
        ErrorKind::TooManyValues => format!("option '{name}' takes no value"),
        ErrorKind::InvalidUtf8 => "an argument is not valid UTF-8".to_owned(),
        _ => first_line(error),
    }
}

fn unknown(error: &clap::Error, name: &str, command: &clap::Command) -> String {
    let typed = name.strip_prefix("--").unwrap_or_default();
    let candidates: Vec<String> = command
        .get_arguments()
        .filter_map(|arg| arg.get_long())
        .filter(|long| !typed.is_empty() && long.starts_with(typed))
        .map(|long| format!("'--{long}'"))
        .collect();
    if candidates.len() > 1 {
        return format!("option '{name}' is ambiguous: {}", candidates.join(", "));
    }
    match context(error, ContextKind::SuggestedArg) {
        nearest if nearest.is_empty() => format!("unknown option '{name}'"),
        nearest => format!("unknown option '{name}'; did you mean '{nearest}'?"),
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
