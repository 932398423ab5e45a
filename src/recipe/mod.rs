//! The order of things; the only code that knows "when".

mod bootstrap;
mod buildreqs;
pub(crate) mod buildsrpm;
pub(crate) mod clean;
mod init;
pub(crate) mod installdeps;
pub(crate) mod open;
pub(crate) mod rebuild;

pub(crate) use open::{Prepare, Session, preflight};
