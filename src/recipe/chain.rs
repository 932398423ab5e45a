//! A chain: packages are built one after the other, and each can use those built before it.

use std::path::{Path, PathBuf};

use crate::buildroot::Cx;
use crate::buildroot::trash::Trash;
use crate::download;
use crate::error::{Error, Result};
use crate::report;

use super::frame;
use super::local_repo::{LocalRepo, Mark};
use super::source_package::SourcePackage;

/// What happens when a package fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    Stop,
    /// The others are built all the same.
    GoOn,
    /// They are, and then those that failed again, as long as that gets fewer of them.
    TryAgain,
}

/// What became of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Built,
    /// It had been built by an earlier run.
    Skipped,
    Failed,
    /// Its name says that it is no package; trying again does not help.
    NoPackage,
}

/// What became of all of them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// In the order in which they were built.
    built: Vec<String>,
    skipped: Vec<String>,
    failed: Vec<String>,
    rounds: u32,
}

/// Builds `packages`, which are files or URLs, into the repository.
pub(crate) fn chain(
    cx: Cx<'_>,
    trash: &Trash,
    packages: &[String],
    policy: Policy,
    repo: &LocalRepo,
) -> Result<()> {
    tracing::info!("results dir: {}", repo.directory().display());
    repo.index(cx)?;
    let outcome = rounds(packages, policy, |argument| {
        turn(cx, trash, argument, policy, repo)
    })?;
    conclude(&outcome, policy, repo.directory());
    match outcome.failed.as_slice() {
        [] => Ok(()),
        failed => Err(Error::Chain {
            failed: failed.to_vec(),
            of: packages.len(),
        }),
    }
}

/// Who comes when.
fn rounds(
    packages: &[String],
    policy: Policy,
    mut turn: impl FnMut(&str) -> Result<Turn>,
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut waiting = packages.to_vec();
    loop {
        outcome.rounds += 1;
        let (mut failed, mut lost) = (Vec::new(), Vec::new());
        for package in &waiting {
            match turn(package)? {
                Turn::Built => outcome.built.push(package.clone()),
                Turn::Skipped => outcome.skipped.push(package.clone()),
                Turn::NoPackage => lost.push(package.clone()),
                Turn::Failed => {
                    failed.push(package.clone());
                    if policy == Policy::Stop {
                        tracing::error!(
                            "Stopping the --chain build because --continue isn't specified and the package \
                             '{package}' failed to build"
                        );
                        outcome.failed.extend([lost, failed].concat());
                        return Ok(outcome);
                    }
                }
            }
        }
        let fewer = failed.len() + lost.len() < waiting.len();
        outcome.failed.extend(lost);
        if policy != Policy::TryAgain || failed.is_empty() || !fewer {
            outcome.failed.extend(failed);
            return Ok(outcome);
        }
        tracing::info!("Some package succeeded, some failed.");
        tracing::info!(
            "Trying to rebuild {} failed pkgs, because --recurse is set.",
            failed.len()
        );
        waiting = failed;
    }
}

fn turn(
    cx: Cx<'_>,
    trash: &Trash,
    argument: &str,
    policy: Policy,
    repo: &LocalRepo,
) -> Result<Turn> {
    if !download::is_url(argument) && !argument.ends_with(".rpm") {
        tracing::error!("{argument} doesn't appear to be an rpm - skipping");
        return Ok(Turn::NoPackage);
    }
    tracing::info!("Start chain build: {argument}");
    // Where the results are, from when that is known.
    let mut results = None;
    let built = build(cx, trash, argument, repo, &mut results);
    tracing::info!("End chain build: {argument}");
    match built {
        Ok(turn) => {
            if turn == Turn::Built {
                tracing::info!("Success building {argument}");
            }
            Ok(turn)
        }
        // The caller wants an end to all of it.
        Err(error @ Error::Interrupted { .. }) => Err(error),
        Err(error) => {
            report::failure(&error);
            tracing::error!("Error building {argument}.");
            if policy == Policy::TryAgain {
                tracing::info!("Will try to build again (if some other package will succeed).");
            } else if let Some(results) = results {
                repo.mark(cx, &results, Mark::Fail)?;
                tracing::info!("See logs/results in {}", results.display());
            }
            Ok(Turn::Failed)
        }
    }
}

fn build(
    cx: Cx<'_>,
    trash: &Trash,
    argument: &str,
    repo: &LocalRepo,
    place: &mut Option<PathBuf>,
) -> Result<Turn> {
    // What a URL leads to may be called otherwise, but not before it was fetched.
    let named = match download::is_url(argument) {
        true => download::tail(argument),
        false => file_name(Path::new(argument)),
    };
    if named.is_some_and(|name| repo.has(&repo.results_of(&name))) {
        return Ok(skipped(argument));
    }
    let package = SourcePackage::for_build(cx, argument)?;
    let results = repo.results_of(&file_name(&package.path).unwrap_or_default());
    if repo.has(&results) {
        return Ok(skipped(argument));
    }
    repo.begin(cx, &results)?;
    *place = Some(results.clone());
    let config = cx.config.for_chain(&results, &repo.url());
    let cx = Cx {
        config: &config,
        ..cx
    };
    frame::rebuild(cx, trash, &package, None, config.chroot.clean)?;
    // Whoever comes after a kill between the two builds it once more.
    repo.index(cx)?;
    repo.mark(cx, &results, Mark::Success)?;
    Ok(Turn::Built)
}

fn skipped(argument: &str) -> Turn {
    tracing::info!("Skipping already built pkg {argument}");
    Turn::Skipped
}

fn file_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

fn conclude(outcome: &Outcome, policy: Policy, directory: &Path) {
    let list = |packages: &[String]| {
        for package in packages {
            tracing::info!("{package}");
        }
    };
    let Outcome {
        built,
        skipped,
        failed,
        rounds,
    } = outcome;
    if policy == Policy::TryAgain && !failed.is_empty() {
        tracing::info!("Tried {rounds} times - following pkgs could not be successfully built:");
        list(failed);
    }
    tracing::info!("Results out to: {}", directory.display());
    if !skipped.is_empty() {
        tracing::info!("Packages skipped: {}", skipped.len());
        list(skipped);
    }
    tracing::info!("Packages built: {}", built.len());
    if !built.is_empty() {
        match failed.is_empty() {
            true => tracing::info!("Packages successfully built in this order:"),
            false => tracing::info!("Some packages successfully built in this order:"),
        }
        list(built);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Builds `app` once `lib` was built; `bad` never; `old` was there before.
    fn run(packages: &[&str], policy: Policy) -> Result<(Outcome, Vec<String>)> {
        let mut turns = Vec::new();
        let packages: Vec<String> = packages.iter().map(|&name| name.to_owned()).collect();
        let outcome = rounds(&packages, policy, |package| {
            let lib = turns.iter().any(|turn| turn == "lib");
            turns.push(package.to_owned());
            Ok(match package {
                "old" => Turn::Skipped,
                "text" => Turn::NoPackage,
                "bad" => Turn::Failed,
                "app" if !lib => Turn::Failed,
                _ => Turn::Built,
            })
        })?;
        Ok((outcome, turns))
    }

    fn outcome(built: &[&str], skipped: &[&str], failed: &[&str], rounds: u32) -> Outcome {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Outcome {
            built: owned(built),
            skipped: owned(skipped),
            failed: owned(failed),
            rounds,
        }
    }

    #[test]
    fn who_is_built_when() -> Result<()> {
        for (packages, policy, expected, turns) in [
            (
                &["lib", "old", "app"][..],
                Policy::Stop,
                outcome(&["lib", "app"], &["old"], &[], 1),
                "lib old app",
            ),
            (
                &["app", "lib"],
                Policy::Stop,
                outcome(&[], &[], &["app"], 1),
                "app",
            ),
            // One that is no package does not stop the others.
            (
                &["text", "lib"],
                Policy::Stop,
                outcome(&["lib"], &[], &["text"], 1),
                "text lib",
            ),
            (
                &["app", "bad", "lib"],
                Policy::GoOn,
                outcome(&["lib"], &[], &["app", "bad"], 1),
                "app bad lib",
            ),
            (
                &["app", "lib"],
                Policy::TryAgain,
                outcome(&["lib", "app"], &[], &[], 2),
                "app lib app",
            ),
            (
                &["app", "bad", "text", "lib"],
                Policy::TryAgain,
                outcome(&["lib", "app"], &[], &["text", "bad"], 3),
                "app bad text lib app bad bad",
            ),
            (
                &["bad", "text"],
                Policy::TryAgain,
                outcome(&[], &[], &["text", "bad"], 1),
                "bad text",
            ),
        ] {
            let (found, order) = run(packages, policy)?;
            assert_eq!(found, expected, "{packages:?}");
            assert_eq!(order.join(" "), turns, "{packages:?}");
        }
        Ok(())
    }

    #[test]
    fn an_error_that_is_no_failure_ends_it() {
        let packages = ["a".to_owned(), "b".to_owned()];
        let ended = rounds(&packages, Policy::TryAgain, |_| {
            Err(Error::Interrupted { signal: 2 })
        });
        assert_eq!(ended.map_err(|error| error.exit_code()), Err(7));
    }
}
