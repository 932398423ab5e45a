//! Whether this machine can run programs of another architecture: an emulator, and a kernel that
//! starts it for them inside a root, where it is not to be found by name.
//!
//! Looked at before anything is made. Otherwise the first scriptlet would say "Exec format error".

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::host::Host;

/// Where the kernel says what it starts for whom: `Documentation/admin-guide/binfmt-misc.rst`.
const BINFMT: &str = "/proc/sys/fs/binfmt_misc";

/// `systemctl restart` where systemd runs; in a container the same program can be started by hand.
const REGISTER: &str = "`systemctl restart systemd-binfmt` (or `update-binfmts --enable`; without systemd: \
                        `/usr/lib/systemd/systemd-binfmt`)";

/// Says what is done by emulation, or why it cannot be, in the root and in its bootstrap root.
pub(crate) fn check(config: &Config, host: &Host) -> Result<()> {
    if config.chroot.forced_by_host {
        tracing::info!(
            "Unable to build arch {} natively on arch {}. Setting forcearch to use software emulation.",
            config.chroot.target_arch,
            host.arch
        );
    }
    check_root(config, host)?;
    match config.bootstrap() {
        Some(bootstrap) => check_root(&bootstrap.config, host),
        None => Ok(()),
    }
}

fn check_root(config: &Config, host: &Host) -> Result<()> {
    let chroot = &config.chroot;
    let (Some(arch), Some(emulator)) = (&chroot.forcearch, &chroot.emulator) else {
        return Ok(());
    };
    if is_native(arch, &host.arch) {
        return Ok(());
    }
    let found = look(arch, emulator, Path::new(BINFMT)).map_err(|missing| Error::Architecture {
        message: missing.message,
        hint: Some(missing.hint),
    })?;
    tracing::debug!("{arch} is emulated by {}", found.interpreter.display());
    Ok(())
}

/// What tells the programs of one architecture from others': in elf.h EI_CLASS, EI_DATA, e_machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Elf {
    class: u8,
    data: u8,
    machine: u16,
}

impl Elf {
    fn of(arch: &str) -> Option<Self> {
        const LITTLE: u8 = 1;
        const BIG: u8 = 2;
        let (bits, data, machine) = match arch {
            "i386" | "i486" | "i586" | "i686" | "athlon" | "geode" | "pentium3" | "pentium4" => {
                (32, LITTLE, 3)
            }
            "aarch64" => (64, LITTLE, 183),
            "ppc64le" => (64, LITTLE, 21),
            "ppc64" | "ppc64p7" | "ppc64iseries" => (64, BIG, 21),
            "ppc" => (32, BIG, 20),
            "s390x" => (64, BIG, 22),
            "s390" => (32, BIG, 22),
            "riscv64" => (64, LITTLE, 243),
            "riscv32" => (32, LITTLE, 243),
            "loongarch64" => (64, LITTLE, 258),
            "mips64el" | "mips64r6el" => (64, LITTLE, 8),
            "mips64" | "mips64r6" => (64, BIG, 8),
            "mipsel" | "mipsr6el" => (32, LITTLE, 8),
            "mips" | "mipsr6" => (32, BIG, 8),
            _ if arch == "x86_64" || arch.starts_with("x86_64_v") || arch == "amd64" => {
                (64, LITTLE, 62)
            }
            _ if arch.starts_with("arm") => (32, LITTLE, 40),
            _ => return None,
        };
        let class = if bits == 64 { 2 } else { 1 };
        Some(Self {
            class,
            data,
            machine,
        })
    }

    /// The beginning of a program of this architecture.
    fn header(self) -> [u8; 20] {
        const EXECUTABLE: u16 = 2;
        let number = |number: u16| match self.data {
            1 => number.to_le_bytes(),
            _ => number.to_be_bytes(),
        };
        let mut header = [0; 20];
        header[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', self.class, self.data, 1]);
        header[16..18].copy_from_slice(&number(EXECUTABLE));
        header[18..].copy_from_slice(&number(self.machine));
        header
    }
}

/// 64-bit x86 runs 32-bit x86 itself; for other pairs that depends on the machine.
fn is_native(arch: &str, host: &str) -> bool {
    if arch == host {
        return true;
    }
    let (Some(wanted), Some(own)) = (Elf::of(arch), Elf::of(host)) else {
        return false;
    };
    const X86_64: u16 = 62;
    const X86: u16 = 3;
    wanted == own || (own.machine == X86_64 && wanted.machine == X86)
}

/// What is not there, and the command that mends it.
#[derive(Debug, PartialEq, Eq)]
struct Missing {
    message: String,
    hint: String,
}

/// A file of binfmt_misc: for which programs the kernel starts what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Entry {
    name: String,
    enabled: bool,
    interpreter: PathBuf,
    flags: String,
    offset: usize,
    magic: Vec<u8>,
    mask: Vec<u8>,
}

impl Entry {
    fn parse(name: &str, text: &str) -> Self {
        let mut entry = Self {
            name: name.to_owned(),
            ..Self::default()
        };
        for line in text.lines() {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("enabled", _) => entry.enabled = true,
                ("interpreter", path) => entry.interpreter = path.into(),
                ("flags:", flags) => entry.flags = flags.to_owned(),
                ("offset", number) => entry.offset = number.parse().unwrap_or(0),
                ("magic", digits) => entry.magic = bytes(digits),
                ("mask", digits) => entry.mask = bytes(digits),
                _ => {}
            }
        }
        entry
    }

    fn is_for(&self, elf: Elf) -> bool {
        let header = elf.header();
        let Some(place) = header.get(self.offset..self.offset + self.magic.len()) else {
            return false;
        };
        let differs = |(index, byte): (usize, &u8)| {
            let mask = self.mask.get(index).unwrap_or(&0xff);
            (byte ^ self.magic[index]) & mask != 0
        };
        !self.magic.is_empty() && !place.iter().enumerate().any(differs)
    }

    /// The kernel opened the interpreter when it was told of it (F), so that it needs no file later.
    fn is_fixed(&self) -> bool {
        self.flags.contains('F')
    }
}

fn bytes(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks_exact(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// The entry of `binfmt` that runs programs for `arch` wherever they are.
fn look(arch: &str, emulator: &Path, binfmt: &Path) -> Result<Entry, Missing> {
    let shown = emulator.display();
    let status = fs_err::read_to_string(binfmt.join("status")).ok();
    let entries = match &status {
        Some(_) => entries(arch, emulator, binfmt),
        None => Vec::new(),
    };
    let is_on = status
        .as_deref()
        .is_some_and(|status| status.trim() == "enabled");
    let usable = |entry: &&Entry| entry.enabled && entry.is_fixed();
    if let Some(entry) = entries.iter().find(usable).filter(|_| is_on) {
        return Ok(entry.clone());
    }
    if !emulator.exists() {
        return Err(Missing {
            message: format!(
                "The --forcearch={arch} feature requires the {shown} file to be installed (typically qemu-user-static* \
                 package)"
            ),
            hint: "install it: `dnf install qemu-user-static`, `apt-get install qemu-user-static binfmt-support`"
                .to_owned(),
        });
    }
    let directory = binfmt.display();
    let (why, hint) = if status.is_none() {
        (
            "binfmt_misc is not mounted".to_owned(),
            format!("`mount -t binfmt_misc binfmt_misc {directory}`, then {REGISTER}"),
        )
    } else if !is_on {
        (
            "binfmt_misc is turned off".to_owned(),
            format!("`echo 1 > {directory}/status`"),
        )
    } else if let Some(entry) = entries.iter().find(|entry| entry.is_fixed()) {
        (
            format!("its entry {} in binfmt_misc is turned off", entry.name),
            format!("`echo 1 > {directory}/{}`", entry.name),
        )
    } else if let Some(entry) = entries.first() {
        (
            format!(
                "its entry {} in binfmt_misc lacks the flag F, so {} would be looked for inside the root",
                entry.name,
                entry.interpreter.display()
            ),
            format!(
                "the line in /usr/lib/binfmt.d/{0}.conf must end with F; `echo -1 > {directory}/{0}`, then {REGISTER}",
                entry.name
            ),
        )
    } else {
        (
            "it is not registered with binfmt_misc".to_owned(),
            REGISTER.to_owned(),
        )
    };
    Err(Missing {
        message: format!(
            "--forcearch={arch}: {shown} is there, but the kernel does not start it for programs of {arch}: {why}"
        ),
        hint,
    })
}

/// All that are for `arch`; of an unknown one those that name the emulator.
fn entries(arch: &str, emulator: &Path, binfmt: &Path) -> Vec<Entry> {
    let elf = Elf::of(arch);
    let files = fs_err::read_dir(binfmt).into_iter().flatten().flatten();
    let mut entries: Vec<Entry> = files
        .filter_map(|file| {
            let name = file.file_name().to_str()?.to_owned();
            // `register` can only be written.
            let text = fs_err::read_to_string(file.path()).ok()?;
            (name != "status").then(|| Entry::parse(&name, &text))
        })
        .filter(|entry| match elf {
            Some(elf) => entry.is_for(elf),
            None => entry.interpreter == emulator,
        })
        .collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
}

#[cfg(test)]
#[path = "emulation_tests.rs"]
mod tests;
