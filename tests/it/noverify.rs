//! noverify: what is checked once only is checked still, and everything that is wrong is said.

use std::fs;

use insta::{allow_duplicates, assert_snapshot};

use crate::cache::differences;
use crate::nofsync::history;
use crate::support::{ARCH, Done, Http, Place, Repository, Who, configs, flip};

const OFF: &str = "--config-opts=noverify=False";

/// With, and without.
const BOTH: [&str; 2] = ["--config-opts=noverify=True", OFF];

fn root_log(place: &Place) -> String {
    fs::read_to_string(place.result().join("root.log")).expect("root.log is written")
}

#[test]
fn the_root_is_the_same() {
    for who in [Who::User, Who::Root] {
        let Some(place) = Place::new(who) else {
            continue;
        };
        let mut seen = Vec::new();
        for options in [&[][..], &[OFF]] {
            let mock = |arguments: &[&str]| place.mock(options).args(arguments).ok();
            mock(&["--no-layer-cache", "--init"]);
            let init = root_log(&place);
            mock(&["--install", "cmake"]);
            mock(&["--remove", "cmake"]);
            let log = root_log(&place);
            for log in [&init, &log] {
                assert_eq!(log.contains("Verifying "), options == [OFF], "{log}");
                assert!(
                    log.contains("Complete!") && !log.contains("left out"),
                    "{log}"
                );
            }
            let whole = "rpm -qa --qf '%{NEVRA} %{SHA256HEADER}\\n' | sort; \
                         rpm -Va --nomtime | grep -v -e /var/log -e /var/cache";
            seen.push(history(&place) + &place.says(whole).expect("there is a root"));
            place.mock(["--scrub=all"]).ok();
        }
        assert_eq!(
            differences(&seen[0], &seen[1]),
            Vec::<String>::new(),
            "{who:?}"
        );
    }
}

/// A root and a repository.
fn site() -> Option<(Place, Repository)> {
    let place = Place::new(Who::User)?;
    place.mock(["--init"]).ok();
    let repository = Repository::new(&place, "own");
    Some((place, repository))
}

fn install<'p>(place: &'p Place, options: &[&str], packages: &[&str]) -> Done<'p> {
    place.mock(options).args(["--install"]).args(packages).run()
}

/// Nothing of these is installed, and the root is whole.
fn without(place: &Place, packages: &[&str]) {
    let names = packages.join(" ");
    let line =
        format!("rpm -q {names}; for name in {names}; do ls /etc/$name; done 2>&1; rpm -Va bash");
    let says = place.says(&line).expect("there is a root");
    let expected: String =
        packages
            .iter()
            .map(|name| format!("package {name} is not installed\n"))
            .chain(packages.iter().map(|name| {
                format!("ls: cannot access '/etc/{name}': No such file or directory\n")
            }))
            .collect();
    assert_eq!(says, expected);
}

#[test]
fn signatures_are_checked_as_ever() {
    let Some((place, repository)) = site() else {
        return;
    };
    repository.add_small("unsigned", "");
    let config = format!(
        "include = [\"{}/mini-{ARCH}.toml\"]\n\
         [dnf.repo.own]\nname = \"own\"\nbaseurl = \"{}\"\ngpgcheck = true\n",
        configs().display(),
        repository.url()
    );
    place.write("files/own.toml", config);
    for noverify in BOTH {
        let done = install(&place, &["-r", "own.toml", noverify], &["unsigned"]);
        allow_duplicates! { assert_snapshot!(done.error(), @"
        exit 30
        ERROR: dnf4 install unsigned failed with exit status 1
          Package unsigned.rpm is not signed
          Error: GPG check FAILED
          log: [STATE]/mini-[ARCH]/result/root.log
        "); }
        without(&place, &["unsigned"]);
    }
}

/// Where the package is a file that stays where it is: dnf compares it, rpm need not.
#[test]
fn a_package_that_is_not_the_repositorys() {
    let Some((place, repository)) = site() else {
        return;
    };
    let package = repository.add_small("changed", "");
    flip(&package, 100);
    for noverify in BOTH {
        let done = install(
            &place,
            &["--addrepo", &repository.url(), noverify],
            &["changed"],
        );
        let error = done.exits(30).error();
        for line in [
            "\n  Package \"changed-1-1.[ARCH]\" from local repository \"",
            "\n  Error: Some packages from local repository have incorrect checksum\n",
        ] {
            assert!(error.contains(line), "{error}");
        }
        without(&place, &["changed"]);
    }
}

/// The repository vouches for what is damaged. gzip notices, zstd has no checksum here.
#[test]
fn a_payload_that_was_damaged_before() {
    let Some((place, repository)) = site() else {
        return;
    };
    let url = repository.url();
    let installed = |name: &str| {
        let package = repository.add(
            name,
            &format!(
                "%global _binary_payload {name}\n%description\n%install\nmkdir -p %{{buildroot}}/etc\n\
                 head -c 200000 /dev/urandom > %{{buildroot}}/etc/{name}\n%files\n/etc/{name}\n"
            ),
        );
        flip(&package, 100_000);
        repository.index();
        let error = install(&place, &["--addrepo", &url, OFF], &[name])
            .exits(30)
            .error();
        let line = format!(
            "    package {name}-1-1.[ARCH] does not verify: Payload SHA256 ALT digest: BAD"
        );
        assert!(error.contains(&line), "{error}");
        without(&place, &[name]);
        install(&place, &["--addrepo", &url], &[name])
    };
    let error = installed("w6.gzdio").exits(30).error();
    let line = "\n  Error unpacking rpm package w6.gzdio-1-1.[ARCH]\n";
    assert!(error.contains(line), "{error}");
    without(&place, &["w6.gzdio"]);
    installed("w3.zstdio").exits(0);
    let says = place.says("rpm -V w3.zstdio; true");
    assert_eq!(says.as_deref(), Some("..5......    /etc/w3.zstdio\n"));
}

#[test]
fn two_packages_with_one_file() {
    let Some((place, repository)) = site() else {
        return;
    };
    for name in ["one", "two"] {
        let text = format!(
            "%description\n%install\nmkdir -p %{{buildroot}}/etc\necho {name} > %{{buildroot}}/etc/shared\n\
             touch %{{buildroot}}/etc/{name}\n%files\n/etc/shared\n/etc/{name}\n"
        );
        repository.add(name, &text);
    }
    let mut failed = 0;
    for noverify in BOTH {
        let done = install(
            &place,
            &["--addrepo", &repository.url(), noverify],
            &["one", "two"],
        );
        let error = done.exits(30).error();
        let line = "  file /etc/shared conflicts between attempted installs of one-1-1.[ARCH] and two-1-1.[ARCH]\n";
        assert!(error.contains(line), "{error}");
        without(&place, &["one", "two"]);
        failed += usize::from(noverify != OFF);
        // dnf's own test comes before it notes anything; the transaction that tests is noted as failed.
        let all = history(&place);
        let lines = all.lines().filter(|line| line.contains(" one 0 1 1 "));
        let states: Vec<_> = lines.map(|line| line.split(' ').nth(3)).collect();
        assert_eq!(states, vec![Some("2"); failed], "{all}");
    }
    // Who asks for the test alone gets it.
    let test = ["install", "-y", "--setopt=tsflags=test", "one", "two"];
    let done = place
        .mock(["--addrepo", &repository.url(), "--pm-cmd", "--"])
        .args(test)
        .run()
        .exits(30);
    assert!(
        done.error().contains("  file /etc/shared conflicts"),
        "{}",
        done.shot()
    );
    place
        .mock(["--addrepo", &repository.url(), "--install", "one"])
        .ok();
    assert!(place.has("etc/one"));
}

#[test]
fn scriptlets_that_fail() {
    let Some((place, repository)) = site() else {
        return;
    };
    repository.add_small(
        "badpre",
        "%pre\necho what pre says; echo on standard error >&2; exit 1",
    );
    repository.add_small("badpost", "%post\necho what post says; exit 3");
    for noverify in BOTH {
        let done = install(
            &place,
            &["--addrepo", &repository.url(), noverify],
            &["badpre"],
        );
        let error = done.exits(30).error();
        for line in [
            "  what pre says\n  on standard error\n  error: %prein(badpre-1-1.[ARCH]) scriptlet failed, exit status 1\n",
            "  Error in PREIN scriptlet in rpm package badpre\n",
            "  Error: Transaction failed\n",
        ] {
            assert!(error.contains(line), "{error}");
        }
        without(&place, &["badpre"]);
        // The package is there, and it is rpm's own way to say so and go on.
        install(
            &place,
            &["--addrepo", &repository.url(), noverify],
            &["badpost"],
        )
        .exits(0);
        let log = root_log(&place);
        for line in [
            "what post says",
            "%post(badpost-1-1.x86_64) scriptlet failed, exit status 3",
        ] {
            assert!(log.contains(line), "{log}");
        }
        place.mock(["--remove", "badpost"]).ok();
    }
}

/// How often dnf asks one mirror for a package.
const DNF_TRIES: usize = 4;

/// A repository behind a server that breaks off, with a package large enough for that.
fn served(times: usize) -> Option<(Place, Http)> {
    let (place, repository) = site()?;
    repository.add_small(
        "large",
        "head -c 2000000 /dev/urandom > %{buildroot}/etc/large",
    );
    let server = Http::breaking(&repository.directory, "large.rpm", times);
    Some((place, server))
}

#[test]
fn a_download_that_breaks_off_once() {
    let Some((place, server)) = served(1) else {
        return;
    };
    install(&place, &["--addrepo", &server.url()], &["large"]).exits(0);
    assert_eq!(server.asked("large.rpm"), 2);
    assert_eq!(
        place.says("rpm -V large && echo whole").as_deref(),
        Some("whole\n")
    );
}

#[test]
fn a_download_that_always_breaks_off() {
    let Some((place, server)) = served(usize::MAX) else {
        return;
    };
    let done = install(&place, &["--addrepo", &server.url()], &["large"]);
    let error = done.exits(30).error();
    for line in [
        format!(
            "  [MIRROR] large.rpm: Curl error (18): Transferred a partial file for {}/large.rpm ",
            server.url()
        ),
        "  Error: Error downloading packages:\n    large-1-1.[ARCH]: Cannot download, ".to_owned(),
    ] {
        assert!(error.contains(&line), "{error}");
    }
    assert_eq!(server.asked("large.rpm"), DNF_TRIES);
    without(&place, &["large"]);
}

/// dnf gives up, mock does not.
#[test]
fn a_download_that_the_second_attempt_completes() {
    // As many as one dnf asks for.
    let Some((place, server)) = served(DNF_TRIES) else {
        return;
    };
    let attempts = [
        "package_manager_max_attempts=2",
        "package_manager_attempt_delay=0",
    ];
    let attempts = attempts.map(|option| format!("--config-opts={option}"));
    let url = server.url();
    let done = install(
        &place,
        &["--addrepo", &url, &attempts[0], &attempts[1]],
        &["large"],
    )
    .exits(0);
    assert!(
        done.stderr
            .contains("DNF4 command failed, retrying, attempt #2, sleeping 0s"),
        "{}",
        done.shot()
    );
    assert_eq!(server.asked("large.rpm"), DNF_TRIES + 1);
}
