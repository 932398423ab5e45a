//! From a configuration to an open root with its logs attached.

use crate::buildroot::layout::Layout;
use crate::buildroot::results::make_result_directory;
use crate::buildroot::trash::Trash;
use crate::buildroot::{Buildroot, Cx, wishes};
use crate::config::{LogFormat, PackageManagerKind};
use crate::error::{Error, Result};
use crate::plugin::Plugins;
use crate::plugins;
use crate::report::{self, Custom, Formats, LogFiles, Shape};

use super::{bootstrap, init, made_of};

/// How ready the root must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prepare {
    /// As [`Self::Keep`], and no packages are to be installed afterwards.
    Enter,
    /// Initialised; what earlier commands left stays.
    Keep,
    /// Initialised, updated where that is due, with the build user's home as before a first build.
    Fresh,
}

/// An open, initialised root.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    pub(crate) root: Buildroot<'a>,
    pub(crate) plugins: Plugins,
    pub(crate) manager: PackageManagerKind,
    pub(super) trash: &'a Trash,
    /// Shared with others, and not to be removed while the package manager may run.
    _bootstrap: Option<Buildroot<'a>>,
    /// Closed last, after whatever drops above has said its last words.
    logs: Option<LogFiles>,
}

/// Tries what the caller gave before anything is removed or made: a mistake costs nothing then.
pub(crate) fn preflight(cx: Cx<'_>) -> Result<()> {
    if let Some(path) = &cx.config.rpmbuild.macrofile {
        let missing = || {
            Error::usage(format!(
                "Input rpm macros file does not exist: {}",
                path.display()
            ))
        };
        cx.identity
            .as_caller(|| fs_err::File::open(path).map(drop).map_err(|_| missing()))?;
    }
    let layout = Layout::of(&cx.config.chroot);
    if cx.logs && !layout.result.starts_with(&layout.base) {
        make_result_directory(cx, &layout.base, &layout.result)?;
    }
    Ok(())
}

impl<'a> Session<'a> {
    pub(crate) fn open(cx: Cx<'a>, trash: &'a Trash, prepare: Prepare) -> Result<Self> {
        preflight(cx)?;
        let plugins = plugins::enabled(cx.config)?;
        trash.sweep(&cx.config.chroot.basedir);
        trash.sweep(&cx.config.chroot.store);
        trash.sweep(&Layout::of(&cx.config.chroot).package_manager_home());
        let storage = plugins.storage(cx, trash)?;
        let mut extras = plugins.extras()?;
        wishes::contribute(cx, &mut extras)?;
        let root = Buildroot::open(cx, extras, storage)?;
        let logs = if cx.logs {
            Some(attach_logs(cx, &root.layout)?)
        } else {
            None
        };
        let bootstrap = if prepare == Prepare::Enter && root.is_whole() {
            None
        } else {
            bootstrap::open(cx, trash)?
        };
        if let Some(bootstrap) = &bootstrap {
            root.work_with(made_of::tools(bootstrap)?);
        }
        let manager = root.choose_package_manager()?;
        root.equip(plugins.equipment(manager, &root)?);
        let mut session = Self {
            root,
            plugins,
            manager,
            trash,
            _bootstrap: bootstrap,
            logs,
        };
        init::init(&mut session, prepare)?;
        Ok(session)
    }

    /// Closes the log files; what is left is the root and its plugins.
    pub(crate) fn close_logs(self) -> (Buildroot<'a>, Plugins) {
        drop(self.logs);
        (self.root, self.plugins)
    }
}

fn attach_logs(cx: Cx<'_>, layout: &Layout) -> Result<LogFiles> {
    let logging = &cx.config.logging;
    let formats = Formats {
        root: shape(&logging.root_format)?,
        build: shape(&logging.build_format)?,
        state: shape(&logging.state_format)?,
        stderr_line_prefix: logging.stderr_line_prefix.clone(),
    };
    make_result_directory(cx, &layout.base, &layout.result)?;
    cx.identity
        .as_caller(|| report::attach(&layout.result, &formats))
}

fn shape(format: &LogFormat) -> Result<Shape> {
    match format {
        LogFormat::Named(name) => Shape::named(name).ok_or_else(|| {
            Error::command(format!(
                "unknown log format '{name}'; there are detailed, simple, unadorned and state, and those of \
                 logging.ini"
            ))
        }),
        LogFormat::Text { text, dates, of } => Custom::parse(text, dates.as_deref())
            .map(|custom| Shape::Custom(custom.into()))
            .map_err(|why| Error::command(format!("{of}: cannot be used as a log format: {why}"))),
    }
}
