//! Building for another architecture: what must be there is looked at before anything is made, and a
//! program of that architecture runs inside.
//!
//! tests/emulation.sh builds a whole package that way, which takes minutes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{ARCH, Place, Who, both, own_mounts, run, skip};

const EMULATOR: &str = "/usr/bin/qemu-aarch64-static";

/// The kernel's list of emulators is in view only here. What is registered goes with the last mount.
const MOUNTED: &str = "mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&";
const REGISTERED: &str = r#"
    test -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ||
        printf ':qemu-aarch64:M::\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00:\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:/usr/bin/qemu-aarch64-static:FLAGS' >/proc/sys/fs/binfmt_misc/register &&"#;

/// A program for aarch64 that needs no library: it prints a line and ends with status 7.
fn foreign_program() -> Vec<u8> {
    const CODE: [u32; 8] = [
        0xd280_0020, // mov x0, 1
        0x1000_00e1, // adr x1, the text after the code
        0xd280_0122, // mov x2, 9
        0xd280_0808, // mov x8, 64: write
        0xd400_0001, // svc 0
        0xd280_00e0, // mov x0, 7
        0xd280_0ba8, // mov x8, 93: exit
        0xd400_0001, // svc 0
    ];
    const BASE: u64 = 0x40_0000;
    const HEADERS: u64 = 64 + 56;
    let mut program = b"\x7fELF\x02\x01\x01".to_vec();
    program.resize(16, 0);
    let length = HEADERS + 32 + 9;
    program.extend([2u16, 183].iter().flat_map(|n| n.to_le_bytes()));
    program.extend(1u32.to_le_bytes());
    program.extend([BASE + HEADERS, 64, 0].iter().flat_map(|n| n.to_le_bytes()));
    program.extend(0u32.to_le_bytes());
    program.extend([64u16, 56, 1, 0, 0, 0].iter().flat_map(|n| n.to_le_bytes()));
    // PT_LOAD, readable and executable.
    program.extend([1u32, 5].iter().flat_map(|n| n.to_le_bytes()));
    let segment = [0, BASE, BASE, length, length, 0x1000];
    program.extend(segment.iter().flat_map(|n| n.to_le_bytes()));
    program.extend(CODE.iter().flat_map(|n| n.to_le_bytes()));
    program.extend(b"emulated\n");
    program
}

#[test]
fn a_program_of_another_architecture_runs_inside() {
    if ARCH == "aarch64" {
        return;
    }
    if !Path::new(EMULATOR).exists() {
        skip("there is no qemu-aarch64-static (package qemu-user-static)");
        return;
    }
    for place in both() {
        emulated_in(&place);
    }
}

fn emulated_in(place: &Place) {
    let path = place.write("files/foreign", foreign_program());
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("it is there");
    place.mock(["--copyin", "foreign", "/tmp/foreign"]).ok();
    let words = [
        "-v",
        "--forcearch=aarch64",
        "--chroot",
        "--",
        "/tmp/foreign",
    ];
    let through = |script: &str| {
        let script = format!("{script} \"$@\"");
        place.mock(words).through(own_mounts(&script)).run()
    };
    let registered = |flags: &str| format!("{MOUNTED} {}", REGISTERED.replace("FLAGS", flags));

    let hidden = "while umount /proc/sys/fs/binfmt_misc 2>/dev/null; do :; done;";
    let mount = "`mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc`";
    let error = through(hidden).exits(6).error();
    assert!(
        error.contains("binfmt_misc is not mounted") && error.contains(mount),
        "{error}"
    );
    // Where the machine has it registered, there is nothing to miss.
    let ask =
        format!("{MOUNTED} test -e /proc/sys/fs/binfmt_misc/qemu-aarch64 && echo yes || echo no");
    if run("unshare", &own_mounts(&ask)[1..]).trim() == "no" {
        let error = through(MOUNTED).exits(6).error();
        assert!(
            error.contains("it is not registered with binfmt_misc"),
            "{error}"
        );
        let error = through(&registered("OCP")).exits(6).error();
        assert!(error.contains("lacks the flag F"), "{error}");
    }
    let methods = match place.who {
        Who::Root => &["--isolation=simple", "--isolation=nspawn"][..],
        _ => &["--isolation=simple"],
    };
    for method in methods {
        let script = format!("{} \"$@\"", registered("OCPF"));
        let done = place
            .mock([method])
            .args(words)
            .through(own_mounts(&script))
            .run()
            .exits(7);
        assert_eq!(done.out(), "emulated\n", "{method}");
        let line = format!("DEBUG: aarch64 is emulated by {EMULATOR}");
        assert!(
            done.stderr.lines().any(|said| said == line),
            "{}",
            done.stderr
        );
    }
}
