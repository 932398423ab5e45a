//! Option names that stand for another: old names, and `dnf` for `dnf4`.
//!
//! They hold on reading and on writing, for top-level keys only.

use std::borrow::Cow;

/// The name under which an option is kept.
pub(crate) fn canonical(key: &str) -> Cow<'_, str> {
    match key {
        "yum.conf" | "dnf5.conf" | "dnf4.conf" => Cow::Borrowed("dnf.conf"),
        "system_dnf_command" => Cow::Borrowed("dnf4_system_command"),
        "system_yum_command"
        | "system_dnf4_command"
        | "system_dnf5_command"
        | "system_microdnf_command" => match key.split('_').nth(1) {
            Some(manager) => Cow::Owned(format!("{manager}_system_command")),
            None => Cow::Borrowed(key),
        },
        "dnf_command"
        | "dnf_common_opts"
        | "dnf_install_command"
        | "dnf_disable_plugins"
        | "dnf_avoid_opts"
        | "dnf_builddep_opts" => Cow::Owned(key.replacen("dnf_", "dnf4_", 1)),
        _ => Cow::Borrowed(key),
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn every_alias() {
        let table = [
            ("yum.conf", "dnf.conf"),
            ("dnf5.conf", "dnf.conf"),
            ("dnf4.conf", "dnf.conf"),
            ("dnf_command", "dnf4_command"),
            ("dnf_common_opts", "dnf4_common_opts"),
            ("dnf_install_command", "dnf4_install_command"),
            ("dnf_disable_plugins", "dnf4_disable_plugins"),
            ("dnf_avoid_opts", "dnf4_avoid_opts"),
            ("dnf_builddep_opts", "dnf4_builddep_opts"),
            ("system_dnf_command", "dnf4_system_command"),
            ("system_dnf4_command", "dnf4_system_command"),
            ("system_dnf5_command", "dnf5_system_command"),
            ("system_yum_command", "yum_system_command"),
            ("system_microdnf_command", "microdnf_system_command"),
        ];
        for (alias, name) in table {
            assert_eq!(canonical(alias), name);
            assert_eq!(canonical(name), name, "a name is no alias");
        }
        for key in [
            "dnf_vars",
            "dnf_warning",
            "dnf5_command",
            "system_command",
            "root",
        ] {
            assert_eq!(canonical(key), key);
        }
    }
}
