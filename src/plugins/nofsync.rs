//! nofsync: installing packages does not wait for the disk.
//!
//! rpm and dnf make hundreds of system calls that wait until data is on disk. A root that a power
//! cut finds half made is made anew, so nobody needs them; what outlives mock is written to disk
//! once, when it is whole (`buildroot/storage`). Three ways, of which one is in force while the
//! package manager and its scriptlets run, and during a build only where that is asked for.

mod method;

use std::path::{Path, PathBuf};

use crate::buildroot::Buildroot;
use crate::buildroot::extras::{Equipment, ProgramExtras};
use crate::config::{PackageManagerKind, PluginConfig, Value};
use crate::error::{Error, Result};
use crate::host::is_32_bit;
use crate::package_manager::python_plugins::PythonPlugin;
use crate::plugin::Plugin;
use crate::sandbox::{SyncCalls, filter, preload};

use method::{Choice, Facts, Method, Wanted};

const HISTORY: PythonPlugin = PythonPlugin {
    file: "mock_nofsync.py",
    text: include_str!("nofsync/history.py"),
};

/// Names a directory in memory to the plugin.
const VARIABLE: &str = "MOCK_NOFSYNC";

/// Made by `build.rs`; the second is empty where the compiler cannot make it.
const LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/nofsync.so"));
const LIBRARY_32: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/nofsync-32.so"));

#[derive(Debug)]
struct Nofsync {
    wanted: Wanted,
}

pub(super) fn new(settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    let value = settings.options.get("method").unwrap_or(&Value::None);
    let wanted = Wanted::read(value);
    if let Wanted::Unknown(word) = &wanted {
        tracing::warn!(
            "nofsync: '{word}' is none of {}: data is synchronised",
            Method::names()
        );
    }
    Ok(Box::new(Nofsync { wanted }))
}

impl Plugin for Nofsync {
    fn name(&self) -> &'static str {
        "nofsync"
    }

    fn equip(
        &self,
        manager: PackageManagerKind,
        root: &Buildroot<'_>,
        to: &mut Equipment,
    ) -> Result<()> {
        let packages = &root.cx.config.packages;
        let choice = match packages.nosync {
            Some(false) if self.wanted == Wanted::Fastest => Choice::off("nosync is False"),
            _ => method::choose(&self.wanted, &facts(manager, root)),
        };
        choice.say();
        let Some(method) = choice.method else {
            return Ok(());
        };
        to.manager.program.merge(program(method, root)?);
        if method == Method::Python {
            to.manager.dnf_plugins.push(HISTORY);
        }
        if packages.nofsync_build {
            match method {
                Method::Python => {
                    tracing::warn!(
                        "nofsync_build has no effect with nofsync=python, which is dnf's alone"
                    );
                }
                Method::LdPreload if root.cx.nspawn.is_some() => {
                    tracing::warn!(
                        "nofsync_build has no effect with nofsync=ld_preload and systemd-nspawn, whose /proc hides \
                         the library"
                    );
                }
                Method::LdPreload | Method::Seccomp => to.build.merge(program(method, root)?),
            }
        }
        Ok(())
    }
}

fn facts(manager: PackageManagerKind, root: &Buildroot<'_>) -> Facts {
    let (chroot, packages) = (&root.cx.config.chroot, &root.cx.config.packages);
    let host = &root.cx.host.arch;
    let narrow = is_32_bit(&chroot.target_arch) && !is_32_bit(host);
    let emulated = chroot.forcearch.as_deref().filter(|arch| arch != host);
    let library = if let Some(arch) = emulated {
        Err(format!(
            "programs in the root are for {arch}, the library is for {host}"
        ))
    } else if narrow && LIBRARY_32.is_empty() && !packages.nosync_force {
        Err("this mock was built without the library's 32-bit variant".to_owned())
    } else if !Path::new(preload::DIRECTORY).is_dir() {
        Err(format!("{} is not there to show it in", preload::DIRECTORY))
    } else {
        Ok(())
    };
    Facts {
        manager,
        seccomp: filter::available(),
        shared_memory: root.cx.config.isolation.internal_dev_setup,
        library,
    }
}

/// What a program gets for `method` to be in force.
fn program(method: Method, root: &Buildroot<'_>) -> Result<ProgramExtras> {
    let mut program = ProgramExtras::default();
    match method {
        Method::Seccomp => program.sync_calls = SyncCalls::Ignored,
        Method::LdPreload => program.preload = Some(put_library(root)?),
        Method::Python => {
            let memory = root.layout.host("dev/shm").display().to_string();
            program.environment.insert(VARIABLE.to_owned(), memory);
        }
    }
    Ok(program)
}

/// Writes the library once for each word that the dynamic linkers of distributions put for `$LIB`.
fn put_library(root: &Buildroot<'_>) -> Result<PathBuf> {
    let directory = root.layout.package_manager_home().join("preload");
    let host = &root.cx.host.arch;
    let debian = format!("lib/{host}-linux-gnu");
    let variants = [
        ("lib64", LIBRARY),
        (debian.as_str(), LIBRARY),
        ("lib", if is_32_bit(host) { LIBRARY } else { LIBRARY_32 }),
        ("lib/i386-linux-gnu", LIBRARY_32),
    ];
    for (name, content) in variants {
        let path = directory.join(name).join(preload::LIBRARY);
        let there = fs_err::read(&path).is_ok_and(|there| there == content);
        if content.is_empty() || there {
            continue;
        }
        let parent = directory.join(name);
        fs_err::create_dir_all(&parent).map_err(Error::io("make", &parent))?;
        crate::fs::replace(&path, content)?;
    }
    Ok(directory)
}
