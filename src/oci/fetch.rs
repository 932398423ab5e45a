//! Having the layers on disk: several at once, each compared with its digest while it comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::content::Content;
use super::documents::Part;
use super::fault::{Fault, Result};
use super::files::Shelf;
use super::registry::Shared;
use super::{Found, Image, Layer, Means, Source, Store, Wanted};
use crate::report::Spinner;

/// Layers that come at the same time.
const AT_ONCE: usize = 4;

/// When one try is over.
pub(super) type End = Instant;

/// Between tries, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// No limit is given.
const VERY_LONG: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Tries `work` again while the network is to blame and the time is not over.
pub(super) fn attempts<T>(
    wanted: &Wanted,
    means: &Means<'_>,
    what: &str,
    mut work: impl FnMut(End) -> Result<T>,
) -> Result<T> {
    let began = Instant::now();
    let (mut pause, longest) = PAUSE;
    let limit = match wanted.pull_timeout {
        Duration::ZERO => VERY_LONG,
        limit => limit.min(VERY_LONG),
    };
    loop {
        match work(Instant::now() + limit) {
            Err(Fault::Passing(problem)) if began.elapsed() + pause < wanted.keep_getting => {
                tracing::warn!(
                    "pulling {what}: {}; trying again in {}s",
                    problem.message,
                    pause.as_secs()
                );
                let end = Instant::now() + pause;
                while Instant::now() < end {
                    (means.check)()?;
                    std::thread::sleep(Duration::from_millis(50));
                }
                pause = (pause * 2).min(longest);
            }
            done => return done,
        }
    }
}

impl Found {
    /// Has all of the image on disk, and every byte of it compared.
    pub(crate) fn fetch(self, wanted: &Wanted, means: &Means<'_>) -> Result<Image> {
        let contents = match &self.source {
            Source::Files { shelf, names } => self.open_files(shelf, names, means)?,
            Source::Store => self.open_stored(means)?,
            Source::Registry(registry) => self.pull(registry, wanted, means)?,
            Source::None => return Err(Fault::new(format!("{} is nowhere", self.what))),
        };
        let layers = contents.into_iter().zip(&self.parts);
        let layers = layers.map(|(content, part)| Layer {
            content,
            diff_id: part.diff_id.clone(),
        });
        Ok(Image {
            layers: layers.collect(),
            what: self.what,
        })
    }

    fn open_files(
        &self,
        shelf: &Shelf,
        names: &[String],
        means: &Means<'_>,
    ) -> Result<Vec<Content>> {
        let open = |name: &String| means.identity.as_caller(|| Ok(shelf.open(name)))?;
        let mut contents = Vec::new();
        for (name, part) in names.iter().zip(&self.parts) {
            let what = format!("{}: {name}", self.what);
            let content = open(name).map_err(|fault| fault.about(&self.what))?;
            if let Some(size) = part.size.filter(|size| *size != content.length) {
                return Err(Fault::new(format!(
                    "{what} has {} bytes, and must have {size}",
                    content.length
                )));
            }
            match &part.digest {
                Some(digest) => content.verify(&what, digest, means.check)?,
                // docker's are not compressed: the archive is the file.
                None if !content.is_compressed()? => {
                    content.verify(&what, &part.diff_id, means.check)?;
                }
                None => {}
            }
            contents.push(content);
        }
        Ok(contents)
    }

    /// All layers are in the store, as far as can be seen without reading them.
    pub(super) fn is_whole(&self, means: &Means<'_>) -> bool {
        let is_there = |part: &Part| {
            let digest = part.digest.as_ref();
            digest.is_some_and(|digest| means.store.find(digest).is_some())
        };
        self.parts.iter().all(is_there)
    }

    fn open_stored(&self, means: &Means<'_>) -> Result<Vec<Content>> {
        let _held = means.store.in_use(means.check)?;
        let open = |part: &Part| {
            let digest = part.digest.as_ref();
            let content = digest.and_then(|digest| means.store.find(digest));
            let (Some(digest), Some(content)) = (digest, content) else {
                return Err(Fault::new(format!(
                    "layers of {} are not in the cache, and it is not to be pulled",
                    self.what
                ))
                .hinted("let it be pulled once: skip_pull = false, and not --offline"));
            };
            let what = format!("{} in the cache", self.what);
            content
                .verify(&what, digest, means.check)
                .inspect_err(|fault| {
                    // The next one pulls it again.
                    if !matches!(fault, Fault::Other(_)) {
                        means.store.forget(digest);
                    }
                })?;
            Ok(content)
        };
        self.parts.iter().map(open).collect()
    }

    fn pull(&self, registry: &Shared, wanted: &Wanted, means: &Means<'_>) -> Result<Vec<Content>> {
        let _alone = means.store.pulling(&self.digest, means.check)?;
        let _held = means.store.in_use(means.check)?;
        let size: u64 = self.parts.iter().filter_map(|part| part.size).sum();
        let began = Instant::now();
        let count = self.parts.len();
        tracing::info!(
            "Pulling image {}: {count} layers, {} MB, for {}",
            self.what,
            size.div_ceil(1_000_000),
            self.platform
        );
        let _spinner = Spinner::start("image");
        let (contents, came) = attempts(wanted, means, &self.what, |end| {
            self.pull_layers(registry, means, end)
        })?;
        tracing::info!(
            "Pulled image {} in {:.1}s, {came} of {count} layers were not in the cache: {}",
            self.what,
            began.elapsed().as_secs_f64(),
            self.digest
        );
        Ok(contents)
    }

    /// All layers, and how many of them were not there.
    fn pull_layers(
        &self,
        registry: &Shared,
        means: &Means<'_>,
        end: End,
    ) -> Result<(Vec<Content>, usize)> {
        let job = Arc::new(Job {
            what: self.what.clone(),
            registry: Arc::clone(registry),
            store: means.store.clone(),
            parts: self.parts.clone(),
            next: AtomicUsize::new(0),
            ends: AtomicBool::new(false),
            end,
        });
        let (send, receive) = channel();
        for _ in 0..AT_ONCE.min(self.parts.len()) {
            let (job, send) = (Arc::clone(&job), send.clone());
            std::thread::spawn(move || {
                while let Some(number) = job.take() {
                    let done = job
                        .layer(number)
                        .map(|(content, came)| (number, content, came));
                    if send.send(done).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut contents: Vec<Option<Content>> = vec![None; self.parts.len()];
        let mut count = 0;
        let outcome = loop {
            match receive.recv_timeout(Duration::from_millis(50)) {
                Ok(Ok((number, content, came))) => {
                    contents[number] = Some(content);
                    count += usize::from(came);
                }
                Ok(Err(fault)) => break Err(fault),
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = (means.check)() {
                        break Err(error.into());
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break Ok(()),
            }
        };
        job.ends.store(true, Ordering::SeqCst);
        outcome?;
        let contents: Option<Vec<Content>> = contents.into_iter().collect();
        let contents = contents.ok_or_else(|| Fault::new("a thread ended without a word"))?;
        Ok((contents, count))
    }
}

/// What the threads of one try share.
struct Job {
    what: String,
    registry: Shared,
    store: Store,
    parts: Vec<Part>,
    next: AtomicUsize,
    /// Nobody waits for the rest.
    ends: AtomicBool,
    end: End,
}

impl Job {
    fn take(&self) -> Option<usize> {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        (number < self.parts.len() && !self.ends.load(Ordering::SeqCst)).then_some(number)
    }

    /// One layer, and whether it had to come.
    fn layer(&self, number: usize) -> Result<(Content, bool)> {
        let part = &self.parts[number];
        let Some(digest) = &part.digest else {
            return Err(Fault::new(format!(
                "{} has a layer without digest",
                self.what
            )));
        };
        let what = format!("{}: layer {digest}", self.what);
        let ends = || match self.ends.load(Ordering::SeqCst) {
            true => Err(crate::error::Error::command("nobody waits for it")),
            false => Ok(()),
        };
        if let Some(content) = self.store.find(digest) {
            match content.verify(&what, digest, &ends) {
                Ok(()) => return Ok((content, false)),
                Err(Fault::Other(error)) => return Err(Fault::Other(error)),
                Err(_) => self.store.forget(digest),
            }
        }
        let source = self.registry.blob(digest.as_ref(), self.end)?;
        let source = Ending {
            source,
            ends: &self.ends,
        };
        let content = self.store.keep(&what, source, digest, part.size)?;
        tracing::debug!("{what} is there");
        Ok((content, true))
    }
}

/// Ends a stream when nobody waits for it.
struct Ending<'a, R> {
    source: R,
    ends: &'a AtomicBool,
}

impl<R: std::io::Read> std::io::Read for Ending<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.ends.load(Ordering::SeqCst) {
            true => Err(std::io::Error::other("nobody waits for it")),
            false => self.source.read(into),
        }
    }
}
