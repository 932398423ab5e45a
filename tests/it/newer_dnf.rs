//! dnf 4.24 and dnf5, with the rpm 6 they come with: mock runs in a tree of Debian unstable.

use std::process::Command;

use crate::support::{Place, Who, configs, minidistro, newer_dnf, program};

/// Prepares the tree, where only this script sees it, and goes into it. `mock` is a function there.
const INTO: &str = r#"set -e
tree=$1 files=$2 distro=$3
mount --bind "$tree" "$tree"
mount -t proc proc "$tree/proc"
mount --rbind /dev "$tree/dev"
mount --rbind /sys "$tree/sys"
mount -t tmpfs tmpfs "$tree/mnt"
mount -t tmpfs tmpfs "$tree/tmp"
mkdir -p "$tree/mnt/files" "$tree/mnt/distro"
mount --bind "$files" "$tree/mnt/files"
mount --bind "$distro" "$tree/mnt/distro"
exec chroot "$tree" /bin/bash -o pipefail -ec '
mock() {
    /mnt/files/mock --configdir /mnt/files/configs -r mini-$(uname -m) --config-opts basedir=/mnt/lib \
        --config-opts cache_topdir=/mnt/cache --config-opts mini_repo=/mnt/distro/repo \
        --disable-plugin=root_cache "$@"
}
log=/mnt/lib/mini-$(uname -m)/result/root.log
eval "$1"' bash "$4"
"#;

/// What the script prints in the tree; it must succeed.
fn inside(script: &str) -> Option<String> {
    let place = Place::new(Who::Root)?;
    let tree = newer_dnf()?;
    let files = place.make_dir("tree");
    std::fs::copy(program(), files.join("mock")).expect("the place is writable");
    let copied = Command::new("cp")
        .arg("-r")
        .arg(configs())
        .arg(files.join("configs"))
        .status();
    assert!(copied.expect("cp runs").success());
    let output = Command::new("unshare")
        .args([
            "--mount",
            "--propagation",
            "private",
            "bash",
            "-c",
            INTO,
            "bash",
        ])
        .args([tree, files, minidistro()])
        .arg(script)
        .output()
        .expect("unshare runs");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{script}\n{out}\n{err}");
    Some(out)
}

/// Every way of nofsync and noverify makes the same root.
#[test]
fn dnf_4_is_helped() {
    let Some(text) = inside(
        r#"dnf-3 --version | sed -n 1p
        facts() {
            echo "$1: $(mock -q --chroot "rpm -qa | sort | md5sum" | cut -c1-32)" \
                "$(grep -c "left out" $log || true)"
            python3 -c "
import sqlite3
history = sqlite3.connect(\"/mnt/lib/mini-$(uname -m)/root/var/lib/dnf/history.sqlite\")
print(history.execute(\"select state, count(*) from trans_item group by state\").fetchall())"
        }
        for how in nofsync= nofsync=python nofsync=ld_preload nofsync=seccomp noverify=False; do
            rm -f $log
            mock -q --no-layer-cache --config-opts "$how" --init
            facts "$how"
        done"#,
    ) else {
        return;
    };
    let mut lines = text.lines();
    let version = lines.next().unwrap_or_default();
    let minor = version
        .strip_prefix("4.")
        .and_then(|rest| rest.split('.').next());
    let minor = minor.and_then(|minor| minor.parse().ok());
    assert!(minor.is_some_and(|minor: u32| minor >= 24), "{text}");
    let rest: Vec<&str> = lines.collect();
    let roots: Vec<&str> = rest
        .chunks(2)
        .map(|facts| facts[0].split_once(": ").expect("a name and facts").1)
        .collect();
    assert_eq!(roots.len(), 5, "{text}");
    for (root, history) in roots.iter().zip(rest.chunks(2).map(|facts| facts[1])) {
        assert_eq!(root, &roots[0], "{text}");
        assert!(root.ends_with(" 0"), "{text}");
        assert_eq!(history, rest[1], "{text}");
        assert!(history.starts_with("[(1, 1"), "{text}");
    }
}

#[test]
fn dnf_5_needs_no_help() {
    let Some(text) = inside(
        r#"dnf5 --version | sed -n 1p
        mock -v --config-opts package_manager=dnf5 --init 2>&1 | grep -E "DEBUG: (nofsync|noverify)"
        mock -v --config-opts package_manager=dnf5 --config-opts nofsync=python --shell true 2>&1 |
            grep "nofsync: "
        mock -q --config-opts package_manager=dnf5 --chroot "rpm -q --quiet rpm-build gcc" && echo there
        grep -c "Executing command: ../usr/bin/dnf-3" $log || true"#,
    ) else {
        return;
    };
    let mut lines = text.lines();
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with("dnf5 version 5.")),
        "{text}"
    );
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "DEBUG: nofsync: seccomp",
            "DEBUG: noverify: nothing to do, dnf5 verifies nothing twice",
            "WARNING: nofsync: off: python is skipped, it does not apply to dnf5",
            "there",
            "0"
        ],
        "{text}"
    );
}

/// Questions have another form, and requirements of spec files go to another resolver.
#[test]
fn dnf_5_says_where_packages_are_and_takes_requirements() {
    let Some(text) = inside(
        r#"mock -q --config-opts package_manager=dnf5 --resultdir /mnt/out \
            --calculate-build-dependencies /mnt/distro/SRPMS/genbr-1.0-1.mini1.src.rpm
        python3 -c "
import json
lock = json.load(open(\"/mnt/out/buildroot_lock.json\"))
rpms = lock[\"buildroot\"][\"rpms\"]
print(lock[\"config\"][\"package_manager\"], sum(rpm[\"name\"] == \"ncurses-devel\" for rpm in rpms))
print({rpm[\"url\"].rsplit(\"/\", 1)[0] for rpm in rpms}, len(rpms) > 100)"
        printf "%s\n" "Name: x" "Version: 1" "Release: 1" "Summary: x" "License: x" \
            "BuildRequires: (ninja-build or no-such), m4 >= 1.4" "%description" > /mnt/x.spec
        mock -q --config-opts package_manager=dnf5 --installdeps /mnt/x.spec
        mock -q --chroot "rpm -q --qf \"%{name} \" ninja-build m4""#,
    ) else {
        return;
    };
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            "dnf5 1",
            "{'file:///mnt/distro/repo'} True",
            "ninja-build m4 "
        ],
        "{text}"
    );
}
