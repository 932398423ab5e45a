//! The order of things; the only code that knows "when".

mod bootstrap;
mod buildreqs;
pub(crate) mod buildsrpm;
pub(crate) mod chain;
pub(crate) mod clean;
mod createrepo;
pub(crate) mod external;
pub(crate) mod frame;
mod image;
mod init;
pub(crate) mod installdeps;
pub(crate) mod local_repo;
mod made_of;
pub(crate) mod open;
pub(crate) mod rebuild;
pub(crate) mod source_package;

pub(crate) use open::{Prepare, Session, preflight};
