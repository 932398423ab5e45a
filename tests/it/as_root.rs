//! As root: for somebody else, in the usual places, and installed setuid.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use crate::support::{ARCH, Place, Who, own_mounts, run, srpm};

/// What the group `mock` is in these tests, whether the machine has one or not.
const GROUP: u32 = 4135;

/// Words that run a program with a group `mock`, which has the user as its member, in view: in a
/// mount namespace of its own, so that the machine does not change.
fn with_group(place: &Place, more: &str) -> Vec<String> {
    let text = fs::read_to_string("/etc/group").expect("there are groups");
    let kept = text.lines().filter(|line| !line.starts_with("mock:"));
    let mut text: String = kept.flat_map(|line| [line, "\n"]).collect();
    text.push_str(&format!("mock:x:{GROUP}:mock-test\n"));
    let group = place.write("files/group", text);
    let script = format!(
        "mount --bind '{}' /etc/group && {more} \"$@\"",
        group.display()
    );
    own_mounts(&script).map(str::to_owned).to_vec()
}

fn user() -> nix::unistd::User {
    nix::unistd::User::from_name("mock-test")
        .expect("accounts can be read")
        .expect("tests/run.sh makes the user")
}

fn owner(path: impl AsRef<Path>) -> (u32, u32, u32) {
    let metadata = fs::symlink_metadata(path.as_ref()).expect("it is there");
    (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777)
}

#[test]
fn results_belong_to_the_caller_of_sudo() {
    for variable in ["SUDO_UID", "USERHELPER_UID"] {
        let Some(place) = Place::new(Who::Root) else {
            continue;
        };
        let caller = user();
        let out = place.make_dir("files/out");
        std::os::unix::fs::chown(&out, Some(caller.uid.as_raw()), None).expect("this is root");
        let said = caller.uid.to_string();
        // In the root's own directory, then in one of the caller's: that removes the root.
        for (options, directory) in [
            (&[][..], place.result()),
            (&["--resultdir", "out/new"], out.join("new")),
        ] {
            place
                .mock(options)
                .args([srpm("needsnothing")])
                .env(variable, &said)
                .ok();
            let mut count = 0;
            for entry in fs::read_dir(&directory).expect("there are results") {
                let path = entry.expect("it can be listed").path();
                assert_eq!(owner(&path).0, caller.uid.as_raw(), "{}", path.display());
                count += 1;
            }
            assert_eq!(count, 7, "{}", directory.display());
            assert_eq!(owner(&directory).0, caller.uid.as_raw());
        }
    }
}

/// The build user has the caller's number: koji's files in the root have to be theirs.
#[test]
fn the_build_user_has_the_callers_number() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let uid = user().uid;
    let done = place
        .mock(["-q", "--unpriv", "--shell", "id -u"])
        .env("SUDO_UID", uid.to_string())
        .ok();
    assert_eq!(done.out(), format!("{uid}\n"));
    assert_eq!(owner(place.root().join("builddir")).0, uid.as_raw());
}

/// mock may be setuid, and the command is anything.
#[test]
fn what_runs_beside_a_mounted_root_has_the_callers_rights() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let uid = user().uid;
    let root = place.root();
    let done = place
        .mock([
            "-q",
            "--mount",
            "--",
            "sh",
            "-c",
            "id -u; id -G; ls -d \"$1/usr/bin/gcc\"",
            "x",
        ])
        .args([&root])
        .env("SUDO_UID", uid.to_string())
        .ok();
    let expected = format!("{uid}\n{}\n{}/usr/bin/gcc\n", user().gid, root.display());
    assert_eq!(done.out(), expected);
}

/// Somebody deleted `/var/lib/mock` and `/var/cache/mock`.
#[test]
fn the_usual_places_are_repaired() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let chroot = format!("/var/lib/mock/mini-{ARCH}");
    let script = format!(
        "mount -t tmpfs none /var/lib && mount -t tmpfs none /var/cache && \"$@\" && \
         stat -c '%n %U:%G %a' /var/lib/mock {chroot} {chroot}/root /var/cache/mock /var/cache/mock/*; :"
    );
    let mut words = with_group(&place, &format!("sh -c {}", quoted(&script)));
    words.push("sh".to_owned());
    let root = format!("mini-{ARCH}");
    let configs = crate::support::configs();
    let done = place
        .bare()
        .args([
            "-r",
            &root,
            "--configdir",
            &configs.to_string_lossy(),
            "--init",
        ])
        .through(words)
        .ok();
    assert_snapshot!(done.out().replace(ARCH, "[ARCH]"), @"
    /var/lib/mock root:mock 775
    /var/lib/mock/mini-[ARCH] root:mock 775
    /var/lib/mock/mini-[ARCH]/root root:root 755
    /var/cache/mock root:mock 775
    /var/cache/mock/mini-[ARCH] root:mock 775
    ");
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A copy of the program, setuid root and for the group `mock` only, where such files work.
struct Setuid(PathBuf);

impl Setuid {
    fn new(place: &Place) -> Self {
        let name = place.dir.to_string_lossy().replace('/', "-");
        let directory = PathBuf::from(format!("/var/tmp/mock-it{name}"));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir(&directory).expect("/var/tmp can be written");
        fs::set_permissions(&directory, PermissionsExt::from_mode(0o755)).expect("it is our own");
        let made = Self(directory);
        fs::copy(env!("CARGO_BIN_EXE_mock"), made.program()).expect("it can be copied");
        std::os::unix::fs::chown(made.program(), Some(0), Some(GROUP)).expect("this is root");
        fs::set_permissions(made.program(), PermissionsExt::from_mode(0o4750))
            .expect("it is our own");
        made
    }

    fn program(&self) -> PathBuf {
        self.0.join("mock")
    }
}

impl Drop for Setuid {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn installed_setuid() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let program = Setuid::new(&place);
    let caller = user();
    std::os::unix::fs::chown(place.path("files"), Some(caller.uid.as_raw()), None)
        .expect("this is root");
    let mut words = with_group(
        &place,
        "setpriv --reuid mock-test --regid mock-test --init-groups",
    );
    words.push(program.program().to_string_lossy().into_owned());
    // The copy is run instead of the program that stands first otherwise.
    let mock = |arguments: &[&str]| {
        place
            .mock(arguments)
            .without_program()
            .through(&words)
            // Who called is the kernel's word; what the environment says is nothing.
            .env("SUDO_UID", "0")
            .env("USERHELPER_UID", "0")
    };
    let srpm = srpm("needsnothing");
    mock(&["--rebuild", &srpm]).ok();
    assert_eq!(owner(place.root()).0, 0);
    assert_eq!(owner(place.chroot()), (0, GROUP, 0o775));
    for name in ["build.log", "needsnothing-1.0-1.mini.noarch.rpm"] {
        assert_eq!(
            owner(place.result().join(name)).0,
            caller.uid.as_raw(),
            "{name}"
        );
    }
    let done = mock(&["-q", "--unpriv", "--shell", "id"]).ok();
    let expected = format!(
        "uid={}(mockbuild) gid={GROUP}(mock) groups={GROUP}(mock)\n",
        caller.uid
    );
    assert_eq!(done.out(), expected);
    // Files that only root may read are not read for the caller.
    let secret = place.path("home/secret.toml");
    fs::write(&secret, "top secret").expect("it is our own");
    fs::set_permissions(&secret, PermissionsExt::from_mode(0o600)).expect("it is our own");
    for arguments in [
        ["-r", &secret.to_string_lossy(), "--init"],
        ["--macro-file", &secret.to_string_lossy(), "--init"],
        ["--copyin", &secret.to_string_lossy(), "/tmp/stolen"],
    ] {
        let done = mock(&arguments).run();
        assert!(done.status_code() != Some(0), "{}", done.shot());
        assert!(!done.stderr.contains("top secret"), "{}", done.stderr);
        assert!(!place.root().join("tmp/stolen").exists());
    }
    // Nor is anything written where the caller may not.
    mock(&["--resultdir", "/usr/share/escaped-mock", &srpm])
        .run()
        .exits(70);
    let done = mock(&["--copyout", "/etc/passwd", "/usr/share/escaped-mock"]).run();
    assert!(done.status_code() != Some(0), "{}", done.shot());
    assert!(!Path::new("/usr/share/escaped-mock").exists());
    mock(&["--clean"]).ok();
}

/// Somebody who is not in the group cannot even start it.
#[test]
fn setuid_is_for_the_group() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let program = Setuid::new(&place);
    let text = run(
        "setpriv",
        [
            "--reuid",
            "mock-test-single",
            "--regid",
            "mock-test-single",
            "--clear-groups",
            "sh",
            "-c",
            &format!(
                "{} --version 2>&1 || echo status $?",
                program.program().display()
            ),
        ],
    );
    assert!(text.ends_with("status 126\n"), "{text}");
}
