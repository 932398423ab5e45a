//! How a file that was fetched is called: by the header `Content-Disposition` (RFC 6266), or by the
//! end of the URL.
//!
//! Both come from others. A name is one component of a path, without what could be taken for
//! something else.

/// The name, unless neither says one.
pub(super) fn choose(disposition: Option<&[u8]>, url: &str) -> Option<String> {
    disposition
        .and_then(|header| of_disposition(&String::from_utf8_lossy(header)))
        .or_else(|| of_url(url))
}

pub(super) fn of_url(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    // A name that is quoted twice stays so once; a quoted slash does not make directories.
    usable(&unquote(path.rsplit('/').next().unwrap_or_default())?)
}

/// `filename*` counts more than `filename`.
fn of_disposition(header: &str) -> Option<String> {
    let parameters = parameters(header);
    let get = |name: &str| {
        let found = parameters.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    };
    get("filename*")
        .and_then(extended)
        .or_else(|| get("filename").and_then(usable))
}

/// `UTF-8'en'a%20b`, RFC 8187.
fn extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    // The other charset that was ever allowed differs in what no name of a package has.
    (charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("iso-8859-1"))
        .then(|| unquote(text))
        .flatten()
        .and_then(|text| usable(&text))
}

/// The parameters of a header, names in lower case, values without their quotes.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = header;
    while let Some((_, tail)) = rest.split_once(';') {
        let Some((name, tail)) = tail.split_once('=') else {
            break;
        };
        let tail = tail.trim_start();
        let (value, after) = match tail.strip_prefix('"') {
            Some(quoted) => quoted_value(quoted),
            None => {
                let end = tail.find(';').unwrap_or(tail.len());
                (tail[..end].trim().to_owned(), &tail[end..])
            }
        };
        found.push((name.trim().to_ascii_lowercase(), value));
        rest = after;
    }
    found
}

/// The value up to its closing quote, and what comes after that.
fn quoted_value(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

/// The last component, if it can be a file's name.
fn usable(name: &str) -> Option<String> {
    const LONGEST: usize = 200;
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let good = !name.is_empty()
        && name.len() <= LONGEST
        && !name.starts_with(['.', '-', '~'])
        && !name.chars().any(char::is_control);
    good.then(|| name.to_owned())
}

/// `%XX` undone; nothing when the bytes are no text.
fn unquote(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).filter(|_| *first == b'%');
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_server_or_the_url() {
        let url = "https://h/dir/a-1-1.src.rpm?x=/y#z";
        for (header, name) in [
            ("attachment; filename=b-1-1.src.rpm", "b-1-1.src.rpm"),
            (
                "attachment; filename=\"b 1.src.rpm\"; size=3",
                "b 1.src.rpm",
            ),
            ("inline;FileName = \"q\\\"x.src.rpm\"", "q\"x.src.rpm"),
            (
                "attachment; filename=x; filename*=UTF-8''b%2B1.src.rpm",
                "b+1.src.rpm",
            ),
            ("attachment; filename*=utf-7''b; filename=c.rpm", "c.rpm"),
            // What cannot be a name.
            ("attachment", "a-1-1.src.rpm"),
            ("attachment; filename=", "a-1-1.src.rpm"),
            ("attachment; filename=\"\"", "a-1-1.src.rpm"),
            ("attachment; filename=\"..\"", "a-1-1.src.rpm"),
            ("attachment; filename=\"x/\"", "a-1-1.src.rpm"),
            ("attachment; filename=.partial", "a-1-1.src.rpm"),
            ("attachment; filename=-o.rpm", "a-1-1.src.rpm"),
            ("attachment; filename*=UTF-8''a%0Ab", "a-1-1.src.rpm"),
            ("; ; = ;\"", "a-1-1.src.rpm"),
            // Only the last component counts.
            ("attachment; filename=\"../../x.rpm\"", "x.rpm"),
            ("attachment; filename=/etc/passwd", "passwd"),
            ("attachment; filename=\"C:\\\\dir\\\\x.rpm\"", "x.rpm"),
            ("attachment; filename*=UTF-8''..%2F..%2Fx.rpm", "x.rpm"),
        ] {
            let chosen = choose(Some(header.as_bytes()), url);
            assert_eq!(chosen.as_deref(), Some(name), "{header}");
        }
        let long = format!("attachment; filename={}", "x".repeat(300));
        assert_eq!(
            choose(Some(long.as_bytes()), url).as_deref(),
            Some("a-1-1.src.rpm")
        );
    }

    #[test]
    fn names_from_urls() {
        for (url, name) in [
            ("http://h/a%2Bb-1-1.src.rpm", Some("a+b-1-1.src.rpm")),
            ("http://h/x/..%2f..%2fa.rpm", Some("a.rpm")),
            ("http://h/x/%2e%2e", None),
            ("http://h/x/?a=b.rpm", None),
            ("http://h", None),
            ("http://h/%ff", None),
            ("http://h/a%zz.rpm", Some("a%zz.rpm")),
        ] {
            assert_eq!(of_url(url).as_deref(), name, "{url}");
        }
    }
}
