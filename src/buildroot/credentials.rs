//! Certificates and keys that a package manager needs inside a root. One that works from outside
//! reads the host's.

use std::path::Path;

use super::Buildroot;
use crate::config::ENTITLEMENTS;
use crate::error::{Error, Result};
use crate::sandbox::{Mount, User};

/// The certificate authority of a subscription server of one's own.
const KATELLO: &str = "/etc/rhsm/ca/katello-server-ca.pem";

/// What yum's plugin subscription-manager reads, beside the keys.
const RHSM_CONF: &str = "/etc/rhsm/rhsm.conf";

/// The machine's identity for the subscription server.
const CONSUMER: &str = "/etc/pki/consumer";

/// Nobody but root reads keys.
const SECRET: u32 = 0o600;

impl Buildroot<'_> {
    /// What a package manager that is a program of this root reads: `ssl_extra_certs`, and what
    /// belongs to a subscription.
    pub(crate) fn copy_credentials(&self) -> Result<()> {
        let packages = &self.cx.config.packages;
        for (source, target) in &packages.ssl_extra_certs {
            let source = Path::new(source);
            if source.is_dir() {
                self.copy_tree_in(source, target)?;
            } else if source.is_file() {
                self.copy_host_file(source, target, 0o644)?;
            } else {
                tracing::warn!(
                    "ssl_extra_certs: there is no {}; it is not copied",
                    source.display()
                );
            }
        }
        if packages.redhat_subscription {
            // A mount point; the keys themselves stay on the host.
            self.inside.create_dir_all(ENTITLEMENTS, User::ROOT)?;
            if Path::new(KATELLO).is_file() {
                self.copy_host_file(Path::new(KATELLO), KATELLO, 0o644)?;
            }
        }
        Ok(())
    }

    /// The keys of the subscription, for as long as the package manager runs in this root.
    pub(super) fn entitlements(&self) -> Option<Mount> {
        let wanted =
            self.cx.config.packages.redhat_subscription && Path::new(ENTITLEMENTS).is_dir();
        wanted.then(|| Mount::Bind {
            source: ENTITLEMENTS.into(),
            target: ENTITLEMENTS.into(),
            writable: false,
        })
    }

    /// What yum's plugin subscription-manager reads in the root.
    pub(super) fn copy_subscription(&self) -> Result<()> {
        for directory in [ENTITLEMENTS, CONSUMER] {
            let entries = fs_err::read_dir(directory).into_iter().flatten().flatten();
            for path in entries.map(|entry| entry.path()) {
                if path.extension().is_some_and(|suffix| suffix == "pem")
                    && let Some(target) = path.to_str()
                {
                    self.copy_host_file(&path, target, SECRET)?;
                }
            }
        }
        if Path::new(RHSM_CONF).is_file() {
            self.copy_host_file(Path::new(RHSM_CONF), RHSM_CONF, 0o644)?;
        }
        Ok(())
    }

    fn copy_host_file(&self, source: &Path, target: &str, mode: u32) -> Result<()> {
        let content = fs_err::read(source).map_err(Error::io("read", source))?;
        if let Some(directory) = Path::new(target).parent().and_then(Path::to_str) {
            self.inside.create_dir_all(directory, User::ROOT)?;
        }
        self.inside.write(target, &content, mode, User::ROOT)
    }
}
