//! The whole question, with a network that is made up; and what other tests need of that.

use std::collections::HashMap;
use std::sync::Mutex;

use super::fetch::{Failure, Request};
use super::look::sha256;
use super::*;

/// Answers by URL, and keeps what was asked.
#[derive(Debug)]
pub(super) struct Fake {
    files: HashMap<String, String>,
    asked: Mutex<Vec<String>>,
}

impl Fake {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let file = |(url, content): &(&str, &str)| ((*url).to_owned(), (*content).to_owned());
        Self {
            files: files.iter().map(file).collect(),
            asked: Mutex::default(),
        }
    }

    fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        asked
    }
}

impl Fetch for Fake {
    fn get(&self, request: &Request<'_>) -> Result<Vec<u8>, Failure> {
        self.asked.lock().unwrap().push(request.url.to_owned());
        let found = self.files.get(request.url);
        let missing = || Failure(format!("{}: not there", request.url));
        found
            .map(|text| text.clone().into_bytes())
            .ok_or_else(missing)
    }
}

pub(super) fn source(id: &str) -> RepoSource {
    RepoSource {
        id: id.to_owned(),
        baseurl: vec![format!("http://{id}/")],
        metalink: None,
        mirrorlist: None,
        proxy: None,
        sslverify: true,
        expire: Some(100),
        plain: true,
    }
}

/// Checked at 1000, with the content `md`.
fn state(id: &str) -> RepoState {
    RepoState {
        source: source(id),
        repomd: sha256(b"md"),
        checked: 1000,
    }
}

pub(super) const METALINK: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" xmlns:mm0="http://fedorahosted.org/mirrormanager">
 <files>
  <file name="other"><verification><hash type="sha256">00</hash></verification></file>
  <file name="repomd.xml">
   <mm0:timestamp>1700000000</mm0:timestamp>
   <mm0:alternates>
    <mm0:alternate>
     <verification><hash type="sha256">cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd</hash></verification>
    </mm0:alternate>
   </mm0:alternates>
   <verification>
    <hash type="md5">0</hash>
    <hash type="sha256">ABababababababababababababababababababababababababababababababab</hash>
   </verification>
   <resources maxconnections="1">
    <url protocol="http" preference="99">http://a/repodata/repomd.xml</url>
    <url protocol="https" preference="100"> https://b/repodata/repomd.xml </url>
    <url protocol="rsync" preference="100">rsync://b/repodata/repomd.xml</url>
   </resources>
  </file>
 </files>
</metalink>
"#;

/// `text` cut short and damaged in many ways.
pub(crate) fn garbled(text: &str) -> Vec<Vec<u8>> {
    let mut seed = 7_u32;
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % below.max(1)
    };
    let bytes = text.as_bytes();
    let cut = (0..=bytes.len())
        .step_by(7)
        .map(|end| bytes[..end].to_vec());
    let mut all: Vec<Vec<u8>> = cut.collect();
    for _ in 0..2000 {
        let mut copy = bytes.to_vec();
        for _ in 0..=random(4) {
            let at = random(copy.len());
            match random(3) {
                0 => copy[at] = b"<>&[]=$%{}:\"\\\n \0\xff\xc3-,"[random(20)],
                1 => drop(copy.drain(at..(at + random(40)).min(bytes.len().min(copy.len())))),
                _ => copy.insert(at, b"[]<>${}=\n\t"[random(10)]),
            }
            if copy.is_empty() {
                copy.push(b'x');
            }
        }
        all.push(copy);
    }
    all
}

#[test]
fn fresh_ones_are_not_looked_at() {
    let fetch = Fake::new(&[]);
    let mut never = state("never");
    never.source.expire = None;
    let mut repos = [state("fresh"), never];
    assert_eq!(check(&mut repos, 1099, true, &fetch), Freshness::Same);
    let mut old = [state("old")];
    assert_eq!(check(&mut old, 9999, false, &fetch), Freshness::Same);
    assert_eq!(fetch.asked(), Vec::<String>::new());
    assert_eq!(old, [state("old")]);
}

#[test]
fn looked_at_and_the_same() {
    let fetch = Fake::new(&[
        ("http://a/repodata/repomd.xml", "md"),
        (
            "http://m/list",
            "rsync://x/\nhttp://gone/\nhttp://there/r\n",
        ),
        ("http://there/r/repodata/repomd.xml", "md"),
        ("http://c/metalink", METALINK),
    ]);
    let mut mirrors = state("m");
    mirrors.source.mirrorlist = Some("http://m/list".to_owned());
    let mut linked = state("c");
    linked.source.metalink = Some("http://c/metalink".to_owned());
    linked.repomd = "ab".repeat(32);
    let mut repos = [state("a"), mirrors, linked];
    assert_eq!(check(&mut repos, 1100, true, &fetch), Freshness::Same);
    assert_eq!(repos.map(|repo| repo.checked), [1100; 3]);
    let asked = [
        "http://a/repodata/repomd.xml",
        "http://c/metalink",
        "http://gone/repodata/repomd.xml",
        "http://m/list",
        "http://there/r/repodata/repomd.xml",
    ];
    assert_eq!(fetch.asked(), asked);
}

#[test]
fn a_clock_that_was_set_back_is_no_reason_to_trust() {
    let fetch = Fake::new(&[("http://a/repodata/repomd.xml", "md")]);
    assert_eq!(check(&mut [state("a")], 5, true, &fetch), Freshness::Same);
    assert_eq!(fetch.asked().len(), 1);
}

#[test]
fn changed_counts_more_than_unknown() {
    let fetch = Fake::new(&[
        ("http://a/repodata/repomd.xml", "md"),
        ("http://b/repodata/repomd.xml", "other"),
        ("http://c/metalink", METALINK),
    ]);
    let mut behind = state("c");
    behind.source.metalink = Some("http://c/metalink".to_owned());
    behind.repomd = "cd".repeat(32);
    let mut repos = [state("a"), state("gone"), state("b")];
    let changed = |id: &str| Freshness::Changed {
        id: id.to_owned(),
        why: "its metadata is another".to_owned(),
    };
    assert_eq!(check(&mut repos, 2000, true, &fetch), changed("b"));
    assert_eq!(repos.map(|repo| repo.checked), [2000, 1000, 1000]);
    assert_eq!(check(&mut [behind], 2000, true, &fetch), changed("c"));
}

#[test]
fn unknown_says_why() {
    let fetch = Fake::new(&[("http://c/metalink", "<html/>")]);
    let mut skipped = state("skipped");
    skipped.repomd.clear();
    skipped.source.expire = None;
    let mut closed = state("closed");
    closed.source.plain = false;
    let mut page = state("page");
    page.source.metalink = Some("http://c/metalink".to_owned());
    let mut nowhere = state("nowhere");
    nowhere.source.baseurl.clear();
    for (repo, why) in [
        (skipped, "it could not be read when it was last needed"),
        (closed, "reading it needs an account or a certificate"),
        (
            page,
            "no metalink at http://c/metalink: it is not about repomd.xml",
        ),
        (nowhere, "it has no address"),
        (state("gone"), "http://gone/repodata/repomd.xml: not there"),
    ] {
        let unknown = Freshness::Unknown {
            id: repo.source.id.clone(),
            why: why.to_owned(),
        };
        assert_eq!(check(&mut [repo], 2000, true, &fetch), unknown);
    }
}

#[test]
fn a_state_is_kept_as_json() {
    let json = r#"{"id":"a","baseurl":["http://a/"],"metalink":null,"mirrorlist":null,"proxy":null,"sslverify":true,"expire":100,"plain":true,"repomd":"","checked":1000}"#;
    let mut repo = state("a");
    repo.repomd.clear();
    assert_eq!(serde_json::to_string(&repo).unwrap(), json);
    assert_eq!(serde_json::from_str::<RepoState>(json).unwrap(), repo);
}
