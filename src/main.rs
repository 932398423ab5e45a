//! mock: builds RPM packages in clean chroots.
#![expect(dead_code, unused_imports, reason = "the tree is being built")]

mod buildroot;
mod cli;
mod config;
mod error;
mod fs;
mod host;
mod identity;
mod package_manager;
mod plugin;
mod plugins;
mod recipe;
mod report;
mod rpm;
mod run;
mod sandbox;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<std::ffi::OsString> = std::env::args_os().collect();
    if let Some(code) = sandbox::child::dispatch(&args) {
        return code;
    }
    ExitCode::SUCCESS
}
