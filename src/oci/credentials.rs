//! Names and passwords for registries, from the files that podman and docker keep them in.
//!
//! What another program would have to be asked for (`credHelpers`) is not used.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The value of an `Authorization` header for `registry` and the image in it. `files` are texts, in
/// the order they are looked through; the most special entry of the first that has one is it.
pub(super) fn find(files: &[String], registry: &str, repository: &str) -> Option<String> {
    let whole = format!("{registry}/{repository}");
    files.iter().find_map(|text| {
        let file: Value = serde_json::from_str(text).ok()?;
        let auths = file.get("auths")?.as_object()?;
        let (_, entry) = auths
            .iter()
            .filter(|(key, _)| covers(&plain(key), &whole))
            .max_by_key(|(key, _)| plain(key).len())?;
        header(entry)
    })
}

/// `https://index.docker.io/v1/` is how docker names its registry.
fn plain(key: &str) -> String {
    let key = key
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    let host = key.split('/').next().unwrap_or_default();
    let versioned = key.ends_with("/v1/") || key.ends_with("/v2/");
    let key = if versioned { host } else { key };
    match host {
        "index.docker.io" | "registry-1.docker.io" => key.replacen(host, "docker.io", 1),
        _ => key.trim_end_matches('/').to_owned(),
    }
}

fn covers(key: &str, whole: &str) -> bool {
    whole
        .strip_prefix(key)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn header(entry: &Value) -> Option<String> {
    let text = |key: &str| {
        entry
            .get(key)?
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let auth = text("auth").or_else(|| {
        let pair = format!("{}:{}", text("username")?, text("password")?);
        Some(STANDARD.encode(pair))
    })?;
    // What is no base64 of a pair would be no header either.
    let pair = STANDARD.decode(auth.trim()).ok()?;
    pair.contains(&b':')
        .then(|| format!("Basic {}", auth.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_special_entry_counts() {
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        let auth = |pair: &str| STANDARD.encode(pair);
        let text = format!(
            r#"{{"auths":{{"r.example":{{"auth":"{}"}},"r.example/team":{{"auth":"{}"}},
                "https://index.docker.io/v1/":{{"username":"u","password":"p"}},"empty.example":{{}},
                "bad.example":{{"auth":"%%"}}}},"credHelpers":{{"x":"y"}}}}"#,
            auth("a:b"),
            auth("c:d")
        );
        let files = ["{ no JSON".to_owned(), text];
        for (registry, repository, expected) in [
            ("r.example", "x", Some(basic("a:b"))),
            ("r.example", "team/x", Some(basic("c:d"))),
            ("r.example", "teams/x", Some(basic("a:b"))),
            ("docker.io", "library/fedora", Some(basic("u:p"))),
            ("r.example.org", "x", None),
            ("empty.example", "x", None),
            ("bad.example", "x", None),
        ] {
            assert_eq!(
                find(&files, registry, repository),
                expected,
                "{registry}/{repository}"
            );
        }
    }
}
