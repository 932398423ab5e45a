# shellcheck shell=bash
# How rpmbuild is called: sourced by make.sh.

# pack WORK DIST [rpmbuild option ...] -- like rpmbuild, with nothing of the
# host's or the user's own configuration in the result.
pack() {
    local work=$1 dist=$2
    shift 2
    HOME=$work/home rpmbuild --quiet \
        --define "_topdir $work/rpmbuild" \
        --define "_tmppath $work/tmp" \
        --define "_dbpath $work/rpmdb" \
        --define "_buildhost minidistro" \
        --define "dist $dist" \
        --define "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" \
        --define "_binary_payload w3.zstdio" \
        --define "_source_payload w3.zstdio" \
        "$@"
}

# For packages that are made of finished files: no post-processing of them, and of
# rpm's dependency generators only the one for ELF files (the others would run
# programs of the host's; debspec.py adds what ordinary spec files ask for).
pack_finished() {
    local work=$1 dist=$2
    shift 2
    mkdir -p "$work/fileattrs"
    cp /usr/lib/rpm/fileattrs/elf.attr "$work/fileattrs/"
    pack "$work" "$dist" -bb \
        --define "_rpmdir $work/out/repo" \
        --define "_fileattrsdir $work/fileattrs" \
        --define "__os_install_post %{nil}" \
        --define "__arch_install_post %{nil}" \
        --define "debug_package %{nil}" \
        --define "_build_id_links none" \
        --define "_missing_build_ids_terminate_build 0" \
        --define "_binaries_in_noarch_packages_terminate_build 0" \
        "$@"
}
