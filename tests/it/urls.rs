//! URLs as source packages, from a server that has its moods.

use std::fs;
use std::path::PathBuf;

use crate::support::{Http, Place, Who, minidistro, srpm};

/// What is left of downloads.
fn scratch(place: &Place) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.path("tmp")).expect("it can be listed");
    entries.flatten().map(|entry| entry.path()).collect()
}

#[test]
fn fetched_and_built() {
    for who in [Who::User, Who::Root] {
        let Some(place) = Place::new(who) else { return };
        place.make_dir("tmp");
        let file = srpm("needsnothing");
        let file = file.rsplit('/').next().unwrap_or_default();
        // Breaks off once.
        let server = Http::breaking(&minidistro(), file, 1);
        let url = format!(
            "{}/SRPMS/{file}?Content-Disposition:%20attachment;filename=%22../../x.src.rpm%22",
            server.url()
        );
        let done = place
            .mock(["--rebuild", &url])
            .env("TMPDIR", place.path("tmp"))
            .ok();
        assert_eq!(server.asked(file), 2);
        assert!(
            done.stderr.contains("; try 2 of 3 in 1 s\n"),
            "{}",
            done.stderr
        );
        // By the name that the server gave, as far as it is one.
        let state = fs::read_to_string(place.result().join("state.log")).expect("it is there");
        assert!(state.contains("Start: rpmbuild x.src.rpm\n"), "{state}");
        assert!(
            place
                .result()
                .join("needsnothing-1.0-1.mini.noarch.rpm")
                .exists()
        );
        assert_eq!(scratch(&place), Vec::<PathBuf>::new());
        let done = place
            .mock(["--installdeps", &format!("{}/SRPMS/{file}", server.url())])
            .env("TMPDIR", place.path("tmp"))
            .ok();
        assert!(!done.stderr.contains("ERROR"), "{}", done.stderr);
        assert_eq!(scratch(&place), Vec::<PathBuf>::new());
    }
}

#[test]
fn what_cannot_be_fetched() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.make_dir("tmp");
    let text = place.write("files/text.src.rpm", "no package");
    let _stale = place.make_dir("tmp/mock-scratch-abc123.download");
    let server = Http::breaking(text.parent().expect("it has one"), "nothing", 0);
    let mut said = Vec::new();
    for url in [
        format!("{}/none.src.rpm", server.url()),
        format!("{}/text.src.rpm", server.url()),
        "ftp://h/x.src.rpm".to_owned(),
        "http://".to_owned(),
        "http://127.0.0.1:1/x.src.rpm".to_owned(),
    ] {
        let done = place
            .mock([&url])
            .env("TMPDIR", place.path("tmp"))
            .run()
            .exits(5);
        said.push(done.error().replace(&server.url(), "[SERVER]"));
        assert_eq!(scratch(&place), Vec::<PathBuf>::new());
    }
    insta::assert_snapshot!(said.join("\n\n"), @r"
    exit 5
    ERROR: Invalid [SERVER]/none.src.rpm source RPM: the server answers with status 404

    exit 5
    ERROR: Invalid [SERVER]/text.src.rpm source RPM: Cannot find/open srpm: text.src.rpm. Error: not an RPM package

    exit 5
    ERROR: Invalid ftp://h/x.src.rpm source RPM: mock fetches by http and https alone
    hint: fetch it with another program and give the file: `curl -O ftp://h/x.src.rpm`

    exit 5
    ERROR: Invalid http:// source RPM: empty string

    exit 5
    ERROR: Invalid http://127.0.0.1:1/x.src.rpm source RPM: io: Connection refused (os error 111)
    ");
    // What the server refuses is not asked for again.
    assert_eq!(server.asked("none.src.rpm"), 1);
}
