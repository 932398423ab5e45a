//! Facts about the machine and the environment, gathered once at the start.
//!
//! The only reader of environment variables: everything else gets values.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;

/// What does not change while mock runs.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    /// As `uname -m` says it.
    pub(crate) arch: String,
    pub(crate) hostname: String,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) cwd: PathBuf,
    pub(crate) stderr_tty: bool,
    pub(crate) stdout_tty: bool,
}

impl Host {
    pub(crate) fn detect() -> Self {
        let (arch, hostname) = nix::sys::utsname::uname().map_or_else(
            |_| (std::env::consts::ARCH.to_owned(), "localhost".to_owned()),
            |name| {
                (
                    name.machine().to_string_lossy().into_owned(),
                    name.nodename().to_string_lossy().into_owned(),
                )
            },
        );
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self {
            arch,
            hostname,
            environment,
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            stderr_tty: std::io::stderr().is_terminal(),
            stdout_tty: std::io::stdout().is_terminal(),
        }
    }

    pub(crate) fn env(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// Whether programs for `target` need the 32-bit personality on a 64-bit kernel.
pub(crate) fn is_32_bit(target: &str) -> bool {
    const FAMILIES: [&str; 12] = [
        "i386", "i486", "i586", "i686", "athlon", "ppc", "sparc", "sparcv9", "s390", "mips",
        "mipsel", "riscv32",
    ];
    FAMILIES.contains(&target) || (target.starts_with("armv") && !target.starts_with("armv8l_"))
}

#[cfg(test)]
mod tests {
    use super::is_32_bit;

    #[test]
    fn targets_with_32_bits() {
        for target in ["i686", "armv7hl", "s390"] {
            assert!(is_32_bit(target), "{target}");
        }
        for target in ["x86_64", "aarch64", "s390x", "ppc64le", "noarch"] {
            assert!(!is_32_bit(target), "{target}");
        }
    }
}
