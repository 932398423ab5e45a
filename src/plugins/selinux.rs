//! selinux: keeps SELinux labels out of the root, which has no policy of its own.
//!
//! On a host with SELinux the host's rpm would label the root's files by the host's policy, and in
//! a user namespace it may not label at all and fails. Programs inside see no SELinux anyway: the
//! sandbox's `/sys` has no selinuxfs.

use std::path::Path;

use crate::buildroot::Buildroot;
use crate::buildroot::extras::Equipment;
use crate::config::{PackageManagerKind, PluginConfig};
use crate::error::Result;
use crate::plugin::Plugin;

#[derive(Debug)]
struct Selinux {
    enabled: bool,
}

pub(super) fn new(_settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    // Readable where a policy is loaded, enforcing or not.
    let enabled = Path::new("/sys/fs/selinux/enforce").exists();
    tracing::debug!("selinux {}", if enabled { "enabled" } else { "disabled" });
    Ok(Box::new(Selinux { enabled }))
}

impl Selinux {
    fn option(&self) -> Option<String> {
        self.enabled
            .then(|| "--setopt=tsflags=nocontexts".to_owned())
    }
}

impl Plugin for Selinux {
    fn name(&self) -> &'static str {
        "selinux"
    }

    fn equip(
        &self,
        _manager: PackageManagerKind,
        _root: &Buildroot<'_>,
        to: &mut Equipment,
    ) -> Result<()> {
        to.manager.options.extend(self.option());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_left_out_only_where_there_are_labels() {
        for (enabled, expected) in [
            (true, Some("--setopt=tsflags=nocontexts".to_owned())),
            (false, None),
        ] {
            assert_eq!(Selinux { enabled }.option(), expected);
        }
    }
}
