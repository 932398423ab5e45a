//! What was typed: pure, no files, no environment.

pub(crate) mod command;
