//! bind_mount: directories or files of the host, at a path inside the root.

use std::path::PathBuf;

use crate::buildroot::extras::Extras;
use crate::config::{PluginConfig, Value};
use crate::error::{Error, Result};
use crate::plugin::Plugin;
use crate::sandbox::Mount;

#[derive(Debug)]
struct BindMount {
    /// (host, inside)
    pairs: Vec<(PathBuf, PathBuf)>,
}

pub(super) fn new(settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    let pairs = match settings.options.get("dirs") {
        Some(Value::List(dirs) | Value::Tuple(dirs)) => {
            dirs.iter().map(pair).collect::<Result<_>>()?
        }
        Some(Value::None) | None => Vec::new(),
        Some(_) => return Err(malformed()),
    };
    Ok(Box::new(BindMount { pairs }))
}

fn pair(entry: &Value) -> Result<(PathBuf, PathBuf)> {
    match entry {
        Value::List(two) | Value::Tuple(two) => match two.as_slice() {
            [Value::Str(host), Value::Str(inside)] => {
                Ok((PathBuf::from(host), PathBuf::from(inside)))
            }
            _ => Err(malformed()),
        },
        _ => Err(malformed()),
    }
}

fn malformed() -> Error {
    Error::Config {
        place: String::new(),
        message: "plugin bind_mount: dirs must be a list of (host path, path inside) pairs"
            .to_owned(),
        excerpt: None,
        hint: Some(
            "--plugin-option='bind_mount:dirs=[(\"/host/dir\", \"/inside/dir\")]'".to_owned(),
        ),
    }
}

impl Plugin for BindMount {
    fn name(&self) -> &'static str {
        "bind_mount"
    }

    fn contribute(&self, to: &mut Extras) -> Result<()> {
        for (source, target) in &self.pairs {
            if !source.exists() {
                return Err(Error::Config {
                    place: String::new(),
                    message: format!("plugin bind_mount: {} is not there", source.display()),
                    excerpt: None,
                    hint: None,
                });
            }
            to.mounts.push(Mount::Bind {
                source: source.clone(),
                target: target.clone(),
                writable: true,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_any_kind_of_sequence() {
        let two = |a: &str, b: &str| vec![Value::from(a), Value::from(b)];
        assert_eq!(
            pair(&Value::Tuple(two("/a", "/b"))).ok(),
            Some((PathBuf::from("/a"), PathBuf::from("/b")))
        );
        for wrong in [
            Value::from("/a"),
            Value::List(vec![Value::from("/a")]),
            Value::List(vec![Value::from(1)]),
        ] {
            assert_eq!(pair(&wrong).map(|_| ()).map_err(|e| e.exit_code()), Err(3));
        }
    }
}
