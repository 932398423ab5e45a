//! The header of a source package, of any bytes: it is read or refused.
#![no_main]

#[path = "../../src/config/mod.rs"]
mod config;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/ini.rs"]
mod ini;
#[path = "../../src/lockfile/mod.rs"]
mod lockfile;
#[path = "../../src/program.rs"]
mod program;
#[path = "../../src/rpm/mod.rs"]
mod rpm_files;

use std::io::{Seek, Write};
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use rpm_files::header::SourceHeader;

fuzz_target!(|data: &[u8]| {
    let mut file = tempfile::tempfile_in("/dev/shm").expect("a file");
    file.write_all(data).expect("written");
    file.rewind().expect("at its beginning");
    let path = Path::new("x.src.rpm");
    if let Ok(header) = SourceHeader::read(file, path) {
        let _ = header.check_arch("x86_64", path);
        let _ = header.has_dynamic_requires();
    }
});
