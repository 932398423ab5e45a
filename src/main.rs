//! mock: builds RPM packages in clean chroots.
#![cfg_attr(
    debug_assertions,
    allow(dead_code, reason = "being built", clippy::allow_attributes)
)]

mod cli;
mod config;
mod error;
mod report;
mod run;
mod sandbox;

fn main() {}
