//! What `nspawn_args` and `dev_loop_count` ask for, carried out by mock's own sandbox.

use std::path::Path;

use super::Cx;
use super::extras::Extras;
use crate::config::{Config, Wish};
use crate::error::{Error, Result};
use crate::sandbox::rights::Limit;
use crate::sandbox::{Mount, capabilities};

/// systemd-nspawn gets its arguments as they are; devices are asked for in mock's own words.
pub(crate) fn contribute(cx: Cx<'_>, to: &mut Extras) -> Result<()> {
    let isolation = &cx.config.isolation;
    if let Some(count) = isolation.loop_devices.filter(|count| *count > 0)
        && isolation.internal_dev_setup
    {
        to.mounts.push(Mount::Loops(count));
    }
    if cx.nspawn.is_none() {
        for wish in &isolation.nspawn_args.wishes {
            fulfil(wish, cx.config, to)?;
        }
    }
    Ok(())
}

fn fulfil(wish: &Wish, config: &Config, to: &mut Extras) -> Result<()> {
    match wish {
        Wish::Bind {
            source,
            target,
            writable,
        } => {
            if !source.exists() {
                return Err(Error::Config {
                    place: String::new(),
                    message: format!("nspawn_args: {} is not there", source.display()),
                    excerpt: None,
                    hint: None,
                });
            }
            to.mounts.push(if is_device(target, config) {
                Mount::Device {
                    source: source.clone(),
                    target: target.clone(),
                }
            } else {
                Mount::Bind {
                    source: source.clone(),
                    target: target.clone(),
                    writable: *writable,
                }
            });
        }
        Wish::Tmpfs { target, options } => to.mounts.push(Mount::Tmpfs {
            target: target.clone(),
            options: options.clone(),
        }),
        Wish::Keep(names) if names.is_empty() => to.rights.keep = capabilities::all(),
        Wish::Keep(names) => to.rights.keep.extend(names.iter().cloned()),
        Wish::Drop(names) if names.is_empty() => to.rights.drop = capabilities::all(),
        Wish::Drop(names) => to.rights.drop.extend(names.iter().cloned()),
        // The environment that the configuration gives every program comes after it there.
        Wish::Environment(name, value) => {
            if !config.rpmbuild.environment.contains_key(name) {
                let slot = to.environment.entry(name.clone());
                slot.or_insert_with(|| value.clone());
            }
        }
        Wish::Limit { name, soft, hard } => to.rights.limits.push(Limit {
            name: name.clone(),
            soft: *soft,
            hard: *hard,
        }),
        Wish::Hostname(name) => to.hostname = Some(name.clone()),
        Wish::NoNetwork => to.no_network = true,
    }
    Ok(())
}

/// In the sandbox's own `/dev` nothing is there yet.
fn is_device(target: &Path, config: &Config) -> bool {
    config.isolation.internal_dev_setup && target != Path::new("/dev") && target.starts_with("/dev")
}
