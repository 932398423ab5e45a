//! noverify: the package manager does not check again what was checked.
//!
//! dnf 4 tests a transaction, carries it out, which begins with the same tests, and goes through
//! it once more; and rpm computes digests of packages that dnf has just compared with the
//! repository's checksums. A plugin in dnf leaves the repetitions out (`noverify.py`). dnf 5 has
//! none of them. Signatures are another matter: `gpgcheck` says whether they are looked at.

use crate::buildroot::Buildroot;
use crate::buildroot::extras::Equipment;
use crate::config::{PackageManagerKind, PluginConfig};
use crate::error::Result;
use crate::package_manager::python_plugins::PythonPlugin;
use crate::plugin::Plugin;

const DNF: PythonPlugin = PythonPlugin {
    file: "mock_noverify.py",
    text: include_str!("noverify.py"),
};

const YUM: PythonPlugin = PythonPlugin {
    file: "mock_noverify.py",
    text: include_str!("noverify_yum.py"),
};

/// Without it the plugin does nothing.
const VARIABLE: &str = "MOCK_NOVERIFY";

#[derive(Debug)]
struct Noverify;

pub(super) fn new(_settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    Ok(Box::new(Noverify))
}

impl Plugin for Noverify {
    fn name(&self) -> &'static str {
        "noverify"
    }

    fn equip(
        &self,
        manager: PackageManagerKind,
        root: &Buildroot<'_>,
        to: &mut Equipment,
    ) -> Result<()> {
        if !root.cx.config.packages.noverify {
            return Ok(());
        }
        match manager {
            PackageManagerKind::Dnf4 | PackageManagerKind::Microdnf => {
                to.manager.dnf_plugins.push(DNF);
            }
            PackageManagerKind::Yum => to.manager.yum_plugins.push(YUM),
            PackageManagerKind::Dnf5 => {
                tracing::debug!("noverify: nothing to do, dnf5 verifies nothing twice");
                return Ok(());
            }
        }
        let variable = (VARIABLE.to_owned(), "1".to_owned());
        to.manager.program.environment.extend([variable]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    /// What there is of yum in any distribution's Python: the names that a plugin of its uses. It has
    /// not been run in a yum.
    #[test]
    fn the_plugin_for_yum_does_what_it_says() {
        let scratch = tempfile::tempdir().unwrap();
        let yum = scratch.path().join("yum");
        fs_err::create_dir(&yum).unwrap();
        fs_err::write(yum.join("__init__.py"), "").unwrap();
        fs_err::write(yum.join("plugins.py"), "TYPE_CORE = 0\n").unwrap();
        fs_err::write(scratch.path().join("mock_noverify.py"), super::YUM.text).unwrap();
        let script = "import mock_noverify, sys\n\
            class Base: verifyTransaction = lambda self, *_: 'verified'\n\
            class Conduit: pass\n\
            conduit = Conduit()\n\
            if 'old' not in sys.argv: conduit._base = Base()\n\
            mock_noverify.init_hook(conduit)\n\
            print(conduit._base.verifyTransaction(1, 2))\n";
        let run = |variable: &str, arguments: &[&str]| {
            #[expect(clippy::disallowed_methods, reason = "a test runs Python")]
            let output = Command::new("python3")
                .args(["-c", script])
                .args(arguments)
                .env_clear()
                .env("PYTHONPATH", scratch.path())
                .env(variable, "1")
                .output()
                .unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (text(&output.stdout), text(&output.stderr))
        };
        assert_eq!(run("OTHER", &[]).0, "verified\n");
        assert_eq!(
            run(super::VARIABLE, &[]),
            ("None\n".to_owned(), String::new())
        );
        let (_, said) = run(super::VARIABLE, &["old"]);
        assert!(
            said.starts_with("mock: noverify is left out: AttributeError: "),
            "{said}"
        );
    }
}
