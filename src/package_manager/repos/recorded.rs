//! States for package managers that do not tell what they used: from their cache.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::look::sha256;
use super::{RepoSource, RepoState};

/// What the package manager has in its cache below `cachedir`: this is what it resolved from, and
/// when it saw it. None when one of `sources` is not there.
///
/// The layout is that of dnf 4 and 5: `ID-HASH/repodata/`.
pub(crate) fn recorded(sources: &[RepoSource], cachedir: &Path) -> Option<Vec<RepoState>> {
    let state = |source: &RepoSource| {
        let repodata = cachedir.join(cache_name(source)).join("repodata");
        let repomd = fs_err::read(repodata.join("repomd.xml")).ok()?;
        Some(RepoState {
            source: source.clone(),
            repomd: sha256(&repomd),
            checked: seconds(
                fs_err::metadata(primary(&repodata)?)
                    .ok()?
                    .modified()
                    .ok()?,
            )?,
        })
    };
    sources.iter().map(state).collect()
}

/// The file by whose time dnf knows the age: it is touched whenever the repository was found to be
/// the same.
fn primary(repodata: &Path) -> Option<PathBuf> {
    let entries = fs_err::read_dir(repodata).ok()?.flatten();
    let mut primaries = entries.filter(|entry| {
        entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.contains("primary.xml"))
    });
    primaries.next().map(|entry| entry.path())
}

/// Its name, and the start of a digest of the address that counts.
fn cache_name(source: &RepoSource) -> String {
    let address = source
        .metalink
        .as_ref()
        .or(source.mirrorlist.as_ref())
        .or(source.baseurl.first())
        .unwrap_or(&source.id);
    let digest = sha256(address.as_bytes());
    format!("{}-{}", source.id, &digest[..16])
}

fn seconds(time: SystemTime) -> Option<u64> {
    time.duration_since(UNIX_EPOCH)
        .ok()
        .map(|since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package_manager::repos::tests::source;

    #[test]
    fn from_a_cache() {
        let cache = tempfile::tempdir().unwrap();
        let mini = RepoSource {
            baseurl: vec!["file:///var/tmp/mock-minidistro/repo".to_owned()],
            ..source("mini")
        };
        assert_eq!(recorded(std::slice::from_ref(&mini), cache.path()), None);
        // The name that dnf 4.14 gives it.
        let repodata = cache.path().join("mini-d5676b9f87b6e71c/repodata");
        fs_err::create_dir_all(&repodata).unwrap();
        fs_err::write(repodata.join("repomd.xml"), "md").unwrap();
        fs_err::write(repodata.join("x-primary.xml.gz"), "").unwrap();
        let found = recorded(std::slice::from_ref(&mini), cache.path()).unwrap();
        assert_eq!(
            (found[0].repomd.as_str(), &found[0].source),
            (sha256(b"md").as_str(), &mini)
        );
        assert!(found[0].checked > 1_700_000_000);
    }
}
