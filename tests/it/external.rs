//! Build requirements from outside the distribution: with the real pip, and with a cargo that is a script.

use std::fs;
use std::path::Path;

use crate::support::{Mock, Place, Repository, Storage, Who, run, skip};

/// Debian's, which `tests/setup.sh` installs: the mini distribution has what it needs.
const PIP: &str = "/usr/lib/python3/dist-packages/pip";

/// It wants one to be there, also when it asks nobody.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

const SETUP: &str =
    "chroot_setup_cmd=install bash coreutils mini-release rpm rpm-build shadow-utils";

/// Puts one file where the real one puts programs.
const CARGO: &str = r#"#!/bin/sh
[ "$1 $2" = "install --root" ] || exit 2
[ "$4" != broken ] || { echo "error: could not find \`broken\` in registry"; exit 101; }
mkdir -p "$3/bin" && echo "$4" > "$3/bin/$4"
"#;

/// A repository with the tools of registries, and a registry for pip in it.
fn outside(place: &Place) -> Repository {
    let repository = Repository::new(place, "outside");
    let tools = repository.sources();
    fs::write(tools.join("cargo"), CARGO).expect("it is a test's own");
    repository.add(
        "cargo",
        "BuildArch: noarch\nRequires: bash coreutils\n%description\n%install\n\
         install -D %{_sourcedir}/cargo %{buildroot}/usr/bin/cargo\n%files\n%attr(755,root,root) /usr/bin/cargo\n",
    );
    // The registry, for a machine without a network.
    let wheels = repository.directory.join("wheels");
    wheel(&wheels, "greeting");
    run("chmod", ["-R", "a+rX", &*wheels.to_string_lossy()]);
    let registry = format!(
        "[global]\nno-index = true\nfind-links = {}\n",
        wheels.display()
    );
    fs::write(tools.join("pip.conf"), registry).expect("it is a test's own");
    repository.add(
        "python3-pip",
        &format!(
            "BuildArch: noarch\nRequires: python3 python3-distutils\n%description\n%install\n\
             mkdir -p %{{buildroot}}/usr/bin %{{buildroot}}/usr/lib/python3/dist-packages\n\
             cp -rL {PIP} %{{buildroot}}/usr/lib/python3/dist-packages/\n\
             find %{{buildroot}} -name __pycache__ -prune -exec rm -r {{}} +\n\
             cp /usr/bin/pip3 %{{buildroot}}/usr/bin/\n\
             install -D -m 644 %{{_sourcedir}}/pip.conf %{{buildroot}}/etc/pip.conf\n\
             install -D /dev/null %{{buildroot}}{CERTIFICATES}\n%files\n/usr/bin/pip3\n{PIP}\n{CERTIFICATES}\n\
             /etc/pip.conf\n"
        ),
    );
    repository
}

/// A distribution of one module in Python's own format.
fn wheel(directory: &Path, name: &str) {
    let script = r#"
import os, sys, zipfile
directory, name = sys.argv[1:]
os.makedirs(directory)
info = name + "-1.0.dist-info/"
files = {
    name + ".py": "word = 'hello'\n",
    info + "METADATA": "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n",
    info + "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
files[info + "RECORD"] = "".join(f + ",,\n" for f in files) + info + "RECORD,,\n"
with zipfile.ZipFile(directory + "/" + name + "-1.0-py3-none-any.whl", "w") as wheel:
    for file, text in files.items():
        wheel.writestr(file, text)
"#;
    run(
        "/usr/bin/python3",
        ["-c", script, &directory.to_string_lossy(), name],
    );
}

fn mock<'p>(place: &'p Place, repository: &Repository, words: &[&str]) -> Mock<'p> {
    place
        .mock(["--bootstrap-chroot", "--addrepo", &repository.url()])
        .args(["--config-opts", "external_buildrequires=True"])
        .args(["--config-opts", SETUP])
        // The mini distribution's dnf needs no rpm.
        .args(["--config-opts", "bootstrap_chroot_additional_packages=rpm"])
        .args(words)
}

#[test]
fn what_is_outside_is_installed_and_known_to_the_package_manager() {
    for place in [
        Place::on(Storage::Default, Who::User),
        Place::on(Storage::Directory, Who::Root),
    ]
    .into_iter()
    .flatten()
    {
        if !Path::new(PIP).is_dir() {
            return skip("python3-pip is not installed; tests/setup.sh does that");
        }
        let repository = outside(&place);
        let package = |name: &str, requires: &str| {
            repository.source(
                name,
                &format!(
                    "BuildArch: noarch\nBuildRequires: {requires}\n%description\n%build\n\
                     bash -O globstar -c 'ls /usr/**/greeting.py && grep hello /usr/**/greeting.py'\n\
                     rpm -q --whatprovides external:pypi:greeting\n%files\n"
                ),
            )
        };
        let srpm = package("wants-greeting", "external:pypi:greeting sed");
        let done = mock(&place, &repository, &[&*srpm.to_string_lossy()]).ok();
        let handled = "INFO: Buildroot is handled by package management installed into bootstrap:\n  rpm-4.18";
        assert!(done.stderr.contains(handled), "{}", done.stderr);
        let log =
            |name: &str| fs::read_to_string(place.result().join(name)).expect("there is a log");
        assert!(log("build.log").contains("external-pypi-greeting-0-0.noarch"));
        assert!(log("state.log").contains("Finish: installing external:pypi:greeting\n"));
        let said = format!(
            "'/usr/bin/pip3', 'install', '--root', '{}', '--prefix', '/usr', 'greeting'",
            place.root().display()
        );
        assert!(log("root.log").contains(&said), "{}", log("root.log"));
        // The packages that say so are no results.
        assert!(!place.result().join("external-pypi-greeting.rpm").exists());
        let built = place.result().join("wants-greeting-1-1.noarch.rpm");
        assert!(built.is_file(), "{}", done.stderr);

        if place.storage == Storage::Directory {
            continue;
        }
        // Its tools are there the next time. What is there is not asked for again.
        let words = ["--install", "external:crate:tool", "external:pypi:greeting"];
        let done = mock(&place, &repository, &words).ok();
        let tooling = done.stderr.matches("Start(bootstrap): installing").count();
        assert_eq!(tooling, 1, "{}", done.stderr);
        assert!(place.has("/usr/bin/tool"));
        let done = mock(&place, &repository, &words).ok();
        assert!(!done.stderr.contains("installing"), "{}", done.stderr);

        // What a registry does not have, and what could be an option.
        let words = ["--installdeps", &*srpm.to_string_lossy()];
        mock(&place, &repository, &words).ok();
        let words = ["--install", "external:crate:broken"];
        let shot = mock(&place, &repository, &words).run().exits(31).error();
        assert!(
            shot.contains("`/usr/bin/cargo install --root ")
                && shot.contains("could not find `broken` in registry"),
            "{shot}"
        );
        let odd = package("odd", "external:pypi:--index-url=x");
        let shot = mock(&place, &repository, &[&*odd.to_string_lossy()])
            .run()
            .exits(31)
            .error();
        assert!(
            shot.contains("Unknown external dependencies: external:pypi:--index-url=x"),
            "{shot}"
        );
        mock(&place, &repository, &["--scrub=bootstrap"]).ok();
        let left = fs::read_dir(place.basedir())
            .expect("it is there")
            .flatten();
        let left: Vec<_> = left
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name.contains("bootstrap"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
