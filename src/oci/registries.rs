//! Where names lead: short names, and what the host says about registries.
//!
//! `containers-registries.conf(5)` is read as podman reads it, as far as it concerns pulling:
//! aliases, the registries that short names are looked for in, other locations, registries without
//! TLS, blocked ones. Mirrors are not tried.

use std::collections::BTreeMap;

use oci_spec::distribution::Reference as Name;
use toml::{Table, Value};

use super::fault::{Fault, Result};
use super::reference::Remote;

/// Where distributions publish their images, by the names they have in configurations; as
/// `shortnames.conf` of podman's packages has them.
const ALIASES: [(&str, &str); 16] = [
    ("fedora", "registry.fedoraproject.org/fedora"),
    (
        "fedora-minimal",
        "registry.fedoraproject.org/fedora-minimal",
    ),
    ("centos", "quay.io/centos/centos"),
    ("almalinux", "docker.io/library/almalinux"),
    ("almalinux-minimal", "docker.io/library/almalinux-minimal"),
    ("rockylinux", "docker.io/library/rockylinux"),
    (
        "oraclelinux",
        "container-registry.oracle.com/os/oraclelinux",
    ),
    ("ubi8", "registry.access.redhat.com/ubi8"),
    ("ubi9", "registry.access.redhat.com/ubi9"),
    ("rhel7", "registry.access.redhat.com/rhel7"),
    ("opensuse/leap", "registry.opensuse.org/opensuse/leap"),
    (
        "opensuse/tumbleweed",
        "registry.opensuse.org/opensuse/tumbleweed",
    ),
    ("amazonlinux", "public.ecr.aws/amazonlinux/amazonlinux"),
    ("debian", "docker.io/library/debian"),
    ("ubuntu", "docker.io/library/ubuntu"),
    ("mageia", "docker.io/library/mageia"),
];

/// Where a short name is looked for that nobody says anything about.
const DEFAULT: &str = "docker.io";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Registries {
    aliases: BTreeMap<String, String>,
    search: Vec<String>,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Rule {
    prefix: String,
    location: Option<String>,
    insecure: bool,
    blocked: bool,
}

/// An image in a registry, and how to speak to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) name: Name,
    /// Without TLS, or with certificates that nobody vouches for.
    pub(super) insecure: bool,
}

impl Registries {
    /// From the texts of the files in the order they are read: what comes later wins. A file that
    /// cannot be understood is left out, with a warning.
    pub(crate) fn read(files: &[(String, String)]) -> Self {
        let mut all = Self::default();
        for (file, text) in files {
            match text.parse::<Table>() {
                Ok(table) => all.add(&table),
                Err(error) => tracing::warn!("{file}: {}", error.message()),
            }
        }
        // The longest prefix decides.
        all.rules
            .sort_by_key(|rule| std::cmp::Reverse(rule.prefix.len()));
        all
    }

    fn add(&mut self, table: &Table) {
        if let Some(search) = table.get("unqualified-search-registries") {
            self.search = strings(search);
        }
        for (name, place) in table
            .get("aliases")
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
        {
            if let Some(place) = place.as_str() {
                self.aliases.insert(name.clone(), place.to_owned());
            }
        }
        let rules = table.get("registry").and_then(Value::as_array);
        for rule in rules.into_iter().flatten() {
            let text = |key: &str| rule.get(key).and_then(Value::as_str).map(str::to_owned);
            let flag = |key: &str| rule.get(key).and_then(Value::as_bool).unwrap_or(false);
            let location = text("location");
            if let Some(prefix) = text("prefix").or_else(|| location.clone()) {
                self.rules.retain(|other| other.prefix != prefix);
                self.rules.push(Rule {
                    prefix,
                    location,
                    insecure: flag("insecure"),
                    blocked: flag("blocked"),
                });
            }
        }
    }

    /// Where the image may be, in the order to look.
    pub(super) fn places(&self, remote: &Remote) -> Result<Vec<Place>> {
        let Some(short) = &remote.short else {
            return Ok(vec![self.place(remote.name.clone())?]);
        };
        let built_in = || ALIASES.iter().find(|(name, _)| name == short);
        let alias = self
            .aliases
            .get(short)
            .map(String::as_str)
            .or_else(|| built_in().map(|(_, place)| *place));
        if let Some(place) = alias {
            return Ok(vec![self.place(remote.at(place)?)?]);
        }
        if self.search.is_empty() {
            return Ok(vec![self.place(remote.at(&format!("{DEFAULT}/{short}"))?)?]);
        }
        self.search
            .iter()
            .map(|registry| self.place(remote.at(&format!("{registry}/{short}"))?))
            .collect()
    }

    fn place(&self, name: Name) -> Result<Place> {
        let text = format!("{}/{}", name.registry(), name.repository());
        let rule = self.rules.iter().find(|rule| rule.covers(&text));
        let Some(rule) = rule else {
            let insecure = is_loopback(name.registry());
            return Ok(Place { name, insecure });
        };
        if rule.blocked {
            return Err(Fault::new(format!(
                "{text}: registries.conf blocks '{}'",
                rule.prefix
            )));
        }
        let name = match &rule.location {
            Some(location) if *location != rule.prefix && !rule.prefix.starts_with("*.") => {
                let rest = text.strip_prefix(&rule.prefix).unwrap_or_default();
                Remote { name, short: None }.at(&format!("{location}{rest}"))?
            }
            _ => name,
        };
        let insecure = rule.insecure || is_loopback(name.registry());
        Ok(Place { name, insecure })
    }
}

impl Rule {
    /// A prefix ends where a component of the name does; `*.example.org` is all below it.
    fn covers(&self, name: &str) -> bool {
        if let Some(domain) = self.prefix.strip_prefix('*') {
            let registry = name.split('/').next().unwrap_or_default();
            let host = registry.split(':').next().unwrap_or_default();
            return registry.ends_with(domain) || host.ends_with(domain);
        }
        name.strip_prefix(&self.prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
    }
}

/// Nobody listens in between on the machine itself.
fn is_loopback(registry: &str) -> bool {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    host == "localhost"
        || host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
}

fn strings(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::reference::Reference;
    use super::*;

    fn places(registries: &Registries, text: &str) -> Vec<(String, bool)> {
        let Ok(Reference::Registry(remote)) = Reference::parse(text, Path::new("/")) else {
            panic!("{text} is a name");
        };
        let places = registries.places(&remote).unwrap_or_default();
        let places = places.into_iter();
        places.map(|p| (p.name.to_string(), p.insecure)).collect()
    }

    fn read(text: &str) -> Registries {
        Registries::read(&[("registries.conf".to_owned(), text.to_owned())])
    }

    #[test]
    fn without_files() {
        let none = Registries::default();
        for (text, place, insecure) in [
            ("fedora:43", "registry.fedoraproject.org/fedora:43", false),
            ("busybox", "docker.io/library/busybox:latest", false),
            ("me/mine:1", "docker.io/me/mine:1", false),
            ("localhost:5000/x:1", "localhost:5000/x:1", true),
            ("127.0.0.1:5000/x:1", "127.0.0.1:5000/x:1", true),
            ("example.org/x:1", "example.org/x:1", false),
        ] {
            assert_eq!(
                places(&none, text),
                [(place.to_owned(), insecure)],
                "{text}"
            );
        }
    }

    #[test]
    fn the_host_has_its_say() {
        let host = read(
            "unqualified-search-registries = ['one.example', 'two.example:5000']\n\
             [aliases]\n'fedora' = 'mirror.example/os/fedora'\n\
             [[registry]]\nlocation = 'two.example:5000'\ninsecure = true\n\
             [[registry]]\nprefix = 'quay.io/centos'\nlocation = 'mirror.example/c'\n\
             [[registry]]\nprefix = '*.bad.example'\nblocked = true\n",
        );
        let one = |text: &str| (text.to_owned(), false);
        assert_eq!(
            places(&host, "fedora:43"),
            [one("mirror.example/os/fedora:43")]
        );
        assert_eq!(
            places(&host, "x:1"),
            [
                one("one.example/x:1"),
                ("two.example:5000/x:1".to_owned(), true)
            ]
        );
        assert_eq!(
            places(&host, "quay.io/centos/centos:9"),
            [one("mirror.example/c/centos:9")]
        );
        assert_eq!(
            places(&host, "quay.io/centosx/y:9"),
            [one("quay.io/centosx/y:9")]
        );
        assert!(places(&host, "very.bad.example/x").is_empty());
        assert_eq!(read("this is no TOML"), Registries::default());
    }
}
