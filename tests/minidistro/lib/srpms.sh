# shellcheck shell=bash
# The source packages: sourced by make.sh, which sets here, suite and other_arch.
# shellcheck disable=SC2154

# fetch_hello WORK -- GNU hello's upstream tarball, as WORK/hello/hello-2.10.tar.gz,
# from Debian's source package; apt checks its signature.
fetch_hello() {
    local work=$1 apt=$1/hello
    mkdir -p "$apt"/{lists/partial,archives/partial}
    : > "$apt/status"
    python3 -B "$here/lib/aptsources.py" "$suite" deb-src > "$apt/debian.sources"
    # The machine's own configuration stays in force (proxies, keys); only sources
    # and state are private.
    cat > "$apt/apt.conf" <<END
Dir::Etc::sourcelist "$apt/debian.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
APT::Sandbox::User "root";
Acquire::Languages "none";
END
    export APT_CONFIG=$apt/apt.conf
    cd "$apt" || return
    apt-get update --error-on=any
    apt-get source --download-only --only-source hello
    mv hello_2.10.orig.tar.gz hello-2.10.tar.gz
}

# tarball DIR FILE -- the same bytes whenever and by whomever it is made.
tarball() {
    tar -C "$(dirname "$1")" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner \
        --mode=u=rwX,go=rX -c "$(basename "$1")" | gzip -n > "$2"
}

# make_srpm WORK DIST DIR -- from DIR/NAME.spec; of its other contents each
# directory becomes a tarball, and each file is a source as it is.
make_srpm() {
    local work=$1 dist=$2 dir=$3 name entry
    name=$(basename "$dir")
    local sources=$work/sources/$name
    mkdir -p "$sources"
    for entry in "$dir"/*; do
        case $entry in
            *.spec) sed "s/@OTHER_ARCH@/$other_arch/g" "$entry" > "$sources/$name.spec" ;;
            *) if [ -d "$entry" ]; then
                tarball "$entry" "$sources/$(basename "$entry").tar.gz"
            else
                cp "$entry" "$sources/"
            fi ;;
        esac
    done
    [ "$name" != hello ] || cp "$work/hello/hello-2.10.tar.gz" "$sources/"
    logged "$work/srpm.log" pack "$work" "$dist" -bs --nodeps \
        --define "_sourcedir $sources" --define "_srcrpmdir $work/out/SRPMS" "$sources/$name.spec"
}

make_srpms() {
    local work=$1 dist=$2 dir
    for dir in "$3"/*/; do
        make_srpm "$work" "$dist" "${dir%/}"
    done
}
