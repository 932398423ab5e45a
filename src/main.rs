//! mock: builds RPM packages in clean chroots.
#![expect(dead_code, unused_imports, reason = "the tree is being built")]

mod cli;
mod config;
mod error;
mod report;
mod run;
mod sandbox;

fn main() {}
