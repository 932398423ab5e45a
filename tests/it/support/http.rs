//! A server for one directory, which can break transfers off in the middle and add a header.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Serves until the test program ends.
#[derive(Debug)]
pub(crate) struct Http {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    directory: PathBuf,
    /// The end of the paths whose transfers break off.
    broken: String,
    /// How many more do.
    left: AtomicUsize,
    /// The paths that were asked for.
    asked: Mutex<Vec<String>>,
}

impl Http {
    /// The first `times` transfers of files whose path ends like this end after half of them.
    pub(crate) fn breaking(directory: &Path, path: &str, times: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let state = Arc::new(State {
            directory: directory.to_owned(),
            broken: path.to_owned(),
            left: AtomicUsize::new(times),
            asked: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // Whoever breaks off is told nothing.
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { port, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How often a path that ends like this was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let asked = self.state.asked.lock().expect("no server panics with it");
        asked.iter().filter(|other| other.ends_with(path)).count()
    }
}

/// One request; the connection ends with it.
fn serve(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut start = 0;
    for line in lines {
        let line = line?.to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            start = range
                .split('-')
                .next()
                .map_or(0, |n| n.parse().unwrap_or(0));
        }
    }
    let path = first.split(' ').nth(1).unwrap_or("/");
    // Names of packages have no other character that is written so.
    let path = path.replace("%2B", "+").replace("%2b", "+");
    // What comes after a question mark is a header of the answer.
    let (path, header) = match path.split_once('?') {
        Some((path, header)) => (
            path.to_owned(),
            format!("{}\r\n", header.replace("%20", " ").replace("%22", "\"")),
        ),
        None => (path, String::new()),
    };
    if let Ok(mut asked) = state.asked.lock() {
        asked.push(path.clone());
    }
    let Ok(mut file) = File::open(state.directory.join(path.trim_start_matches('/'))) else {
        return stream.write_all(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    };
    let size = file.metadata()?.len();
    let length = size.saturating_sub(start);
    let status = match start {
        0 => "200 OK".to_owned(),
        _ => format!(
            "206 Partial Content\r\nContent-Range: bytes {start}-{}/{size}",
            size - 1
        ),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    let breaks = path.ends_with(&state.broken)
        && state
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok();
    file.seek(SeekFrom::Start(start))?;
    let sent = if breaks { length / 2 } else { length };
    std::io::copy(&mut file.take(sent), &mut stream).map(drop)
}
