//! `--rebuild` and `--buildsrpm` of every good source package, and the options that shape a build.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::support::{ARCH, Place, Storage, Who, run, srpm};

const LOGS: [&str; 5] = [
    "build.log",
    "hw_info.log",
    "installed_pkgs.log",
    "root.log",
    "state.log",
];

/// Package files in a result directory.
fn packages(result: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(result).expect("the result directory is there");
    let names = entries.map(|entry| entry.expect("it can be listed").file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".rpm"))
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names
        .iter()
        .map(|name| name.replace("ARCH", ARCH))
        .collect()
}

fn log(result: &Path, name: &str) -> String {
    let text = fs::read(result.join(name)).expect("the log is there");
    String::from_utf8_lossy(&text).into_owned()
}

/// The names that `state.log` starts are those it finishes, each within the one around it.
fn check_phases(state: &str) {
    let mut open = Vec::new();
    for line in state.lines().filter(|line| !line.contains("Mock Version")) {
        let (time, text) = line.split_once(" - ").expect("every line has a time");
        assert_eq!(time.len(), "2026-11-23 20:02:57,954".len(), "{line}");
        if let Some(name) = text.strip_prefix("Start: ") {
            open.push(name);
        } else {
            assert_eq!(text.strip_prefix("Finish: "), open.pop(), "{state}");
        }
    }
    assert_eq!(open, Vec::<&str>::new(), "{state}");
}

fn check_logs(result: &Path, package: &str) {
    let state = log(result, "state.log");
    check_phases(&state);
    let phases = [
        "Start: chroot init",
        "Start: installing minimal buildroot with dnf4",
        "Finish: installing minimal buildroot with dnf4",
        "Finish: chroot init",
        "Start: build phase for SRPM",
        "Start: build setup for SRPM",
        "Finish: build setup for SRPM",
        "Start: rpmbuild SRPM",
        "Finish: rpmbuild SRPM",
        "Finish: build phase for SRPM",
    ];
    let mut rest = state.as_str();
    for phase in phases.map(|phase| phase.replace("SRPM", package)) {
        let at = rest.find(&phase);
        assert!(
            at.is_some(),
            "'{phase}' is missing, or out of order:\n{state}"
        );
        rest = &rest[at.unwrap_or(0)..];
    }
    let version = concat!("Mock Version: ", env!("CARGO_PKG_VERSION"), "\n");
    let build = log(result, "build.log");
    assert!(build.starts_with(version), "{build}");
    // -ba where requirements are generated: the source package has them then.
    let mode = if package.starts_with("genbr") {
        "-ba"
    } else {
        "-bb"
    };
    let command = format!(
        "
Executing command: ['bash', '--login', '-c', '/usr/bin/rpmbuild {mode} "
    );
    assert!(build.contains(&command), "{build}");
    assert!(
        build.trim_end().ends_with("\nChild return code was: 0"),
        "{build}"
    );
    let root = log(result, "root.log");
    let first = root.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("INFO ") && first.ends_with(version.trim_end()),
        "{first}"
    );
    assert!(root.contains("Child return code was: 0\n"), "{root}");
    assert!(log(result, "hw_info.log").starts_with("CPU info:\nArchitecture: "));
    let installed = log(result, "installed_pkgs.log");
    assert!(installed.contains("\nbash-5"), "{installed}");
    for line in installed.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [_, time, size, "installed"] = fields.as_slice() else {
            panic!("{line}");
        };
        assert!(
            time.parse::<u64>().is_ok() && size.parse::<u64>().is_ok(),
            "{line}"
        );
    }
}

/// Rebuilds the package and checks everything that every build must give.
fn check(storage: Storage, who: Who, name: &str, expected: &[&str]) {
    let Some(place) = Place::on(storage, who) else {
        return;
    };
    let srpm = srpm(name);
    let done = place.mock(["--rebuild", &srpm]).ok();
    let result = place.result();
    let file = srpm.rsplit('/').next().unwrap_or_default();
    check_logs(&result, file);
    assert_eq!(packages(&result), set(expected));
    let mut names: Vec<String> = LOGS.iter().map(|name| (*name).to_owned()).collect();
    names.extend(packages(&result));
    for name in fs::read_dir(&result).expect("it was listed before") {
        let name = name.expect("it was listed before").file_name();
        assert!(
            names.iter().any(|known| *known == *name.to_string_lossy()),
            "{name:?}"
        );
        let metadata = fs::metadata(result.join(&name)).expect("it was listed before");
        assert_eq!(metadata.uid(), place.uid(), "{name:?}");
    }
    for package in packages(&result) {
        let file = result.join(&package);
        let name = run("rpm", ["-qp", "--nosignature", &file.to_string_lossy()]);
        assert_eq!(format!("{}.rpm", name.trim()), package);
        run("rpm", ["-K", "--nosignature", &file.to_string_lossy()]);
    }
    let text = done.stderr;
    assert!(
        text.contains(&format!("INFO: Start({srpm})  Config(mini-{ARCH})\n")),
        "{text}"
    );
    assert!(
        text.contains(&format!(
            "INFO: Results and/or logs in: {}\n",
            result.display()
        )),
        "{text}"
    );
    assert!(
        !text.contains("ERROR") && !text.contains("WARNING"),
        "{text}"
    );
}

macro_rules! good_packages {
    ($($test:ident: $name:literal => $packages:expr;)*) => {
        mod rootless {
            use super::{Storage, Who, check};
            $(#[test] fn $test() { check(Storage::Default, Who::User, $name, &$packages); })*
        }
        mod as_root {
            use super::{Storage, Who, check};
            $(#[test] fn $test() { check(Storage::Default, Who::Root, $name, &$packages); })*
        }
    };
}

good_packages! {
    autotools: "autohello" => ["autohello-1.0-1.mini.ARCH.rpm", "autohello-1.0-1.mini.src.rpm"];
    cmake: "cmakehello" => ["cmakehello-1.0-1.mini.ARCH.rpm", "cmakehello-1.0-1.mini.src.rpm"];
    generated_requirements: "genbr" => ["genbr-1.0-1.mini.ARCH.rpm", "genbr-1.0-1.mini.src.rpm"];
    gnu_hello: "hello" => ["hello-2.10-1.mini.ARCH.rpm", "hello-2.10-1.mini.src.rpm"];
    library: "libgreet" => [
        "libgreet-1.2-1.mini.ARCH.rpm",
        "libgreet-devel-1.2-1.mini.ARCH.rpm",
        "libgreet-1.2-1.mini.src.rpm",
    ];
    meson: "mesonhello" => ["mesonhello-1.0-1.mini.ARCH.rpm", "mesonhello-1.0-1.mini.src.rpm"];
    needs_nothing: "needsnothing" => [
        "needsnothing-1.0-1.mini.noarch.rpm",
        "needsnothing-1.0-1.mini.src.rpm",
    ];
    noarch: "noarchdata" => [
        "noarchdata-1.0-1.mini.noarch.rpm",
        "noarchdata-doc-1.0-1.mini.noarch.rpm",
        "noarchdata-1.0-1.mini.src.rpm",
    ];
}

/// One that has requirements, and some that are generated by the build.
#[test]
fn in_a_plain_directory() {
    let packages = ["genbr-1.0-1.mini.ARCH.rpm", "genbr-1.0-1.mini.src.rpm"];
    for who in [Who::User, Who::Root] {
        check(Storage::Directory, who, "genbr", &packages);
    }
}
