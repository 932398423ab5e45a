//! The package managers' part of [`super::resolve`].

use super::reader::Reader;
use super::value::Value;
use super::{
    External, Overrides, PackageManagerKind, PackageManagerSettings, Packages, RepoSwitch,
};
use crate::error::Result;
use std::time::Duration;

use indexmap::IndexMap;

pub(super) fn packages(reader: &Reader<'_>, overrides: &Overrides) -> Result<Packages> {
    let mut repo_switches = repo_switches(reader)?;
    repo_switches.extend(overrides.repo_switches.iter().cloned());
    let delay = reader
        .number(&["package_manager_attempt_delay"])?
        .unwrap_or(0);
    Ok(Packages {
        package_manager: manager(reader)?,
        dnf4: settings(reader, "dnf4")?,
        dnf5: settings(reader, "dnf5")?,
        yum: settings(reader, "yum")?,
        microdnf: PackageManagerSettings {
            outside_command: Some(reader.string(&["dnf4_command"])?),
            ..settings(reader, "microdnf")?
        },
        max_attempts: reader
            .number(&["package_manager_max_attempts"])?
            .unwrap_or(1)
            .max(1),
        attempt_delay: Duration::from_secs(delay.into()),
        setup_cmd: reader.words(&["chroot_setup_cmd"])?,
        chroot_additional_packages: reader.words(&["chroot_additional_packages"])?,
        additional_packages: reader.list(&["additional_packages"])?,
        update_before_build: reader.bool(&["update_before_build"])?,
        more_buildreqs: reader.table_of_lists(&["more_buildreqs"])?,
        dnf_conf: add_repos(reader.string(&["dnf.conf"])?, &overrides.addrepos),
        dnf_vars: reader.table_of_strings(&["dnf_vars"])?,
        module_enable: reader.list(&["module_enable"])?,
        module_install: reader.list(&["module_install"])?,
        module_setup_commands: module_setup_commands(reader)?,
        repo_switches,
        dnf_warning: reader.optional_bool(&["dnf_warning"])?.unwrap_or(true),
        nosync: reader.optional_bool(&["nosync"])?,
        nosync_force: reader.bool(&["nosync_force"])?,
        nofsync_build: reader.bool(&["nofsync_build"])?,
        noverify: reader.bool(&["noverify"])?,
        ssl_ca_bundle_path: reader.text(&["ssl_ca_bundle_path"])?,
        ssl_extra_certs: extra_certs(reader)?,
        redhat_subscription: reader.bool(&["redhat_subscription_required"])?,
        external: match (
            reader.bool(&["external_buildrequires"])?,
            reader.bool(&["use_bootstrap"])?,
        ) {
            (false, _) => External::Off,
            (true, false) => External::WithoutBootstrap,
            (true, true) => External::On,
        },
        ssl_copied_ca_trust_dirs: reader.pairs(&["ssl_copied_ca_trust_dirs"])?,
        yum_files: yum_files(reader)?,
    })
}

/// One flat list: source, destination, source, destination ...
fn extra_certs(reader: &Reader<'_>) -> Result<Vec<(String, String)>> {
    let key = ["ssl_extra_certs"];
    let list = reader.list(&key)?;
    let (pairs, odd) = list.as_chunks::<2>();
    if let [odd, ..] = odd {
        let expected = "a destination after each source";
        return Err(reader.wrong(&key, expected, &odd.as_str().into()));
    }
    let pairs = pairs.iter().map(|[from, to]| (from.clone(), to.clone()));
    Ok(pairs.collect())
}

fn yum_files(reader: &Reader<'_>) -> Result<IndexMap<String, String>> {
    const SUBSCRIPTION: &str = "subscription-manager.conf";
    let mut files = IndexMap::new();
    for name in ["priorities.conf", "rhnplugin.conf", SUBSCRIPTION] {
        let text = reader.string(&[name])?;
        if name != SUBSCRIPTION || !text.trim().is_empty() {
            files.insert(name.to_owned(), text);
        }
    }
    Ok(files)
}

fn manager(reader: &Reader<'_>) -> Result<PackageManagerKind> {
    let name = reader.string(&["package_manager"])?;
    Ok(match name.as_str() {
        "dnf" | "dnf4" => PackageManagerKind::Dnf4,
        "dnf5" => PackageManagerKind::Dnf5,
        "yum" => PackageManagerKind::Yum,
        "microdnf" => PackageManagerKind::Microdnf,
        _ => {
            let expected = "dnf4, dnf5, yum or microdnf";
            return Err(reader.wrong(&["package_manager"], expected, &Value::Str(name)));
        }
    })
}

fn settings(reader: &Reader<'_>, manager: &str) -> Result<PackageManagerSettings> {
    let key = |suffix: &str| format!("{manager}_{suffix}");
    Ok(PackageManagerSettings {
        command: reader.string(&[&key("command")])?,
        system_command: reader.text(&[&key("system_command")])?,
        common_opts: reader.words(&[&key("common_opts")])?,
        builddep_command: reader.text(&[&key("builddep_command")])?,
        outside_command: None,
        builddep_opts: reader.words(&[&key("builddep_opts")])?,
        disable_plugins: reader.words(&[&key("disable_plugins")])?,
        avoid_opts: reader.table_of_lists(&[&key("avoid_opts")])?,
    })
}

fn module_setup_commands(reader: &Reader<'_>) -> Result<Vec<(String, Vec<String>)>> {
    let pairs = reader.pairs(&["module_setup_commands"])?;
    let split = |specs: &str| {
        let specs = specs
            .split(',')
            .map(str::trim)
            .filter(|spec| !spec.is_empty());
        specs.map(str::to_owned).collect()
    };
    Ok(pairs
        .into_iter()
        .map(|(action, specs)| (action, split(&specs)))
        .collect())
}

fn repo_switches(reader: &Reader<'_>) -> Result<Vec<RepoSwitch>> {
    let key = ["enable_disable_repos"];
    let switch = |(option, repo): (String, String)| match option.trim_start_matches('-') {
        "enablerepo" => Ok(RepoSwitch::Enable(repo)),
        "disablerepo" => Ok(RepoSwitch::Disable(repo)),
        _ => Err(reader.wrong(
            &key,
            "--enablerepo or --disablerepo",
            &option.as_str().into(),
        )),
    };
    reader.pairs(&key)?.into_iter().map(switch).collect()
}

/// `--addrepo`: a section for each address, below everything else.
///
/// Done after expansion: an address is no template.
fn add_repos(mut conf: String, addresses: &[String]) -> String {
    let mut ids: Vec<String> = Vec::new();
    for address in addresses {
        let id = unused(repo_id(address), &ids);
        add_repo(&mut conf, &id, address);
        ids.push(id);
    }
    conf
}

/// One that is asked anew each time, and wins over the others.
pub(super) fn add_repo(conf: &mut String, id: &str, address: &str) {
    if !conf.is_empty() && !conf.ends_with('\n') {
        conf.push('\n');
    }
    conf.push_str(&format!(
        "\n[{id}]\nname={address}\nbaseurl={address}\nenabled=1\nskip_if_unavailable=0\n\
         metadata_expire=0\ngpgcheck=0\ncost=1\nbest=1\nmodule_hotfixes=true\n"
    ));
}

fn repo_id(address: &str) -> String {
    let (_, rest) = address.split_once("://").unwrap_or(("", address));
    rest.chars()
        .map(|c| if c == '/' { '_' } else { c })
        .filter(|c| c.is_ascii_alphanumeric() || "_.-".contains(*c))
        .collect()
}

fn unused(id: String, taken: &[String]) -> String {
    let numbered = (1..).map(|number| format!("{id}_{number}"));
    let mut names = std::iter::once(id.clone()).chain(numbered);
    names.find(|name| !taken.contains(name)).unwrap_or(id)
}
