//! The shape of the source: who may use whom, and what must be documented.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const TOP: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(TOP).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The modules in the order of `main.rs`, which is from outside in.
fn modules() -> Vec<String> {
    let text = read("src/main.rs");
    let modules: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    assert!(modules.len() > 10, "{modules:?}");
    modules
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("the source is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The modules that a file uses, outside its tests: `crate::x` and the heads of `use crate::{..}`.
fn used(text: &str) -> BTreeSet<String> {
    let code = text.split("\n#[cfg(test)]").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.insert(head(&word));
                        word.clear();
                    }
                    _ if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            found.insert(head(&word));
        } else {
            found.insert(head(rest));
        }
    }
    found
}

fn head(path: &str) -> String {
    path.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

#[test]
fn heads_of_paths_are_found() {
    let text = "use crate::{a, b::{self, c}, d};\nuse crate::e::f;\nlet x = crate::g::h();\n\
                \n#[cfg(test)]\nuse crate::tests_only;";
    let found: Vec<String> = used(text).into_iter().collect();
    assert_eq!(found, ["a", "b", "d", "e", "g"]);
}

#[test]
fn modules_use_only_those_below_them() {
    let order = modules();
    let rank = |name: &str| order.iter().position(|module| module == name);
    let src = Path::new(TOP).join("src");
    let mut upward = Vec::new();
    let mut uses = 0;
    for path in sources(&src) {
        let relative = path.strip_prefix(&src).expect("it was found there");
        let name = relative.to_string_lossy();
        // Files of tests stand beside the code; they may look anywhere.
        if name == "main.rs" || name.ends_with("tests.rs") {
            continue;
        }
        let own = head(&name);
        let here = rank(&own).unwrap_or_else(|| panic!("main.rs does not list {own}"));
        for other in used(&read(&path)) {
            if let Some(there) = rank(&other).filter(|there| *there != here) {
                uses += 1;
                if there < here {
                    upward.push(format!("{name} uses {other}, which stands above it"));
                }
            }
        }
    }
    assert!(uses > 50, "{uses}: the search finds nothing");
    assert_eq!(upward, Vec::<String>::new());
}

#[test]
fn plugins_do_not_use_each_other() {
    let names = plugin_files();
    for own in &names {
        let text = read(format!("src/plugins/{own}.rs"));
        for other in names.iter().filter(|other| *other != own) {
            for path in [format!("super::{other}"), format!("plugins::{other}")] {
                assert!(!text.contains(&path), "{own} uses {other}");
            }
        }
    }
}

fn plugin_files() -> Vec<String> {
    let text = read("src/plugins/mod.rs");
    let names: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    assert!(!names.is_empty());
    names
}

/// Each row of the registry is a file, and has a section in the documentation.
#[test]
fn plugins_are_documented() {
    // A row may be on several lines.
    let registry: String = read("src/plugins/mod.rs").split_whitespace().collect();
    let docs: Vec<String> = ["docs/plugins.md", "docs/config.md"]
        .iter()
        .filter_map(|path| fs::read_to_string(Path::new(TOP).join(path)).ok())
        .collect();
    for name in plugin_files() {
        assert!(
            registry
                .split("(\"")
                .any(|row| row.starts_with(&format!("{name}\","))
                    && row.contains(&format!(",{name}::new"))),
            "{name} is a file but no row of the registry"
        );
        let has_section = docs.iter().flat_map(|text| text.lines()).any(|line| {
            line.starts_with('#')
                && line
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|word| word == name)
        });
        assert!(
            has_section,
            "no section of the documentation is about {name}"
        );
    }
}

/// What is owned, what is left to others: nobody should have to read the code for that.
#[test]
fn every_file_says_what_it_owns() {
    for top in ["src", "tests/it"] {
        for path in sources(&Path::new(TOP).join(top)) {
            let text = read(&path);
            assert!(text.starts_with("//! "), "{} has no header", path.display());
        }
    }
}
