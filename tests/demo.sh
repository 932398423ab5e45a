#!/bin/bash
# Shows mock at work: builds it, rebuilds the source package of GNU hello in a clean chroot as an
# ordinary user, installs the result into the chroot and runs it there.
#
# Started by root it works as the user who called sudo, or as mock-test. On Fedora it uses
# Fedora's own packages, elsewhere the mini distribution that it makes first.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

say "building mock"
(cd "$repo" && cargo build --release --quiet)

# The user may not be able to look into the source tree.
place=$(mktemp -d /var/tmp/mock-demo.XXXXXX)
chmod 755 "$place"
trap 'rm -rf "$place"' EXIT
target=$(cd "$repo" && cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
install -D -m 755 "$target/release/mock" "$place/bin/mock"
cp -r "$repo/configs" "$place/configs"
chmod -R a+rX "$place/configs"

if [ "$EUID" = 0 ]; then
    user=$(id -nu "${SUDO_UID:-0}")
    if [ "$user" = root ]; then
        user=mock-test
    fi
    need_user "$user"
    as_user=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --init-groups --reset-env --)
else
    user=$(id -nu)
    as_user=()
fi
home=$(getent passwd "$user" | cut -d: -f6)
arch=$(uname -m)

options=()
if is_fedora; then
    version=$(sed -n 's/^VERSION_ID=//p' /etc/os-release)
    chroot=fedora-$version-$arch
    if [ ! -e "$place/configs/$chroot.toml" ]; then
        chroot=fedora-rawhide-$arch
    fi
    say "fetching the source package of hello from Fedora"
    (cd "$place" && dnf download --quiet --source hello)
    srpms=("$place"/hello-*.src.rpm)
else
    need_minidistro
    chroot=mini-$arch
    options=(--config-opts "mini_repo=$minidistro/repo")
    srpms=("$minidistro"/SRPMS/hello-*.src.rpm)
fi
srpm=${srpms[0]}
chmod a+r "$srpm"

# Shown as it would be typed with mock installed.
mock() {
    printf '\n$ mock -r %s %s\n' "$chroot" "$*" >&2
    (cd / && "${as_user[@]}" "$place/bin/mock" -r "$place/configs/$chroot.toml" --uniqueext demo \
        "${options[@]}" "$@" </dev/null)
}

results=$home/mock-demo
say "rebuilding $(basename "$srpm") in a clean chroot, as user $user (uid $(id -u "$user")), without root"
# Without a terminal the programs' output would go to the log files only.
mock --config-opts print_main_output=True --no-cleanup-after --resultdir "$results" --rebuild "$srpm"

say "the packages:"
"${as_user[@]}" ls -l "$results"

say "installing the package into the chroot and running it there"
packages=("$results"/hello-[0-9]*."$arch.rpm")
mock --quiet --install "${packages[@]}"
mock --quiet --chroot hello

mock --scrub=all
say "done: packages and logs are in $results"
