//! A `.cfg` file of any text: it ends with options or with an error, within its bounds, and what
//! `--debug-config` prints of the options is read back as the same ones.
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

use std::path::Path;
use std::sync::LazyLock;

use config::cfg::{self, Host};
use config::options::Options;
use libfuzzer_sys::fuzz_target;

/// What included files and `os.path` see, in memory.
static PLACE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let place = tempfile::tempdir_in("/dev/shm").expect("a directory");
    std::fs::write(place.path().join("a.tpl"), "config_opts['a'] = 'b'\n").expect("written");
    place
});

fuzz_target!(|data: &[u8]| {
    let Ok(options) = evaluated("main.cfg", data, before()) else {
        return;
    };
    let printed = config::debug::render(&options, false);
    let again = evaluated("again.cfg", printed.as_bytes(), Options::default());
    let again = again.unwrap_or_else(|error| panic!("{error}\n{printed}"));
    assert_eq!(config::debug::render(&again, false), printed);
});

/// Something to change and to refer to.
fn before() -> Options {
    let text = "config_opts.update(root='r', macros={}, plugin_conf={'a_opts': {'dirs': []}}, \
                files={}, environment={'HOME': '/builddir'}, target_arch='x86_64', n=[1])\n";
    evaluated("before.cfg", text.as_bytes(), Options::default()).expect("evaluated")
}

fn evaluated(name: &str, text: &[u8], mut options: Options) -> error::Result<Options> {
    let path: &Path = PLACE.path();
    std::fs::write(path.join(name), text).expect("written");
    let host = Host {
        environment: [("HOME".to_owned(), "/home/b".to_owned())].into(),
        user: "b".to_owned(),
        uid: 1000,
        gid: 1000,
        groups: [("mock".to_owned(), 135)].into(),
        home: "/home/b".into(),
        cwd: "/srv".into(),
        hostname: "h".to_owned(),
        random_seed: 1,
        entitlements: Vec::new(),
    };
    let (mut files, mut warnings) = (Vec::new(), Vec::new());
    let file = path.join(name);
    cfg::evaluate(&file, path, &host, &mut options, &mut files, &mut warnings)?;
    assert!(warnings.len() <= 200);
    Ok(options)
}
