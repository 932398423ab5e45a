complete -c mock -l scrub -d 'Delete the chroot, a cache or everything; may be repeated' -r -f -a "all\t''
chroot\t''
cache\t''
root-cache\t''
c-cache\t''
yum-cache\t''
dnf-cache\t''
lvm\t''
overlayfs\t''
bootstrap\t''"
complete -c mock -s r -l root -d 'Use this chroot configuration: a name, or a path ending in .toml or .cfg' -r
complete -c mock -l configdir -d 'Read the configuration from DIR instead of /etc/mock' -r -f -a "(__fish_complete_directories)"
complete -c mock -l config-opts -d 'Set a configuration option after all files are read; repeat a key to make a list' -r
complete -c mock -l rootdir -d 'Put the chroot\'s root at DIR' -r -f -a "(__fish_complete_directories)"
complete -c mock -l resultdir -d 'Put the results and logs into DIR; templates such as {{root}} are expanded' -r -f -a "(__fish_complete_directories)"
complete -c mock -l uniqueext -d 'Append TEXT to the chroot\'s name, to work beside other runs' -r
complete -c mock -l arch -d 'Set the chroot\'s architecture' -r
complete -c mock -l forcearch -d 'Build for an architecture this machine has to emulate' -r
complete -c mock -l target -d 'Build for this architecture, as rpmbuild\'s --target' -r
complete -c mock -l spec -d 'Build from this spec file' -r -F
complete -c mock -l sources -d 'Take the sources from this directory, or this one file' -r -F
complete -c mock -s D -l define -d 'Define an RPM macro for the build; may be repeated' -r
complete -c mock -l with -d 'Enable a conditional of the spec file; may be repeated' -r
complete -c mock -l without -d 'Disable a conditional of the spec file; may be repeated' -r
complete -c mock -l macro-file -d 'Give the build the RPM macros of this file' -r -F
complete -c mock -l rpmbuild-opts -d 'Append OPTIONS to rpmbuild\'s command line, as a shell reads them' -r
complete -c mock -l short-circuit -d 'Skip to this stage of the build; implies --no-clean' -r -f -a "prep\t''
install\t''
build\t''
binary\t''"
complete -c mock -l rpmbuild_timeout -d 'Stop a build that takes longer; 0 is no limit' -r
complete -c mock -l hermetic-build -d 'Build offline from a lockfile, buildroot_lock.json, and the directory with the packages it names' -r -F
complete -c mock -l localrepo -d 'Keep the repository and the results of --chain in DIR' -r -f -a "(__fish_complete_directories)"
complete -c mock -l tmp_prefix -d 'Begin the name of a chain\'s temporary directory with TEXT instead of the user\'s name' -r
complete -c mock -l scm-option -d 'Set an option of [scm], such as method, package or branch; may be repeated' -r
complete -c mock -l enablerepo -d 'Enable a repository; may be repeated' -r
complete -c mock -l disablerepo -d 'Disable a repository; may be repeated' -r
complete -c mock -s a -l addrepo -d 'Add a repository by its base URL; may be repeated' -r -f
complete -c mock -l additional-package -d 'Install a package before each build; may be repeated' -r
complete -c mock -l buildroot-image -d 'Begin the chroot itself with a container image: its name, or a file or directory with one' -r -F
complete -c mock -l cwd -d 'Run in this directory of the chroot, with --shell and --chroot' -r
complete -c mock -l isolation -d 'Isolate commands by this method: simple, nspawn or auto' -r
complete -c mock -l enable-plugin -d 'Enable a plugin; may be repeated, wins over --disable-plugin' -r
complete -c mock -l disable-plugin -d 'Disable a plugin; may be repeated' -r
complete -c mock -l plugin-option -d 'Set an option of a plugin, as a Python literal or plain text; may be repeated' -r
complete -c mock -l rebuild -d 'Build binary packages from source packages; the default mode'
complete -c mock -l chain -d 'Build source packages in order, each with those before it in a repository'
complete -c mock -l buildsrpm -d 'Build a source package from --spec and --sources, or from a checkout'
complete -c mock -l calculate-build-dependencies -d 'Install the build dependencies of a source package, generated ones too, and write buildroot_lock.json'
complete -c mock -l init -d 'Make a fresh chroot ready, or with --no-clean complete the one that is there'
complete -c mock -l clean -d 'Delete the chroot, and the results if they are in their default place'
complete -c mock -l scrub-all-chroots -d 'Delete every chroot and every cache'
complete -c mock -l shell -d 'Run a command, or a login shell, in the chroot on this terminal'
complete -c mock -l chroot -d 'Run a command in the chroot without input, and log it'
complete -c mock -s i -l install -d 'Install packages into the chroot'
complete -c mock -l installdeps -d 'Install what source packages and spec files need to be built, binary packages to be installed'
complete -c mock -l update -d 'Update the packages in the chroot, or only those named'
complete -c mock -l remove -d 'Remove packages from the chroot'
complete -c mock -l pm-cmd -d 'Run the package manager on the chroot with the words as its arguments'
complete -c mock -l dnf-cmd -d 'Run dnf on the chroot with the words as its arguments'
complete -c mock -l yum-cmd -d 'Run yum on the chroot with the words as its arguments'
complete -c mock -l copyin -d 'Copy files into the chroot; the last word is the destination'
complete -c mock -l copyout -d 'Copy files out of the chroot; the last word is the destination'
complete -c mock -l orphanskill -d 'Kill the processes left over in the chroot'
complete -c mock -l snapshot -d 'Make a snapshot of the chroot, to which a clean returns from then on'
complete -c mock -l rollback-to -d 'Return the chroot to a snapshot, and let a clean do so from then on'
complete -c mock -l remove-snapshot -d 'Remove a snapshot; if a clean returned to it, it returns to postinit'
complete -c mock -s l -l list-snapshots -d 'List the chroot\'s snapshots, with -v what is in them; wins over every other mode'
complete -c mock -l mount -d 'Mount the chroot where --print-root-path says, or run a command beside it'
complete -c mock -l umount -d 'Unmount the chroot; what is in it stays'
complete -c mock -l list-chroots -d 'List the chroot configurations with their descriptions'
complete -c mock -s p -l print-root-path -d 'Print the path of the chroot\'s root; wins over every other mode'
complete -c mock -l debug-config -d 'Print every option, templates unexpanded; with -v where it was set'
complete -c mock -l debug-config-expanded -d 'Print every option, templates expanded; with -v where it was set'
complete -c mock -l symlink-dereference -d 'Copy the files that links in the sources point to, instead of the links'
complete -c mock -s n -l no-clean -d 'Keep the chroot of the previous run instead of cleaning it first'
complete -c mock -l cleanup-after -d 'Clean the chroot after the build, whether it worked or not'
complete -c mock -s N -l no-cleanup-after -d 'Leave the chroot as it is after the build'
complete -c mock -l nocheck -d 'Skip the %check section'
complete -c mock -l postinstall -d 'Install the built packages into the chroot after the build'
complete -c mock -s c -l continue -d 'Go on with the other packages of a chain when one fails'
complete -c mock -l recurse -d 'Go on, and try those that failed again as long as others succeed'
complete -c mock -l scm-enable -d 'Check the sources out, with --rebuild and --buildsrpm'
complete -c mock -l dnf -d 'Use dnf as the package manager'
complete -c mock -l dnf5 -d 'Use dnf5 as the package manager'
complete -c mock -l yum -d 'Use yum as the package manager'
complete -c mock -l cache-alterations -d 'Write the root cache again when the chroot was there already'
complete -c mock -l offline -d 'Make the package manager use only what is cached'
complete -c mock -l no-layer-cache -d 'Install everything anew instead of using what was installed before'
complete -c mock -l bootstrap-chroot -d 'Install with the distribution\'s own package manager, in a bootstrap root; the default'
complete -c mock -l no-bootstrap-chroot -d 'Install with the host\'s package manager, without a bootstrap root'
complete -c mock -l use-bootstrap-image -d 'Begin the bootstrap root with a container image; the default'
complete -c mock -l no-bootstrap-image -d 'Install the bootstrap root from packages'
complete -c mock -l bootstrap-image-ready -d 'Install nothing into that image: it holds the package manager'
complete -c mock -l unpriv -d 'Run as the build user instead of root, with --shell and --chroot'
complete -c mock -l enable-network -d 'Let builds and commands in the chroot use the network'
complete -c mock -l old-chroot -d 'Deprecated spelling of --isolation=simple'
complete -c mock -l new-chroot -d 'Deprecated spelling of --isolation=nspawn'
complete -c mock -s v -l verbose -d 'Print more on the console'
complete -c mock -s q -l quiet -d 'Print only warnings and errors'
complete -c mock -l trace -d 'Trace what mock does on standard error'
complete -c mock -l version -d 'Print the version'
complete -c mock -s h -l help -d 'Print this help'

function __mock_configs
    for file in /etc/mock/*.{cfg,toml} /usr/share/mock/configs/*.toml ~/.config/mock/*.{cfg,toml}
        string replace -r '\.[a-z]+$' '' (path basename $file)
    end | string match -rv '^(site-defaults|chroot-aliases|defaults)$'
end
complete -c mock -s r -l root -r -a '(__mock_configs)'
