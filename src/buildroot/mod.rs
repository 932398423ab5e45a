//! One build root on disk: open, locked, and able to run programs in or on itself.
//!
//! Owns the directories, the lock, the accounts and the sandboxes. What is done in which order is
//! the recipes' business.

pub(crate) mod archive;
mod ask;
pub(crate) mod cache;
mod copy;
mod credentials;
pub(crate) mod extras;
pub(crate) mod holders;
pub(crate) mod image;
pub(crate) mod inside;
pub(crate) mod layout;
pub(crate) mod lock;
pub(crate) mod manager;
mod native;
mod programs;
pub(crate) mod results;
mod saved;
mod skeleton;
pub(crate) mod snapshots;
pub(crate) mod storage;
pub(crate) mod tools;
pub(crate) mod trash;
mod users;
mod ways_out;
pub(crate) mod wishes;

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::debug::literal;
use crate::config::{Config, Value};
use crate::error::{Error, Result};
use crate::host::{self, Host};
use crate::identity::Identity;
use crate::report::{LogSink, Step};
use crate::rpm::requires::{Installed, QUERY};
use crate::run::{Cmd, Runner, Sink, Status, Stdio};
use crate::sandbox::{Mount, Network, Nspawn, Personality, Rights, Sandbox, SyncCalls, User, View};

use cache::Ground;
use extras::{Equipment, Extras};
use inside::Inside;
pub(crate) use manager::describe;

use layout::{INITIALIZED, Layout, UNFINISHED};
use lock::{Lock, Mode};
use storage::{Attached, Storage};
use tools::Tools;

/// What nearly everything needs; fixed for a run.
#[derive(Clone, Copy)]
pub(crate) struct Cx<'a> {
    pub(crate) config: &'a Config,
    pub(crate) host: &'a Host,
    pub(crate) identity: &'a Identity,
    pub(crate) runner: &'a dyn Runner,
    /// Given up as soon as others can see that this mock has the root.
    pub(crate) turn: &'a holders::Turn,
    /// Programs inside are run by systemd-nspawn.
    pub(crate) nspawn: Option<&'a Nspawn>,
    /// What comes after `-r` to have this root again, for commands in hints.
    pub(crate) named: &'a str,
    /// Programs' output is shown while they run.
    pub(crate) live: bool,
    /// Log files are written (an interactive shell writes none).
    pub(crate) logs: bool,
}

impl std::fmt::Debug for Cx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cx")
            .field("config", &self.config.config_name)
            .finish_non_exhaustive()
    }
}

/// An open build root. Its lock is held as long as it lives.
#[derive(Debug)]
pub(crate) struct Buildroot<'a> {
    pub(crate) cx: Cx<'a>,
    pub(crate) layout: Layout,
    pub(crate) inside: Inside,
    /// The build user, in ids as the root sees them.
    pub(crate) user: User,
    pub(crate) extras: Extras,
    equipment: OnceCell<Equipment>,
    tools: RefCell<Tools>,
    /// That dnf cannot load plugins was said.
    no_plugins: Cell<bool>,
    pub(crate) storage: Box<dyn Storage + 'a>,
    ground: RefCell<Ground>,
    looks: cache::current::Looks,
    /// What is installed, when that was asked and nothing has changed it since.
    known: RefCell<Option<Installed>>,
    lock: Lock,
    exclusive: Cell<bool>,
    /// Nothing is ended with this run.
    stays: Cell<bool>,
    /// Programs inside cannot load a library of mock's own, which was said.
    cannot_preload: Cell<bool>,
}

/// How a program inside the root is run.
#[derive(Debug, Clone)]
pub(crate) struct Inner {
    pub(crate) user: User,
    pub(crate) network: Network,
    pub(crate) cwd: PathBuf,
    pub(crate) stdio: Stdio,
    pub(crate) timeout: Option<Duration>,
}

/// The last one who used the root ends what the storage does only while it is used.
impl Drop for Buildroot<'_> {
    fn drop(&mut self) {
        self.inside.release();
        if self.stays.get() || !self.lock.is_last() {
            return;
        }
        let finished = self.storage.finish();
        // Nobody looks for a bootstrap root at its path.
        let unneeded = self.cx.config.chroot.is_bootstrap && self.storage.states().is_some();
        let hidden = match unneeded {
            true => self.storage.detach(),
            false => Ok(()),
        };
        if let Err(error) = finished.and(hidden) {
            tracing::debug!("{error}");
        }
    }
}

/// Between two looks for a root that somebody else may be about to make.
const AGAIN: Duration = Duration::from_millis(20);

impl<'a> Buildroot<'a> {
    /// Opens the root, making its directories. Whoever comes first has it alone until
    /// [`Self::share`]; a root that others use is shared at once; one that is being made or
    /// removed is waited for.
    pub(crate) fn open(cx: Cx<'a>, extras: Extras, storage: Box<dyn Storage + 'a>) -> Result<Self> {
        const MAKING: &str = "is making this root; give --uniqueext to build beside it";
        let layout = Layout::of(&cx.config.chroot);
        const USING: &str =
            "uses this root and cannot be joined any more; give --uniqueext to work beside it";
        let (lock, exclusive) = loop {
            skeleton::make_base(cx, &layout)?;
            if let Some(lock) = Lock::try_take(&layout.lock(), Mode::Exclusive)? {
                break (lock, true);
            }
            let lock = Lock::wait_for(&layout.lock(), Mode::Shared, cx.runner, MAKING)?;
            if storage.is_attached() {
                if layout.root.join(INITIALIZED).exists() {
                    break (lock, false);
                }
                // Whoever had it alone did not come to the end: the next one begins again.
                drop(lock);
                cx.runner.interrupted()?;
                std::thread::sleep(AGAIN);
                continue;
            }
            drop(lock);
            // It was removed while it was waited for, or is mounted where this mock cannot see it,
            // because it was not yet when this mock began.
            if holders::find(&layout.base).is_some() {
                let lock = Lock::wait_for(&layout.lock(), Mode::Exclusive, cx.runner, USING)?;
                break (lock, true);
            }
        };
        Self::attached(cx, layout, extras, storage, lock, exclusive)
    }

    /// Opens the root for this mock alone, or says who uses it.
    pub(crate) fn open_alone(
        cx: Cx<'a>,
        extras: Extras,
        storage: Box<dyn Storage + 'a>,
    ) -> Result<Self> {
        let layout = Layout::of(&cx.config.chroot);
        let lock = layout.lock_for(cx)?;
        Self::attached(cx, layout, extras, storage, lock, true)
    }

    fn attached(
        cx: Cx<'a>,
        layout: Layout,
        extras: Extras,
        storage: Box<dyn Storage + 'a>,
        lock: Lock,
        exclusive: bool,
    ) -> Result<Self> {
        let ground = match exclusive.then(|| storage.attach()).transpose()? {
            Some(Attached::Empty) => Ground::Nothing,
            Some(Attached::Unmade) => Ground::Unmade,
            Some(Attached::AsLeft) | None => Ground::Changed,
        };
        if !storage.is_visible() {
            holders::note(&layout.base, exclusive)?;
        }
        cx.turn.pass();
        let inside = Inside::open(&layout.root, cx.identity.ids)?;
        let user = cx.identity.build_user(&cx.config.users);
        Ok(Self {
            cx,
            layout,
            inside,
            user,
            extras,
            equipment: OnceCell::new(),
            tools: RefCell::default(),
            no_plugins: Cell::default(),
            storage,
            ground: RefCell::new(ground),
            looks: cache::current::Looks::new(cx),
            known: RefCell::default(),
            lock,
            exclusive: Cell::new(exclusive),
            stays: Cell::new(false),
            cannot_preload: Cell::new(false),
        })
    }

    /// Leaves the root at its path when this mock is over.
    pub(crate) fn leave_attached(self) {
        self.stays.set(true);
    }

    /// Says what the programs run on this root get; once, before the first of them.
    pub(crate) fn equip(&self, equipment: Equipment) {
        // A second time would be a mistake of the caller's; the first one counts.
        let _ = self.equipment.set(equipment);
    }

    /// Nothing, in a root that is only looked at.
    pub(crate) fn equipment(&self) -> &Equipment {
        self.equipment.get_or_init(Equipment::default)
    }

    pub(crate) fn keeps_logs(&self) -> bool {
        self.cx.logs
    }

    /// What the tree is, as far as this run knows.
    pub(crate) fn ground(&self) -> Ground {
        self.ground.borrow().clone()
    }

    /// Nobody else uses the root now.
    pub(crate) fn is_exclusive(&self) -> bool {
        self.exclusive.get()
    }

    /// Lets others use the root too.
    pub(crate) fn share(&self) -> Result<()> {
        if self.exclusive.replace(false) {
            self.forget_installed();
            self.lock.share()?;
        }
        Ok(())
    }

    /// What is in the tree is of no importance: it is started anew before anything is put into it.
    pub(crate) fn disregard(&self) {
        *self.ground.borrow_mut() = Ground::Unmade;
    }

    /// A phase of the work on this root.
    pub(crate) fn step(&self, name: impl Into<String>) -> Step {
        if self.cx.config.chroot.is_bootstrap {
            Step::start_of_bootstrap(name)
        } else {
            Step::start(name)
        }
    }

    /// What transactions lead to is kept and found again.
    pub(crate) fn keeps_states(&self) -> bool {
        self.storage.states().is_some() && self.cx.config.chroot.layer_cache
    }

    /// Nothing below keeps earlier states of the root.
    pub(crate) fn is_plain_directory(&self) -> bool {
        self.storage.states().is_none()
    }

    pub(crate) fn is_initialized(&self) -> bool {
        self.inside.exists(INITIALIZED)
    }

    /// It will be entered as it is: neither to be made nor to be made anew.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_initialized() && !self.inside.exists(UNFINISHED)
    }

    pub(crate) fn mark_initialized(&self) -> Result<()> {
        self.inside.touch(INITIALIZED)
    }

    /// Empties a root in which a transaction was cut short: half-installed packages must not pass
    /// for whole ones. Says whether it had to.
    pub(crate) fn recover(&self) -> Result<bool> {
        if self.ground() == Ground::Unmade || !self.inside.exists(UNFINISHED) {
            return Ok(false);
        }
        if self.storage.states().is_some() {
            return self.start_from(None, &[]).map(|()| true);
        }
        for name in self
            .inside
            .list("")?
            .iter()
            .filter(|name| *name != UNFINISHED)
        {
            self.inside.remove(name)?;
        }
        self.inside.remove(UNFINISHED)?;
        Ok(true)
    }

    fn sandbox(&self, view: View, user: User, network: Network, cwd: PathBuf) -> Sandbox {
        let config = self.cx.config;
        let mut mounts = vec![Mount::Proc, Mount::Sys];
        if config.isolation.internal_dev_setup {
            mounts.push(Mount::Dev);
        }
        let inside = view == View::Inside;
        let extras = &self.extras;
        if inside {
            mounts.extend(extras.mounts.iter().cloned());
        }
        Sandbox {
            root: self.layout.root.clone(),
            view,
            mounts,
            network,
            user,
            ids: self.cx.identity.ids,
            hostname: match &config.isolation.hostname {
                Some(name) => Some(name.clone()),
                None => extras.hostname.clone().filter(|_| inside),
            },
            sync_calls: SyncCalls::Carried,
            preload: None,
            personality: personality(&config.chroot.target_arch),
            rights: if inside {
                extras.rights.clone()
            } else {
                Rights::default()
            },
            cwd,
            interactive: false,
            nspawn: self.cx.nspawn.cloned().filter(|_| inside),
        }
    }

    /// The environment of programs inside the root.
    fn inner_environment(&self) -> Vec<(String, String)> {
        let config = self.cx.config;
        let mut environment = config.rpmbuild.environment.clone();
        environment.insert("HOME".to_owned(), self.layout.home(""));
        environment.extend(self.extras.environment.clone());
        if config.network.rpmbuild_networking {
            environment.extend(config.network.proxies.clone());
        }
        environment.into_iter().collect()
    }

    /// A program inside the root, as a value.
    pub(crate) fn inner_cmd(&self, argv: &[&str], how: &Inner) -> Cmd {
        let mut sandbox = self.sandbox(View::Inside, how.user, how.network, how.cwd.clone());
        sandbox.interactive = how.stdio == Stdio::Inherited;
        Cmd {
            argv: argv.iter().map(OsString::from).collect(),
            env: self.inner_environment(),
            sandbox,
            stdio: how.stdio,
            timeout: how.timeout.or(self.cx.config.logging.opstimeout),
        }
    }

    /// How build programs run: as the build user, without network unless it was asked for.
    pub(crate) fn as_builder(&self) -> Inner {
        Inner {
            user: self.user,
            ..self.as_root()
        }
    }

    pub(crate) fn as_root(&self) -> Inner {
        Inner {
            user: User::ROOT,
            network: self.network(),
            cwd: PathBuf::from("/"),
            stdio: Stdio::Captured,
            timeout: None,
        }
    }

    fn network(&self) -> Network {
        if self.cx.config.network.rpmbuild_networking && !self.extras.no_network {
            Network::Host
        } else {
            Network::Private
        }
    }

    pub(crate) fn run_inside(
        &self,
        argv: &[&str],
        how: &Inner,
        sink: &mut dyn Sink,
    ) -> Result<Status> {
        self.cx.runner.run(&self.inner_cmd(argv, how), sink)
    }

    /// Runs a program and says so, before and after, in the log its output goes to: other programs
    /// look for these words.
    pub(crate) fn run_logged(&self, cmd: &Cmd, sink: &mut LogSink) -> Result<Status> {
        let argv: Vec<String> = cmd
            .argv
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let argv = Value::List(argv.into_iter().map(Value::Str).collect());
        let env = cmd
            .env
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        sink.note(&format!(
            "Executing command: {} with env {} and shell False",
            literal(&argv),
            literal(&Value::Dict(env.collect()))
        ));
        let status = self.cx.runner.run(cmd, sink)?;
        sink.note(&format!("Child return code was: {}", status.code()));
        Ok(status)
    }

    /// What is installed.
    pub(crate) fn installed(&self) -> Result<Installed> {
        if let Some(known) = self.known.borrow().as_ref() {
            return Ok(known.clone());
        }
        let installed = Installed::parse(&self.query(QUERY)?);
        // Only this mock can change it while the root is its alone.
        if self.is_exclusive() {
            self.known.replace(Some(installed.clone()));
        }
        Ok(installed)
    }

    /// Packages have come or gone.
    fn forget_installed(&self) {
        self.known.replace(None);
    }

    /// Names of what is installed, sorted.
    pub(crate) fn names_installed(&self) -> Result<Vec<String>> {
        let text = self.query("%{NEVRA}\\n")?;
        let mut names: Vec<String> = text.lines().map(str::to_owned).collect();
        names.sort();
        Ok(names)
    }

    /// What rpm says of every installed package, by its `--queryformat`.
    pub(crate) fn query(&self, format: &str) -> Result<String> {
        let mut sink = LogSink::capture_only().without_stderr();
        let argv = [&self.cx.config.rpmbuild.rpm_command, "-qa", "--qf", format];
        let status = self.run_inside(&argv, &self.as_root(), &mut sink)?;
        if status.success() {
            return Ok(sink.captured_text());
        }
        Err(Error::Sandbox {
            message: format!(
                "cannot query the packages of {}: rpm ended with {}",
                self.layout.root.display(),
                describe(status)
            ),
            hint: Some(format!(
                "make the root anew: `mock -r {} --init`",
                self.cx.named
            )),
        })
    }

    /// A program of the caller's, as the caller, on their terminal and with nothing hidden from it:
    /// the root is at its path beside everything else.
    pub(crate) fn beside_cmd(&self, argv: &[String]) -> Cmd {
        let (user, cwd) = (self.cx.identity.owner(), self.cx.host.cwd.clone());
        let mut sandbox = self.sandbox(View::Machine, user, Network::Host, cwd);
        sandbox.interactive = true;
        Cmd {
            argv: argv.iter().map(OsString::from).collect(),
            env: self.cx.host.environment.clone().into_iter().collect(),
            sandbox,
            stdio: Stdio::Inherited,
            timeout: None,
        }
    }

    /// A program of the host, with the host read-only but for this root and its results. Gives its
    /// status and output.
    pub(crate) fn run_on_host(&self, argv: &[&str]) -> Result<(Status, String)> {
        self.run_on_host_as(argv, User::ROOT)
    }

    /// The same with no more rights than the caller's, who may have put anything among the results.
    pub(crate) fn run_on_host_as_caller(&self, argv: &[&str]) -> Result<(Status, String)> {
        self.run_on_host_as(argv, self.cx.identity.owner())
    }

    fn run_on_host_as(&self, argv: &[&str], user: User) -> Result<(Status, String)> {
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        let mut sink = LogSink::capture_only();
        let mut cmd = self.host_cmd(&argv, None);
        cmd.sandbox.user = user;
        let status = self.cx.runner.run(&cmd, &mut sink)?;
        Ok((status, sink.captured_text()))
    }
}

/// What is known of neither kind is left as mock was started.
fn personality(target: &str) -> Option<Personality> {
    if host::is_32_bit(target) {
        Some(Personality::Linux32)
    } else {
        host::is_64_bit(target).then_some(Personality::Linux)
    }
}
