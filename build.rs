//! Builds the library of the nofsync implementation `ld_preload`, for the binary to hold.
//!
//! It needs no headers and no libc, so a compiler that can produce 32-bit code is enough for the
//! second variant. Where it cannot, that file is empty, and mock says so when it would be needed.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script is told by cargo in its environment"
)]

use std::path::{Path, PathBuf};

const SOURCE: &str = "src/plugins/nofsync/preload.c";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let native = out.join("nofsync.so");
    if let Err(error) = compile(&native, &[]) {
        panic!("{SOURCE} cannot be compiled: {error}");
    }
    let narrow = out.join("nofsync-32.so");
    let is_x86_64 = std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64");
    let done = match is_x86_64 {
        true => compile(&narrow, &["-m32"]),
        false => Err("this architecture has no 32-bit variant".to_owned()),
    };
    if done.is_err() {
        std::fs::write(&narrow, b"").expect("OUT_DIR can be written");
    }
}

fn compile(to: &Path, more: &[&str]) -> Result<(), String> {
    let compiler = cc::Build::new()
        .cargo_metadata(false)
        .opt_level(2)
        .try_get_compiler()
        .map_err(|error| error.to_string())?;
    let output = compiler
        .to_command()
        .args([
            "-shared",
            "-fPIC",
            "-ffreestanding",
            "-fvisibility=hidden",
            "-fno-stack-protector",
            "-fcf-protection=none",
            "-nostdlib",
            "-Wl,--hash-style=both",
            "-Wl,-z,noexecstack",
            "-Wl,-z,relro,-z,now",
            "-Wl,-s",
            "-Wl,-soname,libnofsync.so",
            "-Wall",
            "-Wextra",
            "-Werror",
        ])
        .args(more)
        .arg(SOURCE)
        .arg("-o")
        .arg(to)
        .output()
        .map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
