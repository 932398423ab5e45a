//! lvm_root: the root on a thin volume, with snapshots. Reads the options; the work is the storage's
//! (`buildroot/storage/lvm/`).

use std::time::Duration;

use crate::buildroot::Cx;
use crate::buildroot::storage::{self, LvmOptions, Storage};
use crate::buildroot::trash::Trash;
use crate::config::{PluginConfig, Value};
use crate::error::{Error, Result};
use crate::plugin::Plugin;

#[derive(Debug)]
struct LvmRoot {
    options: LvmOptions,
}

pub(super) fn new(settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    let options = options(settings)?;
    Ok(Box::new(LvmRoot { options }))
}

impl Plugin for LvmRoot {
    fn name(&self) -> &'static str {
        "lvm_root"
    }

    fn storage<'a>(&self, cx: Cx<'a>, _trash: &'a Trash) -> Result<Option<Box<dyn Storage + 'a>>> {
        storage::lvm(cx, self.options.clone()).map(Some)
    }
}

fn options(settings: &PluginConfig) -> Result<LvmOptions> {
    let volume_group = text(settings, "volume_group")?.ok_or_else(|| Error::Storage {
        message: "Volume group must be specified".to_owned(),
        hint: Some(
            "--plugin-option=lvm_root:volume_group=NAME; `vgs` lists the volume groups there are"
                .to_owned(),
        ),
        code: 25,
    })?;
    let filesystem = text(settings, "filesystem")?.unwrap_or_else(|| "ext4".to_owned());
    let mkfs = text(settings, "mkfs_command")?.unwrap_or_else(|| format!("mkfs.{filesystem}"));
    Ok(LvmOptions {
        volume_group,
        pool_name: text(settings, "pool_name")?.unwrap_or_else(|| "mockbuild".to_owned()),
        size: text(settings, "size")?.unwrap_or_else(|| "2G".to_owned()),
        metadata_size: text(settings, "poolmetadatasize")?,
        check_size: flag(settings, "check_size", true)?,
        umount_root: flag(settings, "umount_root", false)?,
        mkfs: mkfs.split_whitespace().map(str::to_owned).collect(),
        mkfs_args: texts(settings, "mkfs_args")?,
        filesystem,
        mount_options: text(settings, "mount_options")?,
        sleep_time: seconds(settings, "sleep_time", 1)?,
    })
}

fn wrong(name: &str, what: &str) -> Error {
    Error::Config {
        place: String::new(),
        message: format!("plugin lvm_root: {name} must be {what}"),
        excerpt: None,
        hint: None,
    }
}

/// A text, or a number where lvm takes one: a size in MiB.
fn text(settings: &PluginConfig, name: &str) -> Result<Option<String>> {
    match settings.options.get(name) {
        None | Some(Value::None) => Ok(None),
        Some(Value::Str(text)) if text.is_empty() => Ok(None),
        Some(Value::Str(text)) => Ok(Some(text.clone())),
        Some(Value::Int(number)) if name.ends_with("size") && *number > 0 => {
            Ok(Some(number.to_string()))
        }
        Some(_) => Err(wrong(name, "a string")),
    }
}

fn texts(settings: &PluginConfig, name: &str) -> Result<Vec<String>> {
    match settings.options.get(name) {
        None | Some(Value::None) => Ok(Vec::new()),
        Some(Value::List(words) | Value::Tuple(words)) => words
            .iter()
            .map(|word| word.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(|| wrong(name, "a list of strings")),
        Some(_) => Err(wrong(name, "a list of strings")),
    }
}

fn flag(settings: &PluginConfig, name: &str, default: bool) -> Result<bool> {
    match settings.options.get(name) {
        None | Some(Value::None) => Ok(default),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(wrong(name, "true or false")),
    }
}

fn seconds(settings: &PluginConfig, name: &str, default: u64) -> Result<Duration> {
    let limit = || wrong(name, "a number of seconds");
    match settings.options.get(name) {
        None | Some(Value::None) => Ok(Duration::from_secs(default)),
        Some(Value::Int(value)) => u64::try_from(*value)
            .map(Duration::from_secs)
            .map_err(|_| limit()),
        Some(Value::Float(value)) => Duration::try_from_secs_f64(*value).map_err(|_| limit()),
        Some(_) => Err(limit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, Value)]) -> Result<LvmOptions> {
        let options = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        super::options(&PluginConfig {
            enable: true,
            options,
        })
    }

    #[test]
    fn defaults_are_the_originals() -> Result<()> {
        let options = with(&[("volume_group", "vg".into())])?;
        assert_eq!(options.pool_name, "mockbuild");
        assert_eq!(options.size, "2G");
        assert_eq!(options.mkfs, ["mkfs.ext4"]);
        assert_eq!(options.sleep_time, Duration::from_secs(1));
        assert!(options.check_size && !options.umount_root);
        let options = with(&[
            ("volume_group", "vg".into()),
            ("size", Value::Int(4096)),
            ("filesystem", "xfs".into()),
            ("mkfs_args", Value::Tuple(vec!["-q".into()])),
        ])?;
        assert_eq!(options.size, "4096");
        assert_eq!(options.mkfs, ["mkfs.xfs"]);
        assert_eq!(options.mkfs_args, ["-q"]);
        Ok(())
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let error = with(&[]).expect_err("there is no group");
        assert_eq!(error.exit_code(), 25);
        assert_eq!(error.to_string(), "Volume group must be specified");
        for (name, value) in [
            ("pool_name", Value::Int(1)),
            ("size", Value::Bool(true)),
            ("mkfs_args", Value::from("-q")),
            ("mkfs_args", Value::List(vec![Value::Int(1)])),
            ("check_size", Value::from("yes")),
            ("sleep_time", Value::Int(-1)),
        ] {
            let error =
                with(&[("volume_group", "vg".into()), (name, value)]).expect_err("it is wrong");
            assert_eq!(error.exit_code(), 3, "{name}");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
