//! What a plugin may do: contribute to the root, wrap a stretch of work, be told of events.
//!
//! Wrapping nests like calls. [`Done`] can only come from [`Next::run`], and `Next` is consumed by
//! it: a plugin can neither forget to run the work nor run it twice, and whatever it holds across
//! the call is given back in order when the work fails.

use std::path::Path;

use crate::buildroot::extras::{Equipment, Extras};
use crate::buildroot::storage::{Choice, Storage, by_configuration};
use crate::buildroot::trash::Trash;
use crate::buildroot::{Buildroot, Cx};
use crate::config::PackageManagerKind;
use crate::error::{Error, Result};

/// Stretches of work that a plugin may wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The root is made ready, from whatever is there.
    Init,
    /// One build, from the source package's way in to the results' way out.
    Job,
}

pub(crate) trait Plugin {
    /// As configuration names it.
    fn name(&self) -> &'static str;

    /// Says what the root must have for this plugin.
    fn contribute(&self, _to: &mut Extras) -> Result<()> {
        Ok(())
    }

    /// Says what the programs that mock runs get, now that the package manager is known.
    fn equip(
        &self,
        _manager: PackageManagerKind,
        _root: &Buildroot<'_>,
        _to: &mut Equipment,
    ) -> Result<()> {
        Ok(())
    }

    /// The plugin that provides the root's storage does it here; at most one enabled plugin may.
    fn storage<'a>(&self, _cx: Cx<'a>, _trash: &'a Trash) -> Result<Option<Box<dyn Storage + 'a>>> {
        Ok(None)
    }

    /// Wraps a stretch of work.
    fn around(&self, _scope: Scope, _root: &Buildroot<'_>, next: Next<'_>) -> Result<Done> {
        next.run()
    }

    /// All build requirements are there; the build comes next.
    fn deps_installed(&self, _root: &Buildroot<'_>) -> Result<()> {
        Ok(())
    }

    /// The logs in this directory are complete.
    fn logs_closed(&self, _root: &Buildroot<'_>, _result: &Path) -> Result<()> {
        Ok(())
    }
}

/// Proof that the work was run.
#[derive(Debug)]
pub(crate) struct Done(());

/// What is inside a plugin's wrapping: the next plugin's, and at the core the work.
pub(crate) struct Next<'n> {
    rest: &'n [Box<dyn Plugin>],
    scope: Scope,
    root: &'n Buildroot<'n>,
    work: &'n mut dyn FnMut() -> Result<()>,
}

impl std::fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Next")
            .field("scope", &self.scope)
            .field("left", &self.rest.len())
            .finish_non_exhaustive()
    }
}

impl Next<'_> {
    pub(crate) fn run(self) -> Result<Done> {
        let Self {
            rest,
            scope,
            root,
            work,
        } = self;
        match rest.split_first() {
            Some((plugin, rest)) => plugin.around(
                scope,
                root,
                Next {
                    rest,
                    scope,
                    root,
                    work,
                },
            ),
            None => work().map(|()| Done(())),
        }
    }
}

/// The enabled plugins, outermost first.
#[derive(Default)]
pub(crate) struct Plugins(pub(crate) Vec<Box<dyn Plugin>>);

impl std::fmt::Debug for Plugins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|plugin| plugin.name()))
            .finish()
    }
}

impl Plugins {
    pub(crate) fn extras(&self) -> Result<Extras> {
        let mut extras = Extras::default();
        for plugin in &self.0 {
            plugin.contribute(&mut extras)?;
        }
        Ok(extras)
    }

    pub(crate) fn equipment(
        &self,
        manager: PackageManagerKind,
        root: &Buildroot<'_>,
    ) -> Result<Equipment> {
        let mut equipment = Equipment::default();
        for plugin in &self.0 {
            plugin.equip(manager, root, &mut equipment)?;
        }
        Ok(equipment)
    }

    /// The storage of the configured root: a plugin's, else the one that the configuration asks for.
    pub(crate) fn storage<'a>(
        &self,
        cx: Cx<'a>,
        trash: &'a Trash,
    ) -> Result<Box<dyn Storage + 'a>> {
        let (storage, why) = self.choose_storage(cx, trash)?;
        tracing::debug!("storage: {} ({why})", storage.name());
        Ok(storage)
    }

    /// The same, and why.
    pub(crate) fn choose_storage<'a>(&self, cx: Cx<'a>, trash: &'a Trash) -> Result<Choice<'a>> {
        let mut provided: Option<(&str, Box<dyn Storage + 'a>)> = None;
        for plugin in &self.0 {
            let Some(storage) = plugin.storage(cx, trash)? else {
                continue;
            };
            if let Some((first, _)) = provided.replace((plugin.name(), storage)) {
                return Err(Error::Config {
                    place: String::new(),
                    message: format!(
                        "plugins {first} and {} cannot be combined: both provide the root's storage",
                        plugin.name()
                    ),
                    excerpt: None,
                    hint: Some(format!("--disable-plugin {first}")),
                });
            }
        }
        match provided {
            Some((name, storage)) => Ok((storage, format!("plugin {name} provides it"))),
            None => by_configuration(cx, trash),
        }
    }

    /// Runs `work` inside every plugin's wrapping.
    pub(crate) fn within<T>(
        &self,
        scope: Scope,
        root: &Buildroot<'_>,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let mut work = Some(work);
        let mut value = None;
        let mut once = || {
            if let Some(work) = work.take() {
                value = Some(work()?);
            }
            Ok(())
        };
        let Done(()) = Next {
            rest: &self.0,
            scope,
            root,
            work: &mut once,
        }
        .run()?;
        value.ok_or_else(|| Error::command("a plugin did not run the work it wraps"))
    }

    pub(crate) fn deps_installed(&self, root: &Buildroot<'_>) -> Result<()> {
        self.0
            .iter()
            .try_for_each(|plugin| plugin.deps_installed(root))
    }

    pub(crate) fn logs_closed(&self, root: &Buildroot<'_>, result: &Path) -> Result<()> {
        self.0
            .iter()
            .try_for_each(|plugin| plugin.logs_closed(root, result))
    }
}
