//! The plugin's options, understood.

use std::path::PathBuf;
use std::time::Duration;

use glob::Pattern;

use crate::buildroot::archive::Format;
use crate::config::{PluginConfig, Value};
use crate::error::{Error, Result};

const DAY: u64 = 24 * 60 * 60;

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) age_check: bool,
    pub(super) max_age: Duration,
    pub(super) directory: PathBuf,
    pub(super) format: Format,
    extension: String,
    /// Paths from the root, without `./`.
    pub(super) exclude: Vec<Pattern>,
}

impl Settings {
    pub(super) fn read(settings: &PluginConfig) -> Result<Self> {
        let text = |name: &str| match settings.options.get(name) {
            Some(Value::Str(text)) => Ok(text.clone()),
            Some(Value::None) | None => Ok(String::new()),
            Some(_) => Err(wrong(&format!("{name} must be a string"), None)),
        };
        let directory = text("dir")?;
        if directory.is_empty() {
            return Err(wrong("dir must be a directory", None));
        }
        let suffix = text("extension")?;
        if suffix.contains('/') {
            return Err(wrong("extension must be the end of a file's name", None));
        }
        let max_age = match settings.options.get("max_age_days") {
            Some(Value::Int(days)) => u64::try_from(*days).ok(),
            _ => None,
        };
        let max_age = max_age
            .and_then(|days| days.checked_mul(DAY))
            .ok_or_else(|| wrong("max_age_days must be a number of days", None))?;
        let format = format(&text("compress_program")?)?;
        Ok(Self {
            age_check: settings.options.get("age_check") != Some(&Value::Bool(false)),
            max_age: Duration::from_secs(max_age),
            directory: directory.into(),
            extension: extension(format, suffix),
            format,
            exclude: exclude(settings.options.get("exclude_dirs"))?,
        })
    }

    pub(super) fn archive(&self) -> PathBuf {
        self.directory.join(format!("cache.tar{}", self.extension))
    }

    pub(super) fn exclude_texts(&self) -> Vec<&str> {
        self.exclude.iter().map(Pattern::as_str).collect()
    }

    /// Of what is left out, that which names one directory.
    pub(super) fn plain_directories(&self) -> impl Iterator<Item = &str> {
        let texts = self.exclude.iter().map(Pattern::as_str);
        texts.filter(|text| !text.contains(['*', '?', '[']))
    }
}

fn format(program: &str) -> Result<Format> {
    let format = match program.rsplit('/').next().unwrap_or_default() {
        "zstd" => Format::Zstd,
        "gzip" | "pigz" => Format::Gzip,
        "" => Format::Plain,
        _ => {
            return Err(wrong(
                &format!("there is no compress_program '{program}'"),
                Some("take zstd; there are also gzip (or pigz) and an empty one for none"),
            ));
        }
    };
    if format == Format::Gzip {
        tracing::debug!("root_cache: mock makes gzip by itself, {program} is not started");
    }
    Ok(format)
}

/// A configuration that chooses another program but no suffix does not mean the default one.
fn extension(format: Format, chosen: String) -> String {
    match (format, chosen.as_str()) {
        (Format::Gzip, ".zst") => ".gz".to_owned(),
        (Format::Plain, ".zst") => String::new(),
        _ => chosen,
    }
}

fn exclude(list: Option<&Value>) -> Result<Vec<Pattern>> {
    let malformed = || wrong("exclude_dirs must be a list of paths", None);
    let list = match list {
        Some(Value::List(list) | Value::Tuple(list)) => list,
        Some(Value::None) | None => return Ok(Vec::new()),
        Some(_) => return Err(malformed()),
    };
    list.iter()
        .map(|path| {
            let path = path.as_str().ok_or_else(malformed)?;
            let path = path.trim_start_matches("./").trim_matches('/');
            Pattern::new(path)
                .map_err(|error| wrong(&format!("exclude_dirs: {path}: {error}"), None))
        })
        .collect()
}

fn wrong(message: &str, hint: Option<&str>) -> Error {
    Error::Config {
        place: String::new(),
        message: format!("plugin root_cache: {message}"),
        excerpt: None,
        hint: hint.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, Value)]) -> Result<Settings> {
        let mut options = indexmap::IndexMap::from([
            ("dir".to_owned(), Value::from("/cache")),
            ("max_age_days".to_owned(), Value::Int(15)),
            ("compress_program".to_owned(), Value::from("zstd")),
            ("extension".to_owned(), Value::from(".zst")),
        ]);
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        options.extend(pairs);
        Settings::read(&PluginConfig {
            enable: true,
            options,
        })
    }

    #[test]
    fn programs_and_suffixes() -> Result<()> {
        for (program, extension, format, name) in [
            ("zstd", ".zst", Format::Zstd, "cache.tar.zst"),
            ("pigz", ".gz", Format::Gzip, "cache.tar.gz"),
            ("/usr/bin/gzip", ".zst", Format::Gzip, "cache.tar.gz"),
            ("", "", Format::Plain, "cache.tar"),
            ("", ".zst", Format::Plain, "cache.tar"),
            ("zstd", ".cache", Format::Zstd, "cache.tar.cache"),
        ] {
            let settings = settings(&[
                ("compress_program", Value::from(program)),
                ("extension", Value::from(extension)),
            ])?;
            assert_eq!(settings.format, format);
            assert_eq!(settings.archive(), PathBuf::from("/cache").join(name));
        }
        for (name, value) in [
            ("compress_program", Value::from("xz")),
            ("compress_program", Value::from("zstd -19")),
            ("compress_program", Value::Int(9)),
            ("extension", Value::from("/../../x")),
            ("max_age_days", Value::Int(-1)),
            ("max_age_days", Value::Int(i64::MAX)),
            ("dir", Value::None),
            ("exclude_dirs", Value::from("./proc")),
        ] {
            let error = settings(&[(name, value)]);
            assert_eq!(error.map(drop).map_err(|error| error.exit_code()), Err(3));
        }
        Ok(())
    }

    #[test]
    fn excluded_paths_are_from_the_root() -> Result<()> {
        let list = ["./proc", "/sys/", "tmp/ccache", "./var/cache/*"].map(Value::from);
        let settings = settings(&[("exclude_dirs", Value::List(list.to_vec()))])?;
        assert_eq!(
            settings.exclude_texts(),
            ["proc", "sys", "tmp/ccache", "var/cache/*"]
        );
        assert_eq!(
            settings.plain_directories().collect::<Vec<_>>(),
            ["proc", "sys", "tmp/ccache"]
        );
        Ok(())
    }
}
