//! Answers the plugin in dnf: what there is, what another mock downloads, what to keep.
//!
//! One conversation for each round of downloads, in lines of JSON:
//!
//!     {"want": {DIGEST: SIZE, ...}}     is answered at once by {"have": {DIGEST: PATH}, "busy": [DIGEST]}
//!     {"fetched": {DIGEST: FILE, ...}}  names files below the directory of the run; no answer
//!     {"wait": [DIGEST, ...]}           is answered by {"have": {...}}, once others have what was busy
//!
//! What is neither there nor busy is this mock's to download, until it says what it fetched. It
//! waits for others only after that, so no two wait for each other.
//!
//! The other side runs scriptlets as root: what it says is looked at, and what it names may be any
//! file.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::{Deserialize, Serialize};

use super::store::Store;
use crate::buildroot::lock::Lock;
use crate::error::{Error, Result};

/// In the directory of the run.
const SOCKET: &str = "socket";

/// Between looks whether somebody else has finished a download.
const PAUSE: Duration = Duration::from_millis(50);

/// Then it is said.
const WORTH_SAYING: Duration = Duration::from_millis(500);

/// Somebody else who takes longer may have been stopped: what is busy is downloaded twice.
const PATIENCE: Duration = Duration::from_secs(300);

/// Each costs an open file. Of what is beyond, two mocks may download the same.
const MOST_LOCKS: usize = 256;

/// A message for more packages than any transaction has.
const LONGEST: u64 = 16 << 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Question {
    Want(BTreeMap<String, u64>),
    Fetched(BTreeMap<String, PathBuf>),
    Wait(BTreeSet<String>),
}

#[derive(Debug, Default, Serialize)]
struct Answer {
    have: BTreeMap<String, PathBuf>,
    busy: BTreeSet<String>,
}

/// Serves until it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    directory: PathBuf,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// In a directory that is there and this run's own.
    pub(super) fn start(directory: &Path, store: Store) -> Result<Self> {
        let listener = by_short_path(directory, |path| UnixListener::bind(path))?;
        let over = Arc::new(AtomicBool::new(false));
        let (ends, top) = (Arc::clone(&over), directory.to_owned());
        let thread = std::thread::spawn(move || {
            // An error will not get better.
            while let Ok((stream, _)) = listener.accept() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let mut talk = Conversation {
                    stream: &stream,
                    top: &top,
                    store: &store,
                    ends: &ends,
                    sizes: BTreeMap::new(),
                    locks: BTreeMap::new(),
                };
                if let Err(error) = talk.hold() {
                    tracing::debug!("package cache: {error}");
                }
            }
        });
        Ok(Self {
            directory: directory.to_owned(),
            over,
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread.
        let woken = by_short_path(&self.directory, |path| UnixStream::connect(path));
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

/// The address of a socket is at most 108 bytes.
fn by_short_path<T>(directory: &Path, work: impl FnOnce(&Path) -> std::io::Result<T>) -> Result<T> {
    let wrong = || Error::io("make a socket in", directory);
    let top = fs_err::File::open(directory).map_err(wrong())?;
    let number = top.file().as_raw_fd();
    work(&PathBuf::from(format!("/proc/self/fd/{number}/{SOCKET}"))).map_err(wrong())
}

struct Conversation<'a> {
    stream: &'a UnixStream,
    top: &'a Path,
    store: &'a Store,
    ends: &'a AtomicBool,
    sizes: BTreeMap<String, u64>,
    /// The rights to download.
    locks: BTreeMap<String, Lock>,
}

impl Conversation<'_> {
    fn hold(&mut self) -> Result<()> {
        // Nobody removes the store meanwhile. Somebody who does so now does not want it kept.
        let Some(_in_use) = self.store.try_use()? else {
            return Ok(());
        };
        let mut lines = BufReader::new(self.stream).take(LONGEST);
        loop {
            let mut line = String::new();
            lines.read_line(&mut line).map_err(self.wrong())?;
            if !line.ends_with('\n') {
                return Ok(());
            }
            lines.set_limit(LONGEST);
            let question = serde_json::from_str(&line).map_err(|e| self.wrong()(e.into()))?;
            match question {
                Question::Want(sizes) => {
                    let answer = self.look(sizes);
                    self.answer(&answer)?;
                }
                Question::Fetched(files) => self.keep(&files),
                Question::Wait(digests) => {
                    let answer = self.wait(digests);
                    self.answer(&answer)?;
                }
            }
        }
    }

    fn wrong(&self) -> impl FnOnce(std::io::Error) -> Error + use<'_> {
        Error::io("talk to dnf in", self.top)
    }

    fn answer(&self, answer: &Answer) -> Result<()> {
        let mut text = serde_json::to_string(answer).map_err(|e| self.wrong()(e.into()))?;
        text.push('\n');
        let mut to = self.stream;
        to.write_all(text.as_bytes()).map_err(self.wrong())
    }

    /// What there is, and what another mock downloads. All else is this one's to download.
    fn look(&mut self, sizes: BTreeMap<String, u64>) -> Answer {
        let mut answer = Answer::default();
        for (digest, size) in sizes {
            if !is_digest(&digest) {
                continue;
            }
            // What there is may turn out to be damaged, and is downloaded then, too.
            self.sizes.insert(digest.clone(), size);
            if let Some(path) = self.store.find(&digest) {
                answer.have.insert(digest, path);
                continue;
            }
            if self.locks.len() < MOST_LOCKS {
                match self.store.try_lock(&digest) {
                    Ok(Some(lock)) => {
                        // It may have come just before.
                        if let Some(path) = self.store.find(&digest) {
                            answer.have.insert(digest, path);
                            continue;
                        }
                        self.locks.insert(digest.clone(), lock);
                    }
                    Ok(None) => {
                        answer.busy.insert(digest);
                    }
                    Err(error) => tracing::debug!("package cache: {error}"),
                }
            }
        }
        answer
    }

    fn keep(&mut self, files: &BTreeMap<String, PathBuf>) {
        for (digest, file) in files {
            let Some(size) = self.sizes.get(digest) else {
                continue;
            };
            let kept = open_below(self.top, file, *size)
                .and_then(|mut file| self.store.keep(&mut file, digest, self.ends));
            match kept {
                Ok(true) => {}
                Ok(false) => tracing::debug!("{} is not {digest}", file.display()),
                Err(error) => tracing::debug!("package cache: {error}"),
            }
            self.locks.remove(digest);
        }
        // The rest could not be had: let others try.
        self.locks.clear();
    }

    /// What others have downloaded; without what they gave up.
    fn wait(&self, digests: BTreeSet<String>) -> Answer {
        let began = Instant::now();
        let mut said = false;
        let mut answer = Answer::default();
        let mut busy: BTreeSet<String> = digests.into_iter().filter(|d| is_digest(d)).collect();
        loop {
            busy.retain(|digest| {
                if let Some(path) = self.store.find(digest) {
                    answer.have.insert(digest.clone(), path);
                    return false;
                }
                matches!(self.store.try_lock(digest), Ok(None))
            });
            let over = self.ends.load(Ordering::SeqCst) || self.is_alone();
            if busy.is_empty() || over || began.elapsed() > PATIENCE {
                return answer;
            }
            if !said && began.elapsed() > WORTH_SAYING {
                tracing::info!("waiting for packages that another mock downloads");
                said = true;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// dnf has ended.
    fn is_alone(&self) -> bool {
        let mut fds = [PollFd::new(self.stream.as_fd(), PollFlags::empty())];
        poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }
}

fn is_digest(word: &str) -> bool {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    word.len() == 64 && word.chars().all(hex)
}

/// A regular file of this size, never through a link.
fn open_below(top: &Path, file: &Path, size: u64) -> Result<std::fs::File> {
    let path = top.join(file);
    let directory = fs_err::File::open(top).map_err(Error::io("open", &path))?;
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
    let file = openat2(directory.file().as_fd(), file, how)
        .map(std::fs::File::from)
        .map_err(|errno| Error::io("open", &path)(errno.into()))?;
    let metadata = file.metadata().map_err(Error::io("read", &path))?;
    if metadata.is_file() && metadata.len() == size {
        return Ok(file);
    }
    let other = std::io::Error::other("it is not the package that was wanted");
    Err(Error::io("keep", &path)(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    #[test]
    fn digests() {
        assert!(is_digest(&"0a".repeat(32)));
        for word in ["", "../../etc", &"0A".repeat(32), &"0a".repeat(33)] {
            assert!(!is_digest(word), "{word}");
        }
    }

    struct Site {
        scratch: tempfile::TempDir,
        servers: Vec<Server>,
    }

    impl Site {
        fn new() -> Self {
            let scratch = tempfile::tempdir().unwrap();
            let store = Store {
                path: scratch.path().join("store"),
            };
            let servers = ["a", "b"].map(|name| {
                let top = scratch.path().join(name);
                fs_err::create_dir(&top).unwrap();
                Server::start(&top, store.clone()).unwrap()
            });
            Self {
                servers: servers.into(),
                scratch,
            }
        }

        fn top(&self, name: &str) -> PathBuf {
            self.scratch.path().join(name)
        }

        fn connect(&self, name: &str) -> UnixStream {
            by_short_path(&self.top(name), |path| UnixStream::connect(path)).unwrap()
        }

        fn kept(&self) -> PathBuf {
            self.top("store").join("sha256/2c").join(HELLO)
        }
    }

    fn say(stream: &UnixStream, line: &str) {
        let mut to = stream;
        writeln!(to, "{line}").unwrap();
    }

    fn answer(stream: &UnixStream) -> String {
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line
    }

    #[test]
    fn one_downloads_the_other_waits_and_has_it() {
        let site = Site::new();
        let want = format!("{{\"want\":{{\"{HELLO}\":5,\"../x\":1}}}}");
        let (first, second) = (site.connect("a"), site.connect("b"));
        say(&first, &want);
        assert_eq!(answer(&first), "{\"have\":{},\"busy\":[]}\n");
        say(&second, &want);
        assert_eq!(
            answer(&second),
            format!("{{\"have\":{{}},\"busy\":[\"{HELLO}\"]}}\n")
        );
        say(&second, &format!("{{\"wait\":[\"{HELLO}\"]}}"));
        fs_err::write(site.top("a").join("p.rpm"), "hello").unwrap();
        say(
            &first,
            &format!("{{\"fetched\":{{\"{HELLO}\":\"p.rpm\"}}}}"),
        );
        let have = format!("{{\"{HELLO}\":\"{}\"}}", site.kept().display());
        assert_eq!(
            answer(&second),
            format!("{{\"have\":{have},\"busy\":[]}}\n")
        );
        drop((first, second));
        assert_eq!(fs_err::read(site.kept()).unwrap(), b"hello");
        drop(site.servers);
    }

    #[test]
    fn whoever_gives_up_lets_others_try() {
        let site = Site::new();
        let want = format!("{{\"want\":{{\"{HELLO}\":5}}}}");
        let (first, second) = (site.connect("a"), site.connect("b"));
        say(&first, &want);
        answer(&first);
        say(&second, &want);
        answer(&second);
        say(&second, &format!("{{\"wait\":[\"{HELLO}\"]}}"));
        drop(first);
        assert_eq!(answer(&second), "{\"have\":{},\"busy\":[]}\n");
    }

    #[test]
    fn only_the_file_that_was_wanted_is_kept() {
        let site = Site::new();
        let top = site.top("a");
        fs_err::write(top.join("other"), "hellO").unwrap();
        fs_err::write(top.join("longer"), "hello, world").unwrap();
        fs_err::write(site.top("hello"), "hello").unwrap();
        fs_err::os::unix::fs::symlink(site.top("hello"), top.join("link")).unwrap();
        for file in ["other", "longer", "link", "../hello", "missing", "."] {
            let stream = site.connect("a");
            say(&stream, &format!("{{\"want\":{{\"{HELLO}\":5}}}}"));
            answer(&stream);
            say(
                &stream,
                &format!("{{\"fetched\":{{\"{HELLO}\":\"{file}\"}}}}"),
            );
            // Answered after that.
            say(&stream, "{\"wait\":[]}");
            answer(&stream);
            assert!(!site.kept().exists(), "{file}");
        }
        // What is no message ends the conversation, and no other.
        let stream = site.connect("a");
        say(&stream, "{\"nonsense\":1}");
        assert_eq!(answer(&stream), "");
        let stream = site.connect("a");
        say(&stream, "{\"want\":{}}");
        assert_eq!(answer(&stream), "{\"have\":{},\"busy\":[]}\n");
    }
}
