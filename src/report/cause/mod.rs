//! Finds the lines that say why a program failed.
use super::ansi;

/// Why a build failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct BuildCause {
    /// The part of the spec file, such as `%build`.
    pub(crate) section: Option<String>,
    pub(crate) lines: Vec<String>,
}

pub(crate) fn of_build(_lines: &[&str]) -> BuildCause {
    BuildCause::default()
}
pub(crate) fn of_transaction(_lines: &[&str]) -> Vec<String> {
    Vec::new()
}
pub(super) fn tidy(line: &str) -> String {
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}
