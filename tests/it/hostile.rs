//! Source packages, links and races of somebody who wants out: none gets out, and who is attacked is
//! told in one line.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use nix::unistd::User;

use crate::full_disk::on_small_disk;
use crate::support::{ARCH, Done, Mock, Place, Who, both, run, srpm};

const SPEC: &str = "Name: x\\nVersion: 1\\nRelease: 1\\nSummary: x\\nLicense: MIT\\nBuildArch: noarch\\n\
                    %description\\n%files\\n";

/// Writes a source package with these files, which are JSON.
fn rogue(place: &Place, name: &str, files: &str) -> PathBuf {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rogue_srpm.py");
    let path = place.write(&format!("files/{name}"), "");
    let package = format!("{{\"name\": \"x\", \"files\": [{files}]}}");
    run("python3", [script, &path.to_string_lossy(), &package]);
    path
}

/// A spec file of this name that can be built.
fn spec(name: &str) -> String {
    format!("{{\"name\": \"{name}\", \"flags\": 32, \"text\": \"{SPEC}\"}}")
}

/// The one error, which is one line.
fn error<'t>(done: &'t Done<'_>) -> &'t str {
    let lines: Vec<&str> = done
        .stderr
        .lines()
        .filter(|line| line.starts_with("ERROR: ") && !line.starts_with("ERROR: Exception("))
        .collect();
    assert_eq!(lines.len(), 1, "{}", done.stderr);
    lines[0]
}

/// A file of the host's that nobody may touch, in a directory of its own.
struct Victim {
    directory: PathBuf,
}

impl Victim {
    const TEXT: &str = "precious\n";

    fn at(directory: PathBuf) -> Self {
        fs::create_dir_all(&directory).expect("a test's directory can be made");
        let victim = Self { directory };
        fs::write(victim.file(), Self::TEXT).expect("a test's file can be written");
        victim
    }

    fn new(place: &Place) -> Self {
        Self::at(place.path("victim"))
    }

    /// The user of `place` may write to it: what happens to it then is mock's doing.
    fn give_to(&self, place: &Place) {
        let uid = place.uid().to_string();
        run("chown", ["-R", &uid, &self.directory.to_string_lossy()]);
    }

    fn file(&self) -> PathBuf {
        self.directory.join("x.rpm")
    }

    /// Nothing was written to it, nothing came beside it.
    fn is_well(&self) {
        let names: Vec<_> = fs::read_dir(&self.directory)
            .expect("it is there")
            .map(|entry| entry.expect("it can be listed").file_name())
            .collect();
        assert_eq!(names, ["x.rpm"]);
        let text = fs::read_to_string(self.file());
        assert_eq!(text.ok().as_deref(), Some(Self::TEXT));
        let mode = fs::metadata(self.file()).map(|data| data.permissions().mode());
        assert_eq!(mode.ok().map(|mode| mode & 0o777), Some(0o644));
    }
}

fn stranger() -> User {
    let user = User::from_name("mock-test").expect("accounts can be read");
    user.expect("tests/run.sh makes the user")
}

/// A link that belongs to the user mock-test.
fn plant(target: &Path, link: &Path) {
    symlink(target, link).expect("a test's link can be made");
    let user = stranger();
    let _ = lchown(link, Some(user.uid.as_raw()), Some(user.gid.as_raw()));
}

/// What rpmbuild makes in no source package is refused before there is a root.
#[test]
fn files_that_no_source_package_has() {
    for place in both() {
        for (name, file, why) in [
            (
                "a",
                "\"name\": \"/var/tmp/evil\"",
                "'/var/tmp/evil' in it is no plain file name",
            ),
            (
                "b",
                "\"name\": \"../../.rpmmacros\"",
                "'../../.rpmmacros' in it is no plain file name",
            ),
            (
                "c",
                "\"name\": \"null\", \"mode\": 8630, \"rdev\": 259",
                "'null' in it is no regular file",
            ),
            (
                "d",
                "\"name\": \"pipe\", \"mode\": 4516",
                "'pipe' in it is no regular file",
            ),
            (
                "e",
                "\"name\": \"a.spec\", \"mode\": 41471, \"link\": \"/etc/shadow\"",
                "'a.spec' in it is no regular file",
            ),
            (
                "f",
                "\"name\": \"a\\nb\\u001b[31m.spec\", \"flags\": 32",
                "'a\\nb\\u{1b}[31m.spec' in it has control characters in its name",
            ),
        ] {
            let name = format!("{name}.src.rpm");
            rogue(&place, &name, &format!("{}, {{{file}}}", spec("x.spec")));
            let done = place.mock([&name]).run().exits(40);
            let expected = format!("ERROR: {name} cannot be unpacked: {why}");
            assert_eq!(error(&done), expected);
            assert!(!place.chroot().exists());
        }
        rogue(&place, "new\nline.src.rpm", &spec("x.spec"));
        let done = place.mock(["new\nline.src.rpm"]).run().exits(40);
        let expected = "ERROR: new\\nline.src.rpm has control characters in its name";
        assert_eq!(error(&done), expected);
    }
}

/// These are built, or fail in the root, and leave nothing anywhere else.
#[test]
fn odd_source_packages() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--init"]).ok();
    let build = |name: &str| place.mock(["--no-clean", "--", name]).run();
    let suid = "{\"name\": \"suid\", \"mode\": 35309, \"text\": \"x\"}";
    let second = "{\"name\": \"z.spec\", \"flags\": 32, \"text\": \"Name: z\"}";
    for (name, files) in [
        ("two", format!("{}, {second}", spec("x.spec"))),
        ("-x", format!("{}, {suid}", spec("-x.spec"))),
        (
            "it's %{nil} g*[x]{y}?",
            spec(" q'uote $(touch $HOME) `id`;*.spec"),
        ),
    ] {
        let name = format!("{name}.src.rpm");
        rogue(&place, &name, &files);
        build(&name).exits(0);
        let results = ["x-1-1.src.rpm", "x-1-1.noarch.rpm"].map(|name| place.result().join(name));
        for result in results {
            fs::remove_file(&result).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    let sized = |claims: &str| {
        let big = format!("{{\"name\": \"big\", \"text\": \"text\", \"claims\": {claims}}}");
        format!("{}, {big}", spec("x.spec"))
    };
    for (name, files, why) in [
        (
            "none",
            "{\"name\": \"x.txt\"}".to_owned(),
            "No specfile found in srpm: none.src.rpm",
        ),
        (
            "empty",
            String::new(),
            "No specfile found in srpm: empty.src.rpm",
        ),
        ("more", sized("1000000"), "Source RPM is not installable:"),
        ("less", sized("1"), "Source RPM is not installable:"),
    ] {
        let name = format!("{name}.src.rpm");
        rogue(&place, &name, &files);
        let done = build(&name).exits(40);
        assert_eq!(error(&done), format!("ERROR: {why}"));
    }
    assert!(!place.result().join("x-1-1.noarch.rpm").exists());
    build(&srpm("needsnothing")).exits(0);
}

/// 400 MB of zeros in 400 kB, on a disk that has room for 60: what counts is that it does not fit.
#[test]
fn a_source_package_that_is_larger_than_the_disk() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let zeros = format!(
        "{}, {{\"name\": \"zeros\", \"zeros\": 400000000}}",
        spec("x.spec")
    );
    let bomb = rogue(&place, "bomb.src.rpm", &zeros);
    assert!(fs::metadata(&bomb).is_ok_and(|data| data.len() < 1_000_000));
    let script = format!(
        "\"$@\" --init >/dev/null 2>&1 || exit 99\n\
         mount -o remount,size=$(($(df --output=used -k \"$disk\" | tail -n1) + 60 * 1024))k \"$disk\"\n\
         \"$@\" --no-clean --rebuild '{}'; status=$?\n\
         ls \"$disk\"/mini-*/result | grep rpm\n\
         \"$@\" -q --no-clean --rebuild {} >/dev/null 2>&1 || echo broken\n\
         exit $status",
        bomb.display(),
        srpm("needsnothing")
    );
    let done = on_small_disk(&place, 3000, &script).exits(40);
    assert_eq!(done.out(), "");
    let start = "ERROR: bomb.src.rpm does not fit: its files take 401 MB, and 6";
    assert!(error(&done).starts_with(start), "{}", done.stderr);
}

/// Everything that is written among the results, as a link to somebody's file.
#[test]
fn links_among_the_results() {
    let as_root = Place::new(Who::Root);
    let through_sudo = Place::new(Who::Root).filter(|_| as_root.is_some());
    for (place, sudo) in [
        (Place::new(Who::User), false),
        (as_root, false),
        (through_sudo, true),
    ] {
        let Some(place) = place else { continue };
        let victim = Victim::new(&place);
        let secret = place.path("secret");
        fs::write(&secret, "secret").expect("a test's file can be written");
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("it is our own");
        let results = place.make_dir("files/out");
        if place.who == Who::Root {
            lchown(&results, Some(stranger().uid.as_raw()), None).expect("root may do that");
        }
        for name in [
            "build.log",
            "needsnothing-1.0-1.mini.src.rpm",
            "buildroot_lock.json",
        ] {
            plant(&victim.file(), &results.join(name));
        }
        fs::hard_link(victim.file(), results.join("root.log")).expect("it is the same disk");
        plant(&place.path("none"), &results.join("state.log"));
        plant(&secret, &results.join("hw_info.log"));
        let options = [
            "--resultdir=out",
            "--enable-plugin=compress_logs",
            "--enable-plugin=buildroot_lock",
            "--disable-plugin=hw_info",
        ];
        let mut mock = place.mock(options).args([srpm("needsnothing")]);
        if sudo {
            mock = mock.env("SUDO_UID", stranger().uid.to_string());
        }
        mock.ok();
        victim.is_well();
        assert!(!place.path("none").exists());
        assert!(secret.exists() && !results.join("hw_info.log.gz").exists());
        for name in [
            "build.log.gz",
            "root.log.gz",
            "state.log.gz",
            "buildroot_lock.json",
        ] {
            let data = fs::symlink_metadata(results.join(name));
            assert!(
                data.is_ok_and(|data| data.is_file() && data.len() > 100),
                "{name}"
            );
        }
        // A directory of results that leads to where the caller may not write.
        if sudo {
            plant(&victim.directory, &place.path("files/link"));
            let done = place
                .mock(["--resultdir=link", &srpm("needsnothing")])
                .env("SUDO_UID", stranger().uid.to_string())
                .run()
                .exits(70);
            assert!(error(&done).ends_with("files/link: Permission denied (os error 13)"));
            victim.is_well();
        }
    }
}

/// Somebody was there before root, and made links.
#[test]
fn links_in_a_directory_of_roots() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let victim = Victim::new(&place);
    let base = place.chroot();
    let cache = place.cache().join(format!("mini-{ARCH}"));
    let links = ["root", "package-manager", "buildroot.lock", "result"].map(|name| base.join(name));
    let store = place.basedir().join(".mock");
    for link in links.iter().chain([&base, &cache, &store]) {
        for directory in [&place.basedir(), &place.cache()] {
            let _ = fs::remove_dir_all(directory);
            fs::create_dir_all(directory).expect("a test's directory can be made");
        }
        if *link != base {
            fs::create_dir(&base).expect("a test's directory can be made");
            lchown(&base, Some(stranger().uid.as_raw()), None).expect("root may do that");
        }
        for arguments in [
            &["--clean"][..],
            &["--scrub=all"],
            &["--init", "--no-clean"],
            &["--shell", "true"],
        ] {
            if fs::symlink_metadata(link).is_err() {
                fs::create_dir_all(link.parent().expect("it has one")).expect("it is our own");
                plant(&victim.directory, link);
            }
            let done = place.mock(arguments).run();
            victim.is_well();
            // Removing removes the link; whatever works there says what is wrong.
            if arguments[0] == "--init" || arguments[0] == "--shell" {
                let expected = format!(
                    "ERROR: {} is a symbolic link that belongs to user {}, and is not followed",
                    link.display(),
                    stranger().uid
                );
                assert_eq!(error(&done), expected, "{arguments:?}");
                assert_eq!(done.status_code(), Some(50));
            }
        }
    }
}

/// What a program in the root may leave for the next one that works on it: nothing is followed.
#[test]
fn links_in_the_root_between_two_steps() {
    for place in both() {
        let victim = Victim::new(&place);
        // A place that programs of the host may write to.
        let writable = Victim::at(PathBuf::from(format!(
            "/var/tmp/mock-it-victim-{}-{}",
            std::process::id(),
            place.uid()
        )));
        writable.give_to(&place);
        let directories =
            [&writable, &victim].map(|victim| victim.directory.to_string_lossy().into_owned());
        let both_are_well = || [&victim, &writable].map(Victim::is_well);
        let shell = |line: &str| place.mock(["-q", "--shell", line]).ok();
        // The home and accounts: made anew inside, whatever is there.
        shell(&format!(
            "cd /builddir && rm -rf build .rpmmacros && mkdir build && for d in RPMS SRPMS SPECS originals; do \
             ln -s {directory} build/$d; done; ln -s {file} .rpmmacros; \
             ln -sf {file} /etc/passwd.lock; ln -sf {file} /etc/hosts; ln -sf {file} /etc/resolv.conf",
            directory = directories[0],
            file = writable.file().display(),
        ));
        place.mock(["--no-clean", &srpm("needsnothing")]).ok();
        both_are_well();
        let out = place.result().join("needsnothing-1.0-1.mini.noarch.rpm");
        let made = fs::symlink_metadata(&out).or_else(|_| {
            fs::symlink_metadata(place.result().join("needsnothing-1.0-1.mini.src.rpm"))
        });
        assert!(made.is_ok_and(|data| data.is_file()));
        place.write("files/file", "content");
        shell(&format!(
            "ln -s {} /tmp/out; ln -s {} /tmp/f",
            directories[0],
            writable.file().display()
        ));
        place
            .mock(["--copyin", "file", "/tmp/out/file"])
            .run()
            .exits(1);
        place.mock(["--copyin", "file", "/tmp/f"]).ok();
        both_are_well();
        assert_eq!(place.inside("tmp/f").as_deref(), Some(&b"content"[..]));
        // The package manager's own data, also deep below.
        let links = [
            "var/lib/dnf",
            "var/cache/dnf",
            "var/lib/rpm",
            "var/log/dnf.log",
        ];
        let links = links
            .into_iter()
            .chain(["etc/yum.repos.d", "var/cache/dnf/x/y"]);
        for (link, target) in links.zip(directories.iter().cycle()) {
            shell(&format!(
                "mkdir -p $(dirname /{link}); mv /{link} /tmp/kept; ln -s {target} /{link}"
            ));
            let done = place.mock(["--install", "ncurses-devel"]).run();
            let expected = format!(
                "ERROR: /{link} in the root is a symbolic link that would lead the package manager out of it"
            );
            assert_eq!(error(&done), expected);
            assert_ne!(done.status_code(), Some(0));
            both_are_well();
            shell(&format!(
                "rm /{link}; test ! -e /tmp/kept || mv /tmp/kept /{link}"
            ));
        }
        place.mock(["--install", "ncurses-devel"]).ok();
        shell(&format!(
            "for f in passwd group shadow; do ln -sf {} /etc/$f; done",
            writable.file().display()
        ));
        let _ = place.mock(["--no-clean", &srpm("needsnothing")]).run();
        both_are_well();
        // What is mounted on: nothing runs there, and a clean root is made.
        for directory in ["proc", "sys", "dev"] {
            if !place.is_visible() {
                continue;
            }
            let path = place.root().join(directory);
            run("rm", ["-rf".as_ref(), path.as_os_str()]);
            plant(&writable.directory, &path);
            let done = place.mock(["--shell", "true"]).run();
            assert!(
                error(&done).contains("as a mount point: ELOOP"),
                "{}",
                done.stderr
            );
            both_are_well();
            fs::remove_file(&path).expect("the link is there");
            fs::create_dir(&path).expect("root may do that");
        }
        place.mock(["--clean"]).ok();
        both_are_well();
        fs::remove_dir_all(&writable.directory).expect("it is our own");
    }
}

/// A directory that is now one, now a link out of the root, while mock works with it.
#[test]
fn a_directory_that_changes_its_mind() {
    for place in both() {
        let victim = Victim::new(&place);
        victim.give_to(&place);
        place.write("files/file", "content");
        place.mock(["--init"]).ok();
        let line = format!(
            "cd /builddir; mkdir -p real; echo inside > real/x.rpm; ln -s {} link; ln -s real d; \
             while sleep 0.002; do ln -sfn {} d; ln -sfn real d; \
             mv real real2; ln -sfn link real; rm -f real; mv real2 real; done",
            victim.directory.display(),
            victim.directory.display()
        );
        let mut racing = place.mock(["-q", "--shell", &line]).spawn();
        let mut copied = 0;
        for round in 0..12 {
            assert!(!racing.is_over(), "the other one must go on");
            for target in ["d", "real"] {
                let inside = format!("/builddir/{target}/planted");
                let _ = place.mock(["--copyin", "file", &inside]).run();
                let out = format!("out-{target}-{round}");
                let inside = format!("/builddir/{target}/x.rpm");
                let _ = place.mock(["--copyout", &inside, &out]).run();
                if let Ok(text) = fs::read_to_string(place.path("files").join(out)) {
                    assert_eq!(text, "inside\n");
                    copied += 1;
                }
            }
            victim.is_well();
        }
        assert!(copied > 0, "it must sometimes be a directory");
        drop(racing);
    }
}

/// What is copied out can neither choose where it goes nor be anybody's setuid program.
#[test]
fn copying_out_what_a_build_left() {
    for place in both() {
        let victim = Victim::new(&place);
        victim.give_to(&place);
        let line = format!(
            "mkdir -p /tmp/1 /tmp/2 && ln -s {} /tmp/1/x && echo evil > /tmp/2/x && chmod 6755 /tmp/2/x",
            victim.file().display()
        );
        place.mock(["--shell", &line]).ok();
        let into = place.make_dir("files/into");
        place.mock(["--copyout", "/tmp/*/x", "into"]).ok();
        victim.is_well();
        let copy = fs::symlink_metadata(into.join("x")).expect("it was copied");
        assert!(copy.is_file());
        assert_eq!(copy.mode() & 0o7777, 0o755);
        // The caller's own link leads where the caller said.
        let other = place.write("files/other", "");
        symlink("other", place.path("files/named")).expect("it is our own");
        place.mock(["--copyout", "/tmp/2/x", "named"]).ok();
        assert_eq!(fs::read_to_string(other).ok().as_deref(), Some("evil\n"));
        // The test's own pipe is closed to others.
        if place.who == Who::Root {
            let done = place
                .mock(["-q", "--copyout", "/tmp/2/x", "/dev/stdout"])
                .ok();
            assert_eq!(done.out(), "evil\n");
        }
    }
}

/// Root reads for its caller what the caller may read, and writes where they may.
#[test]
fn the_rights_of_the_caller_of_sudo() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let uid = stranger().uid.to_string();
    fn by<'p>(place: &'p Place, uid: &str, arguments: &[&str]) -> Mock<'p> {
        place.mock(arguments).env("SUDO_UID", uid)
    }
    let private = place.make_dir("files/private");
    let secret = place.write("files/private/secret", "secret");
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).expect("it is our own");
    let own = place.make_dir("files/own");
    lchown(&own, Some(stranger().uid.as_raw()), None).expect("root may do that");
    plant(&secret, &own.join("x.spec"));
    plant(&secret, &own.join("source"));
    plant(&private, &own.join("tree"));
    let text = "Name: x\nVersion: 1\nRelease: 1\nSummary: x\nLicense: MIT\nSource: source\n%description\n%files\n";
    place.write("files/good.spec", text);
    let build = ["--resultdir=own/out", "--no-clean", "--buildsrpm"];
    for words in [
        &["--spec=own/x.spec", "--sources=own"][..],
        &["--spec=good.spec", "--sources=own"],
        &["--spec=good.spec", "--sources=own", "--symlink-dereference"],
        &["--spec=good.spec", "--sources=own/source"],
        &["--spec=good.spec", "--sources=own/tree"],
    ] {
        let arguments: Vec<&str> = build.iter().chain(words).copied().collect();
        let done = by(&place, &uid, &arguments).run();
        assert_ne!(done.status_code(), Some(0), "{words:?}");
        error(&done);
        assert!(!own.join("out/x-1-1.src.rpm").exists());
    }
    for (source, target) in [
        ("private", "/tmp/a"),
        ("own/tree", "/tmp/b"),
        ("own/source", "/tmp/c"),
    ] {
        let done = by(&place, &uid, &["--copyin", source, target]).run();
        assert!(![Some(0), None].contains(&done.status_code()), "{source}");
        error(&done);
    }
    let found = place.says("grep -rl secret /tmp /builddir || true; find /tmp -name secret");
    assert_eq!(found.as_deref(), Some(""));
    // What has no end, and what has no beginning.
    run("mkfifo", [place.path("files/pipe")]);
    for source in ["pipe", "/dev/zero"] {
        let done = place.mock(["--copyin", source, "/tmp/x"]).run().exits(1);
        assert!(error(&done).ends_with(": it is no regular file"));
    }
}

#[test]
fn links_in_the_repository_of_a_chain() {
    for place in both() {
        let victim = Victim::new(&place);
        let repository = place.make_dir(&format!("files/repo/results/mini-{ARCH}"));
        for directory in ["files/repo", "files/repo/results"] {
            place.make_dir(directory);
        }
        for name in ["needsnothing-1.0-1.mini1", "repodata", ".repodata"] {
            plant(&victim.directory, &repository.join(name));
        }
        let chain = ["--chain", "--localrepo=repo"];
        let done = place.mock(chain).args([srpm("needsnothing")]).run();
        assert_ne!(done.status_code(), Some(0), "{}", done.stderr);
        victim.is_well();
        fs::remove_file(repository.join("needsnothing-1.0-1.mini1")).expect("it is there");
        let _ = place.mock(chain).args([srpm("needsnothing")]).run();
        victim.is_well();
        let _ = fs::remove_file(repository.join("repodata"));
        place.mock(chain).args([srpm("needsnothing")]).ok();
        victim.is_well();
    }
}
