//! The clap tree: every option, in the groups and the order of `--help`.
//!
//! Fields hold what was typed; checks that clap cannot make and the meaning of it all are in
//! [`super::invocation`] and [`super::overrides`]. Of options given twice the last one counts,
//! unless repeating adds. The doc comments are the help: imperative, one sentence, no full stop.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Arg, ArgAction, ArgMatches, CommandFactory, FromArgMatches, Parser, ValueHint};

use crate::cli::modes::Modes;
use crate::config::RepoSwitch;

const USAGE: &str = "\
mock [OPTIONS] [--rebuild] SRPM...
       mock [OPTIONS] --buildsrpm --spec FILE [--sources PATH]
       mock [OPTIONS] MODE [--] [WORD]...";

const AFTER_HELP: &str = "\
The last mode on the line wins; without one the mode is --rebuild. Without a mode flag, the first \
word may name one: chroot, shell, rebuild, install, installdeps, remove, init, clean. Words and \
options may be mixed; '--' ends the options. Long options may be shortened as long as they stay \
unique.";

/// What `-r` is when it is not given.
pub(super) const DEFAULT_ROOT: &str = "default";

/// The tree, for a program of this name.
pub(super) fn named(program: &str) -> clap::Command {
    let usage: Vec<String> = USAGE
        .lines()
        .map(|line| line.replacen("mock", program, 1))
        .collect();
    Args::command()
        .name(program.to_owned())
        .override_usage(usage.join("\n"))
}

/// Build RPM packages in clean chroots
#[derive(Debug, Parser)]
#[command(
    name = "mock",
    version,
    override_usage = USAGE,
    after_help = AFTER_HELP,
    infer_long_args = true,
    args_override_self = true,
    disable_help_flag = true,
    disable_version_flag = true,
)]
pub(super) struct Args {
    /// What the mode works on: source packages, packages, files or a command
    #[arg(value_name = "WORD", value_hint = ValueHint::AnyPath)]
    pub(super) words: Vec<OsString>,

    #[command(flatten)]
    pub(super) modes: Modes,
    #[command(flatten)]
    pub(super) chroot: ChrootArgs,
    #[command(flatten)]
    pub(super) build: BuildArgs,
    #[command(flatten)]
    pub(super) chain: ChainArgs,
    #[command(flatten)]
    pub(super) scm: ScmArgs,
    #[command(flatten)]
    pub(super) packages: PackageArgs,
    #[command(flatten)]
    pub(super) begin: BeginArgs,
    #[command(flatten)]
    pub(super) inside: InsideArgs,
    #[command(flatten)]
    pub(super) isolation: IsolationArgs,
    #[command(flatten)]
    pub(super) plugins: PluginArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Choosing the chroot")]
pub(super) struct ChrootArgs {
    /// Use this chroot configuration: a name, or a path ending in .toml or .cfg
    #[arg(short, long, value_name = "CONFIG", default_value = DEFAULT_ROOT)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(super) root: String,

    /// Read the configuration from DIR instead of /etc/mock
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) configdir: Option<PathBuf>,

    /// Set a configuration option after all files are read; repeat a key to make a list
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) config_opts: Vec<String>,

    /// Put the chroot's root at DIR
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(super) rootdir: Option<String>,

    /// Put the results and logs into DIR; templates such as {{root}} are expanded
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(super) resultdir: Option<String>,

    /// Append TEXT to the chroot's name, to work beside other runs
    #[arg(long, value_name = "TEXT")]
    pub(super) uniqueext: Option<String>,

    /// Set the chroot's architecture
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(super) arch: Option<String>,

    /// Build for an architecture this machine has to emulate
    #[arg(long, value_name = "ARCH", value_parser = NonEmptyStringValueParser::new())]
    pub(super) forcearch: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Building")]
pub(super) struct BuildArgs {
    /// Build for this architecture, as rpmbuild's --target
    #[arg(long, value_name = "ARCH", value_parser = NonEmptyStringValueParser::new())]
    pub(super) target: Option<String>,

    /// Build from this spec file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) spec: Option<PathBuf>,

    /// Take the sources from this directory, or this one file
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) sources: Option<PathBuf>,

    /// Copy the files that links in the sources point to, instead of the links
    #[arg(long)]
    pub(super) symlink_dereference: bool,

    /// Keep the chroot of the previous run instead of cleaning it first
    #[arg(short, long)]
    pub(super) no_clean: bool,

    /// Clean the chroot after the build, whether it worked or not
    #[arg(long, overrides_with = "no_cleanup_after")]
    pub(super) cleanup_after: bool,

    /// Leave the chroot as it is after the build
    #[arg(short = 'N', long, overrides_with = "cleanup_after")]
    pub(super) no_cleanup_after: bool,

    /// Skip the %check section
    #[arg(long)]
    pub(super) nocheck: bool,

    /// Define an RPM macro for the build; may be repeated
    #[arg(short = 'D', long, value_name = "MACRO EXPR")]
    pub(super) define: Vec<String>,

    /// Enable a conditional of the spec file; may be repeated
    #[arg(long, value_name = "OPTION", value_parser = NonEmptyStringValueParser::new())]
    pub(super) with: Vec<String>,

    /// Disable a conditional of the spec file; may be repeated
    #[arg(long, value_name = "OPTION", value_parser = NonEmptyStringValueParser::new())]
    pub(super) without: Vec<String>,

    /// Give the build the RPM macros of this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(super) macro_file: Option<String>,

    /// Append OPTIONS to rpmbuild's command line, as a shell reads them
    #[arg(long, value_name = "OPTIONS", allow_hyphen_values = true)]
    pub(super) rpmbuild_opts: Option<String>,

    /// Skip to this stage of the build; implies --no-clean
    #[arg(long, value_name = "STAGE", value_parser = ["prep", "install", "build", "binary"])]
    pub(super) short_circuit: Option<String>,

    /// Stop a build that takes longer; 0 is no limit
    #[arg(long = "rpmbuild_timeout", value_name = "SECONDS")]
    pub(super) rpmbuild_timeout: Option<u32>,

    /// Install the built packages into the chroot after the build
    #[arg(long)]
    pub(super) postinstall: bool,

    /// Build offline from a lockfile, buildroot_lock.json, and the directory with the packages it names
    #[arg(long, num_args = 2, value_names = ["LOCKFILE", "REPO_DIR"], value_hint = ValueHint::AnyPath)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(super) hermetic_build: Vec<String>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Building a chain")]
pub(super) struct ChainArgs {
    /// Keep the repository and the results of --chain in DIR
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) localrepo: Option<PathBuf>,

    /// Go on with the other packages of a chain when one fails
    #[arg(short = 'c', long = "continue")]
    pub(super) go_on: bool,

    /// Go on, and try those that failed again as long as others succeed
    #[arg(long)]
    pub(super) recurse: bool,

    /// Begin the name of a chain's temporary directory with TEXT instead of the user's name
    #[arg(long = "tmp_prefix", value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub(super) tmp_prefix: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Building out of version control")]
pub(super) struct ScmArgs {
    /// Check the sources out, with --rebuild and --buildsrpm
    #[arg(long)]
    pub(super) scm_enable: bool,

    /// Set an option of [scm], such as method, package or branch; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) scm_option: Vec<String>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Packages and repositories")]
pub(super) struct PackageArgs {
    #[command(flatten)]
    pub(super) repositories: RepositoryArgs,

    /// Add a repository by its base URL; may be repeated
    #[arg(short, long, value_name = "URL", value_hint = ValueHint::Url)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(super) addrepo: Vec<String>,

    /// Install a package before each build; may be repeated
    #[arg(long, value_name = "PACKAGE", value_parser = NonEmptyStringValueParser::new())]
    pub(super) additional_package: Vec<String>,

    /// Use dnf as the package manager
    #[arg(long, overrides_with_all = ["dnf5", "yum"])]
    pub(super) dnf: bool,

    /// Use dnf5 as the package manager
    #[arg(long, overrides_with_all = ["dnf", "yum"])]
    pub(super) dnf5: bool,

    /// Use yum as the package manager
    #[arg(long, overrides_with_all = ["dnf", "dnf5"])]
    pub(super) yum: bool,

    /// Write the root cache again when the chroot was there already
    #[arg(long)]
    pub(super) cache_alterations: bool,

    /// Make the package manager use only what is cached
    #[arg(long)]
    pub(super) offline: bool,

    /// Install everything anew instead of using what was installed before
    #[arg(long)]
    pub(super) no_layer_cache: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Bootstrap root and images")]
pub(super) struct BeginArgs {
    /// Install with the distribution's own package manager, in a bootstrap root; the default
    #[arg(long, overrides_with = "no_bootstrap_chroot")]
    pub(super) bootstrap_chroot: bool,

    /// Install with the host's package manager, without a bootstrap root
    #[arg(long, overrides_with = "bootstrap_chroot")]
    pub(super) no_bootstrap_chroot: bool,

    /// Begin the bootstrap root with a container image; the default
    #[arg(long, overrides_with = "no_bootstrap_image")]
    pub(super) use_bootstrap_image: bool,

    /// Install the bootstrap root from packages
    #[arg(long, overrides_with = "use_bootstrap_image")]
    pub(super) no_bootstrap_image: bool,

    /// Install nothing into that image: it holds the package manager
    #[arg(long)]
    pub(super) bootstrap_image_ready: bool,

    /// Begin the chroot itself with a container image: its name, or a file or directory with one
    #[arg(long, value_name = "IMAGE", value_hint = ValueHint::AnyPath)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(super) buildroot_image: Option<String>,
}

/// `--enablerepo` and `--disablerepo`: which comes first matters to the package manager.
#[derive(Debug)]
pub(super) struct RepositoryArgs {
    pub(super) switches: Vec<RepoSwitch>,
}

impl FromArgMatches for RepositoryArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |id: &str, switch: fn(String) -> RepoSwitch| -> Vec<(usize, RepoSwitch)> {
            let indices = matches.indices_of(id).into_iter().flatten();
            let repos = matches.get_many::<String>(id).into_iter().flatten();
            indices.zip(repos.cloned().map(switch)).collect()
        };
        let mut switches = given("enablerepo", RepoSwitch::Enable);
        switches.extend(given("disablerepo", RepoSwitch::Disable));
        switches.sort_by_key(|(index, _)| *index);
        Ok(Self {
            switches: switches.into_iter().map(|(_, switch)| switch).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for RepositoryArgs {
    fn augment_args(command: clap::Command) -> clap::Command {
        let option = |long: &'static str, help: &'static str| {
            Arg::new(long)
                .long(long)
                .value_name("REPO")
                .value_parser(NonEmptyStringValueParser::new())
                .action(ArgAction::Append)
                .help(help)
        };
        command.args([
            option("enablerepo", "Enable a repository; may be repeated"),
            option("disablerepo", "Disable a repository; may be repeated"),
        ])
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Running commands")]
pub(super) struct InsideArgs {
    /// Run as the build user instead of root, with --shell and --chroot
    #[arg(long)]
    pub(super) unpriv: bool,

    /// Run in this directory of the chroot, with --shell and --chroot
    #[arg(long, value_name = "DIR", value_parser = NonEmptyStringValueParser::new())]
    pub(super) cwd: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Isolation")]
pub(super) struct IsolationArgs {
    /// Let builds and commands in the chroot use the network
    #[arg(long)]
    pub(super) enable_network: bool,

    /// Isolate commands by this method: simple, nspawn or auto
    #[arg(long, value_name = "METHOD")]
    pub(super) isolation: Option<String>,

    /// Deprecated spelling of --isolation=simple
    #[arg(long, overrides_with = "new_chroot")]
    pub(super) old_chroot: bool,

    /// Deprecated spelling of --isolation=nspawn
    #[arg(long, overrides_with = "old_chroot")]
    pub(super) new_chroot: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Plugins")]
pub(super) struct PluginArgs {
    /// Enable a plugin; may be repeated, wins over --disable-plugin
    #[arg(long, value_name = "PLUGIN")]
    pub(super) enable_plugin: Vec<String>,

    /// Disable a plugin; may be repeated
    #[arg(long, value_name = "PLUGIN")]
    pub(super) disable_plugin: Vec<String>,

    /// Set an option of a plugin, as a Python literal or plain text; may be repeated
    #[arg(long, value_name = "PLUGIN:KEY=VALUE")]
    pub(super) plugin_option: Vec<String>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Print more on the console
    #[arg(short, long, overrides_with = "quiet")]
    pub(super) verbose: bool,

    /// Print only warnings and errors
    #[arg(short, long, overrides_with = "verbose")]
    pub(super) quiet: bool,

    /// Trace what mock does on standard error
    #[arg(long)]
    pub(super) trace: bool,

    /// Print the version
    #[arg(long, action = ArgAction::Version)]
    version: Option<bool>,

    /// Print this help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}
