//! Repositories, as far as one question needs them: is what was resolved from them still right?
//!
//! [`RepoState`] is what is remembered of a repository; [`check`] finds out whether it is the same,
//! without a package manager. It says so only when that is certain: what cannot be reached,
//! understood or done by a simple client is [`Freshness::Unknown`], and the package manager has the
//! word. States come from the package manager itself ([`super::resolution`]), or for one that does
//! not tell, from its configuration ([`from_conf`]) and its cache ([`recorded`]).

mod conf;
mod fetch;
pub(crate) mod http;
mod local;
mod look;
mod metalink;
pub(crate) mod proxy;
mod recorded;
#[cfg(test)]
pub(super) mod tests;
mod vars;

use serde::{Deserialize, Serialize};

pub(crate) use conf::{from_conf, main_option};
pub(crate) use fetch::{Failure as FetchFailure, Fetch, Request as FetchRequest};
pub(crate) use http::{Client, Waits, Way};
pub(crate) use local::{LocalPaths, local_paths};
pub(crate) use recorded::recorded;
pub(crate) use vars::Vars;

/// Where a repository is and how often it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RepoSource {
    pub(crate) id: String,
    /// Mirrors of each other; without meaning when there is one of the next two.
    pub(crate) baseurl: Vec<String>,
    pub(crate) metalink: Option<String>,
    pub(crate) mirrorlist: Option<String>,
    /// Its own proxy; without one, the environment's counts.
    pub(crate) proxy: Option<String>,
    pub(crate) sslverify: bool,
    /// Seconds; none: never.
    pub(crate) expire: Option<u64>,
    /// Nothing is needed to read it that a simple client has not: accounts, certificates.
    pub(crate) plain: bool,
}

/// A repository as it was when something was resolved from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RepoState {
    #[serde(flatten)]
    pub(crate) source: RepoSource,
    /// sha256 of its `repomd.xml`; empty when it was skipped.
    pub(crate) repomd: String,
    /// When it was last known to be that, in seconds since 1970.
    pub(crate) checked: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Freshness {
    Same,
    Changed { id: String, why: String },
    Unknown { id: String, why: String },
}

impl RepoState {
    /// Whether a package manager would take it as it is, without a look.
    fn is_fresh(&self, now: u64) -> bool {
        let Some(expire) = self.source.expire else {
            return true;
        };
        // A time to come is no time at which it was checked: the clock was set.
        self.checked <= now && self.checked.saturating_add(expire) > now
    }

    fn check(&mut self, now: u64, fetch: &dyn Fetch) -> Freshness {
        let id = self.source.id.clone();
        if self.repomd.is_empty() {
            let why = "it could not be read when it was last needed".to_owned();
            return Freshness::Unknown { id, why };
        }
        if self.is_fresh(now) {
            return Freshness::Same;
        }
        match look::present(&self.source, fetch) {
            Ok(digest) if digest == self.repomd => {
                self.checked = now;
                Freshness::Same
            }
            Ok(_) => Freshness::Changed {
                id,
                why: "its metadata is another".to_owned(),
            },
            Err(failure) => Freshness::Unknown {
                id,
                why: failure.to_string(),
            },
        }
    }
}

/// Whether all `repos` are what they were. Those whose time has not come are taken as they are, as
/// all are when `online` is false; the others are looked at, all at the same time. A repository
/// that is found the same counts as checked `now`, whatever the others are.
///
/// This waits for the network, up to some 15 seconds when a server does not answer.
pub(crate) fn check(
    repos: &mut [RepoState],
    now: u64,
    online: bool,
    fetch: &dyn Fetch,
) -> Freshness {
    if !online {
        return Freshness::Same;
    }
    let found = on_threads(repos.iter_mut(), |repo| repo.check(now, fetch));
    let mut answer = Freshness::Same;
    for one in found {
        match one {
            Some(Freshness::Same) => {}
            Some(changed @ Freshness::Changed { .. }) => return changed,
            Some(unknown) if answer == Freshness::Same => answer = unknown,
            Some(_) => {}
            None => {
                answer = Freshness::Unknown {
                    id: String::new(),
                    why: "the look at it did not come to an end".to_owned(),
                }
            }
        }
    }
    answer
}

/// `work` on each at the same time, answers in order; none from a thread that broke down.
fn on_threads<T: Send, A: Send>(
    items: impl Iterator<Item = T>,
    work: impl Fn(T) -> A + Sync,
) -> Vec<Option<A>> {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = items.map(|item| scope.spawn(move || work(item))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().ok())
            .collect()
    })
}
