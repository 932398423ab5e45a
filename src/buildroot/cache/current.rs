//! Whether what the resolver saw of the repositories still holds.
//!
//! As for dnf, metadata is taken as it is until `metadata_expire` is over; then it is looked whether
//! the repository has other. What cannot be told is left to the resolver.

use std::collections::HashMap;
use std::sync::Mutex;

use super::records::{Record, Records};
use super::request::Request;
use crate::buildroot::Cx;
use crate::error::Result;
use crate::package_manager::repos::{self, Client, Fetch, FetchFailure, FetchRequest, Freshness};

/// Asks each URL once in a run.
pub(crate) struct Looks {
    client: Client,
    seen: Mutex<HashMap<String, Result<Vec<u8>, FetchFailure>>>,
}

impl std::fmt::Debug for Looks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Looks")
    }
}

impl Looks {
    pub(crate) fn new(cx: Cx<'_>) -> Self {
        Self {
            client: Client::new(&cx.config.network.proxies),
            seen: Mutex::default(),
        }
    }
}

impl Fetch for Looks {
    fn get(&self, request: &FetchRequest<'_>) -> Result<Vec<u8>, FetchFailure> {
        let known = |url: &str| self.seen.lock().ok()?.get(url).cloned();
        if let Some(answer) = known(request.url) {
            return answer;
        }
        let answer = self.client.get(request);
        if let Ok(mut seen) = self.seen.lock() {
            seen.insert(request.url.to_owned(), answer.clone());
        }
        answer
    }
}

pub(super) fn is_current(
    cx: Cx<'_>,
    looks: &Looks,
    records: &Records,
    request: &Request,
    record: &mut Record,
) -> Result<bool> {
    let Some(repos) = &mut record.repos else {
        tracing::debug!("{}: what it was resolved from is not known", request.what);
        return Ok(false);
    };
    let before = repos.clone();
    let now = crate::buildroot::storage::now();
    match repos::check(repos, now, cx.config.network.online, looks) {
        Freshness::Same => {
            if *repos != before {
                records.write(request, record)?;
            }
            Ok(true)
        }
        Freshness::Changed { id, why } | Freshness::Unknown { id, why } => {
            tracing::debug!("{}: resolved again, repository {id}: {why}", request.what);
            Ok(false)
        }
    }
}
