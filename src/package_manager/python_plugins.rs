//! Plugins of ours for dnf 4 and yum, in Python, that are in force for single runs.
//!
//! They lie in a directory of their own outside the root. It is added to dnf's plugin path on the
//! command line, so nothing of the host's dnf changes, and nothing of them is in the root; yum reads its
//! plugin path in the root's `yum.conf` alone. Each does nothing unless a variable of its own is set, so what lies in the directory never matters.

use std::path::{Path, PathBuf};

use super::repos::main_option;
use crate::error::{Error, Result};

/// One plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PythonPlugin {
    /// dnf takes modules of any name.
    pub(crate) file: &'static str,
    pub(crate) text: &'static str,
}

impl PythonPlugin {
    /// Puts the plugin into `dir`; one that is there stays, with what Python compiled of it.
    pub(crate) fn install(&self, dir: &Path) -> Result<()> {
        let path = dir.join(self.file);
        if fs_err::read(&path).is_ok_and(|there| there == self.text.as_bytes()) {
            return Ok(());
        }
        fs_err::create_dir_all(dir).map_err(Error::io("make", dir))?;
        crate::fs::replace(&path, self.text.as_bytes())
    }

    /// yum loads only what a file of the plugin's name enables.
    pub(crate) fn install_conf(&self, dir: &Path) -> Result<()> {
        let path = dir.join(self.file).with_extension("conf");
        crate::fs::replace(&path, b"[main]\nenabled=1\n")
    }
}

/// The options that make the dnf in `tree` load the plugins in `dir`, beside those it has. `conf` is
/// the text of its `dnf.conf`. None when dnf's own cannot be found: the path replaces dnf's, and
/// `builddep` is a plugin too.
pub(crate) fn options(tree: &Path, dir: &Path, conf: &str) -> Vec<String> {
    let own = match main_option(conf, "pluginpath") {
        Some(configured) => vec![configured.split_whitespace().collect::<Vec<_>>().join(",")],
        None => default_paths(&tree.join("usr/lib"))
            .into_iter()
            .filter_map(|path| Some(format!("/{}", path.strip_prefix(tree).ok()?.display())))
            .collect(),
    };
    if own.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "--setopt=pluginpath={},{}",
        own.join(","),
        dir.display()
    )]
}

/// Where a dnf looks: beside its modules, in the directory of the Python it runs with. All that
/// are there are taken; of a Python that dnf does not use, nothing is left in them.
fn default_paths(lib: &Path) -> Vec<PathBuf> {
    let pythons = fs_err::read_dir(lib).into_iter().flatten().flatten();
    let pythons =
        pythons.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"python3"));
    let mut found: Vec<PathBuf> = pythons
        .flat_map(|python| {
            ["dist-packages", "site-packages"]
                .map(|packages| python.path().join(packages).join("dnf-plugins"))
        })
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plugin_path_keeps_what_dnf_has() {
        let scratch = tempfile::tempdir().unwrap();
        let tree = scratch.path();
        assert_eq!(options(tree, Path::new("/m"), ""), Vec::<String>::new());
        for path in [
            "python3.12/site-packages/dnf-plugins",
            "python3/dist-packages/dnf-plugins",
            "python3.9/site-packages",
            "python2.7/site-packages/dnf-plugins",
        ] {
            fs_err::create_dir_all(tree.join("usr/lib").join(path)).unwrap();
        }
        let expected = "--setopt=pluginpath=/usr/lib/python3/dist-packages/dnf-plugins,\
                        /usr/lib/python3.12/site-packages/dnf-plugins,/m";
        assert_eq!(options(tree, Path::new("/m"), "[main]\nx=1\n"), [expected]);
        assert_eq!(
            options(tree, Path::new("/m"), "[main]\npluginpath=/a, /b\n"),
            ["--setopt=pluginpath=/a,/b,/m"]
        );
    }

    #[test]
    fn the_plugin_is_written_once() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("p/mock_x.py");
        let plugin = PythonPlugin {
            file: "mock_x.py",
            text: "new",
        };
        let written = || fs_err::metadata(&path).unwrap().modified().unwrap();
        plugin.install(path.parent().unwrap()).unwrap();
        let first = written();
        plugin.install(path.parent().unwrap()).unwrap();
        assert_eq!(written(), first);
        fs_err::write(&path, "old").unwrap();
        plugin.install(path.parent().unwrap()).unwrap();
        assert_eq!(fs_err::read_to_string(&path).unwrap(), plugin.text);
    }
}
