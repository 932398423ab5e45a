//! Which files of the host a `dnf.conf` names: a package manager that runs elsewhere must see them.
//!
//! What cannot be understood is passed over; the package manager itself will say what it misses.

use std::path::PathBuf;

use super::Vars;
use super::conf::words;
use super::fetch::local_path;
use crate::ini::Ini;

/// Options whose values are addresses of repositories, or of what is needed to trust them.
const ADDRESSES: [&str; 7] = [
    "baseurl",
    "mirrorlist",
    "metalink",
    "gpgkey",
    "sslcacert",
    "sslclientcert",
    "sslclientkey",
];

/// The paths that `text`, a whole `dnf.conf`, names as `file:` URLs or plainly, each once.
pub(crate) fn local_paths(text: &str, vars: &Vars) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for section in Ini::parse(text).unwrap_or_default().sections {
        for value in ADDRESSES.iter().filter_map(|option| section.get(option)) {
            for word in words(value) {
                let path = vars.expand(word).as_deref().and_then(local_path);
                if let Some(path) = path.filter(|path| !found.contains(path)) {
                    found.push(path);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_repositories_and_keys() {
        let vars = Vars::new("x86_64", Some("9"), &indexmap::IndexMap::new());
        let text = "[main]\nreposdir=/dev/null\n[a]\nbaseurl=file:///r/$basearch, http://x/y\n /r/${releasever}\n\
                    gpgkey=file:///k/a%20b\n[b]\nmirrorlist=/r/9\nbaseurl=ftp://x\n[c]\nbaseurl=/$unknown/x\n";
        let paths = local_paths(text, &vars);
        let expected: Vec<PathBuf> = ["/r/x86_64", "/r/9", "/k/a b"].map(PathBuf::from).into();
        assert_eq!(paths, expected);
        assert!(local_paths("nonsense", &vars).is_empty());
    }
}
