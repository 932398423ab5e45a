//! Running the package manager on a root: its configuration, its sandbox, retries, its failures.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::cache::{Ground, Watch};
use super::layout::UNFINISHED;
use super::tools::Tools;
use super::{Buildroot, Cmd};
use crate::config::PackageManagerKind;
use crate::error::{Error, Result};
use crate::package_manager::{self, Context, Op, python_plugins, yum};
use crate::report::{LogSink, Spinner};
use crate::run::{Bars, Status, Stdio};
use crate::sandbox::{Network, User, View, preload};

/// Scriptlets see a `/proc`, `/sys` and `/dev` that a package may own but not change; Debian's rpm
/// keeps a private database per user unless told where the real one is.
const MACROS: &str = "%_netsharedpath /proc:/sys:/dev\n";

impl Buildroot<'_> {
    /// Writes what the package manager reads: its configuration, variables, keys, rpm's macros.
    pub(crate) fn configure_package_manager(&self, kind: PackageManagerKind) -> Result<()> {
        let packages = &self.cx.config.packages;
        for name in self.inside.list("etc/yum.repos.d")? {
            self.inside.remove(&format!("etc/yum.repos.d/{name}"))?;
        }
        let text = &packages.dnf_conf;
        if !text.lines().any(|line| line.starts_with("reposdir")) {
            tracing::warn!(
                "reposdir option is not set in dnf.conf: repositories of the host are used too; add reposdir=/dev/null"
            );
        }
        self.inside
            .write_if_changed("etc/dnf/dnf.conf", text.as_bytes())?;
        if kind == PackageManagerKind::Yum {
            let dir = self.layout.package_manager_home().join("yum-plugin");
            let plugins = &self.equipment().manager.yum_plugins;
            for plugin in plugins {
                plugin.install(&dir)?;
                plugin.install_conf(&dir)?;
            }
            let text = yum::conf(
                text,
                &self.layout.root,
                (!plugins.is_empty()).then_some(&*dir),
            );
            self.inside
                .write_if_changed("etc/yum/yum.conf", text.as_bytes())?;
            self.inside
                .create_dir_all("etc/yum/pluginconf.d", User::ROOT)?;
            for (name, content) in &packages.yum_files {
                let path = format!("etc/yum/pluginconf.d/{name}");
                self.inside.write_if_changed(&path, content.as_bytes())?;
            }
            if packages.yum_files.contains_key("subscription-manager.conf") {
                self.copy_subscription()?;
            }
        }
        for (name, value) in &packages.dnf_vars {
            self.inside
                .write_if_changed(&format!("etc/dnf/vars/{name}"), value.as_bytes())?;
        }
        self.copy_keys_and_certificates()?;
        if kind == PackageManagerKind::Microdnf || self.cx.config.chroot.is_bootstrap {
            self.copy_credentials()?;
        }
        self.make_package_manager_home()?;
        if kind == PackageManagerKind::Yum
            && packages.yum_files.contains_key("subscription-manager.conf")
        {
            self.list_subscribed(kind)?;
        }
        Ok(())
    }

    /// The directory outside the root where the package manager works.
    pub(super) fn make_package_manager_home(&self) -> Result<()> {
        let home = self.layout.package_manager_home();
        fs_err::create_dir_all(home.join("tmp")).map_err(Error::io("make", &home))?;
        crate::fs::replace(&home.join(".rpmmacros"), self.manager_macros().as_bytes())
    }

    /// What the package manager's rpm reads when it works on the root from outside.
    pub(crate) fn manager_macros(&self) -> String {
        // Debian's rpm alone has a database path that depends on who asks.
        let tools = self.tools();
        if tools.tree(&self.layout.root).join("usr/bin/dpkg").exists() {
            format!("{MACROS}%_dbpath /var/lib/rpm\n")
        } else {
            MACROS.to_owned()
        }
    }

    /// Runs `op`, with the configured number of attempts.
    pub(crate) fn transaction(&self, kind: PackageManagerKind, op: &Op) -> Result<String> {
        self.transaction_in(kind, op, None)
    }

    /// Runs operations one after the other, and tells `watch` what they resolve to. Says whether all
    /// were carried out: when the result is there already, the last one is not.
    pub(crate) fn transactions(
        &self,
        kind: PackageManagerKind,
        ops: &[Op],
        watch: &Watch,
    ) -> Result<bool> {
        for (index, op) in ops.iter().enumerate() {
            let last = index + 1 == ops.len();
            self.attempts(kind, op, None, watch, last)?;
            watch.end(op)?;
        }
        Ok(!watch.stopped())
    }

    /// The same in a directory of the host that it may write to.
    pub(crate) fn transaction_in(
        &self,
        kind: PackageManagerKind,
        op: &Op,
        cwd: Option<&Path>,
    ) -> Result<String> {
        self.ground.replace(Ground::Changed);
        self.attempts(kind, op, cwd, &Watch::none(), true)
    }

    fn attempts(
        &self,
        kind: PackageManagerKind,
        op: &Op,
        cwd: Option<&Path>,
        watch: &Watch,
        last: bool,
    ) -> Result<String> {
        let packages = &self.cx.config.packages;
        let mut argv = self.package_manager_argv(kind, op);
        // A program in the root itself does not see them.
        if !self.works_inside(kind, op) {
            argv.extend(self.plugin_options(kind, watch)?);
        }
        let mut attempt = 1;
        loop {
            watch.begin(op, last)?;
            match self.run_package_manager(kind, op, &argv, cwd, watch) {
                Err(error @ Error::PackageManager { .. }) if attempt < packages.max_attempts => {
                    let delay = back_off(packages.attempt_delay, attempt);
                    tracing::warn!("{error}");
                    tracing::warn!(
                        "{} command failed, retrying, attempt #{}, sleeping {}s",
                        package_manager::of(kind).name().to_uppercase(),
                        attempt + 1,
                        delay.as_secs()
                    );
                    self.wait(delay)?;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    /// Sleeps, but not through a signal.
    fn wait(&self, delay: Duration) -> Result<()> {
        const STEP: Duration = Duration::from_millis(100);
        let end = Instant::now() + delay;
        while Instant::now() < end {
            self.cx.runner.interrupted()?;
            std::thread::sleep(STEP.min(delay));
        }
        Ok(())
    }

    pub(super) fn package_manager_argv(&self, kind: PackageManagerKind, op: &Op) -> Vec<String> {
        let config = self.cx.config;
        let command = self.manager_command(kind);
        let cx = Context {
            root: (!self.works_inside(kind, op)).then_some(&*self.layout.root),
            command: &command,
            releasever: config.chroot.releasever.as_deref(),
            forcearch: config.chroot.forcearch.as_deref(),
            offline: !config.network.online,
            repos: &config.packages.repo_switches,
            settings: package_manager::settings(&config.packages, kind),
        };
        let mut argv = package_manager::of(kind).argv(op, &cx);
        argv.extend(self.equipment().manager.options.iter().cloned());
        argv
    }

    /// Puts the plugins for this run where the package manager finds them.
    fn plugin_options(&self, kind: PackageManagerKind, watch: &Watch) -> Result<Vec<String>> {
        // dnf 5 has no plugins in Python, yum has them in its configuration.
        let plugins = &self.equipment().manager.dnf_plugins;
        let plugins: Vec<_> = plugins.iter().copied().chain(watch.plugin()).collect();
        let tools = self.tools();
        if plugins.is_empty() || !kind.is_dnf4() {
            return Ok(Vec::new());
        }
        let dir = self.layout.package_manager_home().join("plugin");
        plugins.iter().try_for_each(|plugin| plugin.install(&dir))?;
        let options = python_plugins::options(
            tools.tree(&self.layout.root),
            &dir,
            &self.cx.config.packages.dnf_conf,
        );
        if options.is_empty() && !self.no_plugins.replace(true) {
            tracing::warn!(
                "dnf's own plugins are not found, so mock's are left out (noverify, package_cache, nofsync=python); \
                 `pluginpath` in dnf.conf says where they are"
            );
        }
        Ok(options)
    }

    /// A program of the host that works on this root.
    pub(super) fn host_cmd(&self, argv: &[String], cwd: Option<&Path>) -> Cmd {
        let config = self.cx.config;
        let home = self.layout.package_manager_home();
        let mut env = config.rpmbuild.environment.clone();
        env.extend(config.network.proxies.clone());
        env.insert("HOME".to_owned(), home.display().to_string());
        env.insert("TMPDIR".to_owned(), home.join("tmp").display().to_string());
        // Programs that read the output, and our own search for causes, know the untranslated text.
        env.insert("LC_MESSAGES".to_owned(), "C.UTF-8".to_owned());
        let writable = [&self.layout.base, &self.layout.cache, &self.layout.result]
            .into_iter()
            .cloned()
            .chain(["/tmp".into(), "/var/tmp".into()])
            .chain(cwd.filter(|cwd| *cwd != Path::new("/")).map(Path::to_owned));
        let view = View::Host {
            writable: writable.filter(|path: &PathBuf| path.is_dir()).collect(),
        };
        let cwd = cwd.unwrap_or(Path::new("/")).to_owned();
        Cmd {
            argv: argv.iter().map(Into::into).collect(),
            env: env.into_iter().collect(),
            sandbox: self.sandbox(view, User::ROOT, self.managers_network(), cwd),
            stdio: Stdio::Captured,
            timeout: config.logging.opstimeout,
        }
    }

    /// A hermetic build has none at all.
    pub(super) fn managers_network(&self) -> Network {
        match self.cx.config.hermetic_build {
            true => Network::Private,
            false => Network::Host,
        }
    }

    fn run_package_manager(
        &self,
        kind: PackageManagerKind,
        op: &Op,
        argv: &[String],
        cwd: Option<&Path>,
        watch: &Watch,
    ) -> Result<String> {
        let mut cmd = self.manager_cmd(argv, kind, op, cwd);
        self.equipment().manager.program.equip(&mut cmd);
        cmd.env.extend(watch.environment());
        let mut sink = LogSink::root(self.cx.live, true);
        cmd.stdio = sink.stdio(bars(kind));
        let _spinner = Spinner::start("package manager");
        self.forget_installed();
        self.refuse_ways_out(kind, op)?;
        self.storage.will_change()?;
        self.inside.write(UNFINISHED, b"", 0o644, User::ROOT)?;
        // An interruption leaves the mark; a failure is the package manager's own, and ordered.
        let status = match self.run_logged(&cmd, &mut sink) {
            // Nothing was begun.
            Err(Error::Spawn { program, .. }) => {
                self.inside.remove(UNFINISHED)?;
                return Err(match op {
                    Op::Builddep(_) if argv.get(1).is_none_or(|word| word != "builddep") => {
                        Error::NoBuilddep { program }
                    }
                    _ => self.not_available(&program),
                });
            }
            run => run?,
        };
        self.inside.remove(UNFINISHED)?;
        let output = sink.captured_text();
        self.warn_of_preload(&output);
        if let Some(complaint) = package_manager::of(kind).complaint(op, &output) {
            return Err(complaint);
        }
        if status.success() {
            return Ok(output);
        }
        let cause = sink.transaction_cause();
        let no_builddep = cause
            .iter()
            .any(|line| line.to_lowercase().contains("no such command: builddep"));
        if no_builddep {
            return Err(Error::BuildSetup {
                message: "builddep command missing".to_owned(),
                hint: Some("install it: `dnf install dnf-plugins-core`, `apt-get install dnf-plugins-core`".to_owned()),
            });
        }
        Err(Error::PackageManager {
            command: format!("{} {op}", package_manager::of(kind).name()),
            status: describe(status),
            log: Some(self.layout.result.join("root.log")),
            hint: self.package_hint(&cause),
            cause,
        })
    }

    fn not_available(&self, program: &str) -> Error {
        let (place, how) = match self.tools() {
            Tools::Host => ("", "install the package that contains it"),
            Tools::Bootstrap { .. } => (
                " in the bootstrap root",
                "let bootstrap_chroot_additional_packages name the package that contains it, or use the host's with \
                 --no-bootstrap-chroot",
            ),
            Tools::Itself => (" in the image", "use another image"),
        };
        Error::Refused {
            message: format!("Command {program} is not available{place}"),
            hint: Some(format!(
                "{how}; or use another package manager with --dnf, --dnf5 or --yum"
            )),
        }
    }

    /// Says once that programs of the root work without the library they were to load.
    fn warn_of_preload(&self, output: &str) {
        let preloads = self.equipment().manager.program.preload.is_some();
        if preloads && !self.cannot_preload.get() && output.lines().any(preload::is_complaint) {
            self.cannot_preload.set(true);
            tracing::warn!(
                "the root's libc cannot load the library of nofsync=ld_preload: data is synchronised there"
            );
        }
    }

    /// How to find a package, when one was not found.
    fn package_hint(&self, cause: &[String]) -> Option<String> {
        const SIGNS: [&str; 5] = [
            "No match for argument",
            "Unable to find a match",
            "No matching package",
            "nothing provides",
            "is not available",
        ];
        let not_found = cause
            .iter()
            .any(|line| SIGNS.iter().any(|sign| line.contains(sign)));
        not_found.then(|| {
            format!(
                "look for packages with `mock -r {} --pm-cmd search NAME`",
                self.cx.named
            )
        })
    }

    fn copy_keys_and_certificates(&self) -> Result<()> {
        let packages = &self.cx.config.packages;
        for (source, target) in &packages.ssl_copied_ca_trust_dirs {
            self.copy_tree_in(Path::new(source), target)?;
        }
        if let Some(target) = &packages.ssl_ca_bundle_path {
            let bundle = "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem";
            if let Ok(content) = fs_err::read(bundle) {
                if let Some(directory) = Path::new(target).parent().and_then(Path::to_str) {
                    self.inside.create_dir_all(directory, User::ROOT)?;
                }
                self.inside.write_if_changed(target, &content)?;
            }
        }
        self.copy_tree_in(Path::new("/etc/pki/mock"), "/etc/pki/mock")
    }

    /// Copies regular files and links of a host directory; one that is not there is nothing to copy.
    pub(super) fn copy_tree_in(&self, source: &Path, target: &str) -> Result<()> {
        for entry in walkdir::WalkDir::new(source).into_iter().flatten() {
            let Ok(relative) = entry.path().strip_prefix(source) else {
                continue;
            };
            let Some(path) = Path::new(target).join(relative).to_str().map(str::to_owned) else {
                continue;
            };
            let kind = entry.file_type();
            if kind.is_dir() {
                self.inside.create_dir_all(&path, User::ROOT)?;
            } else if kind.is_symlink() {
                if let Ok(link) = fs_err::read_link(entry.path()) {
                    self.inside.symlink(&link.to_string_lossy(), &path)?;
                }
            } else if kind.is_file()
                && let Ok(content) = fs_err::read(entry.path())
            {
                self.inside.write_if_changed(&path, &content)?;
            }
        }
        Ok(())
    }
}

/// How it draws its progress.
fn bars(kind: PackageManagerKind) -> Bars {
    match kind {
        PackageManagerKind::Dnf5 => Bars::Rows,
        PackageManagerKind::Dnf4 | PackageManagerKind::Microdnf | PackageManagerKind::Yum => {
            Bars::Row
        }
    }
}

/// How long to wait after a failed attempt: twice as long after each, up to a minute or what is
/// configured, for a mirror that has trouble is not helped by being asked again.
fn back_off(delay: Duration, attempt: u32) -> Duration {
    const LONGEST: Duration = Duration::from_secs(60);
    let factor = 2u32.saturating_pow(attempt.saturating_sub(1));
    delay.saturating_mul(factor).min(LONGEST.max(delay))
}

/// A status in words.
pub(crate) fn describe(status: Status) -> String {
    match status {
        Status::Exited(code) => format!("exit status {code}"),
        Status::Signaled(signal) => match nix::sys::signal::Signal::try_from(signal) {
            Ok(name) => format!("signal {signal} ({name})"),
            Err(_) => format!("signal {signal}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_to_a_minute() {
        let waits = |delay| -> Vec<u64> {
            let delay = Duration::from_secs(delay);
            (1..6)
                .map(|attempt| back_off(delay, attempt).as_secs())
                .collect()
        };
        assert_eq!(waits(10), [10, 20, 40, 60, 60]);
        assert_eq!(waits(90), [90, 90, 90, 90, 90]);
        assert_eq!(waits(0), [0, 0, 0, 0, 0]);
        assert_eq!(back_off(Duration::from_secs(1), u32::MAX).as_secs(), 60);
    }
}
