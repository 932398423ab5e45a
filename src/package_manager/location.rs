//! Where packages would be downloaded: what to ask a package manager, and what its answer means.
//!
//! `repoquery --location` prints addresses and nothing else. That of a package ends in the
//! package's full name nearly everywhere; for a repository that names its files otherwise, a
//! second question tells which file is whose.

use std::collections::HashMap;

use super::Op;

/// Asks for addresses of packages, each `name-version-release.arch`.
pub(crate) fn addresses(packages: &[String]) -> Op {
    ask(&["--location"], packages)
}

/// Asks which file of its repository each package is.
pub(crate) fn files(packages: &[String]) -> Op {
    const FORMAT: &str = "%{name}-%{version}-%{release}.%{arch} %{location}\n";
    ask(&["--queryformat", FORMAT], packages)
}

fn ask(how: &[&str], packages: &[String]) -> Op {
    let words = how.iter().map(|word| (*word).to_owned());
    Op::Query(words.chain(packages.iter().cloned()).collect())
}

/// The addresses of an answer, by package.
#[derive(Debug, Default)]
pub(crate) struct Locations {
    addresses: Vec<String>,
    by_file: HashMap<String, String>,
}

impl Locations {
    /// Takes the answer to [`addresses`].
    pub(crate) fn new(answer: &str) -> Self {
        let lines = answer.lines().map(str::trim);
        let addresses = lines
            .filter(|line| line.contains("://") || line.starts_with('/'))
            .map(str::to_owned)
            .collect();
        Self {
            addresses,
            by_file: HashMap::new(),
        }
    }

    /// Takes the answer to [`files`].
    pub(crate) fn learn_files(&mut self, answer: &str) {
        for line in answer.lines() {
            if let Some((package, file)) = line.trim().split_once(' ') {
                self.by_file.insert(package.to_owned(), file.to_owned());
            }
        }
    }

    /// The first repository's address counts.
    pub(crate) fn of(&self, package: &str) -> Option<&str> {
        let named = format!("{package}.rpm");
        let file = self.by_file.get(package).unwrap_or(&named);
        let found = self.addresses.iter().find(|address| {
            address
                .strip_suffix(file)
                .is_some_and(|before| before.ends_with('/'))
                || percent_decoded(address).is_some_and(|plain| {
                    plain
                        .strip_suffix(file)
                        .is_some_and(|before| before.ends_with('/'))
                })
        });
        found.map(String::as_str)
    }
}

/// Some repositories write `+` and `^` of file names as `%2B` and `%5E`.
fn percent_decoded(address: &str) -> Option<String> {
    if !address.contains('%') {
        return None;
    }
    let mut bytes = Vec::new();
    let mut rest = address.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let code = (*first == b'%')
            .then(|| std::str::from_utf8(more.get(..2)?).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &more[2..] } else { more };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_by_the_packages_name_or_its_file() {
        let mut locations = Locations::new(
            "Warning: something\nhttps://e.org/Packages/b/bash-5.2-3.fc43.x86_64.rpm\n\
             https://e.org/Packages/x/lib%2B%2B-1-1.noarch.rpm\nfile:///repo/odd.rpm\n\
             https://mirror.org/again/bash-5.2-3.fc43.x86_64.rpm\n/repo/xbash-1-1.noarch.rpm\n",
        );
        assert_eq!(
            locations.of("bash-5.2-3.fc43.x86_64"),
            Some("https://e.org/Packages/b/bash-5.2-3.fc43.x86_64.rpm")
        );
        assert_eq!(
            locations.of("lib++-1-1.noarch"),
            Some("https://e.org/Packages/x/lib%2B%2B-1-1.noarch.rpm")
        );
        assert_eq!(locations.of("bash-1-1.noarch"), None);
        assert_eq!(locations.of("odd-1-1.noarch"), None);
        locations.learn_files(
            "odd-1-1.noarch odd.rpm\n\nbash-5.2-3.fc43.x86_64 b/bash-5.2-3.fc43.x86_64.rpm\n",
        );
        assert_eq!(locations.of("odd-1-1.noarch"), Some("file:///repo/odd.rpm"));
        assert_eq!(
            locations.of("bash-5.2-3.fc43.x86_64"),
            Some("https://e.org/Packages/b/bash-5.2-3.fc43.x86_64.rpm")
        );
    }
}
