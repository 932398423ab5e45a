//! Package managers that are not on every machine: programs of their names stand in for them, which
//! let dnf do the work. What mock asks of them, and what it makes of their answers, is its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use insta::assert_snapshot;

use crate::support::{ARCH, Done, Place, Repository, SMALL_ROOT, Who, has_package, srpm};

fn script(place: &Place, name: &str, text: &str) -> PathBuf {
    let path = place.write(&format!("files/{name}"), format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is our own");
    path
}

/// The command lines of a program in a log, without what is the same in all.
fn lines_of(place: &Place, program: &str) -> Vec<String> {
    let log = fs::read_to_string(place.result().join("root.log")).expect("there is a log");
    let root = place.root().to_string_lossy().into_owned();
    let start = format!(
        "Executing command: ['{}/files/{program}', ",
        place.dir.display()
    );
    let lines = log.lines().filter_map(|line| line.split_once(&start));
    lines
        .filter_map(|(_, rest)| rest.split_once("] with env "))
        .map(|(words, _)| {
            let words = words.replace('\'', "");
            let words = words.split(", ").map(|word| {
                let staged = word.contains("/package-manager/");
                let name = word.rsplit('/').next().filter(|_| staged);
                name.unwrap_or(word).replace(&root, "[ROOT]")
            });
            words.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

#[test]
fn yum() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    // yum 3 prints what each word leads to, and succeeds whatever that is.
    let yum = script(
        &place,
        "yum",
        "case \"$*\" in\n*resolvedep\\ no-such) echo 'No Packages Found for no-such' ;;\n\
         *resolvedep*) echo 0:m4-1.4.19-3.mini1 ;;\n*) exec dnf-3 \"$@\" ;;\nesac",
    );
    let builddep = script(
        &place,
        "yum-builddep",
        "dnf-3 builddep \"$@\" 2>&1 | sed -n 's/No matching package to install: .\\(.*\\)./Error: No Package found for \\1/p'",
    );
    let mock = |words: &[&str]| -> Done<'_> {
        place
            .mock(["--yum"])
            .args(["--config-opts", &format!("yum_command={}", yum.display())])
            .args([
                "--config-opts",
                &format!("yum_builddep_command={}", builddep.display()),
            ])
            .args(words)
            .run()
    };
    mock(&["--additional-package", "m4", &srpm("cmakehello")]).exits(0);
    let built = format!("cmakehello-1.0-1.mini.{ARCH}.rpm");
    assert!(place.result().join(built).is_file());
    let mut said = lines_of(&place, "yum");
    said.extend(lines_of(&place, "yum-builddep"));
    assert_snapshot!(said.join("\n"), @"
    --installroot [ROOT]/ --releasever 1 install @buildsys-build
    --installroot [ROOT]/ --releasever 1 resolvedep m4
    --installroot [ROOT]/ --releasever 1 install m4
    --installroot [ROOT]/ --releasever 1 cmakehello-1.0-1.mini.src.rpm
    ");
    // Its configuration is in the root.
    assert_snapshot!(
        place.says("tail -n +2 /etc/yum/pluginconf.d/priorities.conf; readlink /etc/yum.conf").expect("there is a root"),
        @"
    [main]
    enabled=0yum/yum.conf
    "
    );
    // What is not there: found before anything is installed, and where nothing else says so.
    let done = mock(&[
        "--no-clean",
        "--additional-package",
        "no-such",
        &srpm("needsnothing"),
    ]);
    assert_snapshot!(done.error(), @"
    exit 10
    ERROR: Exception([MINI]/SRPMS/needsnothing-1.0-1.mini1.src.rpm) Config(mini-[ARCH]) [N] minutes [N] seconds
    INFO: Results and/or logs in: [STATE]/mini-[ARCH]/result
    Failed needsnothing-1.0-1.mini1.src.rpm ([N] minutes [N] seconds): [STATE]/mini-[ARCH]/result
    Finish: run
    ERROR: yum resolvedep no-such:
    No Packages Found for no-such
    ");
    let done = mock(&["--no-clean", &srpm("missingbr")]);
    assert_snapshot!(done.error(), @"
    exit 10
    ERROR: Exception([MINI]/SRPMS/missingbr-1.0-1.mini1.src.rpm) Config(mini-[ARCH]) [N] minutes [N] seconds
    INFO: Results and/or logs in: [STATE]/mini-[ARCH]/result
    Failed missingbr-1.0-1.mini1.src.rpm ([N] minutes [N] seconds): [STATE]/mini-[ARCH]/result
    Finish: run
    ERROR: yum builddep:
    Error: No Package found for no-such-package-devel
    ");
    // Nor is the program that finds them.
    fs::remove_file(&builddep).expect("it is our own");
    let done = mock(&["--no-clean", &srpm("missingbr")]).exits(120);
    let hint = "hint: install it: it comes with yum-utils or dnf-utils, ";
    assert!(done.stderr.contains(hint), "{}", done.stderr);
    mock(&["-q", "--shell", "true"]).exits(0);
}

#[test]
fn microdnf() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    // Its path is the same on the host and inside, where /dev is not the root's own.
    let dir = tempfile::tempdir_in("/var/tmp").expect("there is a place for temporary files");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("it is our own");
    let microdnf = dir.path().join("microdnf");
    let text = "#!/bin/sh\necho \"microdnf: $*\"\ncat /etc/extra.pem\n";
    fs::write(&microdnf, text).expect("it is our own");
    fs::set_permissions(&microdnf, fs::Permissions::from_mode(0o755)).expect("it is our own");
    let repository = Repository::new(&place, "repo");
    let text = format!(
        "%description\n%install\nmkdir -p %{{buildroot}}{0}\ncp {1} %{{buildroot}}{0}/\n%files\n{0}\n",
        dir.path().display(),
        microdnf.display()
    );
    repository.add("microdnf", &text);
    let pem = place.write("files/extra.pem", "a certificate\n");
    let mock = |words: &[&str]| {
        place
            .mock(["--addrepo", &repository.url()])
            .args(["--config-opts", "package_manager=microdnf"])
            .args([
                "--config-opts",
                &format!("microdnf_command={}", microdnf.display()),
            ])
            .args([
                "--config-opts",
                &format!("ssl_extra_certs={}", pem.display()),
            ])
            .args(["--config-opts", "ssl_extra_certs=/etc/extra.pem"])
            .args(SMALL_ROOT)
            .args(words)
            .run()
    };
    // From outside, until it is there.
    mock(&["--install", "microdnf"]).exits(0);
    assert!(has_package(place.mock(["-q"]), "microdnf"));
    let done = mock(&["-q", "--pm-cmd", "install", "m4", "ncurses-libs"]).exits(0);
    assert_snapshot!(done.shot(), @"
    exit 0
    --- stdout
    microdnf: install m4 ncurses-libs
    a certificate
    ");
    // What only dnf can do.
    let done = mock(&["-q", "--pm-cmd", "dnf-install", "m4"]).exits(0);
    assert!(done.out().contains("Complete!"), "{}", done.shot());
    assert!(has_package(place.mock(["-q"]), "m4"));
    mock(&["--installdeps", &srpm("needsnothing")]).exits(0);
}

/// What no machine of the tests has: a subscription.
#[test]
fn a_subscription_that_is_missing() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    if std::path::Path::new("/etc/pki/entitlement").exists() {
        return crate::support::skip("this machine may have a subscription");
    }
    let done = place
        .mock([
            "--config-opts",
            "redhat_subscription_required=True",
            "--init",
        ])
        .run();
    assert_snapshot!(done.error(), @"
    exit 3
    ERROR: command line: the repositories need a Red Hat subscription, and this machine has none: no *-key.pem in /etc/pki/entitlement
    hint: register it: `subscription-manager register`, with a free account of developers.redhat.com for instance, and see `subscription-manager status`; in a container, copy the keys of its host: `cp /etc/pki/entitlement-host/*.pem /etc/pki/entitlement/`
    ");
    assert!(!place.basedir().exists());
}

/// Keys of a subscription are where the program needs them that reads them.
#[test]
fn a_subscription_that_is_there() {
    let Some(place) = Place::new(Who::Root) else {
        return;
    };
    let script_text = format!(
        "set -e; cp -a /etc {0}/etc; mkdir -p {0}/etc/pki/entitlement {0}/etc/pki/consumer\n\
         mount --bind {0}/etc /etc; cd /etc/pki; echo key > entitlement/42-key.pem\n\
         echo cert > entitlement/42.pem; echo me > consumer/cert.pem; cd - > /dev/null; exec \"$@\"",
        place.dir.display()
    );
    let machine = crate::support::own_mounts(&script_text);
    let yum = script(&place, "yum", "test \"$4\" = repolist || exec dnf-3 \"$@\"");
    let option = |key: &str, value: &str| format!("--config-opts={key}={value}");
    place
        .mock(["--yum", "--init"])
        .args([
            option("yum_command", &yum.to_string_lossy()),
            option("redhat_subscription_required", "True"),
            option("subscription-manager.conf", "[main] enabled=1"),
        ])
        .args(SMALL_ROOT)
        .through(machine)
        .ok();
    assert_snapshot!(
        place.says("cat etc/yum/pluginconf.d/subscription-manager.conf; cd etc/pki; stat -c '%n %a' */*").expect("there is a root"),
        @"
    [main] enabled=1consumer/cert.pem 600
    entitlement/42-key.pem 600
    entitlement/42.pem 600
    "
    );
    assert!(
        lines_of(&place, "yum")
            .contains(&"--installroot [ROOT]/ --releasever 1 repolist".to_owned())
    );
}
