//! Digests: of bytes that pass by, compared with what somebody said.

use std::io::Read;

use oci_spec::image::{Digest, DigestAlgorithm};
use sha2::{Digest as _, Sha256, Sha512};

use super::fault::{Fault, Result};

/// Takes bytes and becomes their digest.
#[derive(Debug, Clone)]
pub(crate) enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    pub(crate) fn sha256() -> Self {
        Self::Sha256(Sha256::new())
    }

    /// One of the same kind as `digest`.
    pub(crate) fn like(digest: &Digest) -> Result<Self> {
        match digest.algorithm() {
            DigestAlgorithm::Sha256 => Ok(Self::sha256()),
            DigestAlgorithm::Sha512 => Ok(Self::Sha512(Sha512::new())),
            other => Err(Fault::new(format!(
                "digests of kind '{other}' are not known: there are sha256 and sha512"
            ))),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// In the form `sha256:...`.
    pub(crate) fn finish(self) -> String {
        let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
        match self {
            Self::Sha256(hasher) => format!("sha256:{}", hex(&hasher.finalize())),
            Self::Sha512(hasher) => format!("sha512:{}", hex(&hasher.finalize())),
        }
    }
}

pub(crate) fn of(bytes: &[u8]) -> String {
    let mut hasher = Hasher::sha256();
    hasher.update(bytes);
    hasher.finish()
}

/// `bytes` are what `digest` says.
pub(super) fn check(what: &str, bytes: &[u8], digest: &Digest) -> Result<()> {
    let mut hasher = Hasher::like(digest)?;
    hasher.update(bytes);
    compare(what, &hasher.finish(), digest)
}

pub(crate) fn compare(what: &str, found: &str, digest: &Digest) -> Result<()> {
    if found == digest.as_ref() {
        return Ok(());
    }
    Err(Fault::new(format!(
        "{what} has digest {found}, and must have {digest}"
    )))
}

/// A digest as somebody typed it: `sha256:` may be missing.
pub(super) fn parse(text: &str) -> Result<Digest> {
    let whole = match text.contains(':') {
        true => text.to_owned(),
        false => format!("sha256:{text}"),
    };
    let digest = Digest::try_from(whole).ok().filter(|digest| {
        matches!(
            digest.algorithm(),
            DigestAlgorithm::Sha256 | DigestAlgorithm::Sha512
        )
    });
    digest.ok_or_else(|| {
        Fault::new(format!("'{text}' is no digest"))
            .hinted("a digest is sha256: and 64 hexadecimal digits")
    })
}

/// Reads what is there, but no more than `limit` bytes.
pub(super) fn read_all(what: &str, source: impl Read, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Fault::passing(format!("cannot read {what}: {error}")))?;
    if bytes.len() as u64 > limit {
        return Err(Fault::new(format!(
            "{what} is larger than {limit} bytes: it is none"
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    #[test]
    fn digests_are_parsed_and_compared() {
        let digest = parse(HELLO).unwrap();
        assert_eq!(
            parse(HELLO.strip_prefix("sha256:").unwrap()).unwrap(),
            digest
        );
        assert!(check("it", b"hello", &digest).is_ok());
        let Err(Fault::Final(problem)) = check("it", b"hallo", &digest) else {
            panic!("it is another text");
        };
        assert!(problem.message.contains(&of(b"hallo")) && problem.message.contains(HELLO));
        for wrong in [
            "",
            "sha256:12",
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            "x:y",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        assert_eq!(read_all("it", &b"12345"[..], 5).unwrap(), b"12345");
        assert!(read_all("it", std::io::repeat(0), 5).is_err());
    }
}
