//! Sources out of version control: checked out into a private directory, as the caller.
//!
//! The configured command is split into words once; what the command line says is then put into
//! single words, so no shell ever sees it, and no value can become an option. A checkout that is not
//! trusted leads nowhere: its spec file and its sources are looked for in it alone.

mod command;
mod find;
mod sources;
mod tarball;
mod timestamps;
mod tools;

use std::path::{Path, PathBuf};

use crate::buildroot::Cx;
use crate::config::{Config, Scm};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::identity::Identity;
use crate::rpm::spec::SpecFacts;
use crate::run::Runner;
use crate::scratch::Scratch;

use command::{Method, Plan};
use tools::Tools;

/// What was checked out. It goes with this.
#[derive(Debug)]
pub(crate) struct Checkout {
    pub(crate) spec: PathBuf,
    /// Where the sources are.
    pub(crate) sources: PathBuf,
    /// All of it.
    directory: PathBuf,
    /// An archive of it is wanted.
    archive: bool,
    scratch: Scratch,
}

/// Checks out what `config` names.
///
/// This must come before mock enters a user namespace: in one, ssh finds that the files it trusts
/// are nobody's.
pub(crate) fn check_out(
    config: &Config,
    host: &Host,
    identity: &Identity,
    runner: &dyn Runner,
) -> Result<Checkout> {
    let scm = &config.scm;
    // What is wrong with the options is said before anything is made.
    let plan = Plan::new(scm)?;
    let scratch = Scratch::new(host, identity, &format!("mock-scm.{}", plan.label()))?;
    let tools = Tools {
        host,
        identity,
        runner,
        timeout: config.logging.opstimeout,
    };
    tracing::info!("Checking {} out with {}", plan.package, plan.method.name());
    let directory = scratch.path().join(&plan.package);
    for step in &plan.steps {
        let cwd = match step.in_checkout {
            true => &directory,
            false => scratch.path(),
        };
        if step.in_checkout {
            identity.as_caller(|| is_there(&directory, &plan))?;
        }
        tools.run(&step.argv, cwd)?;
    }
    identity.as_caller(|| is_there(&directory, &plan))?;
    if scm.git_timestamps && plan.method == Method::Git {
        let times = timestamps::of_commits(&tools, &directory)?;
        identity.as_caller(|| timestamps::apply(&directory, &times))?;
    }
    let (spec, sources, asked) = identity.as_caller(|| {
        let spec = find::spec(&directory, &plan.spec)?;
        let sources = find::sources(&directory, scm.int_src_dir.as_deref())?;
        let asked = scm.write_tar || directory.join(".write_tar").exists();
        Ok((spec, sources, asked))
    })?;
    Ok(Checkout {
        spec,
        sources,
        directory,
        archive: asked && plan.method != Method::Distgit,
        scratch,
    })
}

fn is_there(directory: &Path, plan: &Plan) -> Result<()> {
    let is_directory = directory
        .symlink_metadata()
        .is_ok_and(|metadata| metadata.is_dir());
    if is_directory {
        return Ok(());
    }
    Err(Error::Usage {
        message: format!(
            "{}_get made no directory {}",
            plan.method.name(),
            plan.package
        ),
        hint: Some("the command must check out into SCM_PKG".to_owned()),
    })
}

impl Checkout {
    /// Something is to be done that depends on what the spec file says.
    pub(crate) fn needs_facts(&self, scm: &Scm) -> bool {
        self.archive || scm.ext_src_dir.is_some()
    }

    /// Makes the sources complete: the archive of the checkout, and what is kept elsewhere.
    pub(crate) fn complete(&self, cx: Cx<'_>, facts: &SpecFacts) -> Result<()> {
        let scm = &cx.config.scm;
        if self.archive {
            let tools = Tools {
                host: cx.host,
                identity: cx.identity,
                runner: cx.runner,
                timeout: cx.config.logging.opstimeout,
            };
            let archive = tarball::Archive::of(facts)?;
            let made = archive.make(&tools, self, scm.exclude_vcs)?;
            cx.identity
                .as_caller(|| sources::put(&made, &self.sources))?;
        }
        match &scm.ext_src_dir {
            Some(directory) => cx
                .identity
                .as_caller(|| sources::add_missing(facts, directory, &self.sources)),
            None => Ok(()),
        }
    }
}
