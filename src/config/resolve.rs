//! Options become the typed [`Config`], section by section.
//!
//! Everything that follows from several options at once is decided here: names with the unique
//! extension, clean-up that a result directory inside the root forbids, the home of `~`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;

use super::cfg::Host;
use super::hermetic;
use super::image;
use super::layers::Search;
use super::load::plugin_names;
use super::logging_ini;
use super::nspawn_args::NspawnArgs;
use super::options::Options;
use super::reader::Reader;
use super::resolve_packages::packages;
use super::value::{Origin, Value};
use super::{
    Chroot, Config, Isolation, IsolationKind, Network, Overrides, PluginConfig, Rpmbuild, Scm,
    ShortCircuit, StorageKind, Users,
};
use crate::error::{Error, Result};

pub(super) fn config(
    options: &Options,
    overrides: &Overrides,
    config_name: &str,
    config_paths: Vec<PathBuf>,
    host: &Host,
    search: &Search,
) -> Result<Config> {
    // Caches belong to all unique extensions of a root together: plugins see the plain name.
    let shared = Reader::new(options, None);
    let shared_name = root_name(&shared)?;
    let extension = shared.text(&["unique-ext"])?;
    let name = match &extension {
        Some(extension) => format!("{shared_name}-{extension}"),
        None => shared_name.clone(),
    };
    if name.contains('/') || name.starts_with('.') || name.contains(char::is_control) {
        let message = format!("root: '{name}' cannot be the name of a directory");
        return Err(shared.error(&["root"], message));
    }
    let named;
    let reader = if name == shared_name {
        &shared
    } else {
        named = Reader::new(options, Some(name.clone()));
        &named
    };
    let chroot = chroot(reader, name, shared_name, host)?;
    let rpmbuild = rpmbuild(reader, &chroot, host)?;
    Ok(Config {
        hermetic_build: reader.bool(&["hermetic_build"])?,
        locked: hermetic::locked(reader, &rpmbuild)?,
        config_name: config_name.to_owned(),
        description: reader.text(&["description"])?,
        users: users(reader, options)?,
        buildroot_image: image::of_buildroot(reader)?,
        packages: packages(reader, overrides)?,
        rpmbuild,
        isolation: isolation(reader, options)?,
        network: network(reader, host)?,
        logging: logging_ini::logging(reader, search)?,
        scm: scm(reader, host)?,
        plugins: plugins(&shared, options)?,
        bootstrap: None,
        chroot,
        config_paths,
    })
}

fn root_name(reader: &Reader<'_>) -> Result<String> {
    reader.text(&["root"])?.ok_or_else(|| Error::Config {
        place: String::new(),
        message: "Error in configuration - option config_opts['root'] must be present in your \
                  config."
            .to_owned(),
        excerpt: None,
        hint: Some("in a TOML file it is `name` in [chroot]".to_owned()),
    })
}

fn chroot(reader: &Reader<'_>, name: String, shared_name: String, host: &Host) -> Result<Chroot> {
    let basedir = required_path(reader, "basedir", host)?;
    let resultdir = required_path(reader, "resultdir", host)?;
    // Removing the root would take the results along.
    let keep = resultdir.starts_with(basedir.join(&name));
    let chroothome = reader.string(&["chroothome"])?;
    if !chroothome.starts_with('/') {
        let message = format!("chroothome: expected an absolute path, found '{chroothome}'");
        return Err(reader.error(&["chroothome"], message));
    }
    let target_arch = reader.string(&["target_arch"])?;
    let legal_host_arches = match reader.value(&["legal_host_arches"])? {
        Some(_) => Some(reader.list(&["legal_host_arches"])?),
        None => None,
    };
    let asked = reader.text(&["forcearch"])?;
    let needed = needed_arch(reader, &target_arch, legal_host_arches.as_deref())?;
    let forced_by_host = asked.is_none() && needed.is_some();
    let forcearch = asked.or(needed);
    Ok(Chroot {
        name,
        shared_name,
        is_bootstrap: false,
        target_arch,
        legal_host_arches,
        emulator: match &forcearch {
            Some(arch) => Some(emulator(reader, arch)?),
            None => None,
        },
        forcearch,
        forced_by_host,
        releasever: reader.text(&["releasever"])?,
        cache_topdir: required_path(reader, "cache_topdir", host)?,
        rootdir: required_path(reader, "rootdir", host)?,
        chroothome,
        extra_chroot_dirs: reader.list(&["extra_chroot_dirs"])?,
        files: reader.table_of_strings(&["files"])?,
        backup_on_clean: reader.bool(&["backup_on_clean"])?,
        backup_base_dir: required_path(reader, "backup_base_dir", host)?,
        clean: reader.bool(&["clean"])?,
        cache_alterations: reader.bool(&["cache_alterations"])?,
        cleanup_on_success: reader.bool(&["cleanup_on_success"])? && !keep,
        cleanup_on_failure: reader.bool(&["cleanup_on_failure"])? && !keep,
        storage: match reader.string(&["storage"])?.as_str() {
            "auto" => StorageKind::Auto,
            "layers" => StorageKind::Layers,
            "btrfs" => StorageKind::Btrfs,
            "directory" => StorageKind::Directory,
            other => {
                let expected = "auto, layers, btrfs or directory";
                return Err(reader.wrong(&["storage"], expected, &other.into()));
            }
        },
        store: store(reader, &basedir, host)?,
        layer_cache: reader.bool(&["layer_cache"])?,
        layer_cache_age: Duration::from_secs(
            u64::from(reader.number(&["layer_cache_max_age_days"])?.unwrap_or(0)) * 24 * 60 * 60,
        ),
        layer_cache_size: size(reader, "layer_cache_max_size")?,
        exclude_from_homedir_cleanup: reader.list(&["exclude_from_homedir_cleanup"])?,
        basedir,
        resultdir,
    })
}

/// The directory of layers: the plugin overlayfs puts it where its option says.
fn store(reader: &Reader<'_>, basedir: &Path, host: &Host) -> Result<PathBuf> {
    if reader.bool(&["plugin_conf", "overlayfs_enable"])? {
        let base = ["plugin_conf", "overlayfs_opts", "base_dir"];
        let text = reader.text(&base)?.ok_or_else(|| {
            let message = "plugin overlayfs: base_dir must be given, the directory for its layers";
            reader.error(&base, message.to_owned())
        })?;
        return Ok(host.cwd.join(at_home(&text, host)));
    }
    Ok(basedir.join(".mock"))
}

/// A number of bytes, with a unit of 1024 after it.
fn size(reader: &Reader<'_>, key: &str) -> Result<u64> {
    let text = reader.string(&[key])?;
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let power = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => Some(0),
        "K" => Some(1),
        "M" => Some(2),
        "G" => Some(3),
        "T" => Some(4),
        _ => None,
    };
    let bytes = power.and_then(|power| digits.parse::<u64>().ok()?.checked_mul(1024u64.pow(power)));
    bytes.ok_or_else(|| reader.wrong(&[key], "a size such as 20G", &text.as_str().into()))
}

/// A path that must be given: `~` is the caller's home, a relative one starts at `cwd`.
fn required_path(reader: &Reader<'_>, key: &str, host: &Host) -> Result<PathBuf> {
    let text = reader.text(&[key])?;
    let text = text.ok_or_else(|| reader.error(&[key], format!("{key}: must not be empty")))?;
    Ok(host.cwd.join(at_home(&text, host)))
}

fn at_home(text: &str, host: &Host) -> PathBuf {
    match text.strip_prefix('~') {
        Some("") => host.home.clone(),
        Some(rest) if rest.starts_with('/') => host.home.join(rest.trim_start_matches('/')),
        _ => Path::new(text).to_owned(),
    }
}

fn users(reader: &Reader<'_>, options: &Options) -> Result<Users> {
    // What mock computed for templates is no wish of the configuration.
    let wished = |key: &str| match options.origin(&[key]) {
        Some(Origin::Computed) => Ok(None),
        _ => reader.number(&[key]),
    };
    Ok(Users {
        chrootuid: wished("chrootuid")?,
        chrootgid: wished("chrootgid")?,
        chrootuser: reader.string(&["chrootuser"])?,
        chrootgroup: reader.string(&["chrootgroup"])?,
        copy_host_users: reader.list(&["copy_host_users"])?,
        no_root_shells: reader.bool(&["no_root_shells"])?,
    })
}

fn rpmbuild(reader: &Reader<'_>, chroot: &Chroot, host: &Host) -> Result<Rpmbuild> {
    let short_circuit = match reader.text(&["short_circuit"])?.as_deref() {
        None => None,
        Some("prep") => Some(ShortCircuit::Prep),
        Some("build") => Some(ShortCircuit::Build),
        Some("install") => Some(ShortCircuit::Install),
        Some("binary") => Some(ShortCircuit::Binary),
        Some(other) => {
            let expected = "prep, build, install or binary";
            return Err(reader.wrong(&["short_circuit"], expected, &other.into()));
        }
    };
    let mut environment = reader.table_of_strings(&["environment"])?;
    environment.insert("HOME".to_owned(), chroot.chroothome.clone());
    let arch = reader.text(&["rpmbuild_arch"])?;
    Ok(Rpmbuild {
        command: reader.string(&["rpmbuild_command"])?,
        rpm_command: reader.string(&["rpm_command"])?,
        arch: arch.unwrap_or_else(|| chroot.target_arch.clone()),
        check: reader.bool(&["check"])?,
        timeout: reader.limit(&["rpmbuild_timeout"])?,
        opts: reader.string(&["rpmbuild_opts"])?,
        short_circuit,
        dynamic_buildrequires: reader.bool(&["dynamic_buildrequires"])?,
        dynamic_buildrequires_max_loops: reader
            .number(&["dynamic_buildrequires_max_loops"])?
            .unwrap_or(0),
        static_buildrequires_max_loops: reader
            .number(&["static_buildrequires_max_loops"])?
            .unwrap_or(0),
        macros: macros(reader, chroot)?,
        macrofile: reader
            .text(&["macrofile"])?
            .map(|path| host.cwd.join(at_home(&path, host))),
        calculatedeps: reader.bool(&["calculatedeps"])?,
        post_install: reader.bool(&["post_install"])?,
        createrepo_on_rpms: reader.bool(&["createrepo_on_rpms"])?,
        createrepo_command: reader.string(&["createrepo_command"])?,
        environment,
    })
}

fn macros(reader: &Reader<'_>, chroot: &Chroot) -> Result<IndexMap<String, Option<String>>> {
    let mut macros = IndexMap::new();
    for (name, value) in reader.table(&["macros"])? {
        let text = match &value {
            Value::None => None,
            Value::Str(text) => Some(text.clone()),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) => Some(super::debug::literal(&value)),
            Value::List(_) | Value::Tuple(_) | Value::Dict(_) => {
                return Err(reader.wrong(&["macros", &name], "string", &value));
            }
        };
        macros.insert(name, text);
    }
    // Emulation is slow: timeouts in test suites are multiplied by this.
    if chroot.legal_host_arches.is_some() {
        let factor = if chroot.forcearch.is_some() {
            "10"
        } else {
            "1"
        };
        macros
            .entry("%_platform_multiplier".to_owned())
            .or_insert_with(|| Some(factor.to_owned()));
    }
    Ok(macros)
}

fn isolation(reader: &Reader<'_>, options: &Options) -> Result<Isolation> {
    let use_nspawn = reader.optional_bool(&["use_nspawn"])?;
    let kind = match reader.text(&["isolation"])?.as_deref() {
        Some("auto") => IsolationKind::Auto,
        Some("simple") => IsolationKind::Simple,
        Some("nspawn") => IsolationKind::Nspawn,
        Some(other) => {
            let expected = "simple, nspawn or auto";
            return Err(reader.wrong(&["isolation"], expected, &other.into()));
        }
        None => match use_nspawn {
            None => IsolationKind::Auto,
            Some(false) => IsolationKind::Simple,
            Some(true) => IsolationKind::Nspawn,
        },
    };
    let arguments = reader.list(&["nspawn_args"])?;
    let count = reader.number(&["dev_loop_count"])?;
    if count.is_some_and(|count| count > MOST_LOOP_DEVICES) {
        let message = format!("dev_loop_count: there can be {MOST_LOOP_DEVICES} at most");
        return Err(reader.error(&["dev_loop_count"], message));
    }
    Ok(Isolation {
        kind,
        by_use_nspawn: use_nspawn.is_some() && reader.text(&["isolation"])?.is_none(),
        nspawn_args: NspawnArgs::parse(arguments)
            .map_err(|why| reader.error(&["nspawn_args"], format!("nspawn_args: {why}")))?,
        seccomp: reader.bool(&["seccomp"])?,
        // The default is no wish.
        loop_devices: match options.origin(&["dev_loop_count"]) {
            Some(Origin::File { .. } | Origin::CommandLine) => count,
            Some(Origin::Default { .. } | Origin::Computed) | None => None,
        },
        hostname: reader.text(&["hostname"])?,
        internal_dev_setup: reader.bool(&["internal_dev_setup"])?,
    })
}

fn network(reader: &Reader<'_>, host: &Host) -> Result<Network> {
    let mut proxies = IndexMap::new();
    for name in ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy"] {
        let configured = reader.text(&[name])?;
        let inherited = || {
            host.environment
                .get(name)
                .filter(|value| !value.is_empty())
                .cloned()
        };
        if let Some(proxy) = configured.or_else(inherited) {
            proxies.insert(name.to_owned(), proxy);
        }
    }
    Ok(Network {
        rpmbuild_networking: reader.bool(&["rpmbuild_networking"])?,
        use_host_resolv: reader.bool(&["use_host_resolv"])?,
        online: reader.bool(&["online"])?,
        proxies,
    })
}

fn scm(reader: &Reader<'_>, host: &Host) -> Result<Scm> {
    let text = |key: &str| reader.text(&["scm_opts", key]);
    let flag = |key: &str| reader.bool(&["scm_opts", key]);
    let get = ["git", "svn", "cvs", "distgit"].map(|method| {
        let line = reader.string(&["scm_opts", &format!("{method}_get")])?;
        Ok((method.to_owned(), line))
    });
    Ok(Scm {
        enable: reader.bool(&["scm"])?,
        method: text("method")?.unwrap_or_default(),
        package: text("package")?,
        branch: text("branch")?,
        get: get.into_iter().collect::<Result<_>>()?,
        distgit_src_get: text("distgit_src_get")?.unwrap_or_default(),
        spec: text("spec")?.unwrap_or_default(),
        int_src_dir: text("int_src_dir")?,
        ext_src_dir: text("ext_src_dir")?
            .filter(|path| path != "/dev/null")
            .map(|path| host.cwd.join(at_home(&path, host))),
        write_tar: flag("write_tar")?,
        git_timestamps: flag("git_timestamps")?,
        exclude_vcs: flag("exclude_vcs")?,
    })
}

fn plugins(reader: &Reader<'_>, options: &Options) -> Result<IndexMap<String, PluginConfig>> {
    plugin_names(options)
        .into_iter()
        .map(|name| {
            let plugin = PluginConfig {
                enable: reader.bool(&["plugin_conf", &format!("{name}_enable")])?,
                options: reader.table(&["plugin_conf", &format!("{name}_opts")])?,
            };
            Ok((name, plugin))
        })
        .collect()
}

/// More have no use, and each is a node.
const MOST_LOOP_DEVICES: u32 = 4096;

/// What this host must emulate, being none of those that can build natively.
fn needed_arch(
    reader: &Reader<'_>,
    target_arch: &str,
    legal: Option<&[String]>,
) -> Result<Option<String>> {
    let host_arch = reader.string(&["host_arch"])?;
    if legal.is_none_or(|legal| legal.contains(&host_arch)) {
        return Ok(None);
    }
    let arch = reader.text(&["rpmbuild_arch"])?;
    // There is no machine that is noarch.
    let arch = arch.filter(|arch| arch != "noarch");
    Ok(Some(arch.unwrap_or_else(|| target_arch.to_owned())))
}

/// The program that runs the forced architecture's programs.
fn emulator(reader: &Reader<'_>, arch: &str) -> Result<PathBuf> {
    let names = reader.table_of_strings(&["qemu_user_static_mapping"])?;
    let name = names.get(arch).map_or(arch, String::as_str);
    Ok(PathBuf::from(format!("/usr/bin/qemu-{name}-static")))
}
