//! Where a program runs, as plain data.
#[derive(Debug, Clone)]
pub(crate) struct Sandbox;
