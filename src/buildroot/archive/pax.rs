//! PAX records: `LENGTH KEY=VALUE\n`, where LENGTH counts itself.
//!
//! Values are bytes and may hold line ends, as extended attributes do: records are cut by their
//! length.

/// Records of one header, to be written.
#[derive(Debug, Default)]
pub(super) struct Records(Vec<u8>);

impl Records {
    pub(super) fn push(&mut self, key: &str, value: &[u8]) {
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while rest + length.to_string().len() != length {
            length = rest + length.to_string().len();
        }
        self.0.extend(format!("{length} {key}=").into_bytes());
        self.0.extend(value);
        self.0.push(b'\n');
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Keys and values, or `None` where the records are malformed.
pub(super) fn parse(mut data: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut found = Vec::new();
    while !data.is_empty() {
        let blank = data.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(&data[..blank]).ok()?.parse().ok()?;
        let record = data.get(blank + 1..length)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|byte| *byte == b'=')?;
        found.push((&record[..equals], &record[equals + 1..]));
        data = &data[length..];
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_count_their_own_length() {
        let mut records = Records::default();
        records.push("path", b"x");
        records.push("k", &[b'v'; 93]);
        records.push("k", &[b'v'; 94]);
        records.push("SCHILY.xattr.user.a", b"\n=\0\n");
        let text = records.bytes();
        assert!(text.starts_with(b"9 path=x\n99 k=v"));
        let parsed = parse(text).expect("it was written so");
        assert_eq!(parsed.len(), 4);
        assert_eq!(parsed[2].1.len(), 94);
        assert_eq!(
            parsed[3],
            (b"SCHILY.xattr.user.a".as_slice(), b"\n=\0\n".as_slice())
        );
    }

    #[test]
    fn what_is_malformed_is_found() {
        for wrong in [
            "x path=y\n",
            "99 path=y\n",
            "2 a=b\n",
            "0 a=b\n",
            "6 a=bc",
            "5 ab\n",
            "18446744073709551615 a=b\n",
        ] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
