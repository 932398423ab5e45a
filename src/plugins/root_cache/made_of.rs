//! What a root is made of, as text: two roots of the same text are the same but for the packages'
//! versions.
//!
//! Only what is fixed when a root is made belongs here. What each start writes anew (resolver,
//! `.rpmmacros`, variables of the package manager) does not.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::buildroot::Buildroot;
use crate::config::RepoSwitch;
use crate::package_manager;
use crate::sandbox::Ids;

/// Goes up when archives of before can no longer be used.
const FORMAT: u32 = 1;

pub(super) fn text(root: &Buildroot<'_>, exclude: &[&str]) -> String {
    let config = root.cx.config;
    let (chroot, packages, users) = (&config.chroot, &config.packages, &config.users);
    let manager = packages.package_manager;
    let switches: Vec<String> = packages
        .repo_switches
        .iter()
        .map(|switch| match switch {
            RepoSwitch::Enable(name) => format!("enable {name}"),
            RepoSwitch::Disable(name) => format!("disable {name}"),
        })
        .collect();
    let ids = match root.cx.identity.ids {
        Ids::Host => "host",
        Ids::Range => "range",
        Ids::Single => "single",
    };
    json!({
        "mock root cache": FORMAT,
        "ids": ids,
        "build user": [root.user.uid, root.user.gid, users.chrootuser, users.chrootgroup, chroot.chroothome],
        "architecture": [chroot.target_arch, chroot.forcearch],
        "releasever": chroot.releasever,
        "package manager": package_manager::of(manager).name(),
        "options of the package manager": [
            package_manager::settings(packages, manager).common_opts,
            root.equipment().manager.options,
            switches,
        ],
        "macros of the package manager": root.manager_macros(),
        "bootstrap": root.tools().identity(),
        "dnf.conf": packages.dnf_conf,
        "dnf variables": table(&packages.dnf_vars),
        "image": config.buildroot_image.as_ref().map(|image| &image.reference),
        "files": table(&chroot.files),
        "modules": [
            json!(packages.module_enable),
            json!(packages.module_install),
            json!(packages.module_setup_commands),
        ],
        "chroot_setup_cmd": packages.setup_cmd,
        "chroot_additional_packages": packages.chroot_additional_packages,
        "exclude_dirs": exclude,
    })
    .to_string()
    // All unique extensions of a root share its cache.
    .replace(&chroot.name, &chroot.shared_name)
}

fn table(entries: &IndexMap<String, String>) -> Value {
    let entries = entries.iter();
    Value::Object(
        entries
            .map(|(name, text)| (name.clone(), json!(text)))
            .collect(),
    )
}

/// Names of what is not the same in both.
pub(super) fn differences(said: &str, now: &str) -> Vec<String> {
    if said == now {
        return Vec::new();
    }
    let (said, now) = (parse(said), parse(now));
    let mut names: Vec<String> = said
        .keys()
        .chain(now.keys())
        .filter(|name| said.get(*name) != now.get(*name))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}

fn parse(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named() {
        let one = r#"{"a":1,"b":[1,2],"c":null}"#;
        assert_eq!(differences(one, one), Vec::<String>::new());
        assert_eq!(
            differences(one, r#"{"c":null,"b":[1,2],"a":1}"#),
            Vec::<String>::new()
        );
        assert_eq!(
            differences(one, r#"{"a":2,"b":[1,2],"d":1}"#),
            ["a", "c", "d"]
        );
        assert_eq!(differences("something else", one), ["a", "b", "c"]);
    }
}
