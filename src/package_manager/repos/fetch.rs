//! Reading one file of a repository: the seam between what is decided and the network.

use std::time::Duration;

/// No metadata index and no list of mirrors is larger; what is, is something else.
pub(super) const LARGEST: u64 = 4 << 20;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) url: &'a str,
    /// In place of what the environment says.
    pub(crate) proxy: Option<&'a str>,
    pub(crate) sslverify: bool,
    /// For all of it, from looking up the name to the last byte.
    pub(crate) limit: Duration,
}

/// Why there is nothing to compare with, in words that follow the name of a repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(pub(crate) String);

/// Reads files by URL, from several threads.
pub(crate) trait Fetch: Sync {
    fn get(&self, request: &Request<'_>) -> Result<Vec<u8>, Failure>;
}

/// The file that a `file:` URL or an absolute path names; none if it is another URL.
pub(super) fn local_path(url: &str) -> Option<std::path::PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    if url.starts_with('/') {
        return Some(url.into());
    }
    let (scheme, rest) = url.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("file") {
        return None;
    }
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
        None => rest,
    };
    let path = unquote(path);
    path.starts_with(b"/")
        .then(|| std::ffi::OsString::from_vec(path).into())
}

/// `%XX` undone.
fn unquote(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).filter(|_| byte == b'%');
        let hex = hex.filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let code = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        out.push(code.unwrap_or(byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_paths() {
        for (url, path) in [
            ("/srv/repo", Some("/srv/repo")),
            ("file:///srv/a%20b%zz%4", Some("/srv/a b%zz%4")),
            ("FILE://localhost/srv", Some("/srv")),
            ("file:/srv", Some("/srv")),
            ("file://elsewhere/srv", None),
            ("http://h/srv", None),
            ("srv", None),
            ("", None),
        ] {
            assert_eq!(local_path(url), path.map(Into::into), "{url}");
        }
    }
}
