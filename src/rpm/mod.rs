//! RPM's own things: package headers, requirements, rpmbuild's command lines, spec files. Pure but for reading
//! a header from an open file.

pub(crate) mod header;
mod index;
pub(crate) mod requires;
pub(crate) mod rpmbuild;
pub(crate) mod spec;
