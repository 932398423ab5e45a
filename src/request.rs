//! What is asked of the configuration loader, from facts about the host and the caller.

use std::path::{Path, PathBuf};

use crate::config::{self, Defaults, Loaded, Overrides, Request, Search, cfg};
use crate::error::Result;
use crate::host::Host;
use crate::identity::Identity;
use crate::program;

/// Loads the configuration that `overrides` name, with the caller's rights: it may include any
/// path, and an error quotes it.
pub(crate) fn load(
    overrides: &Overrides,
    host: &Host,
    identity: &Identity,
    bootstrap: bool,
) -> Result<Loaded> {
    identity.as_caller(|| {
        config::load(&Request {
            overrides,
            search: search(host, identity, overrides),
            defaults: defaults(host, identity),
            host: facts(host, identity),
            host_arch: host.arch.clone(),
            bootstrap,
        })
    })
}

/// What a configuration may see of the machine.
pub(crate) fn facts(host: &Host, identity: &Identity) -> cfg::Host {
    cfg::Host {
        environment: host.environment.clone(),
        user: identity.name.clone(),
        random_seed: random_seed(),
        uid: identity.uid,
        gid: identity.gid,
        groups: identity
            .mock_gids
            .iter()
            .map(|(group, gid)| ((*group).to_owned(), *gid))
            .collect(),
        home: identity.home.clone(),
        cwd: host.cwd.clone(),
        hostname: host.hostname.clone(),
        entitlements: config::entitlement_keys(),
    }
}

/// Differs in every run, for the identifiers that configurations may make.
fn random_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// Where configurations are: the machine's own, the package's, and for a binary that was only
/// built the ones of its source tree.
pub(crate) fn search(host: &Host, identity: &Identity, overrides: &Overrides) -> Search {
    let built = std::env::current_exe().ok().and_then(|exe| {
        exe.ancestors()
            .map(|directory| directory.join("configs"))
            .find(|configs| configs.join("defaults.toml").is_file())
    });
    let installed = [
        Path::new("/etc").join(program::name()),
        Path::new("/usr/share")
            .join(program::name())
            .join("configs"),
    ];
    let config_dirs = match &overrides.configdir {
        Some(directory) => vec![host.cwd.join(directory)],
        None => installed
            .into_iter()
            .chain(built.filter(|_| !identity.setuid))
            .collect(),
    };
    Search {
        config_dirs,
        program: program::name().to_owned(),
        home: Some(identity.home.clone()),
        cwd: host.cwd.clone(),
    }
}

/// An ordinary user's state lives in their own directories (XDG Base Directory Specification).
pub(crate) fn defaults(host: &Host, identity: &Identity) -> Defaults {
    if identity.root {
        let below = |directory: &str| Path::new(directory).join(program::name());
        return Defaults {
            basedir: below("/var/lib"),
            cache_topdir: below("/var/cache"),
        };
    }
    let directory = |variable: &str, fallback: &str| {
        let base = host
            .env(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute());
        base.unwrap_or_else(|| identity.home.join(fallback))
            .join(program::name())
    };
    Defaults {
        basedir: directory("XDG_DATA_HOME", ".local/share"),
        cache_topdir: directory("XDG_CACHE_HOME", ".cache"),
    }
}
