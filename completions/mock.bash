_mock_configs() {
    local file name
    for file in /etc/mock/*.cfg /etc/mock/*.toml /usr/share/mock/configs/*.toml "$HOME"/.config/mock/*.cfg "$HOME"/.config/mock/*.toml; do
        name="${file##*/}"
        name="${name%.*}"
        [[ -e "$file" && ! "$name" =~ ^(site-defaults|chroot-aliases|defaults)$ ]] && echo "$name"
    done
}

_mock() {
    local i cur prev opts cmd
    COMPREPLY=()
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        cur="$2"
    else
        cur="${COMP_WORDS[COMP_CWORD]}"
    fi
    prev="$3"
    cmd=""
    opts=""

    for i in "${COMP_WORDS[@]:0:COMP_CWORD}"
    do
        case "${cmd},${i}" in
            ",$1")
                cmd="mock"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        mock)
            opts="-i -l -p -r -n -N -D -c -a -v -q -h --rebuild --chain --buildsrpm --calculate-build-dependencies --init --clean --scrub --scrub-all-chroots --shell --chroot --install --installdeps --update --remove --pm-cmd --dnf-cmd --yum-cmd --copyin --copyout --orphanskill --snapshot --rollback-to --remove-snapshot --list-snapshots --mount --umount --list-chroots --print-root-path --debug-config --debug-config-expanded --root --configdir --config-opts --rootdir --resultdir --uniqueext --arch --forcearch --target --spec --sources --symlink-dereference --no-clean --cleanup-after --no-cleanup-after --nocheck --define --with --without --macro-file --rpmbuild-opts --short-circuit --rpmbuild_timeout --postinstall --hermetic-build --localrepo --continue --recurse --tmp_prefix --scm-enable --scm-option --enablerepo --disablerepo --addrepo --additional-package --dnf --dnf5 --yum --cache-alterations --offline --no-layer-cache --bootstrap-chroot --no-bootstrap-chroot --use-bootstrap-image --no-bootstrap-image --bootstrap-image-ready --buildroot-image --unpriv --cwd --enable-network --isolation --old-chroot --new-chroot --enable-plugin --disable-plugin --plugin-option --verbose --quiet --trace --version --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --scrub)
                    COMPREPLY=($(compgen -W "all chroot cache root-cache c-cache yum-cache dnf-cache lvm overlayfs bootstrap" -- "${cur}"))
                    return 0
                    ;;
                --root)
                    COMPREPLY=($(compgen -W "$(_mock_configs)" -- "${cur}") $(compgen -f "${cur}"))
                    return 0
                    ;;
                -r)
                    COMPREPLY=($(compgen -W "$(_mock_configs)" -- "${cur}") $(compgen -f "${cur}"))
                    return 0
                    ;;
                --configdir)
                    COMPREPLY=()
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o plusdirs
                    fi
                    return 0
                    ;;
                --config-opts)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --rootdir)
                    COMPREPLY=()
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o plusdirs
                    fi
                    return 0
                    ;;
                --resultdir)
                    COMPREPLY=()
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o plusdirs
                    fi
                    return 0
                    ;;
                --uniqueext)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --arch)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --forcearch)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --target)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --spec)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --sources)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --define)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -D)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --with)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --without)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --macro-file)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --rpmbuild-opts)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --short-circuit)
                    COMPREPLY=($(compgen -W "prep install build binary" -- "${cur}"))
                    return 0
                    ;;
                --rpmbuild_timeout)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --hermetic-build)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --localrepo)
                    COMPREPLY=()
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o plusdirs
                    fi
                    return 0
                    ;;
                --tmp_prefix)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --scm-option)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --enablerepo)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --disablerepo)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --addrepo)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -a)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --additional-package)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --buildroot-image)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --cwd)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --isolation)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --enable-plugin)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --disable-plugin)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --plugin-option)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
    esac
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _mock -o nosort -o bashdefault -o default mock
else
    complete -F _mock -o bashdefault -o default mock
fi
