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

/// Whether programs for `target` are 32-bit ones.
pub(crate) fn is_32_bit(target: &str) -> bool {
    const FAMILIES: [&str; 15] = [
        "i386", "i486", "i586", "i686", "athlon", "ppc", "sparc", "sparcv9", "s390", "mips",
        "mipsel", "mipsr6", "mipsr6el", "riscv32", "armhfp",
    ];
    FAMILIES.contains(&target) || target.starts_with("armv")
}

/// Those with a 32-bit companion that the same kernel runs.
pub(crate) fn is_64_bit(target: &str) -> bool {
    const FAMILIES: [&str; 13] = [
        "x86_64",
        "ppc64",
        "ppc64le",
        "sparc64",
        "s390x",
        "alpha",
        "ia64",
        "mips64",
        "mips64el",
        "mips64r6",
        "mips64r6el",
        "riscv64",
        "aarch64",
    ];
    FAMILIES.contains(&target) || target.starts_with("x86_64_v")
}

#[cfg(test)]
mod tests {
    use super::{is_32_bit, is_64_bit};

    #[test]
    fn targets_by_their_bits() {
        for target in [
            "i386", "i586", "i686", "armv5tel", "armv7hl", "armv7l", "armv8l", "ppc", "sparc",
            "sparcv9", "s390", "mips", "mipsel", "mipsr6", "riscv32",
        ] {
            assert!(is_32_bit(target) && !is_64_bit(target), "{target}");
        }
        for target in [
            "x86_64",
            "x86_64_v2",
            "aarch64",
            "ppc64",
            "ppc64le",
            "sparc64",
            "s390x",
            "alpha",
            "ia64",
            "mips64",
            "mips64el",
            "riscv64",
        ] {
            assert!(is_64_bit(target) && !is_32_bit(target), "{target}");
        }
        for target in ["noarch", "src", "vax", ""] {
            assert!(!is_64_bit(target) && !is_32_bit(target), "{target}");
        }
    }
}
