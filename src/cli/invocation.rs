//! Makes an [`Invocation`] of the arguments: which mode, which words, and what does not go together.
//!
//! The messages and exit codes of the checks are the original's, because build services match on
//! them. Its order too: what is inconsistent on the line (5) comes before what a mode misses (50).

use std::ffi::OsString;
use std::mem;
use std::path::PathBuf;

use crate::cli::args::{Args, ChainArgs, DEFAULT_ROOT};
use crate::cli::command::{Chain, Command, Inside, Invocation, SpecAndSources, Verbosity};
use crate::cli::modes::{Choice, Mode, Modes, OLD_STYLE};
use crate::cli::overrides;
use crate::config::PackageManagerKind;
use crate::error::{Error, Result};

pub(super) fn from_args(mut args: Args) -> Result<Invocation> {
    let words = mem::take(&mut args.words);
    let (mode, words) = mode_and_words(&args.modes, words)?;
    let words = without_leading_dashes(words);

    let mut warnings = Vec::new();
    let mut overrides = overrides::from_args(&args, &mut warnings)?;
    if mode == Mode::CalculateBuildDependencies {
        overrides.calculate_dependencies();
    }
    conflicts(mode, &words, &args)?;
    let command = command(mode, words, &args)?;
    Ok(Invocation {
        command,
        overrides,
        verbosity: if args.output.quiet || matches!(mode, Mode::PrintRootPath | Mode::ListSnapshots)
        {
            Verbosity::Quiet
        } else if args.output.verbose {
            Verbosity::Verbose
        } else {
            Verbosity::Normal
        },
        trace: args.output.trace,
        warnings,
    })
}

fn mode_and_words(modes: &Modes, words: Vec<OsString>) -> Result<(Mode, Vec<OsString>)> {
    // Words typed for a mode that another one pre-empts go with it.
    if modes.print_root_path {
        return Ok((Mode::PrintRootPath, Vec::new()));
    }
    if modes.list_snapshots {
        return match modes.choice {
            // `--chroot ls -l`: nobody means "run nothing and list snapshots".
            Choice::Mode(mode @ (Mode::Chroot | Mode::Shell | Mode::Mount))
                if !words.is_empty() =>
            {
                Err(Error::Usage {
                    message: format!("-l lists snapshots and does not go with {}", mode.flag()),
                    hint: Some(format!(
                        "options of the command come after two dashes: {} -- COMMAND -l",
                        mode.flag()
                    )),
                })
            }
            _ => Ok((Mode::ListSnapshots, Vec::new())),
        };
    }
    match modes.choice {
        Choice::Unsaid if !modes.scrub.is_empty() => Ok((Mode::Scrub, words)),
        _ if !modes.scrub.is_empty() => Ok((Mode::Scrub, Vec::new())),
        Choice::Unsaid => Ok(old_style(words)),
        Choice::Mode(mode) => Ok((mode, words)),
    }
}

/// Takes the mode from the first word if it is one of the old commands.
fn old_style(mut words: Vec<OsString>) -> (Mode, Vec<OsString>) {
    let named = words
        .first()
        .and_then(|first| OLD_STYLE.iter().find(|(word, _)| first == word));
    match named {
        Some((_, mode)) => {
            words.remove(0);
            (*mode, words)
        }
        None => (Mode::Rebuild, words),
    }
}

fn without_leading_dashes(mut words: Vec<OsString>) -> Vec<OsString> {
    if words.first().is_some_and(|first| first == "--") {
        words.remove(0);
    }
    words
}

fn no_words(mode: Mode, words: &[OsString]) -> Result<()> {
    match words.first() {
        // The original drops them: `mock --clean NAME` cleans some other chroot.
        Some(first) => Err(Error::Usage {
            message: format!(
                "{} takes no arguments, got '{}'",
                mode.flag(),
                first.display()
            ),
            hint: Some("-r NAME chooses the chroot".to_owned()),
        }),
        None => Ok(()),
    }
}

fn conflicts(mode: Mode, words: &[OsString], args: &Args) -> Result<()> {
    let builds = [
        Mode::Buildsrpm,
        Mode::Rebuild,
        Mode::CalculateBuildDependencies,
    ];
    if args.scm.scm_enable && builds.contains(&mode) {
        only_the_checkout(words, args)?;
    }
    if mode == Mode::Buildsrpm && args.build.spec.is_none() && !args.scm.scm_enable {
        return Err(Error::usage(
            "Must specify both --spec and --sources with --buildsrpm",
        ));
    }
    if !args.build.hermetic_build.is_empty() {
        if args.chroot.root != DEFAULT_ROOT {
            return Err(Error::usage(
                "The --hermetic-build mode uses a special chroot configuration, you can not select the chroot \
                 configuration with the -r/--root option.",
            ));
        }
        if !matches!(
            mode,
            Mode::Rebuild | Mode::PrintRootPath | Mode::ListSnapshots
        ) {
            return Err(Error::usage("--rebuild mode needed with --hermetic-build"));
        }
    }
    if !matches!(
        mode,
        Mode::Chain | Mode::PrintRootPath | Mode::ListSnapshots
    ) {
        only_for_chain(&args.chain)?;
    }
    let builds = [
        Mode::Rebuild,
        Mode::CalculateBuildDependencies,
        Mode::PrintRootPath,
    ];
    if !builds.contains(&mode) && !args.packages.additional_package.is_empty() {
        return Err(Error::usage(
            "The --additional-package option requires the --rebuild mode",
        ));
    }
    let packages = matches!(mode, Mode::Rebuild | Mode::CalculateBuildDependencies);
    if packages && words.len() > 1 && args.chroot.resultdir.is_none() {
        return Err(Error::usage(
            "Must specify --resultdir when building multiple RPMS.",
        ));
    }
    if mode == Mode::Chain && args.chroot.resultdir.is_some() {
        return Err(Error::usage(
            "The --chain mode doesn't support --resultdir, use --localrepo instead",
        ));
    }
    Ok(())
}

/// The original drops some of it, and which depends.
fn only_the_checkout(words: &[OsString], args: &Args) -> Result<()> {
    let other = match words.first() {
        Some(word) => format!("'{}'", word.display()),
        None if args.build.spec.is_some() => "--spec".to_owned(),
        None if args.build.sources.is_some() => "--sources".to_owned(),
        None => return Ok(()),
    };
    Err(Error::usage(format!(
        "--scm-enable takes everything out of the checkout: {other} does not go with it"
    )))
}

fn only_for_chain(chain: &ChainArgs) -> Result<()> {
    let message = if chain.localrepo.is_some() {
        "The --localrepo option works only with --chain"
    } else if chain.recurse {
        "Only --chain mode supports --recurse build algorithm"
    } else if chain.go_on {
        "Only --chain mode supports --continue build algorithm"
    } else if chain.tmp_prefix.is_some() {
        "The --tmp_prefix option works only with --chain"
    } else {
        return Ok(());
    };
    Err(Error::usage(message))
}

fn command(mode: Mode, words: Vec<OsString>, args: &Args) -> Result<Command> {
    match mode {
        Mode::Init
        | Mode::Clean
        | Mode::Scrub
        | Mode::ScrubAllChroots
        | Mode::Buildsrpm
        | Mode::Orphanskill
        | Mode::ListSnapshots
        | Mode::Umount
        | Mode::ListChroots
        | Mode::PrintRootPath
        | Mode::DebugConfig
        | Mode::DebugConfigExpanded => no_words(mode, &words)?,
        _ => {}
    }
    Ok(match mode {
        // The flow is the same; configuration says where it stops.
        Mode::Rebuild | Mode::CalculateBuildDependencies => rebuild(mode, words, args)?,
        Mode::Chain => chain(words, args)?,
        Mode::Buildsrpm => Command::Buildsrpm(spec_and_sources(args)),
        Mode::Init => Command::Init,
        Mode::Clean => Command::Clean,
        Mode::Scrub => Command::Scrub(args.modes.scrub.clone()),
        Mode::ScrubAllChroots => Command::ScrubAllChroots,
        Mode::Shell => Command::Shell(inside(words, args)?),
        Mode::Chroot => {
            needed(
                mode,
                &words,
                "You must specify a command to run with --chroot",
            )?;
            Command::Chroot(inside(words, args)?)
        }
        Mode::Install => {
            needed(mode, &words, "You must specify a package list to install.")?;
            Command::Install(texts(words)?)
        }
        Mode::Installdeps => {
            needed(
                mode,
                &words,
                "You must specify an SRPM file with --installdeps",
            )?;
            Command::Installdeps(texts(words)?)
        }
        Mode::Update => Command::Update(texts(words)?),
        Mode::Remove => {
            needed(mode, &words, "You must specify a package list to remove.")?;
            Command::Remove(texts(words)?)
        }
        Mode::PmCmd => package_manager_command(None, words)?,
        Mode::DnfCmd => package_manager_command(Some(PackageManagerKind::Dnf4), words)?,
        Mode::YumCmd => package_manager_command(Some(PackageManagerKind::Yum), words)?,
        Mode::Copyin => {
            let (sources, destination) = copy(mode, words)?;
            Command::Copyin {
                sources: sources.into_iter().map(PathBuf::from).collect(),
                destination: text(destination)?,
            }
        }
        Mode::Copyout => {
            let (sources, destination) = copy(mode, words)?;
            Command::Copyout {
                sources: texts(sources)?,
                destination: PathBuf::from(destination),
            }
        }
        Mode::Orphanskill => Command::Orphanskill,
        Mode::Snapshot => Command::Snapshot(name(mode, words)?),
        Mode::RollbackTo => Command::RollbackTo(name(mode, words)?),
        Mode::RemoveSnapshot => Command::RemoveSnapshot(name(mode, words)?),
        Mode::ListSnapshots => Command::ListSnapshots {
            details: args.output.verbose,
        },
        Mode::Mount => Command::Mount(texts(words)?),
        Mode::Umount => Command::Umount,
        Mode::ListChroots => Command::ListChroots,
        Mode::PrintRootPath => Command::PrintRootPath,
        Mode::DebugConfig => Command::DebugConfig { expanded: false },
        Mode::DebugConfigExpanded => Command::DebugConfig { expanded: true },
    })
}

fn rebuild(mode: Mode, words: Vec<OsString>, args: &Args) -> Result<Command> {
    let from = spec_and_sources(args);
    if words.len() > 1 && from.spec.is_some() {
        return Err(Error::command(
            "--spec argument only supported with single srpm.",
        ));
    }
    let half = from.spec.is_some() != from.sources.is_some();
    let checkout = mode == Mode::Rebuild || args.scm.scm_enable;
    if words.is_empty() && (half || !from.is_whole() && !checkout) {
        return Err(missing(
            mode,
            "No package specified to rebuild command.".to_owned(),
        ));
    }
    Ok(Command::Rebuild {
        srpms: texts(words)?,
        from,
    })
}

/// There is neither a source package nor a checkout to make one of, which the configuration may say.
pub(crate) fn nothing_to_rebuild() -> Error {
    missing(
        Mode::Rebuild,
        "No package specified to rebuild command.".to_owned(),
    )
}

fn chain(words: Vec<OsString>, args: &Args) -> Result<Command> {
    let message = "You must specify an SRPM file with --chain";
    needed(Mode::Chain, &words, message)?;
    let options = &args.chain;
    let prefix = options.tmp_prefix.as_deref().unwrap_or_default();
    if prefix.contains('/') || prefix.contains(char::is_control) {
        return Err(Error::usage(format!(
            "--tmp_prefix is part of a directory's name, which '{prefix}' cannot be"
        )));
    }
    Ok(Command::Chain(Chain {
        packages: texts(words)?,
        localrepo: options.localrepo.clone(),
        recurse: options.recurse,
        go_on: options.go_on || options.recurse,
        tmp_prefix: options.tmp_prefix.clone(),
    }))
}

fn spec_and_sources(args: &Args) -> SpecAndSources {
    SpecAndSources {
        spec: args.build.spec.clone(),
        sources: args.build.sources.clone(),
        symlink_dereference: args.build.symlink_dereference,
    }
}

fn inside(words: Vec<OsString>, args: &Args) -> Result<Inside> {
    Ok(Inside {
        words: texts(words)?,
        unpriv: args.inside.unpriv,
        cwd: args.inside.cwd.clone(),
    })
}

fn package_manager_command(
    force: Option<PackageManagerKind>,
    words: Vec<OsString>,
) -> Result<Command> {
    Ok(Command::PackageManagerCommand {
        force,
        args: texts(words)?,
    })
}

/// Splits the destination off the sources, of which there is at least one.
fn copy(mode: Mode, mut words: Vec<OsString>) -> Result<(Vec<OsString>, OsString)> {
    match words.pop() {
        Some(destination) if !words.is_empty() => Ok((words, destination)),
        _ => {
            let name = mode.flag();
            let name = name.trim_start_matches('-');
            let message = format!("Must have source and destinations for {name}");
            Err(missing(mode, message))
        }
    }
}

/// The one word that snapshot modes take.
fn name(mode: Mode, words: Vec<OsString>) -> Result<String> {
    needed(mode, &words, "Requires a snapshot name")?;
    let mut names = texts(words)?;
    let first = names.remove(0);
    match names.first() {
        Some(more) => Err(Error::Usage {
            message: format!("{} takes one name, got '{more}' as well", mode.flag()),
            hint: Some("-r NAME chooses the chroot".to_owned()),
        }),
        None => Ok(first),
    }
}

fn needed(mode: Mode, words: &[OsString], message: &str) -> Result<()> {
    if words.is_empty() {
        Err(missing(mode, message.to_owned()))
    } else {
        Ok(())
    }
}

fn missing(mode: Mode, message: String) -> Error {
    Error::Command {
        message,
        hint: Some(format!("usage: {}", mode.usage())),
    }
}

fn texts(words: Vec<OsString>) -> Result<Vec<String>> {
    words.into_iter().map(text).collect()
}

fn text(word: OsString) -> Result<String> {
    word.into_string().map_err(|word| Error::CommandLine {
        message: format!("argument '{}' is not valid UTF-8", word.display()),
    })
}
