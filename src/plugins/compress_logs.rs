//! compress_logs: the log files in the result directory, compressed when a build is over.

use std::path::Path;

use crate::buildroot::Buildroot;
use crate::config::{PluginConfig, Value};
use crate::error::Result;
use crate::plugin::Plugin;
use crate::rpm::rpmbuild::quote;

const LOGS: [&str; 6] = [
    "root.log",
    "build.log",
    "state.log",
    "available_pkgs.log",
    "installed_pkgs.log",
    "hw_info.log",
];

#[derive(Debug)]
struct CompressLogs {
    command: String,
}

pub(super) fn new(settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    let command = match settings.options.get("command") {
        Some(Value::Str(command)) if !command.is_empty() => command.clone(),
        _ => "gzip".to_owned(),
    };
    Ok(Box::new(CompressLogs { command }))
}

impl Plugin for CompressLogs {
    fn name(&self) -> &'static str {
        "compress_logs"
    }

    fn logs_closed(&self, root: &Buildroot<'_>, result: &Path) -> Result<()> {
        for log in LOGS
            .map(|name| result.join(name))
            .iter()
            // gzip -f follows links.
            .filter(|log| {
                let metadata = log.symlink_metadata();
                metadata.is_ok_and(|metadata| metadata.is_file())
            })
        {
            // gzip asks before it replaces an earlier build's log.
            let force = if self.command == "gzip" { " -f" } else { "" };
            let line = format!("{}{force} {}", self.command, quote(&log.to_string_lossy()));
            let (status, text) = root.run_on_host_as_caller(&["/bin/sh", "-c", &line])?;
            if !status.success() {
                tracing::warn!("cannot compress {}: {}", log.display(), text.trim());
            }
        }
        Ok(())
    }
}
