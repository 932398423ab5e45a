//! Questions to the package manager, which change nothing in the root.

use super::{Buildroot, describe};
use crate::config::PackageManagerKind;
use crate::error::{Error, Result};
use crate::package_manager::location::{self, Locations};
use crate::package_manager::{self, Op};
use crate::report::{LogSink, Spinner};

impl Buildroot<'_> {
    /// What the package manager prints in answer to `op`.
    fn ask_package_manager(&self, kind: PackageManagerKind, op: &Op) -> Result<String> {
        let argv = self.package_manager_argv(kind, op);
        let mut sink = LogSink::root(false, true).without_stderr();
        let _spinner = Spinner::start("package manager");
        self.refuse_ways_out(kind, op)?;
        // It keeps the metadata that it fetches in the root.
        self.storage.will_change()?;
        let status = self.run_logged(&self.manager_cmd(&argv, kind, op, None), &mut sink)?;
        if status.success() {
            return Ok(sink.captured_text());
        }
        Err(Error::PackageManager {
            command: format!("{} {op}", package_manager::of(kind).name()),
            status: describe(status),
            cause: sink.transaction_cause(),
            log: Some(self.layout.result.join("root.log")),
            hint: None,
        })
    }

    /// Lets yum's plugin subscription-manager write the repositories of the subscription.
    pub(super) fn list_subscribed(&self, kind: PackageManagerKind) -> Result<()> {
        self.ask_package_manager(kind, &Op::Raw(vec!["repolist".to_owned()]))
            .map(drop)
    }

    /// Where the repositories have these packages, each `name-version-release.arch`.
    pub(crate) fn locations(
        &self,
        kind: PackageManagerKind,
        packages: &[String],
    ) -> Result<Locations> {
        let answer = self.ask_package_manager(kind, &location::addresses(packages))?;
        let mut locations = Locations::new(&answer);
        if packages
            .iter()
            .any(|package| locations.of(package).is_none())
        {
            let answer = self.ask_package_manager(kind, &location::files(packages))?;
            locations.learn_files(&answer);
        }
        Ok(locations)
    }
}
