//! The file as text: written, read, refused.

use super::*;

fn rpm(name: &str) -> Rpm {
    Rpm {
        arch: "x86_64".to_owned(),
        epoch: None,
        license: "MIT".to_owned(),
        name: name.to_owned(),
        release: "1.fc43".to_owned(),
        sigmd5: "0123456789abcdef0123456789abcdef".to_owned(),
        signature: None,
        url: format!("https://example.org/{name}-1-1.fc43.x86_64.rpm"),
        version: "1".to_owned(),
    }
}

fn image() -> Image {
    Image {
        architecture: "amd64".to_owned(),
        id: "b1".to_owned(),
        image_digest: "sha256:aa".to_owned(),
        pull_digest: "sha256:bb".to_owned(),
    }
}

fn lockfile(bootstrap: Option<Image>) -> Lockfile {
    let config = [
        ("target_arch", serde_json::json!("x86_64")),
        ("legal_host_arches", serde_json::json!(["x86_64"])),
    ];
    let config = config.map(|(key, value)| (key.to_owned(), value)).into();
    Lockfile::new(vec![rpm("bash")], config, bootstrap)
}

#[test]
fn the_files_text() {
    let text = String::from_utf8(lockfile(Some(image())).text().unwrap()).unwrap();
    insta::assert_snapshot!(text, @r#"
    {
        "bootstrap": {
            "architecture": "amd64",
            "id": "b1",
            "image_digest": "sha256:aa",
            "pull_digest": "sha256:bb"
        },
        "buildroot": {
            "rpms": [
                {
                    "arch": "x86_64",
                    "epoch": null,
                    "license": "MIT",
                    "name": "bash",
                    "release": "1.fc43",
                    "sigmd5": "0123456789abcdef0123456789abcdef",
                    "signature": null,
                    "url": "https://example.org/bash-1-1.fc43.x86_64.rpm",
                    "version": "1"
                }
            ]
        },
        "config": {
            "legal_host_arches": [
                "x86_64"
            ],
            "target_arch": "x86_64"
        },
        "version": "1.1.0"
    }
    "#);
    assert!(text.ends_with("}\n"));
    let without = String::from_utf8(lockfile(None).text().unwrap()).unwrap();
    assert!(
        without.starts_with("{\n    \"bootstrap\": {},\n"),
        "{without}"
    );
}

#[test]
fn what_is_written_can_be_read() {
    for bootstrap in [None, Some(image())] {
        let written = lockfile(bootstrap);
        let read = Lockfile::parse(&written.text().unwrap(), Path::new("l")).unwrap();
        assert_eq!(read, written);
    }
    // As other programs may leave it out.
    for bootstrap in ["", "\"bootstrap\": null,"] {
        let text = format!(
            "{{{bootstrap} \"buildroot\": {{\"rpms\": []}}, \"config\": {{}}, \"version\": \"1.0.0\"}}"
        );
        let read = Lockfile::parse(text.as_bytes(), Path::new("l")).unwrap();
        assert_eq!(read.bootstrap, None);
    }
}

#[test]
fn what_cannot_be_used_is_told_with_its_place() {
    for (text, message) in [
        ("", "l:1:0: EOF while parsing a value"),
        ("{\n  \"version\" 1}", "l:2:13: expected `:`"),
        (
            "[]",
            "l:1:2: invalid length 0, expected a table with version, buildroot, bootstrap and config",
        ),
        ("{}", "l:1:2: missing field `version`"),
        (
            "{\"version\": \"2.0.0\"}",
            "l: version 2.0.0 of the format is not known, only 1.1.0 and others that begin with 1",
        ),
        (
            "{\"version\": \"1.1.0\"}",
            "l:1:20: missing field `buildroot`",
        ),
        (
            "{\"version\": \"1.1.0\", \"config\": {},\n \"buildroot\": {\"rpms\": [{\"name\": \"a\"}]}}",
            "l:2:37: missing field `arch`",
        ),
        (
            "{\"version\": \"1.1.0\",\n \"config\": [], \"buildroot\": {\"rpms\": []}}",
            "l:2:11: invalid type: sequence, expected a map",
        ),
        (
            "{\"version\": \"1.1.0\",\n \"bootstrap\": {\"id\": \"b1\"}}",
            "l:2:27: missing field `architecture`",
        ),
    ] {
        let error = Lockfile::parse(text.as_bytes(), Path::new("l")).unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.exit_code()),
            (message, 5),
            "{text}"
        );
    }
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path(), &dir.path().join("none"), Path::new("/dev/zero")] {
        let error = Lockfile::read(path).unwrap_err();
        assert!(
            error.to_string().starts_with("cannot read the lockfile "),
            "{error}"
        );
        assert_eq!(error.exit_code(), 5);
    }
}

#[test]
fn packages_of_a_root() {
    let text = "make|/@x86_64|/@GPL-3.0-or-later\nand more|/@4.4|/@1.fc43|/@1|/@cc|/@\
                RSA/SHA256, Tue 01 Jul 2025 01:02:03 PM UTC, Key ID c477cf8ee2a5a05d|/@\n\
                gpg-pubkey|/@(none)|/@pubkey|/@105ef944|/@65ca83d1|/@(none)|/@(none)|/@(none)|/@\n\
                bash|/@x86_64|/@GPL-3.0-or-later|/@5.2|/@3.fc43|/@(none)|/@dd|/@(none)|/@\n";
    let packages = parse(text).unwrap();
    let shown: Vec<_> = packages
        .iter()
        .map(|p| (p.nvra(), p.epoch.as_deref(), p.signature.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            ("bash-5.2-3.fc43.x86_64".to_owned(), None, None),
            (
                "make-4.4-1.fc43.x86_64".to_owned(),
                Some("1"),
                Some("e2a5a05d")
            ),
        ]
    );
    assert_eq!(packages[1].license, "GPL-3.0-or-later\nand more");
    assert_eq!(parse("bash|/@x86_64|/@\n"), Err("bash|/@x86_64".to_owned()));
}

#[test]
fn the_line_of_an_option() {
    let text = "{\n\"dist\": 1,\n\"config\": {\n  \"dist\": \"a\"\n}}";
    assert_eq!(Lockfile::line_of(text, "dist"), 4);
    assert_eq!(Lockfile::line_of(text, "other"), 1);
}
