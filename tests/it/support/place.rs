//! A place for one test: its own home, state, cache and results, and the user who runs `mock`.
//!
//! All places of a run lie below one directory, with a copy of the binary and of the shipped
//! configurations that every user can read (the source tree may be closed to them).

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::unistd::{Uid, User, getuid};

use super::machine;
use super::mock::Mock;

/// Who runs `mock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Root,
    /// An ordinary user with subordinate ids.
    User,
    /// An ordinary user without.
    SingleId,
}

/// How `mock` keeps roots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    /// As it does when nobody says how: in layers.
    Default,
    Directory,
}

/// Everything below `dir` belongs to the test and goes with it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) who: Who,
    pub(crate) storage: Storage,
    pub(crate) dir: PathBuf,
    pub(crate) account: User,
}

/// A place for each kind of user.
pub(crate) fn both() -> impl Iterator<Item = Place> {
    [Who::User, Who::Root].into_iter().filter_map(Place::new)
}

/// Words that run a shell script in which `"$@"` is what follows, where nobody sees what it mounts.
pub(crate) fn own_mounts(script: &str) -> [&str; 8] {
    let [unshare, mount, propagation] = ["unshare", "--mount", "--propagation"];
    [
        unshare,
        mount,
        propagation,
        "private",
        "sh",
        "-c",
        script,
        "sh",
    ]
}

/// Places for each kind of user and each way to keep roots.
pub(crate) fn everywhere() -> impl Iterator<Item = Place> {
    [Storage::Default, Storage::Directory]
        .into_iter()
        .flat_map(|storage| [(storage, Who::User), (storage, Who::Root)])
        .filter_map(|(storage, who)| Place::on(storage, who))
}

/// Bytes a run may need at once: two roots with a build each, and the shared ones.
const SPACE: u64 = 6 << 30;

/// The directory of this run.
pub(crate) fn base() -> &'static Path {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    BASE.get_or_init(|| {
        let scratch = scratch();
        sweep(&scratch);
        let base = scratch.join(format!("mock-it-{}", std::process::id()));
        fs::create_dir(&base).expect("the scratch directory can be written");
        open_to_all(&base);
        let bin = base.join("mock");
        fs::copy(env!("CARGO_BIN_EXE_mock"), &bin).expect("the binary can be copied");
        fs::set_permissions(&bin, PermissionsExt::from_mode(0o755)).expect("it is our own");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/configs");
        run(
            "cp",
            ["-r", source, &base.join("configs").to_string_lossy()],
        );
        run("chmod", ["-R", "a+rX", &base.to_string_lossy()]);
        let template = base.join("configs/templates/mini.toml");
        let text = fs::read_to_string(&template).expect("the mini configuration is there");
        let repo = machine::minidistro().join("repo");
        let text = text.replace("/var/tmp/mock-minidistro/repo", &repo.to_string_lossy());
        fs::write(&template, text).expect("the copy is our own");
        base
    })
}

/// The copy of the binary that everybody can run.
pub(crate) fn program() -> PathBuf {
    base().join("mock")
}

/// The shipped configurations, which find the mini distribution wherever it is.
pub(crate) fn configs() -> PathBuf {
    base().join("configs")
}

/// `tests/run.sh` makes and removes a directory; without it, in memory where that is big enough.
fn scratch() -> PathBuf {
    if let Some(chosen) = std::env::var_os("MOCK_TEST_SCRATCH") {
        return chosen.into();
    }
    let memory = Path::new("/dev/shm");
    let free = nix::sys::statvfs::statvfs(memory)
        .map(|stat| stat.blocks_available() * stat.fragment_size());
    if free.is_ok_and(|free| free > SPACE) {
        memory.to_owned()
    } else {
        PathBuf::from("/var/tmp")
    }
}

/// Removes what runs that are over have left.
fn sweep(scratch: &Path) {
    let entries = fs::read_dir(scratch).expect("the scratch directory can be listed");
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix("mock-it-"))
            .filter(|pid| pid.parse::<u32>().is_ok());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            remove(&entry.path());
        }
    }
}

/// Also what belongs to subordinate ids, and what `mock` has left mounted on purpose.
pub(crate) fn remove(path: &Path) {
    if getuid().is_root() {
        machine::unmount_below(path);
        let _ = fs::remove_dir_all(path);
    } else {
        let arguments = ["--map-auto", "--map-root-user", "rm", "-rf"].map(OsStr::new);
        let _ = Command::new("unshare").args(arguments).arg(path).status();
    }
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("it is our own");
}

/// Runs a program that must work, and gives its output.
pub(crate) fn run<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
) -> String {
    let arguments: Vec<S> = arguments.into_iter().collect();
    let output = Command::new(program)
        .args(&arguments)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("the program can be started");
    assert!(
        output.status.success(),
        "{program} {:?} failed:\n{}{}",
        arguments.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Why a test by `who` cannot run here, if so.
fn account(who: Who) -> Result<User, String> {
    let named = |name: &str| {
        User::from_name(name)
            .ok()
            .flatten()
            .ok_or_else(|| format!("there is no user {name}; tests/run.sh makes it when root"))
    };
    let own = User::from_uid(getuid()).ok().flatten();
    match (who, getuid().is_root()) {
        (Who::Root, true) => named("root"),
        (Who::User, true) => named("mock-test"),
        (Who::SingleId, true) => named("mock-test-single"),
        (Who::User, false) => own.ok_or_else(|| "the user has no name".to_owned()),
        (Who::Root | Who::SingleId, false) => Err("it needs root".to_owned()),
    }
}

/// Says that the test cannot run here, which in CI must not be.
pub(crate) fn skip(why: &str) {
    let ci = std::env::var_os("CI").is_some();
    let name = std::thread::current().name().unwrap_or("?").to_owned();
    assert!(
        !ci,
        "{name} cannot run here, and in CI nothing is skipped: {why}"
    );
    skip_even_in_ci(why);
}

/// Says that no machine of this kind can run the test, past the test runner, which shows what tests
/// print only when they fail.
pub(super) fn skip_even_in_ci(why: &str) {
    let name = std::thread::current().name().unwrap_or("?").to_owned();
    let line = format!("skipped: {name}: {why}\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
}

impl Place {
    /// `None` when such a test cannot run here.
    pub(crate) fn new(who: Who) -> Option<Self> {
        Self::on(Storage::Default, who)
    }

    /// The same with roots kept in a certain way.
    pub(crate) fn on(storage: Storage, who: Who) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let account = match account(who) {
            Ok(account) => account,
            Err(why) => {
                skip(&why);
                return None;
            }
        };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = base().join(format!("t{number}"));
        let place = Self {
            who,
            storage,
            dir,
            account,
        };
        for directory in ["", "home", "files"] {
            place.make_dir(directory);
        }
        Some(place)
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.dir.join(relative)
    }

    /// A directory that belongs to the user.
    pub(crate) fn make_dir(&self, relative: &str) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(&path).expect("a test's directory can be made");
        self.own(&path);
        path
    }

    /// A file that belongs to the user.
    pub(crate) fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        fs::write(&path, content).expect("a test's file can be written");
        self.own(&path);
        path
    }

    pub(super) fn own(&self, path: &Path) {
        std::os::unix::fs::chown(path, Some(self.uid()), Some(self.account.gid.as_raw()))
            .expect("root may change owners, and others are the owner");
    }

    pub(crate) fn uid(&self) -> u32 {
        self.account.uid.as_raw()
    }

    /// Where roots are kept.
    pub(crate) fn basedir(&self) -> PathBuf {
        match self.who {
            Who::Root => self.path("lib"),
            Who::User | Who::SingleId => self.path("home/.local/share/mock"),
        }
    }

    pub(crate) fn cache(&self) -> PathBuf {
        match self.who {
            Who::Root => self.path("cache"),
            Who::User | Who::SingleId => self.path("home/.cache/mock"),
        }
    }

    /// Everything of the mini distribution's root.
    pub(crate) fn chroot(&self) -> PathBuf {
        self.basedir().join(format!("mini-{}", super::ARCH))
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.chroot().join("root")
    }

    /// The names of the layers that are kept; trash is none.
    pub(crate) fn layers(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.basedir().join(".mock/layers"));
        let names = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| !name.starts_with('.')).collect()
    }

    /// As if the cache's budget, of the backend that works in this directory of the store, was last
    /// looked at two days ago.
    pub(crate) fn budget_is_due(&self, backend: &str) {
        let mark = self.basedir().join(".mock").join(backend).join("collected");
        let words = ["-c", "-d", "2 days ago"].map(OsStr::new);
        run("touch", words.into_iter().chain([mark.as_os_str()]));
    }

    /// As if nothing was used for 40 days of what the cache keeps.
    pub(crate) fn nothing_was_used(&self) {
        let root = format!(".mock/roots/mini-{}/uses", super::ARCH);
        let uses = self.basedir().join(root);
        for entry in fs::read_dir(uses).expect("something is used").flatten() {
            let words = ["-d", "40 days ago"].map(OsStr::new);
            run("touch", words.into_iter().chain([entry.path().as_os_str()]));
        }
    }

    pub(crate) fn result(&self) -> PathBuf {
        self.chroot().join("result")
    }

    /// `mock -r mini-ARCH` with these arguments. Each test makes its root only once or twice: the
    /// root cache is off, and switched on by the tests that are about it.
    pub(crate) fn mock<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Mock<'_> {
        let configs = configs();
        let root = format!("mini-{}", super::ARCH);
        let mut mock = self
            .bare()
            .args(["-r", &root, "--configdir", &configs.to_string_lossy()])
            .args(["--disable-plugin", "root_cache"]);
        if self.who == Who::Root {
            for (key, path) in [("basedir", self.basedir()), ("cache_topdir", self.cache())] {
                mock = mock.args(["--config-opts", &format!("{key}={}", path.display())]);
            }
        }
        if self.storage == Storage::Directory {
            mock = mock.args(["--config-opts", "storage=directory"]);
        }
        mock.args(arguments)
    }

    /// Programs outside `mock` find the root's files at its path. An ordinary user's layers are
    /// mounted only where `mock` itself sees them.
    pub(crate) fn is_visible(&self) -> bool {
        self.who == Who::Root || self.storage == Storage::Directory
    }

    /// Whether a root that is there has something at this path.
    pub(crate) fn has(&self, path: &str) -> bool {
        if self.is_visible() {
            let path = self.root().join(path.trim_start_matches('/'));
            return path.symlink_metadata().is_ok();
        }
        let line = format!("test -e '{path}' -o -L '{path}' && echo yes || echo no");
        self.says(&line).is_some_and(|answer| answer == "yes\n")
    }

    /// The content of a file in a root that is there.
    pub(crate) fn inside(&self, path: &str) -> Option<Vec<u8>> {
        if self.is_visible() {
            return fs::read(self.root().join(path.trim_start_matches('/'))).ok();
        }
        let done = self.chroot().is_dir().then(|| {
            self.mock(["-q", "--shell", &format!("cd / && cat '{path}'")])
                .run()
        })?;
        (done.status_code() == Some(0)).then_some(done.stdout)
    }

    /// What a shell inside prints; nothing without a root, which is not made for this.
    pub(crate) fn says(&self, line: &str) -> Option<String> {
        // No logs are written for a shell.
        self.chroot().is_dir().then(|| {
            self.mock(["-q", "--shell", &format!("cd / && {line}")])
                .ok()
                .out()
        })
    }

    /// Makes an empty file in the root, as somebody who leaves it there would.
    pub(crate) fn put(&self, path: &str) {
        if self.is_visible() {
            let path = self.root().join(path.trim_start_matches('/'));
            fs::write(path, "").expect("root may write anywhere");
        } else {
            self.mock(["-q", "--shell", &format!("cd / && : > '{path}'")])
                .ok();
        }
    }

    /// Whether a root that is being made from nothing has come as far as this path. Its tree is one
    /// directory then, wherever that is.
    pub(crate) fn is_made_as_far_as(&self, path: &str) -> bool {
        let name = format!("mini-{}", super::ARCH);
        let head = self.basedir().join(".mock/roots").join(&name);
        let tree = head.join("heads").join(&name).join("tree/fs");
        [self.root(), tree]
            .iter()
            .any(|root| root.join(path).exists())
    }

    /// `mock` without any argument.
    pub(crate) fn bare(&self) -> Mock<'_> {
        self.installed_as(&program())
    }

    /// The same of another file.
    pub(crate) fn installed_as(&self, program: &Path) -> Mock<'_> {
        let mut command = vec![program.as_os_str().to_owned()];
        let name = &self.account.name;
        if self.account.uid != Uid::current() {
            let switch = [
                "/usr/bin/setpriv",
                "--reuid",
                name,
                "--regid",
                name,
                "--init-groups",
                "--",
            ];
            command.splice(0..0, switch.map(Into::into));
        }
        Mock::new(self, command)
    }

    /// What lies below the place, without the inside of roots, sorted: to see what a run left.
    pub(crate) fn listing(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut todo = vec![self.dir.clone()];
        while let Some(directory) = todo.pop() {
            for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                let path = entry.path();
                let name = path.strip_prefix(&self.dir).unwrap_or(&path);
                found.push(name.to_string_lossy().into_owned());
                // `fs`: a layer, or a root's writable part.
                if entry.file_type().is_ok_and(|kind| kind.is_dir())
                    && entry.file_name() != "root"
                    && entry.file_name() != "fs"
                {
                    todo.push(path);
                }
            }
        }
        found.sort();
        found
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() && std::env::var_os("MOCK_TEST_KEEP").is_some() {
            return;
        }
        remove(&self.dir);
    }
}

/// An initialised root that many tests look at and none changes.
pub(crate) fn shared(who: Who) -> Option<&'static Place> {
    static ROOT: OnceLock<Option<Place>> = OnceLock::new();
    static USER: OnceLock<Option<Place>> = OnceLock::new();
    let cell = match who {
        Who::Root => &ROOT,
        Who::User => &USER,
        Who::SingleId => panic!("no test shares that"),
    };
    let place = cell.get_or_init(|| {
        let place = Place::new(who)?;
        place.mock(["--init"]).ok();
        Some(place)
    });
    place.as_ref()
}
