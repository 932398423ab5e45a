//! mock: builds RPM packages in clean chroots.
//!
//! Parse, load, run, report. Modules in reading order, outside in; one may use those below it.

mod cli;
mod commands;
mod recipe;
mod plugins;
mod plugin;
mod package_manager;
mod rpm;
mod buildroot;
mod report;
mod run;
mod sandbox;
mod config;
mod host;
mod identity;
mod fs;
mod error;

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
