//! Answers the plugin in dnf: what there is, what may be downloaded, what to keep.
//!
//! One conversation for each run of dnf: `{"want": [DIGEST, ...]}` is answered by
//! `{"have": {DIGEST: PATH, ...}}`, once nobody else downloads any of the others; then
//! `{"fetched": {DIGEST: FILE, ...}}` names files below the directory of the run. The end of the
//! conversation lets others download what was not fetched.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use serde::{Deserialize, Serialize};

use super::store::Store;
use crate::buildroot::lock::Lock;
use crate::error::{Error, Result};

/// In the directory of the run.
const SOCKET: &str = "socket";

/// Between looks whether somebody else has finished a download.
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Question {
    Want(Vec<String>),
    Fetched(BTreeMap<String, PathBuf>),
}

#[derive(Debug, Serialize)]
struct Answer {
    have: BTreeMap<String, PathBuf>,
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
            for stream in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                if let Err(error) = converse(&stream, &top, &store, &ends) {
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

fn converse(stream: &UnixStream, top: &Path, store: &Store, ends: &AtomicBool) -> Result<()> {
    let wrong = || Error::io("talk to dnf in", top);
    let mut locks = Locks::default();
    for line in BufReader::new(stream).lines() {
        let line = line.map_err(wrong())?;
        match serde_json::from_str(&line).map_err(|error| wrong()(error.into()))? {
            Question::Want(mut digests) => {
                digests.retain(|digest| is_digest(digest));
                let have = locks.settle(store, &digests, ends)?;
                let answer = serde_json::to_string(&Answer { have });
                let answer = answer.map_err(|error| wrong()(error.into()))?;
                let mut to = stream;
                writeln!(to, "{answer}").map_err(wrong())?;
            }
            Question::Fetched(files) => {
                for (digest, file) in files.iter().filter(|(digest, _)| is_digest(digest)) {
                    let kept =
                        open_below(top, file).and_then(|mut file| store.keep(&mut file, digest));
                    match kept {
                        Ok(true) => {}
                        Ok(false) => tracing::debug!("{} is not {digest}", file.display()),
                        Err(error) => tracing::debug!("package cache: {error}"),
                    }
                    locks.0.remove(digest);
                }
            }
        }
    }
    Ok(())
}

fn is_digest(word: &str) -> bool {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    word.len() == 64 && word.chars().all(hex)
}

/// Never through a link: the directory is one that scriptlets may reach.
fn open_below(top: &Path, file: &Path) -> Result<std::fs::File> {
    let wrong = || Error::io("open", top.join(file));
    let directory = fs_err::File::open(top).map_err(wrong())?;
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
    openat2(directory.file().as_fd(), file, how)
        .map(std::fs::File::from)
        .map_err(|errno| wrong()(errno.into()))
}

/// The rights to download, by digest.
#[derive(Debug, Default)]
struct Locks(BTreeMap<String, Lock>);

impl Locks {
    /// What there is of `digests`; for all others this mock has the right to download them. In the
    /// order of the digests, so that two never wait for each other.
    fn settle(
        &mut self,
        store: &Store,
        digests: &[String],
        ends: &AtomicBool,
    ) -> Result<BTreeMap<String, PathBuf>> {
        let mut sorted: Vec<&String> = digests.iter().collect();
        sorted.sort();
        let mut have = BTreeMap::new();
        for digest in sorted {
            let mut said = false;
            loop {
                if let Some(path) = store.find(digest) {
                    have.insert(digest.clone(), path);
                    break;
                }
                if let Some(lock) = store.try_lock(digest)? {
                    // It may have come just before.
                    match store.find(digest) {
                        Some(path) => have.insert(digest.clone(), path).map(drop),
                        None => self.0.insert(digest.clone(), lock).map(drop),
                    };
                    break;
                }
                if ends.load(Ordering::SeqCst) {
                    return Ok(have);
                }
                if !std::mem::replace(&mut said, true) {
                    tracing::debug!("waiting for a package that another mock downloads");
                }
                std::thread::sleep(PAUSE);
            }
        }
        Ok(have)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests() {
        assert!(is_digest(&"0a".repeat(32)));
        for word in ["", "../../etc", &"0A".repeat(32), &"0a".repeat(33)] {
            assert!(!is_digest(word), "{word}");
        }
    }

    #[test]
    fn one_downloads_the_other_waits_and_has_it() {
        const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let scratch = tempfile::tempdir().unwrap();
        let store = Store {
            path: scratch.path().join("store"),
        };
        let servers: Vec<(PathBuf, Server)> = ["a", "b"]
            .map(|name| {
                let top = scratch.path().join(name);
                fs_err::create_dir(&top).unwrap();
                let server = Server::start(&top, store.clone()).unwrap();
                (top, server)
            })
            .into();
        let talk = |top: &Path, line: &str| {
            let stream = by_short_path(top, |path| UnixStream::connect(path)).unwrap();
            writeln!(&stream, "{line}").unwrap();
            stream
        };
        let answer = |stream: &UnixStream| {
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).unwrap();
            line
        };
        let want = format!("{{\"want\":[\"{HELLO}\",\"../x\"]}}");
        let first = talk(&servers[0].0, &want);
        assert_eq!(answer(&first), "{\"have\":{}}\n");
        let second = talk(&servers[1].0, &want);
        fs_err::write(servers[0].0.join("p.rpm"), "hello").unwrap();
        writeln!(&first, "{{\"fetched\":{{\"{HELLO}\":\"p.rpm\"}}}}").unwrap();
        let path = store.path.join("sha256/2c").join(HELLO);
        let expected = format!("{{\"have\":{{\"{HELLO}\":\"{}\"}}}}\n", path.display());
        assert_eq!(answer(&second), expected);
        drop((first, second));
        drop(servers);
        assert_eq!(fs_err::read(path).unwrap(), b"hello");
    }
}
