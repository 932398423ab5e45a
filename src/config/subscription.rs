//! Red Hat subscriptions: which key the machine's is, for the addresses of keys in repositories.
//!
//! subscription-manager leaves `NUMBER-key.pem` beside `NUMBER.pem` in one directory.

use std::path::Path;

use super::cfg::Host;
use super::options::Options;
use super::reader::Reader;
use super::value::Origin;
use crate::error::Result;

/// Where keys and certificates of subscriptions are.
pub(crate) const ENTITLEMENTS: &str = "/etc/pki/entitlement";

/// Where a container finds the keys of its host.
const OF_HOST: &str = "/etc/pki/entitlement-host";

const REQUIRED: &str = "redhat_subscription_required";
const KEY_ID: &str = "redhat_subscription_key_id";

/// The names of the machine's keys, sorted.
pub(crate) fn keys() -> Vec<String> {
    keys_in(Path::new(ENTITLEMENTS))
}

fn keys_in(directory: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(directory).into_iter().flatten().flatten();
    let mut keys: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with("-key.pem"))
        .collect();
    keys.sort();
    keys
}

/// Sets the key's number where a subscription is required; without one nothing can be installed.
pub(super) fn find(options: &mut Options, host: &Host) -> Result<()> {
    let reader = Reader::new(options, None);
    if !reader.bool(&[REQUIRED])? || reader.text(&[KEY_ID])?.is_some() {
        return Ok(());
    }
    let Some(key) = host.entitlements.first() else {
        return Err(reader.advise(
            &[REQUIRED],
            format!(
                "the repositories need a Red Hat subscription, and this machine has none: no *-key.pem in {ENTITLEMENTS}"
            ),
            format!(
                "register it: `subscription-manager register`, with a free account of developers.redhat.com for \
                 instance, and see `subscription-manager status`; in a \
                 container, copy the keys of its host: `cp {OF_HOST}/*.pem {ENTITLEMENTS}/`"
            ),
        ));
    };
    let id = key.split('-').next().unwrap_or_default().to_owned();
    options.set(&[KEY_ID], id.into(), Origin::Computed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::test_site::Site;
    use super::*;

    const CONFIG: &str = "config_opts['root'] = 'a'\nconfig_opts['redhat_subscription_required'] = True\n\
        config_opts['dnf.conf'] = '[rhel]\\nsslclientkey=/etc/pki/entitlement/{{ redhat_subscription_key_id }}-key.pem\\n'\n";

    #[test]
    fn the_first_key_counts() {
        let mut site = Site::new(&[("etc/a.cfg", CONFIG)]);
        site.entitlements = vec!["123-key.pem".to_owned(), "456-key.pem".to_owned()];
        let conf = site.load().unwrap().config.packages.dnf_conf;
        assert_eq!(
            conf,
            "[rhel]\nsslclientkey=/etc/pki/entitlement/123-key.pem\n"
        );
        site.overrides.set = vec![(KEY_ID.to_owned(), "9".into())];
        let conf = site.load().unwrap().config.packages.dnf_conf;
        assert!(conf.contains("/9-key.pem"), "{conf}");
    }

    #[test]
    fn without_a_key_there_is_advice() {
        let mut site = Site::new(&[("etc/a.cfg", CONFIG)]);
        insta::assert_snapshot!(site.error(), @"
        3 /etc/a.cfg:2: the repositories need a Red Hat subscription, and this machine has none: no *-key.pem in /etc/pki/entitlement
        hint: register it: `subscription-manager register`, with a free account of developers.redhat.com for instance, and see `subscription-manager status`; in a container, copy the keys of its host: `cp /etc/pki/entitlement-host/*.pem /etc/pki/entitlement/`
        ");
        site.overrides.set = vec![(REQUIRED.to_owned(), false.into())];
        assert!(site.load().is_ok());
    }

    #[test]
    fn keys_of_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["9-key.pem", "9.pem", "10-key.pem", "x"] {
            fs_err::write(dir.path().join(name), "").unwrap();
        }
        assert_eq!(keys_in(dir.path()), ["10-key.pem", "9-key.pem"]);
        assert_eq!(keys_in(&dir.path().join("none")), Vec::<String>::new());
    }
}
