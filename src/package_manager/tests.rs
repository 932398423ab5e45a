//! Command lines, as transcripts of the original have them.

use super::*;
use crate::config::PackageManagerKind::{Dnf4, Dnf5, Microdnf, Yum};

fn settings(command: &str) -> PackageManagerSettings {
    PackageManagerSettings {
        command: command.to_owned(),
        common_opts: vec!["--allowerasing".to_owned()],
        disable_plugins: vec!["local".to_owned()],
        avoid_opts: [("remove".to_owned(), vec!["--allowerasing".to_owned()])]
            .into_iter()
            .collect(),
        ..PackageManagerSettings::default()
    }
}

fn line_in(
    root: Option<&str>,
    kind: PackageManagerKind,
    settings: &PackageManagerSettings,
    op: &Op,
) -> String {
    let repos = [
        RepoSwitch::Disable("*".to_owned()),
        RepoSwitch::Enable("mine".to_owned()),
    ];
    let cx = Context {
        root: root.map(Path::new),
        command: &settings.command,
        releasever: Some("9"),
        forcearch: None,
        offline: false,
        repos: &repos,
        settings,
    };
    of(kind).argv(op, &cx).join(" ")
}

fn line(kind: PackageManagerKind, command: &str, op: &Op) -> String {
    line_in(Some("/r"), kind, &settings(command), op)
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

const HEAD: &str = "--installroot /r/ --releasever 9 --disablerepo * --enablerepo mine";
const HEAD_Y: &str = "--installroot /r/ -y --releasever 9 --disablerepo * --enablerepo mine";
const OPTS: &str = "--allowerasing --disableplugin=local";

#[test]
fn command_lines() {
    let setup = Op::Raw(words("install @buildsys-build"));
    let builddep = Op::Builddep(words("/r/x.src.rpm"));
    let query = location::addresses(&words("a-1-1.noarch"));
    for (kind, command, op, expected) in [
        (
            Dnf4,
            "dnf-3",
            &setup,
            format!("dnf-3 {HEAD} {OPTS} install @buildsys-build"),
        ),
        (
            Dnf4,
            "dnf-3",
            &builddep,
            format!("dnf-3 builddep {HEAD} {OPTS} /r/x.src.rpm"),
        ),
        (
            Dnf4,
            "dnf-3",
            &Op::Update(vec![]),
            format!("dnf-3 {HEAD_Y} {OPTS} update"),
        ),
        (
            Dnf4,
            "dnf-3",
            &query,
            format!("dnf-3 {HEAD} {OPTS} repoquery -q --location a-1-1.noarch"),
        ),
        (
            Dnf5,
            "dnf5",
            &Op::Update(vec![]),
            format!("dnf5 {HEAD_Y} upgrade {OPTS}"),
        ),
        (
            Dnf5,
            "dnf5",
            &Op::Raw(words("upgrade a")),
            format!("dnf5 {HEAD_Y} upgrade a {OPTS}"),
        ),
        (
            Dnf5,
            "dnf5",
            &Op::Remove(words("a")),
            format!("dnf5 {HEAD} remove a --disableplugin=local"),
        ),
        (
            Dnf5,
            "dnf5",
            &builddep,
            format!("dnf5 builddep {HEAD} /r/x.src.rpm {OPTS}"),
        ),
        (
            Dnf5,
            "dnf5",
            &query,
            format!("dnf5 {HEAD} repoquery -q --location a-1-1.noarch {OPTS}"),
        ),
    ] {
        assert_eq!(line(kind, command, op), expected);
    }
}

#[test]
fn yums_command_lines() {
    let default = PackageManagerSettings {
        builddep_command: Some("/usr/bin/yum-builddep".to_owned()),
        builddep_opts: words("--tolerant"),
        ..settings("/usr/bin/yum")
    };
    let other = PackageManagerSettings {
        builddep_command: Some("/opt/builddep".to_owned()),
        ..default.clone()
    };
    let deprecated = PackageManagerSettings {
        command: "/usr/bin/yum-deprecated".to_owned(),
        ..default.clone()
    };
    let builddep = Op::Builddep(words("/r/x.src.rpm"));
    let resolve = Op::Resolve(words("a b"));
    let query = Op::Query(words("--location a-1-1.noarch"));
    for (settings, op, expected) in [
        (
            &default,
            Op::Raw(words("install @buildsys-build")),
            format!("/usr/bin/yum {HEAD} {OPTS} install @buildsys-build"),
        ),
        (
            &default,
            Op::Install(words("a b")),
            format!("/usr/bin/yum {HEAD} {OPTS} install a b"),
        ),
        (
            &default,
            Op::Remove(words("a")),
            format!("/usr/bin/yum {HEAD} --disableplugin=local remove a"),
        ),
        (
            &default,
            Op::Update(vec![]),
            format!("/usr/bin/yum {HEAD_Y} {OPTS} update"),
        ),
        (
            &default,
            builddep.clone(),
            format!("/usr/bin/yum-builddep {HEAD} {OPTS} --tolerant /r/x.src.rpm"),
        ),
        (
            &settings("/usr/bin/yum"),
            builddep.clone(),
            format!("/usr/bin/yum-builddep {HEAD} {OPTS} /r/x.src.rpm"),
        ),
        (
            &other,
            builddep.clone(),
            format!("/opt/builddep {HEAD} {OPTS} --tolerant /r/x.src.rpm"),
        ),
        (
            &deprecated,
            builddep,
            format!("/usr/bin/yum-builddep-deprecated {HEAD} {OPTS} --tolerant /r/x.src.rpm"),
        ),
        (
            &default,
            resolve.clone(),
            format!("/usr/bin/yum {HEAD} {OPTS} resolvedep a b"),
        ),
        (
            &deprecated,
            resolve,
            format!(
                "/usr/bin/repoquery-deprecated --resolve --requires --config /r/etc/yum.conf {HEAD} {OPTS} a b"
            ),
        ),
        (
            &default,
            query,
            format!(
                "/usr/bin/repoquery -c /r/etc/yum.conf {HEAD} {OPTS} -q --location a-1-1.noarch"
            ),
        ),
    ] {
        assert_eq!(line_in(Some("/r"), Yum, settings, &op), expected);
    }
}

/// As yum 3.4 and yum-utils word it.
#[test]
fn what_yum_complains_of() {
    let builddep = Op::Builddep(words("/r/x.src.rpm"));
    let resolve = Op::Resolve(words("no-such a"));
    for (op, output, complaint) in [
        (
            &builddep,
            "Getting requirements for x-1-1.src\n --> Already installed : make\nError: No Package found for no-such >= 1\n",
            Some("yum builddep:\nError: No Package found for no-such >= 1"),
        ),
        (
            &resolve,
            "0:make-3.82-24.el7.x86_64\nNo Packages Found for no-such\nmore\n",
            Some("yum resolvedep no-such a:\nNo Packages Found for no-such\nmore"),
        ),
        (
            &builddep,
            "x-1-1.src: Missing Dependency: y is needed\n",
            Some("yum builddep:\nx-1-1.src: Missing Dependency: y is needed"),
        ),
        (&builddep, "Complete!\n", None),
        (&Op::Install(words("a")), "Error: Nothing to do\n", None),
    ] {
        let found = of(Yum).complaint(op, output);
        let found = found.map(|error| (error.to_string(), error.exit_code()));
        assert_eq!(
            found,
            complaint.map(|text| (text.to_owned(), 10)),
            "{output}"
        );
        assert!(of(Dnf4).complaint(op, output).is_none());
    }
    assert!(of(Yum).resolves_first() && !of(Dnf5).resolves_first());
}

#[test]
fn microdnf_works_inside_and_dnf_for_it_outside() {
    let settings = PackageManagerSettings {
        command: "/usr/bin/microdnf".to_owned(),
        common_opts: words("--best"),
        builddep_command: Some("/usr/bin/dnf".to_owned()),
        outside_command: Some("/usr/bin/dnf-3".to_owned()),
        ..PackageManagerSettings::default()
    };
    let repos = "--disablerepo * --enablerepo mine";
    for (op, own, inside, outside) in [
        (
            Op::Install(words("a b")),
            true,
            format!("/usr/bin/microdnf {repos} --best install a b"),
            format!("/usr/bin/dnf-3 --installroot /r/ {repos} --best install a b"),
        ),
        (
            Op::Raw(words("remove a")),
            true,
            format!("/usr/bin/microdnf {repos} --best remove a"),
            format!("/usr/bin/dnf-3 --installroot /r/ {repos} --best remove a"),
        ),
        (
            Op::Update(vec![]),
            true,
            format!("/usr/bin/microdnf -y {repos} --best update"),
            format!("/usr/bin/dnf-3 --installroot /r/ -y {repos} --best update"),
        ),
        (
            Op::Raw(words("dnf-install microdnf dnf")),
            false,
            String::new(),
            format!("/usr/bin/dnf-3 --installroot /r/ {repos} --best install microdnf dnf"),
        ),
        (
            Op::Builddep(words("/r/x.src.rpm")),
            false,
            String::new(),
            format!("/usr/bin/dnf builddep --installroot /r/ {repos} --best /r/x.src.rpm"),
        ),
        (
            Op::Module("enable".to_owned(), words("perl:5")),
            false,
            String::new(),
            format!("/usr/bin/dnf-3 --installroot /r/ -y {repos} --best module enable perl:5"),
        ),
    ] {
        assert_eq!(of(Microdnf).works_inside(&op), own, "{op}");
        // In an image there is nothing outside: dnf is in it, too.
        let inside = match own {
            true => inside,
            false => outside.replace(" --installroot /r/", ""),
        };
        assert_eq!(line_in(None, Microdnf, &settings, &op), inside);
        assert_eq!(line_in(Some("/r"), Microdnf, &settings, &op), outside);
    }
    assert!(!of(Dnf4).works_inside(&Op::Install(words("a"))));
}
