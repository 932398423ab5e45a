//! What an emulator needs, and how it is said that it is missing.

use super::*;

/// As Debian's qemu-user-static registers it.
const AARCH64: &str = "enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: OCPF\noffset 0\n\
    magic 7f454c460201010000000000000000000200b700\nmask ffffffffffffff00fffffffffffffffffeffffff\n";
const PPC64: &str = "enabled\ninterpreter /usr/bin/qemu-ppc64-static\nflags: F\noffset 0\n\
    magic 7f454c4602020100000000000000000000020015\nmask ffffffffffffff00fffffffffffffffffffeffff\n";
const SCRIPT: &str =
    "enabled\ninterpreter /usr/bin/python3.11\nflags: \noffset 0\nmagic a70d0d0a\n";

struct Machine {
    directory: tempfile::TempDir,
}

impl Machine {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs_err::write(directory.path().join(name), text).unwrap();
        }
        Self { directory }
    }

    /// The entry's name, or what is missing.
    fn look(&self, arch: &str, emulator: &str) -> String {
        let emulator = self.directory.path().join(emulator);
        let found = look(arch, &emulator, self.directory.path());
        let text = found.map_or_else(
            |missing| format!("{}\nhint: {}", missing.message, missing.hint),
            |entry| entry.name,
        );
        text.replace(&self.directory.path().display().to_string(), "DIR")
    }
}

#[test]
fn what_is_missing_is_told_one_by_one() {
    let entry = |change: &dyn Fn(String) -> String| change(AARCH64.to_owned());
    let off = entry(&|text| text.replace("enabled", "disabled"));
    let unfixed = entry(&|text| text.replace("OCPF", "OCP"));
    const ON: (&str, &str) = ("status", "enabled\n");
    const QEMU: (&str, &str) = ("qemu", "");
    let table: &[&[(&str, &str)]] = &[
        &[],
        &[ON],
        &[QEMU],
        &[QEMU, ON],
        &[QEMU, ON, ("python3.11", SCRIPT), ("qemu-ppc64", PPC64)],
        &[QEMU, ("status", "disabled\n"), ("qemu-aarch64", AARCH64)],
        &[QEMU, ON, ("qemu-aarch64", &off)],
        &[QEMU, ON, ("qemu-aarch64", &unfixed)],
        &[QEMU, ON, ("qemu-aarch64", AARCH64)],
        // The kernel has it open: the file need not be there, nor have that name.
        &[ON, ("arm64", AARCH64)],
    ];
    let shown: Vec<String> = table
        .iter()
        .map(|files| {
            let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
            let look = Machine::new(files).look("aarch64", "qemu");
            format!("{}: {look}\n", names.join(" "))
        })
        .collect();
    insta::assert_snapshot!(shown.concat(), @r#"
    : The --forcearch=aarch64 feature requires the DIR/qemu file to be installed (typically qemu-user-static* package)
    hint: install it: `dnf install qemu-user-static`, `apt-get install qemu-user-static binfmt-support`
    status: The --forcearch=aarch64 feature requires the DIR/qemu file to be installed (typically qemu-user-static* package)
    hint: install it: `dnf install qemu-user-static`, `apt-get install qemu-user-static binfmt-support`
    qemu: --forcearch=aarch64: DIR/qemu is there, but the kernel does not start it for programs of aarch64: binfmt_misc is not mounted
    hint: `mount -t binfmt_misc binfmt_misc DIR`, then `systemctl restart systemd-binfmt` (or `update-binfmts --enable`; without systemd: `/usr/lib/systemd/systemd-binfmt`)
    qemu status: --forcearch=aarch64: DIR/qemu is there, but the kernel does not start it for programs of aarch64: it is not registered with binfmt_misc
    hint: `systemctl restart systemd-binfmt` (or `update-binfmts --enable`; without systemd: `/usr/lib/systemd/systemd-binfmt`)
    qemu status python3.11 qemu-ppc64: --forcearch=aarch64: DIR/qemu is there, but the kernel does not start it for programs of aarch64: it is not registered with binfmt_misc
    hint: `systemctl restart systemd-binfmt` (or `update-binfmts --enable`; without systemd: `/usr/lib/systemd/systemd-binfmt`)
    qemu status qemu-aarch64: --forcearch=aarch64: DIR/qemu is there, but the kernel does not start it for programs of aarch64: binfmt_misc is turned off
    hint: `echo 1 > DIR/status`
    qemu status qemu-aarch64: --forcearch=aarch64: DIR/qemu is there, but the kernel does not start it for programs of aarch64: its entry qemu-aarch64 in binfmt_misc is turned off
    hint: `echo 1 > DIR/qemu-aarch64`
    qemu status qemu-aarch64: --forcearch=aarch64: DIR/qemu is there, but the kernel does not start it for programs of aarch64: its entry qemu-aarch64 in binfmt_misc lacks the flag F, so /usr/bin/qemu-aarch64-static would be looked for inside the root
    hint: the line in /usr/lib/binfmt.d/qemu-aarch64.conf must end with F; `echo -1 > DIR/qemu-aarch64`, then `systemctl restart systemd-binfmt` (or `update-binfmts --enable`; without systemd: `/usr/lib/systemd/systemd-binfmt`)
    qemu status qemu-aarch64: qemu-aarch64
    status arm64: arm64
    "#);
}

#[test]
fn entries_are_found_by_what_they_are_for() {
    let machine = Machine::new(&[
        ("status", "enabled\n"),
        ("a", AARCH64),
        ("b", PPC64),
        ("c", SCRIPT),
        (
            "d",
            "enabled\ninterpreter /emulate-vax\nflags: F\noffset 0\nmagic ff\n",
        ),
    ]);
    assert_eq!(machine.look("aarch64", "x"), "a");
    assert_eq!(machine.look("ppc64", "x"), "b");
    assert!(
        machine
            .look("ppc64le", "x")
            .starts_with("The --forcearch=ppc64le feature")
    );
    // An architecture that is not known here is known by its emulator's name.
    let binfmt = machine.directory.path();
    assert_eq!(
        look("vax", Path::new("/emulate-vax"), binfmt).map(|entry| entry.name),
        Ok("d".to_owned())
    );
}

#[test]
fn what_needs_no_emulation() {
    for (arch, host, native) in [
        ("x86_64", "x86_64", true),
        ("x86_64_v2", "x86_64", true),
        ("i686", "x86_64", true),
        ("i386", "i686", true),
        ("armv7hl", "armv7l", true),
        ("x86_64", "i686", false),
        ("ppc64le", "ppc64", false),
        ("ppc64le", "x86_64", false),
        ("s390", "s390x", false),
        ("aarch64", "x86_64", false),
        ("armv7hl", "aarch64", false),
        ("vax", "x86_64", false),
        ("vax", "vax", true),
    ] {
        assert_eq!(is_native(arch, host), native, "{arch} on {host}");
    }
}

#[test]
fn programs_begin_with_their_architecture() {
    let elf = Elf::of("s390x").unwrap();
    assert_eq!(elf.header()[..8], [0x7f, b'E', b'L', b'F', 2, 2, 1, 0]);
    assert_eq!(elf.header()[16..], [0, 2, 0, 22]);
}
