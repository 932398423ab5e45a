//! Lockfiles, and builds from them without a network.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{
    ARCH, Done, Http, Place, Published, Repository, SMALL_ROOT, Who, image_of, run, srpm,
};

/// What the file must be, as a JSON schema; `valid` knows as much of that language as this needs.
fn schema() -> Value {
    let text = json!({"type": "string"});
    let maybe = json!({"type": ["string", "null"]});
    let digest = json!({"type": "string", "prefix": "sha256:"});
    json!({
        "type": "object",
        "required": ["version", "buildroot", "bootstrap", "config"],
        "properties": {
            "version": {"const": "1.1.0"},
            "buildroot": {"type": "object", "required": ["rpms"], "properties": {"rpms": {
                "type": "array", "minItems": 1, "items": {
                    "type": "object",
                    "required": ["arch", "epoch", "license", "name", "release", "sigmd5", "signature", "url", "version"],
                    "properties": {
                        "arch": text, "epoch": maybe, "license": text, "name": text, "release": text,
                        "sigmd5": text, "signature": maybe, "url": {"type": "string", "prefix": "file:///"},
                        "version": text,
                    },
                },
            }}},
            "bootstrap": {"type": "object", "required": [], "properties": {
                "architecture": text, "id": text, "image_digest": digest, "pull_digest": digest,
            }},
            "config": {"type": "object", "required": ["target_arch", "package_manager", "macros"], "properties": {
                "target_arch": text, "legal_host_arches": {"type": "array", "minItems": 1, "items": text},
                "dist": text, "package_manager": text, "bootstrap_image": text,
                "bootstrap_image_ready": {"type": "boolean"},
                "macros": {"type": "object", "required": ["%_topdir"]},
            }},
        },
    })
}

/// What of `value` is not as `schema` says. Members that no schema names are wrong.
fn valid(value: &Value, schema: &Value, place: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = match &schema["type"] {
        Value::Array(kinds) => kinds.contains(&kind.into()),
        Value::String(only) => only == kind,
        _ => true,
    };
    if !allowed || schema.get("const").is_some_and(|only| only != value) {
        wrong.push(format!("{place} is {value}"));
    }
    if let Some(prefix) = schema["prefix"].as_str()
        && !value.as_str().is_some_and(|text| text.starts_with(prefix))
    {
        wrong.push(format!("{place} is {value}"));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        wrong.extend(valid(item, &schema["items"], &format!("{place}[{index}]")));
    }
    if (value.as_array().map_or(0, Vec::len) as u64) < schema["minItems"].as_u64().unwrap_or(0) {
        wrong.push(format!("{place} is too short"));
    }
    let required = schema["required"].as_array().into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if value.get(name).is_none() {
            wrong.push(format!("{place} has no {name}"));
        }
    }
    if let Some(properties) = schema.get("properties") {
        for (name, member) in value.as_object().into_iter().flatten() {
            match properties.get(name) {
                Some(schema) => wrong.extend(valid(member, schema, &format!("{place}.{name}"))),
                None => wrong.push(format!("{place}.{name} is unknown")),
            }
        }
    }
    wrong
}

fn lockfile(directory: &Path) -> Value {
    let text = fs::read(directory.join("buildroot_lock.json")).expect("there is a lockfile");
    let value = serde_json::from_slice(&text).expect("it is JSON");
    assert_eq!(valid(&value, &schema(), "lockfile"), Vec::<String>::new());
    value
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("there are results");
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.ends_with(".log"))
        .collect();
    names.sort();
    names
}

/// Puts what a lockfile names into a directory and lists it there, as mock-hermetic-repo does.
fn collect(place: &Place, lockfile: &Value) -> String {
    let repo = place.make_dir("files/offline repo");
    for rpm in lockfile["buildroot"]["rpms"]
        .as_array()
        .expect("it is valid")
    {
        let url = rpm["url"].as_str().expect("it is valid");
        let file = Path::new(url.trim_start_matches("file://"));
        let name = file.file_name().expect("it is a file");
        fs::hard_link(file, repo.join(name))
            .or_else(|_| fs::copy(file, repo.join(name)).map(drop))
            .expect("the mini distribution has it");
    }
    let path = repo.to_string_lossy().into_owned();
    run("createrepo_c", ["-q", "--compatibility", &path]);
    run("chmod", ["-R", "a+rX", &path]);
    path
}

/// `mock --hermetic-build` where no network can be reached, not even the machine's own.
fn hermetic<'a>(place: &'a Place, words: &[&str]) -> Done<'a> {
    let configs = crate::support::configs();
    let mut mock = place
        .bare()
        .args(["--configdir", &configs.to_string_lossy()]);
    if place.who == Who::Root {
        for (key, path) in [
            ("basedir", place.basedir()),
            ("cache_topdir", place.cache()),
        ] {
            mock = mock.args(["--config-opts", &format!("{key}={}", path.display())]);
        }
    }
    mock.args(words).through(["unshare", "--net"]).run()
}

#[test]
fn a_build_that_was_locked_is_repeated_without_a_network() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    if !nix::unistd::getuid().is_root() {
        return crate::support::skip("it needs root to take the network away");
    }
    // Generated requirements as well.
    let done = place
        .mock(["--calculate-build-dependencies", &srpm("genbr")])
        .args(["--resultdir", "locked"])
        .ok();
    assert_snapshot!(done.shot(), @"
    exit 0
    --- stderr
    Start: run
    INFO: Start([MINI]/SRPMS/genbr-1.0-1.mini1.src.rpm)  Config(mini-[ARCH])
    Start: clean chroot
    Finish: clean chroot
    INFO: Mock Version: 0.1.0
    Start: chroot init
    Start: installing minimal buildroot with dnf4
    Finish: installing minimal buildroot with dnf4
    INFO: created postinit snapshot
    Finish: chroot init
    Start: build phase for genbr-1.0-1.mini1.src.rpm
    Start: build setup for genbr-1.0-1.mini1.src.rpm
    Finish: build setup for genbr-1.0-1.mini1.src.rpm
    Start: rpmbuild genbr-1.0-1.mini1.src.rpm
    Start: Generating the buildroot lockfile: buildroot_lock.json
    Finish: Generating the buildroot lockfile: buildroot_lock.json
    Finish: rpmbuild genbr-1.0-1.mini1.src.rpm
    Finish: build phase for genbr-1.0-1.mini1.src.rpm
    INFO: Done([MINI]/SRPMS/genbr-1.0-1.mini1.src.rpm) Config(mini-[ARCH]) [N] minutes [N] seconds
    INFO: Results and/or logs in: [DIR]/files/locked
    Built genbr-1.0-1.mini1.src.rpm ([N] minutes [N] seconds): [DIR]/files/locked
    INFO: Cleaning up build root ('cleanup_on_success=True')
    Start: clean chroot
    Finish: clean chroot
    Finish: run
    ");
    let locked = place.path("files/locked");
    assert_eq!(
        names(&locked),
        [
            "buildroot_lock.json",
            "genbr-1.0-1.mini.buildreqs.nosrc.rpm",
            "genbr-1.0-1.mini.src.rpm"
        ]
    );
    let lock = lockfile(&locked);
    assert_eq!(lock["config"]["target_arch"], ARCH);
    assert_eq!(lock["config"]["package_manager"], "dnf4");
    assert_eq!(lock["config"]["dist"], "mini");
    assert_eq!(lock["config"]["macros"]["%dist"], ".mini");
    let has = |name: &str| {
        let rpms = lock["buildroot"]["rpms"].as_array().expect("it is valid");
        rpms.iter().any(|rpm| rpm["name"] == name)
    };
    assert!(has("bash") && has("gcc") && has("ncurses-devel") && !has("cmake"));

    let repo = collect(&place, &lock);
    let file = locked.join("buildroot_lock.json");
    let words = [
        "--no-bootstrap-chroot",
        "--hermetic-build",
        &file.to_string_lossy(),
        &repo,
        &srpm("genbr"),
    ];
    let done = hermetic(&place, &words).exits(0);
    assert!(
        done.stderr.contains("Start: scrub ['all']\n"),
        "{}",
        done.stderr
    );
    let result = place.basedir().join("hermetic-build/result");
    let built = format!("genbr-1.0-1.mini.{ARCH}.rpm");
    assert_eq!(names(&result), ["genbr-1.0-1.mini.src.rpm", &built]);

    // As csmock does it: only what is needed to build is made ready.
    let first = [
        &words[..],
        &["--short-circuit=prep", "--rpmbuild-opts=--noprep", "-N"],
    ];
    hermetic(&place, &first.concat()).exits(0);
    assert_eq!(names(&result), ["genbr-1.0-1.mini.src.rpm"]);
    // The root is looked into afterwards, as another run.
    let shell = [
        "--no-bootstrap-chroot",
        "-r",
        "hermetic-build",
        &format!("--config-opts=offline_local_repository={repo}"),
        "-q",
        "--shell",
        "uname -m; rpm -q ncurses-devel",
    ];
    let done = hermetic(&place, &shell).exits(0);
    assert_snapshot!(done.shot(), @"
    exit 0
    --- stdout
    [ARCH]
    ncurses-devel-6.4-4.mini1.[ARCH]
    ");

    // One package less: it is said which.
    let name = format!("ncurses-devel-6.4-4.mini1.{ARCH}.rpm");
    fs::remove_file(Path::new(&repo).join(name)).expect("it was collected");
    run("createrepo_c", ["-q", &repo]);
    let done = hermetic(&place, &words).exits(30);
    assert!(
        done.stderr.contains("pkgconfig(ncurses)"),
        "{}",
        done.stderr
    );
}

/// With an ordinary build, by configuration; names of files that say nothing; what is nowhere.
#[test]
fn every_package_has_an_address_or_there_is_no_lockfile() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    // Its file is called odd.rpm.
    let repository = Repository::new(&place, "repo");
    let odd = repository.add_small("odd", "");
    let mock = || {
        place.mock([
            "--enable-plugin=buildroot_lock",
            "--addrepo",
            &repository.url(),
        ])
    };
    mock()
        .args(["--additional-package=odd", &srpm("needsnothing")])
        .ok();
    let lock = lockfile(&place.result());
    let rpms = lock["buildroot"]["rpms"].as_array().expect("it is valid");
    let urls: Vec<&str> = rpms
        .iter()
        .filter(|rpm| rpm["name"] == "odd")
        .filter_map(|rpm| rpm["url"].as_str())
        .collect();
    assert_eq!(urls, [format!("{}/odd.rpm", repository.url())]);
    assert!(
        place
            .result()
            .join("needsnothing-1.0-1.mini.noarch.rpm")
            .is_file()
    );

    fs::remove_file(place.result().join("buildroot_lock.json")).expect("it was written");
    fs::remove_file(&odd).expect("it is our own");
    repository.index();
    let words = [
        "--no-clean",
        "--calculate-build-dependencies",
        &srpm("needsnothing"),
    ];
    let done = mock().args(words).run();
    assert_snapshot!(done.error(), @"
    exit 1
    ERROR: Exception([MINI]/SRPMS/needsnothing-1.0-1.mini1.src.rpm) Config(mini-[ARCH]) [N] minutes [N] seconds
    INFO: Results and/or logs in: [STATE]/mini-[ARCH]/result
    Failed needsnothing-1.0-1.mini1.src.rpm ([N] minutes [N] seconds): [STATE]/mini-[ARCH]/result
    Finish: run
    ERROR: Can't get location for odd-1-1.[ARCH]
    hint: these packages are installed but in none of the repositories; begin with what those have now: `mock -r mini-[ARCH] --clean`
    ");
    let done = mock().args(["--offline"]).args(words).run().exits(1);
    assert!(
        done.stderr.contains("leave out --offline\n"),
        "{}",
        done.stderr
    );
    assert!(!place.result().join("buildroot_lock.json").exists());
}

/// The bootstrap root is the image that the lockfile names, from the directory that has the packages.
#[test]
fn a_bootstrap_image_is_locked_as_well() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    // A root with a package manager becomes the image.
    let more = "chroot_additional_packages=python3-dnf python3-dnf-plugins-core";
    place
        .mock(["--config-opts", more, "--init"])
        .args(SMALL_ROOT)
        .ok();
    let image = Published::of(&image_of(&place, &place.root()));
    image.register(&place.make_dir("registry"), "mini/dnf");
    let http = Http::breaking(&place.path("registry"), "", 0);
    let name = format!("{}/mini/dnf", http.url().trim_start_matches("http://"));
    let setup = "chroot_setup_cmd=install bash coreutils mini-release rpm rpm-build shadow-utils";
    let done = place
        .mock([
            "--use-bootstrap-image",
            "--bootstrap-image-ready",
            "--config-opts",
            &format!("bootstrap_image={name}:1"),
        ])
        .args(["--config-opts", setup, "--resultdir", "locked"])
        .args(["--calculate-build-dependencies", &srpm("needsnothing")])
        .ok();
    let said = "INFO: Buildroot is handled by package management downloaded with a bootstrap image:\n  rpm-4.18";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    let locked = place.path("files/locked");
    let mut lock = lockfile(&locked);
    let bootstrap = lock["bootstrap"].clone();
    assert_eq!(bootstrap["pull_digest"], image.manifest.as_str());
    assert_eq!(bootstrap["id"], image.config.trim_start_matches("sha256:"));
    let machine = ["amd64", "arm64"].map(Value::from);
    assert!(machine.contains(&bootstrap["architecture"]), "{bootstrap}");
    assert_eq!(lock["config"]["bootstrap_image"], format!("{name}:1"));
    assert_eq!(lock["config"]["bootstrap_image_ready"], true);

    let repo = collect(&place, &lock);
    image.sync(Path::new(&repo), &name);
    // As on another machine, which has never seen the image.
    place.mock(["--scrub=bootstrap"]).ok();
    let file = locked.join("buildroot_lock.json");
    let path = file.to_string_lossy();
    let words = ["--hermetic-build", &path, &repo, &srpm("needsnothing")];
    let done = hermetic(&place, &words).exits(0);
    let using = format!("Using image dir:{repo}/{name}@{0} ({0})", image.manifest);
    assert!(done.stderr.contains(&using), "{}", done.stderr);
    assert!(done.stderr.contains("Finish(bootstrap): unpacking image"));
    assert!(!done.stderr.contains("(bootstrap): installing"));
    let result = place.basedir().join("hermetic-build/result");
    assert!(names(&result).contains(&"needsnothing-1.0-1.mini.noarch.rpm".to_owned()));

    // Another image than the one that was locked.
    lock["bootstrap"]["image_digest"] = format!("sha256:{}", "0".repeat(64)).into();
    fs::write(&file, lock.to_string()).expect("it is the test's own");
    let shot = hermetic(&place, &words).exits(90).error();
    let digests = format!(" has digest {}, and must have sha256:000", image.manifest);
    assert!(
        shot.contains("ERROR: dir:[DIR]/files/offline repo/") && shot.contains(&digests),
        "{shot}"
    );
    // And none.
    lock["bootstrap"]["pull_digest"] = format!("sha256:{}", "1".repeat(64)).into();
    fs::write(&file, lock.to_string()).expect("it is the test's own");
    let shot = hermetic(&place, &words).exits(90).error();
    assert!(shot.contains("manifest.json: No such file"), "{shot}");
}
