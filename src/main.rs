//! mock: builds RPM packages in clean chroots.
//!
//! Parse, load, run, report. Modules in reading order, outside in; one may use those below it.

mod buildroot;
mod cli;
mod commands;
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

mod start;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<std::ffi::OsString> = std::env::args_os().collect();
    if let Some(code) = sandbox::child::dispatch(&args) {
        return code;
    }
    match start::run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::failure(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
