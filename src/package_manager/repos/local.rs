//! Which files of the host a `dnf.conf` names: a package manager that runs elsewhere must see them.
//!
//! What cannot be understood is passed over; the package manager itself will say what it misses.

use std::path::{Path, PathBuf};

use super::Vars;
use super::conf::words;
use super::fetch::local_path;
use crate::ini::Ini;

/// Options that say where a repository is.
const REPOSITORY: [&str; 3] = ["baseurl", "mirrorlist", "metalink"];

/// Options that name what it takes to trust it.
const TRUST: [&str; 4] = ["gpgkey", "sslcacert", "sslclientcert", "sslclientkey"];

/// A list of mirrors that is longer is none.
const LONGEST: u64 = 1 << 20;

/// Paths of the host, each once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LocalPaths {
    pub(crate) repositories: Vec<PathBuf>,
    pub(crate) keys: Vec<PathBuf>,
}

/// The paths that `text`, a whole `dnf.conf`, names as `file:` URLs or plainly, with what local lists
/// of mirrors name.
pub(crate) fn local_paths(text: &str, vars: &Vars) -> LocalPaths {
    let mut found = LocalPaths::default();
    for section in Ini::parse(text).unwrap_or_default().sections {
        let paths = |options: &[&str]| -> Vec<PathBuf> {
            let values = options.iter().filter_map(|option| section.get(option));
            let words = values.flat_map(words);
            words.filter_map(|word| path(word, vars)).collect()
        };
        let mirrors = paths(&["mirrorlist"]);
        found.repositories.extend(paths(&REPOSITORY));
        for list in mirrors {
            found.repositories.extend(listed(&list, vars));
        }
        found.keys.extend(paths(&TRUST));
    }
    for paths in [&mut found.repositories, &mut found.keys] {
        let mut seen = std::collections::HashSet::new();
        paths.retain(|path| seen.insert(path.clone()));
    }
    found
}

fn path(word: &str, vars: &Vars) -> Option<PathBuf> {
    vars.expand(word).as_deref().and_then(local_path)
}

/// What the lines of a list of mirrors name.
fn listed(list: &Path, vars: &Vars) -> Vec<PathBuf> {
    let small = fs_err::metadata(list).is_ok_and(|file| file.is_file() && file.len() <= LONGEST);
    let text = small.then(|| fs_err::read_to_string(list).ok()).flatten();
    let lines = text.iter().flat_map(|text| text.lines());
    lines.filter_map(|line| path(line.trim(), vars)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_repositories_and_keys() {
        let vars = Vars::new("x86_64", Some("9"), &indexmap::IndexMap::new());
        let text = "[main]\nreposdir=/dev/null\n[a]\nbaseurl=file:///r/$basearch, http://x/y\n /r/${releasever}\n\
                    gpgkey=file:///k/a%20b\n[b]\nmirrorlist=/r/9\nbaseurl=ftp://x\n[c]\nbaseurl=/$unknown/x\n";
        let found = local_paths(text, &vars);
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(found.repositories, paths(&["/r/x86_64", "/r/9"]));
        assert_eq!(found.keys, paths(&["/k/a b"]));
        assert_eq!(local_paths("nonsense", &vars), LocalPaths::default());
    }

    #[test]
    fn of_lists_of_mirrors() {
        let scratch = tempfile::tempdir().unwrap();
        let list = scratch.path().join("list");
        fs_err::write(&list, "# mirrors\nhttp://x/\nfile:///m/$basearch\n /n \n").unwrap();
        let vars = Vars::new("x86_64", None, &indexmap::IndexMap::new());
        let text = format!("[a]\nmirrorlist={}\n", list.display());
        let found = local_paths(&text, &vars);
        let expected = [list, "/m/x86_64".into(), "/n".into()];
        assert_eq!(found.repositories, expected);
    }
}
