//! What is read of repositories, of any bytes: metalinks, lists of mirrors, `repomd.xml`, `dnf.conf`.
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
#[path = "../../src/package_manager/repos/mod.rs"]
mod repos;

use libfuzzer_sys::fuzz_target;
use repos::{Fetch, FetchFailure, FetchRequest, Freshness, RepoSource, RepoState, Vars};

/// The same bytes for every address.
struct Bytes<'a>(&'a [u8]);

impl Fetch for Bytes<'_> {
    fn get(&self, request: &FetchRequest<'_>) -> Result<Vec<u8>, FetchFailure> {
        assert!(!request.url.contains('\n'));
        Ok(self.0.to_vec())
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else {
        return;
    };
    let url = Some("http://h/x".to_owned());
    match kind % 4 {
        0 => look(bytes, |source| source.metalink = url),
        1 => look(bytes, |source| source.mirrorlist = url),
        2 => look(bytes, |source| source.baseurl = url.into_iter().collect()),
        _ => {
            let Ok(text) = std::str::from_utf8(bytes) else {
                return;
            };
            let own = [("stream".to_owned(), "10".to_owned())].into();
            let vars = Vars::new("x86_64", Some("43"), &own);
            let switches = [config::RepoSwitch::Disable("a*".to_owned())];
            let sources = repos::from_conf(text, &vars, &switches);
            for source in sources.unwrap_or_default() {
                let known = source.metalink.is_some() || source.mirrorlist.is_some();
                assert!(known || !source.baseurl.is_empty() || !source.plain);
            }
            let _ = repos::main_option(text, "keepcache");
        }
    }
});

fn look(bytes: &[u8], address: impl FnOnce(&mut RepoSource)) {
    let mut source = RepoSource {
        id: "a".to_owned(),
        baseurl: Vec::new(),
        metalink: None,
        mirrorlist: None,
        proxy: None,
        sslverify: true,
        expire: Some(0),
        plain: true,
    };
    address(&mut source);
    let mut states = [RepoState {
        source,
        repomd: "0".repeat(64),
        checked: 0,
    }];
    let found = repos::check(&mut states, 10, true, &Bytes(bytes));
    assert_ne!(found, Freshness::Same);
}
