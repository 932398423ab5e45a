//! Which proxy leads to an address, by the environment's variables as curl reads them: so do the
//! package managers.

use indexmap::IndexMap;

/// The proxy for `scheme` and `host`; `vars` has `http_proxy`, `https_proxy`, `no_proxy`.
pub(crate) fn choose<'a>(
    vars: &'a IndexMap<String, String>,
    scheme: &str,
    host: &str,
) -> Option<&'a str> {
    let get = |name: &str| vars.get(name).map(String::as_str).map(str::trim);
    if get("no_proxy").is_some_and(|list| excepted(list, host)) {
        return None;
    }
    let name = format!("{}_proxy", scheme.to_ascii_lowercase());
    get(&name).filter(|proxy| !proxy.is_empty())
}

/// Names in the list stand for themselves and what is below them; `*` alone for all.
fn excepted(list: &str, host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    let host = host.to_ascii_lowercase();
    if list == "*" {
        return true;
    }
    list.split([',', ' ']).any(|name| {
        let name = name.trim_matches('.').to_ascii_lowercase();
        !name.is_empty()
            && host
                .strip_suffix(&name)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_scheme_and_exceptions() {
        let vars: IndexMap<_, _> = [
            ("http_proxy", "http://p:1"),
            ("https_proxy", "http://p:2"),
            ("no_proxy", "localhost, .lan,example.org 10.0.0.1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (scheme, host, proxy) in [
            ("http", "a.net", Some("http://p:1")),
            ("https", "a.net", Some("http://p:2")),
            ("ftp", "a.net", None),
            ("http", "localhost", None),
            ("http", "LAN", None),
            ("http", "a.b.lan", None),
            ("http", "vlan", Some("http://p:1")),
            ("http", "x.example.org", None),
            ("http", "10.0.0.1", None),
        ] {
            assert_eq!(choose(&vars, scheme, host), proxy, "{scheme} {host}");
        }
    }
}
