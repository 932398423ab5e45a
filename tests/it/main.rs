//! The real `mock`, run as a user runs it: real dnf, rpm and kernel, on the mini distribution.
//!
//! `tests/run.sh` makes what these tests need. Each test has a place of its own (see `support`);
//! those that cannot run here say why, and fail where CI is set.
#![expect(
    clippy::disallowed_methods,
    reason = "the seams are the program's own; tests start programs and touch files directly"
)]

mod support;

mod as_root;
mod bad_input;
mod bootstrap;
mod btrfs;
mod build;
mod build_options;
mod cache;
mod chain;
mod commands;
mod config;
mod cut_short;
mod emulation;
mod external;
mod failures;
mod full_disk;
mod hermetic;
mod hostile;
mod images;
mod installdeps;
mod isolation;
mod layers;
mod lifetime;
mod locks;
mod lvm;
mod managers;
mod newer_dnf;
mod nofsync;
mod noverify;
mod nspawn;
mod old_configs;
mod overlayfs;
mod package_cache;
mod packages;
mod root_cache;
mod rootless;
mod roots;
mod scenarios;
mod scm;
mod snapshots;
mod terminal;
mod tidy;
mod tmpfs;
mod urls;
