//! What programs inside may do beyond, or less than, what is usual.

use nix::sys::resource::{RLIM_INFINITY, Resource, setrlimit};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Capabilities by the kernel's names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rights {
    /// Of those that a real root would not have inside.
    pub(crate) keep: Vec<String>,
    pub(crate) drop: Vec<String>,
    pub(crate) limits: Vec<Limit>,
}

/// A limit of setrlimit(2): its name without `RLIMIT_`; no number is "infinity".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limit {
    pub(crate) name: String,
    pub(crate) soft: Option<u64>,
    pub(crate) hard: Option<u64>,
}

/// Sets the limits for this process and what it starts.
pub(super) fn limit(rights: &Rights) -> Result<()> {
    for limit in &rights.limits {
        let number = |amount: Option<u64>| amount.unwrap_or(RLIM_INFINITY);
        resource(&limit.name)
            .ok_or(nix::Error::EINVAL)
            .and_then(|resource| setrlimit(resource, number(limit.soft), number(limit.hard)))
            .map_err(|errno| Error::Sandbox {
                message: format!("cannot set the limit {}: {errno}", limit.name),
                hint: (errno == nix::Error::EPERM).then(|| {
                    "only root may raise a hard limit; see --rlimit in nspawn_args".to_owned()
                }),
            })?;
    }
    Ok(())
}

fn resource(name: &str) -> Option<Resource> {
    Some(match name {
        "AS" => Resource::RLIMIT_AS,
        "CORE" => Resource::RLIMIT_CORE,
        "CPU" => Resource::RLIMIT_CPU,
        "DATA" => Resource::RLIMIT_DATA,
        "FSIZE" => Resource::RLIMIT_FSIZE,
        "LOCKS" => Resource::RLIMIT_LOCKS,
        "MEMLOCK" => Resource::RLIMIT_MEMLOCK,
        "MSGQUEUE" => Resource::RLIMIT_MSGQUEUE,
        "NICE" => Resource::RLIMIT_NICE,
        "NOFILE" => Resource::RLIMIT_NOFILE,
        "NPROC" => Resource::RLIMIT_NPROC,
        "RSS" => Resource::RLIMIT_RSS,
        "RTPRIO" => Resource::RLIMIT_RTPRIO,
        "RTTIME" => Resource::RLIMIT_RTTIME,
        "SIGPENDING" => Resource::RLIMIT_SIGPENDING,
        "STACK" => Resource::RLIMIT_STACK,
        _ => return None,
    })
}
