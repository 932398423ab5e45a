//! Source packages that are named by URL: into a private directory, by the name that the server or
//! the URL gives.
//!
//! The bytes go to disk as they come. A thread fetches them, because a signal must end the wait at
//! once; what it waits for itself is limited.

mod name;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::Uri;

use crate::buildroot::Cx;
use crate::error::{Error, Result};
use crate::package_manager::repos::{Client, FetchFailure, Waits, Way};
use crate::scratch::Scratch;

/// For a connection, and for the next bytes.
const WAIT: Duration = Duration::from_secs(30);
const TRIES: u32 = 3;
/// Before the second try; before each further one twice as long.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is looked whether a signal came.
const LOOK: Duration = Duration::from_millis(50);

/// A file that was fetched. It goes with this.
#[derive(Debug)]
pub(crate) struct Download {
    pub(crate) path: PathBuf,
    _directory: Scratch,
}

/// Whether a word names something to be fetched.
pub(crate) fn is_url(word: &str) -> bool {
    let scheme = word.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        ["http", "https", "ftp"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
    })
}

/// The last part of a URL's path, as far as it can be the name of a file.
pub(crate) fn tail(url: &str) -> Option<String> {
    name::of_url(url)
}

/// What is at `url` is no source package, or nothing can be had from there.
pub(crate) fn invalid(url: &str, why: &str) -> Error {
    Error::usage(format!("Invalid {url} source RPM: {why}"))
}

/// Fetches the source package at `url`.
pub(crate) fn source_package(cx: Cx<'_>, url: &str) -> Result<Download> {
    let (scheme, _) = url.split_once("://").unwrap_or_default();
    if scheme.eq_ignore_ascii_case("ftp") {
        return Err(Error::Usage {
            message: format!("Invalid {url} source RPM: mock fetches by http and https alone"),
            hint: Some(format!(
                "fetch it with another program and give the file: `curl -O {url}`"
            )),
        });
    }
    tracing::info!("Fetching remote file {url}");
    let client = Client::new(&cx.config.network.proxies);
    let way = Way {
        proxy: None,
        sslverify: true,
    };
    let waits = Waits {
        connect: WAIT,
        read: Some(WAIT),
        all: None,
    };
    let directory = Scratch::new(cx.host, cx.identity, "download")?;
    let mut pause = PAUSE;
    let mut tries = 1;
    let name = loop {
        let (agent, uri) = client
            .agent(url, way, waits)
            .map_err(|FetchFailure(why)| invalid(url, &without_url(&why, url)))?;
        let why = match one_try(cx, &directory, agent, uri, url)? {
            Ok(name) => break name,
            Err(Missed { why, again }) if !again || tries == TRIES => {
                return Err(invalid(url, &why));
            }
            Err(Missed { why, .. }) => why,
        };
        tries += 1;
        tracing::warn!(
            "{url}: {why}; try {tries} of {TRIES} in {} s",
            pause.as_secs()
        );
        wait(cx, pause)?;
        pause *= 2;
    };
    let path = directory.path().join(&name);
    cx.identity.as_caller(|| {
        fs_err::rename(directory.path().join(PARTIAL), &path).map_err(Error::io("make", &path))
    })?;
    Ok(Download {
        path,
        _directory: directory,
    })
}

/// The file while its name is not known yet.
const PARTIAL: &str = ".partial";

/// Why a try came to nothing, and whether another one may do better.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Missed {
    why: String,
    again: bool,
}

/// The outer errors end the run: signals, a disk that cannot be written.
fn one_try(
    cx: Cx<'_>,
    directory: &Scratch,
    agent: Agent,
    uri: Uri,
    url: &str,
) -> Result<Result<String, Missed>> {
    let partial = directory.path().join(PARTIAL);
    let file = cx
        .identity
        .as_caller(|| fs_err::File::create(&partial).map_err(Error::io("write", &partial)))?;
    let (sender, receiver) = mpsc::channel();
    let given_up = Arc::new(AtomicBool::new(false));
    let (flag, url) = (Arc::clone(&given_up), url.to_owned());
    std::thread::spawn(move || {
        // Nobody may listen any more.
        let _ = sender.send(fetch(&agent, uri, &url, file, &flag));
    });
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(fetched) => return fetched,
            Err(RecvTimeoutError::Timeout) => {
                if let Err(error) = cx.runner.interrupted() {
                    given_up.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Ok(Err(Missed {
                    why: "it was given up".to_owned(),
                    again: false,
                }));
            }
        }
    }
}

/// Gives the name for the file.
fn fetch(
    agent: &Agent,
    uri: Uri,
    url: &str,
    mut file: fs_err::File,
    given_up: &AtomicBool,
) -> Result<Result<String, Missed>> {
    let response = match agent.get(uri).call() {
        Ok(response) => response,
        Err(error) => return Ok(Err(missed(&error, url))),
    };
    let header = |name: &str| response.headers().get(name).map(|value| value.as_bytes());
    let Some(name) = name::choose(header("content-disposition"), url) else {
        return Ok(Err(Missed {
            why: "neither the server nor the URL says a name for the file".to_owned(),
            again: false,
        }));
    };
    let expected = response.body().content_length();
    let mut body = response.into_body().into_with_config().reader();
    let mut buffer = vec![0u8; 64 * 1024];
    let mut length = 0;
    while !given_up.load(Ordering::Relaxed) {
        let read = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) => {
                return Ok(Err(Missed {
                    why: format!("broken off after {length} bytes: {error}"),
                    again: true,
                }));
            }
        };
        length += read as u64;
        let path = file.path().to_owned();
        file.write_all(&buffer[..read])
            .map_err(Error::io("write", path))?;
    }
    Ok(match expected {
        Some(expected) if expected != length => Err(Missed {
            why: format!("broken off after {length} of {expected} bytes"),
            again: true,
        }),
        _ => Ok(name),
    })
}

fn missed(error: &ureq::Error, url: &str) -> Missed {
    let again = match error {
        // What the server understood and refuses, it will refuse again.
        ureq::Error::StatusCode(status) => *status >= 500 || matches!(status, 408 | 429),
        ureq::Error::BadUri(_) | ureq::Error::TooManyRedirects => false,
        _ => true,
    };
    let why = match error {
        ureq::Error::StatusCode(status) => format!("the server answers with status {status}"),
        other => without_url(&other.to_string(), url),
    };
    Missed { why, again }
}

fn without_url(why: &str, url: &str) -> String {
    let start = format!("{url}: ");
    why.strip_prefix(&start).unwrap_or(why).to_owned()
}

/// Sleeps, but not through a signal.
fn wait(cx: Cx<'_>, pause: Duration) -> Result<()> {
    let end = Instant::now() + pause;
    while Instant::now() < end {
        cx.runner.interrupted()?;
        std::thread::sleep(LOOK);
    }
    Ok(())
}
