//! What a repository is at present: the digest of its `repomd.xml`, by the way it is configured.

use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::RepoSource;
use super::fetch::{Failure, Fetch, Request};
use super::metalink::Metalink;

/// For one repository, however many mirrors are asked.
const LIMIT: Duration = Duration::from_secs(15);
/// Mirrors that are asked before it is given up.
const MIRRORS: usize = 3;

/// sha256 of what a package manager would find now.
pub(super) fn present(source: &RepoSource, fetch: &dyn Fetch) -> Result<String, Failure> {
    if !source.plain {
        return Err(Failure(
            "reading it needs an account or a certificate".to_owned(),
        ));
    }
    let look = Look {
        source,
        fetch,
        end: Instant::now() + LIMIT,
    };
    if let Some(url) = &source.metalink {
        return look.metalink(url);
    }
    match &source.mirrorlist {
        Some(url) => look.mirrorlist(url),
        None => look.first_of(source.baseurl.iter().map(|base| repomd_below(base))),
    }
}

struct Look<'a> {
    source: &'a RepoSource,
    fetch: &'a dyn Fetch,
    end: Instant,
}

impl Look<'_> {
    /// It has the digest in it. That of the newest `repomd.xml` alone counts, as for dnf: the
    /// others it lists are of mirrors that are behind.
    fn metalink(&self, url: &str) -> Result<String, Failure> {
        let text = self.get(url)?;
        let metalink = Metalink::parse(&text)
            .map_err(|reason| Failure(format!("no metalink at {url}: {reason}")))?;
        match metalink.sha256 {
            Some(digest) => Ok(digest),
            None => self.first_of(metalink.urls.into_iter()),
        }
    }

    fn mirrorlist(&self, url: &str) -> Result<String, Failure> {
        let text = self.get(url)?;
        let text = String::from_utf8_lossy(&text);
        self.first_of(mirrors(&text).map(repomd_below))
    }

    /// Of the first that answers.
    fn first_of(&self, urls: impl Iterator<Item = String>) -> Result<String, Failure> {
        let mut failure = Failure("it has no address".to_owned());
        for url in urls.take(MIRRORS) {
            match self.get(&url) {
                Ok(content) => return Ok(sha256(&content)),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn get(&self, url: &str) -> Result<Vec<u8>, Failure> {
        let limit = self.end.saturating_duration_since(Instant::now());
        if limit.is_zero() {
            return Err(Failure(format!("{url}: no time left for it")));
        }
        self.fetch.get(&Request {
            url,
            proxy: self.source.proxy.as_deref(),
            sslverify: self.source.sslverify,
            limit,
        })
    }
}

fn repomd_below(base: &str) -> String {
    format!("{}/repodata/repomd.xml", base.trim_end_matches('/'))
}

/// The addresses in a list of mirrors, one a line; of kinds that are no use here, none.
fn mirrors(text: &str) -> impl Iterator<Item = &str> {
    let known = |line: &&str| {
        let start = line.get(..8).unwrap_or(line).to_ascii_lowercase();
        let known = ["http://", "https://", "file:/"];
        (line.starts_with('/') || known.iter().any(|scheme| start.starts_with(scheme)))
            && !line.contains(|c: char| c == '$' || c.is_whitespace() || c.is_control())
    };
    text.lines().map(str::trim).filter(known)
}

pub(super) fn sha256(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_mirrors() {
        let text =
            "# a list\nhttp://a/x/\n\nftp://b/\n  HTTPS://c \nhttp://d/$ARCH\n/srv\n/a b\n<html>";
        let found: Vec<_> = mirrors(text).map(repomd_below).collect();
        assert_eq!(
            found,
            [
                "http://a/x/repodata/repomd.xml",
                "HTTPS://c/repodata/repomd.xml",
                "/srv/repodata/repomd.xml"
            ]
        );
    }

    #[test]
    fn digests_are_hexadecimal() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
    }
}
