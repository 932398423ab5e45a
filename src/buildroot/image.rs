//! Images of containers for roots: getting one for this caller, and filling the root with it.

use std::path::{Path, PathBuf};

use super::archive;
use super::layout::{INITIALIZED, Layout, UNFINISHED};
use super::{Buildroot, Cx};
use crate::config;
use crate::error::Error;
use crate::host::Host;
use crate::oci::registries::Registries;
use crate::oci::{self, Fault, Found, Image, Means, Platform, Store, Wanted};
use crate::report::Spinner;
use crate::sandbox::User;

/// Tells rpm which languages an image has; builds want all.
const LANGUAGES: &str = "etc/rpm/macros.image-language-conf";

/// What the host's administrator, and the caller, say of registries.
const REGISTRIES: &str = "containers/registries.conf";

/// The image that a configuration asks for, for programs of `arch`.
pub(crate) fn wanted(cx: Cx<'_>, image: &config::Image, arch: &str) -> oci::Result<Wanted> {
    Ok(Wanted {
        reference: image.reference.clone(),
        platform: match &image.platform {
            Some(text) => Platform::parse(text).map_err(|fault| fault.about("oci_platform_map"))?,
            None => Platform::of_arch(arch),
        },
        skip_pull: image.skip_pull || !cx.config.network.online,
        assert_digest: image.assert_digest.clone(),
        max_age: image.max_age,
        keep_getting: image.keep_getting,
        pull_timeout: image.pull_timeout,
    })
}

/// Which image that is. Its layers need not be there.
pub(crate) fn find(cx: Cx<'_>, wanted: &Wanted) -> oci::Result<Found> {
    let store = store(cx);
    store.tidy(cx.config.chroot.layer_cache_age)?;
    with_means(cx, &store, |means| oci::find(wanted, means))
}

/// Has its layers on disk.
pub(crate) fn fetch(cx: Cx<'_>, found: Found, wanted: &Wanted) -> oci::Result<Image> {
    let store = store(cx);
    with_means(cx, &store, |means| found.fetch(wanted, means))
}

fn store(cx: Cx<'_>) -> Store {
    Store::at(Layout::of(&cx.config.chroot).images)
}

fn with_means<T>(
    cx: Cx<'_>,
    store: &Store,
    work: impl FnOnce(&Means<'_>) -> oci::Result<T>,
) -> oci::Result<T> {
    let (registries, credentials) = cx.identity.as_caller(|| {
        let credentials = credential_files(cx.host, &cx.identity.home, cx.identity.uid);
        let credentials = credentials
            .iter()
            .filter_map(|path| fs_err::read_to_string(path).ok());
        Ok((registries(cx), credentials.collect()))
    })?;
    work(&Means {
        store,
        cwd: &cx.host.cwd,
        proxies: &cx.config.network.proxies,
        registries,
        credentials,
        identity: cx.identity,
        check: &|| cx.runner.interrupted(),
    })
}

/// Where the caller's programs keep their configuration.
fn config_home(host: &Host, home: &Path) -> PathBuf {
    host.env("XDG_CONFIG_HOME")
        .map_or_else(|| home.join(".config"), PathBuf::from)
}

/// Where `podman login` and `docker login` put passwords, first found first.
fn credential_files(host: &Host, home: &Path, uid: u32) -> Vec<PathBuf> {
    let named = host.env("REGISTRY_AUTH_FILE").map(PathBuf::from);
    let runtime = host.env("XDG_RUNTIME_DIR").map_or_else(
        || PathBuf::from(format!("/run/containers/{uid}")),
        |directory| Path::new(directory).join("containers"),
    );
    let docker = host
        .env("DOCKER_CONFIG")
        .map_or_else(|| home.join(".docker"), PathBuf::from);
    let usual = [
        runtime.join("auth.json"),
        config_home(host, home).join("containers/auth.json"),
        docker.join("config.json"),
    ];
    named.into_iter().chain(usual).collect()
}

fn registries(cx: Cx<'_>) -> Registries {
    let system = Path::new("/etc").join(REGISTRIES);
    let mut files = vec![system.clone()];
    let parts = fs_err::read_dir(system.with_extension("conf.d"));
    let mut parts: Vec<PathBuf> = parts
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "conf")
        })
        .collect();
    parts.sort();
    files.extend(parts);
    files.push(config_home(cx.host, &cx.identity.home).join(REGISTRIES));
    let texts = files.into_iter().filter_map(|path| {
        let text = fs_err::read_to_string(&path).ok()?;
        Some((path.display().to_string(), text))
    });
    Registries::read(&texts.collect::<Vec<_>>())
}

impl Buildroot<'_> {
    /// Replaces what is in the root by the image. When it turns out not to be what it says, nothing is
    /// left of it; when this was cut short, the mark tells the next one.
    pub(crate) fn unpack_image(&self, image: &Image) -> oci::Result<()> {
        self.storage.will_change()?;
        self.inside.empty()?;
        self.inside.write(UNFINISHED, b"", 0o644, User::ROOT)?;
        let _spinner = Spinner::start("image");
        let check = || self.cx.runner.interrupted();
        for (number, layer) in image.layers.iter().enumerate() {
            let source = layer.content.reader();
            match archive::unpack_layer(&self.inside, source, &layer.diff_id, &check) {
                Ok(()) => {}
                Err(archive::Fault::Other(error)) => return Err(Fault::Other(error)),
                Err(archive::Fault::Archive(reason)) => {
                    self.inside.empty()?;
                    return Err(Fault::new(format!(
                        "{}: layer {} of {} cannot be unpacked: {reason}",
                        image.what,
                        number + 1,
                        image.layers.len()
                    )));
                }
            }
        }
        for path in [LANGUAGES, INITIALIZED, UNFINISHED] {
            self.inside.remove(path)?;
        }
        Ok(())
    }
}

/// The exit status of a build root, and of a bootstrap root, that cannot be made.
const BUILDROOT: u8 = 20;
const BOOTSTRAP: u8 = 90;

/// The error of a root for which there is no image.
pub(crate) fn error(fault: Fault, chroot: &config::Chroot) -> Error {
    fault.into_error(match chroot.is_bootstrap {
        true => BOOTSTRAP,
        false => BUILDROOT,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_passwords_are() {
        let found = |environment: &[(&str, &str)]| {
            let mut host = Host::detect();
            let pairs = environment.iter();
            host.environment = pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let files = credential_files(&host, Path::new("/home/me"), 7);
            let files: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
            files.join(" ")
        };
        assert_eq!(
            found(&[]),
            "/run/containers/7/auth.json /home/me/.config/containers/auth.json /home/me/.docker/config.json"
        );
        assert_eq!(
            found(&[
                ("REGISTRY_AUTH_FILE", "/a"),
                ("XDG_RUNTIME_DIR", "/b"),
                ("XDG_CONFIG_HOME", "/c"),
                ("DOCKER_CONFIG", "/d"),
            ]),
            "/a /b/containers/auth.json /c/containers/auth.json /d/config.json"
        );
    }
}
