//! tmpfs: the root in memory, on machines with enough of it.

use std::sync::Once;

use crate::buildroot::Cx;
use crate::buildroot::storage::{Storage, Tmpfs, TmpfsSettings};
use crate::buildroot::trash::Trash;
use crate::config::{PluginConfig, Value};
use crate::error::{Error, Result};
use crate::plugin::Plugin;
use crate::sandbox::Ids;

#[derive(Debug)]
struct Plug {
    required_ram_mb: i64,
    settings: TmpfsSettings,
}

pub(super) fn new(settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    parse(settings).map(|plug| -> Box<dyn Plugin> { Box::new(plug) })
}

fn parse(settings: &PluginConfig) -> Result<Plug> {
    let option = |name: &str| settings.options.get(name).unwrap_or(&Value::None);
    let size = match option("max_fs_size") {
        Value::None => None,
        Value::Str(size) if !size.is_empty() && plain(size) => Some(size.clone()),
        Value::Int(size) if *size > 0 => Some(size.to_string()),
        _ => return Err(wrong("max_fs_size", "a size such as 4G", "4G")),
    };
    let mode = match option("mode") {
        Value::None => "0755".to_owned(),
        Value::Str(mode) if u32::from_str_radix(mode, 8).is_ok_and(|mode| mode <= 0o7777) => {
            mode.clone()
        }
        _ => return Err(wrong("mode", "an octal number in quotes", "'0755'")),
    };
    let required_ram_mb = match option("required_ram_mb") {
        Value::None => 900,
        Value::Int(number) => *number,
        _ => return Err(wrong("required_ram_mb", "a number", "900")),
    };
    Ok(Plug {
        required_ram_mb,
        settings: TmpfsSettings {
            size,
            mode,
            keep_mounted: option("keep_mounted") == &Value::Bool(true),
        },
    })
}

/// Nothing that would be another option of the mount.
fn plain(size: &str) -> bool {
    size.chars().all(|c| c.is_ascii_alphanumeric() || c == '%')
}

fn wrong(option: &str, expected: &str, example: &str) -> Error {
    Error::Config {
        place: String::new(),
        message: format!("plugin tmpfs: {option} must be {expected}"),
        excerpt: None,
        hint: Some(format!("--plugin-option=\"tmpfs:{option}={example}\"")),
    }
}

/// Megabytes of memory, from the text of `/proc/meminfo`.
fn memory(meminfo: &str) -> Option<i64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: i64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024)
}

impl Plugin for Plug {
    fn name(&self) -> &'static str {
        "tmpfs"
    }

    fn storage<'a>(&self, cx: Cx<'a>, _trash: &'a Trash) -> Result<Option<Box<dyn Storage + 'a>>> {
        let meminfo =
            fs_err::read_to_string("/proc/meminfo").map_err(Error::io("read", "/proc/meminfo"))?;
        let memory = memory(&meminfo).unwrap_or(0);
        if memory <= self.required_ram_mb {
            // Storage is asked for several times in a run.
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                tracing::warn!(
                    "plugin tmpfs does nothing: this machine has {memory} MB of memory, required_ram_mb is {}",
                    self.required_ram_mb
                );
            });
            return Ok(None);
        }
        Ok(Some(Box::new(Tmpfs {
            root: cx.config.chroot.rootdir.clone(),
            settings: self.settings.clone(),
            user: cx.identity.ids != Ids::Host,
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(options: &[(&str, Value)]) -> Result<TmpfsSettings> {
        let options = options
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let settings = PluginConfig {
            enable: true,
            options,
        };
        parse(&settings).map(|plug| plug.settings)
    }

    #[test]
    fn options_are_checked() -> Result<()> {
        let plain = TmpfsSettings {
            size: None,
            mode: "0755".to_owned(),
            keep_mounted: false,
        };
        assert_eq!(with(&[])?, plain);
        let options = [
            ("max_fs_size", Value::Str("4g".to_owned())),
            ("mode", Value::Str("700".to_owned())),
            ("keep_mounted", Value::Bool(true)),
        ];
        let expected = TmpfsSettings {
            size: Some("4g".to_owned()),
            mode: "700".to_owned(),
            keep_mounted: true,
        };
        assert_eq!(with(&options)?, expected);
        for (name, value) in [
            ("max_fs_size", "1,uid=0"),
            ("max_fs_size", ""),
            ("mode", "rwx"),
            ("required_ram_mb", "much"),
        ] {
            assert!(
                with(&[(name, Value::Str(value.to_owned()))]).is_err(),
                "{name}"
            );
        }
        Ok(())
    }

    #[test]
    fn memory_is_read() {
        let text = "MemTotal:        2048000 kB\nMemFree: 1 kB\n";
        assert_eq!(memory(text), Some(2000));
        assert_eq!(memory(""), None);
    }
}
