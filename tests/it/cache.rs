//! Nothing is installed twice: what was kept is found again, and is the same as installing anew.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{ARCH, Done, Place, Who, configs, run, srpm};

/// What is left out differs from root to root whoever makes it: identifiers, caches with times or
/// inode numbers in them, databases, what the build itself left.
const LOOK: &str = r#"
left_out() {
    for path in /proc /sys /dev /var/cache/dnf /var/lib/dnf /var/lib/rpm /var/log /builddir/build \
        /tmp /var/tmp /etc/machine-id /var/cache/ldconfig; do
        printf '%s\n' -path "$path" -o
    done
}
echo "== packages"
rpm -qa --qf '%{NEVRA} %{SHA256HEADER}\n' | sort
echo "== verified"
rpm -Va --nomtime 2>&1 | grep -v -e /var/log -e /var/cache | sort
echo "== files"
find / -xdev \( $(left_out) -false \) -prune -o -printf '%p %y %m %U:%G %s %n %l\n' |
    sed '/ d /s/ [0-9]* [0-9]* $//' | sort
echo "== digests"
find / -xdev \( $(left_out) -false \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
"#;

/// Lists the files that have capabilities. Nothing in the root can.
const CAPABILITIES: &str = r#"
import os, sys
print("== capabilities")
for directory, _, files in os.walk(sys.argv[1]):
    for path in sorted(os.path.join(directory, name) for name in files):
        try:
            print(path, os.getxattr(path, "security.capability", follow_symlinks=False).hex())
        except OSError:
            pass
"#;

/// A file with a capability is in every root.
const CAPABLE: [&str; 2] = ["--config-opts", "chroot_additional_packages=torture-caps"];

fn look(place: &Place) -> String {
    let root = place.root().to_string_lossy().into_owned();
    let see = ["-q", "--mount", "--", "python3", "-c", CAPABILITIES, &root];
    let done = place.mock(CAPABLE).args(see).ok();
    let capable = "/usr/share/torture/caps/cat-caps 0";
    assert!(done.out().contains(capable), "{}", done.shot());
    place
        .mock(CAPABLE)
        .args(["-q", "--chroot", LOOK])
        .ok()
        .out()
        + &done.out()
}

pub(crate) fn differences(one: &str, other: &str) -> Vec<String> {
    let (one, other): (Vec<_>, Vec<_>) = (one.lines().collect(), other.lines().collect());
    let only = |a: &[&str], b: &[&str], mark: char| -> Vec<String> {
        let b: std::collections::BTreeSet<_> = b.iter().collect();
        a.iter()
            .filter(|line| !b.contains(line))
            .map(|line| format!("{mark} {line}"))
            .collect()
    };
    [only(&one, &other, '-'), only(&other, &one, '+')].concat()
}

fn the_same_root_either_way(who: Who, packages: &[&str]) {
    let Some(place) = Place::new(who) else {
        return;
    };
    for package in packages {
        let package = srpm(package);
        let mut seen = Vec::new();
        for how in [&["--no-layer-cache", "-N"][..], &["-N"], &["-N"]] {
            let mock = place.mock(CAPABLE).args(["--rebuild"]);
            mock.args(how).args([&package]).ok();
            seen.push(look(&place));
        }
        for kept in &seen[1..] {
            assert_eq!(
                differences(&seen[0], kept),
                Vec::<String>::new(),
                "{package}"
            );
        }
    }
}

#[test]
fn the_same_root_either_way_as_root() {
    the_same_root_either_way(Who::Root, &["needsnothing", "cmakehello"]);
}

#[test]
fn the_same_root_either_way_as_a_user() {
    the_same_root_either_way(Who::User, &["hello", "genbr"]);
}

/// How often the package manager was started for the result in `result`.
fn transactions(result: &Path) -> usize {
    let log = fs::read_to_string(result.join("root.log")).expect("a build writes root.log");
    log.lines()
        .filter(|line| line.contains("Executing command: ['/usr/bin/dnf-3'"))
        .count()
}

#[test]
fn the_second_time_no_package_manager_is_started() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    // Static ones, generated ones, and what the command line adds. A line that changes nothing that is
    // installed may find what others made.
    for (arguments, is_new) in [
        (&["--additional-package=ncurses-devel"][..], true),
        (&[], true),
        (&["--with", "nothing"], false),
    ] {
        for package in ["cmakehello", "genbr"] {
            for round in 0..2 {
                let result = place.path(&format!("files/{package}{round}"));
                let _ = fs::remove_dir_all(&result);
                place
                    .mock(["--rebuild", "--resultdir"])
                    .args([&result])
                    .args(arguments)
                    .args([srpm(package)])
                    .ok();
                let count = transactions(&result);
                if round > 0 {
                    assert_eq!(count, 0, "{package} {arguments:?}");
                } else if is_new {
                    assert!(count > 0, "{package} {arguments:?}");
                }
                assert!(result.join("installed_pkgs.log").is_file());
            }
        }
    }
}

/// A repository of the test's own, and a configuration that looks at it each time.
struct Repository {
    directory: PathBuf,
    config: PathBuf,
}

impl Repository {
    fn new(place: &Place, settings: &str) -> Self {
        let directory = place.make_dir("files/repo");
        let config = place.write(
            "files/own.toml",
            format!(
                "include = [\"{}/mini-{ARCH}.toml\"]\n{settings}\n\
                 [chroot]\nsetup = {{ append = [\"versioned\"] }}\n\
                 [dnf.main]\nmetadata_expire = \"0\"\n\
                 [dnf.repo.own]\nname = \"own\"\nbaseurl = \"file://{}\"\ngpgcheck = false\n",
                configs().display(),
                directory.display()
            ),
        );
        let repository = Self { directory, config };
        repository.add("versioned", "1");
        repository
    }

    /// Adds a package that says its version.
    fn add(&self, name: &str, version: &str) {
        let spec = self.directory.join(format!("{name}.spec"));
        let text = format!(
            "Name: {name}\nVersion: {version}\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\n\
             %description\n%prep\n%build\n%install\n\
             mkdir -p %{{buildroot}}/etc\necho {version} > %{{buildroot}}/etc/{name}\n\
             %files\n/etc/{name}\n"
        );
        fs::write(&spec, text).expect("a test's file can be written");
        let top = format!("_topdir {}", self.directory.join(".build").display());
        let out = format!("_rpmdir {}", self.directory.display());
        let spec = spec.to_string_lossy().into_owned();
        run(
            "rpmbuild",
            ["--quiet", "-bb", "-D", &top, "-D", &out, &spec],
        );
        run("createrepo_c", ["-q", &self.directory.to_string_lossy()]);
        run("chmod", ["-R", "a+rX", &self.directory.to_string_lossy()]);
    }

    fn init<'p>(&self, place: &'p Place) -> Done<'p> {
        place
            .bare()
            .args(["-r", &self.config.to_string_lossy(), "-v", "--init"])
            .ok()
    }

    fn version(&self, place: &Place) -> String {
        let done = place
            .bare()
            .args(["-q", "-r", &self.config.to_string_lossy()])
            .args(["--chroot", "cat /etc/versioned"])
            .ok();
        done.out().trim().to_owned()
    }
}

fn installed(done: &Done<'_>) -> bool {
    done.stderr.contains("Running transaction")
}

#[test]
fn a_repository_that_changes() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let own = Repository::new(&place, "");
    assert!(installed(&own.init(&place)));
    // Nothing has changed: the resolver is not even started.
    let again = own.init(&place);
    assert!(!again.stderr.contains("dnf-3"), "{}", again.stderr);
    // It has, but not in what this root needs: resolved, and found to be the same.
    own.add("unrelated", "1");
    let unrelated = own.init(&place);
    assert!(unrelated.stderr.contains("dnf-3") && !installed(&unrelated));
    let after = own.init(&place);
    assert!(!after.stderr.contains("dnf-3"), "{}", after.stderr);
    assert_eq!(own.version(&place), "1");
    // A newer package.
    own.add("versioned", "2");
    assert!(installed(&own.init(&place)));
    assert_eq!(own.version(&place), "2");
    // And back again: the set of then has its state still.
    fs::remove_file(own.directory.join("noarch/versioned-2-1.noarch.rpm")).expect("it was built");
    run("createrepo_c", ["-q", &own.directory.to_string_lossy()]);
    run("chmod", ["-R", "a+rX", &own.directory.to_string_lossy()]);
    let back = own.init(&place);
    assert!(back.stderr.contains("dnf-3") && !installed(&back));
    assert_eq!(own.version(&place), "1");
}

#[test]
fn without_updates_a_root_stays_as_it_was() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let own = Repository::new(&place, "[packages]\nupdate_before_build = false\n");
    own.init(&place);
    own.add("versioned", "2");
    assert!(!installed(&own.init(&place)));
    assert_eq!(own.version(&place), "1");
    // Until somebody asks for a new one.
    place
        .bare()
        .args(["-r", &own.config.to_string_lossy(), "--scrub=root-cache"])
        .ok();
    assert!(installed(&own.init(&place)));
    assert_eq!(own.version(&place), "2");
}

#[test]
fn a_snapshot_is_updated_before_a_build_and_stays_itself() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let own = Repository::new(&place, "");
    let config = own.config.to_string_lossy().into_owned();
    let mock = |arguments: &[&str]| place.bare().args(["-r", &config, "-v"]).args(arguments);
    own.init(&place);
    mock(&["--snapshot", "mine"]).ok();
    own.add("versioned", "2");
    let package = srpm("needsnothing");
    for first in [true, false] {
        let done = mock(&["--rebuild", "-N", &package]).ok();
        assert!(done.stderr.contains("rolled back to mine snapshot"));
        assert_eq!(installed(&done), first, "{}", done.stderr);
        assert_eq!(own.version(&place), "2");
    }
    mock(&["--rollback-to", "mine"]).ok();
    assert_eq!(own.version(&place), "1");
}

#[test]
fn roots_of_other_names_share_what_is_the_same() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--init"]).ok();
    let include = format!("include = [\"{}/mini-{ARCH}.toml\"]\n", configs().display());
    let other = place.write(
        "files/other.toml",
        format!("{include}[chroot]\nname = \"other\"\n[dnf.main]\nuser_agent = \"Other\"\n"),
    );
    let done = place
        .bare()
        .args(["-v", "-r", &other.to_string_lossy(), "--init"])
        .ok();
    assert!(!installed(&done) && !done.stderr.contains("dnf-3"));
    // A root that is to be different is.
    let docs = place.write(
        "files/docs.toml",
        format!("{include}[chroot]\nname = \"docs\"\n[dnf.main]\ntsflags = \"nodocs\"\n"),
    );
    let done = place
        .bare()
        .args(["-v", "-r", &docs.to_string_lossy(), "--init"])
        .ok();
    assert!(installed(&done));
    assert_eq!(place.layers().len(), 2);
    // What only one of them uses goes with it.
    place
        .bare()
        .args(["-r", &docs.to_string_lossy(), "--scrub=all"])
        .ok();
    assert_eq!(place.layers().len(), 1);
    place.mock(["--scrub=all"]).ok();
    assert_eq!(place.layers().len(), 1);
    let done = place
        .bare()
        .args(["-v", "-r", &other.to_string_lossy(), "--init"])
        .ok();
    assert!(!done.stderr.contains("dnf-3"));
}

#[test]
fn what_nothing_uses_goes_by_age() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    place.mock(["--rebuild", &srpm("cmakehello")]).ok();
    assert_eq!(place.layers().len(), 2);
    place.mock(["--clean"]).ok();
    let aged = || {
        place.budget_is_due("");
        place.nothing_was_used();
    };
    aged();
    // The base root is used by this very command, the requirements are not.
    place.mock(["--shell", "true"]).ok();
    assert_eq!(place.layers().len(), 1);
    // A snapshot keeps what it stands on, whatever the budget.
    place.mock(["--snapshot", "kept"]).ok();
    place.mock(["--clean"]).ok();
    aged();
    let small = "layer_cache_max_size=1K";
    place
        .mock(["--config-opts", small, "--rollback-to", "kept"])
        .ok();
    place
        .mock(["--config-opts", small, "--shell", "test -x /usr/bin/gcc"])
        .ok();
}

#[test]
fn what_is_too_much_goes() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let build = |package: &str| {
        let before = place.layers();
        place.mock(["--rebuild", &srpm(package)]).ok();
        let after = place.layers();
        let new: Vec<String> = after.difference(&before).cloned().collect();
        assert!(!new.is_empty(), "{package}");
        new
    };
    place.mock(["--init"]).ok();
    let (old, new) = (build("cmakehello"), build("genbr"));
    // The root stands on the base again, which does not count then.
    place.mock(["--clean"]).ok();
    place.mock(["--shell", "true"]).ok();
    let kilobytes = |layer: &String| -> u64 {
        let path = place.basedir().join(".mock/layers").join(layer).join("fs");
        let text = run("du", ["-sk", &path.to_string_lossy()]);
        let number = text.split_whitespace().next();
        number
            .and_then(|number| number.parse().ok())
            .expect("du says a number")
    };
    let total: u64 = old.iter().chain(&new).map(kilobytes).sum();
    let all = place.layers();
    let with_limit = |kilobytes: u64| {
        place.budget_is_due("");
        let limit = format!("layer_cache_max_size={kilobytes}K");
        let words = ["--shell", "test -x /usr/bin/gcc"];
        place.mock(["--config-opts", &limit]).args(words).ok();
        place.layers()
    };
    assert_eq!(with_limit(total + 1024), all);
    let left = with_limit(total - 1024);
    assert!(new.iter().all(|layer| left.contains(layer)), "{left:?}");
    assert!(!old.iter().all(|layer| left.contains(layer)), "{left:?}");
    assert_eq!(with_limit(1).len(), 1);
}
