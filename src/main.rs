//! mock: builds RPM packages in clean chroots.
//!
//! Parse, load, run, report. The modules below stand in reading order, outside in: each may use
//! those after it, none before it (blank lines keep them in this order).

#[cfg(test)]
mod parity;

mod start;

mod emulation;

mod isolation;

mod request;

mod commands;

mod cli;

mod recipe;

mod plugins;

mod plugin;

mod download;

mod scm;

mod buildroot;

mod oci;

mod package_manager;

mod rpm;

mod report;

mod run;

mod scratch;

mod identity;

mod sandbox;

mod config;

mod lockfile;

mod host;

mod fs;

mod ini;

mod error;

mod program;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let hidden =
        sandbox::child::dispatch(&args).or_else(|| buildroot::storage::unsettled::dispatch(&args));
    if let Some(code) = hidden {
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
