//! `docs/parity.md`: everything the original's users know by name, and where it is tested.
//!
//! Made from `docs/parity.toml`. A name that the program has and the file has not, a test that is not
//! there, a link that leads nowhere, and a page that is out of date fail the tests.

use std::collections::BTreeSet;
use std::path::Path;

use crate::cli::reference::{self, check_or_update};
use crate::config;

const DATA: &str = include_str!("../docs/parity.toml");
const DIFFERENCES: &str = include_str!("../docs/differences.md");

const INTRODUCTION: &str = "\
<!-- Made from parity.toml; MOCK_UPDATE_DOCS=1 cargo test --bin mock parity -->
# Parity with the original

Every option, configuration key, exit status, environment variable and log file of mock 6.7, and of this
mock, with the tests that try it. What is deliberately different is linked to its row in
[differences.md](differences.md). A test checks that nothing is left out and that the tests exist.
";

/// (table of the file, heading, what the names are)
const TABLES: [(&str, &str, &str); 5] = [
    ("options", "Options", "Option"),
    ("keys", "Configuration keys", "Key"),
    ("exit", "Exit statuses", "Status"),
    ("environment", "Environment variables", "Variable"),
    ("logs", "Log files", "File"),
];

struct Row {
    name: String,
    tests: Vec<String>,
    /// First cells of rows in the differences.
    differs: Vec<String>,
    note: Option<String>,
}

fn rows(table: &str) -> Vec<Row> {
    let data: toml::Table = toml::from_str(DATA).expect("docs/parity.toml is TOML");
    let rows = data[table].as_table().expect("it is a table");
    let row = |(name, items): (&String, &toml::Value)| {
        let mut row = Row {
            name: name.clone(),
            tests: Vec::new(),
            differs: Vec::new(),
            note: None,
        };
        for item in items.as_array().expect("a list for each name") {
            let item = item.as_str().expect("a list of texts");
            if let Some(cell) = item.strip_prefix("differs: ") {
                row.differs.push(cell.to_owned());
            } else if let Some(note) = item.strip_prefix("note: ") {
                row.note = Some(note.to_owned());
            } else {
                row.tests.push(item.to_owned());
            }
        }
        row
    };
    rows.iter().map(row).collect()
}

/// The heading above the row of the differences that begins with this cell, as an anchor.
fn anchor(cell: &str) -> Option<String> {
    let start = format!("| {cell} |");
    let mut heading = None;
    for line in DIFFERENCES.lines() {
        if let Some(text) = line.strip_prefix("## ") {
            let plain = text.to_lowercase().replace(',', "").replace(' ', "-");
            heading = Some(plain);
        }
        if line.starts_with(&start) {
            return heading;
        }
    }
    None
}

/// What is not carried out, on purpose or for now, need not be tested.
fn status_of(table: &str, row: &Row) -> String {
    let not_yet = match table {
        "options" => reference::options()
            .into_iter()
            .find(|(name, _)| *name == row.name)
            .is_some_and(|(_, there)| !there)
            .then(|| "not yet".to_owned()),
        "keys" => config::reference::keys()
            .into_iter()
            .find(|(name, _)| *name == row.name)
            .and_then(|(_, not_yet)| not_yet),
        _ => None,
    };
    let status = not_yet.or_else(|| row.note.clone());
    let status = status.unwrap_or_else(|| {
        if row.differs.is_empty() {
            "as the original".to_owned()
        } else {
            "differs".to_owned()
        }
    });
    let link = |cell: &String| {
        let anchor = anchor(cell).unwrap_or_default();
        format!("[{cell}](differences.md#{anchor})")
    };
    let links: Vec<String> = row.differs.iter().map(link).collect();
    if links.is_empty() {
        status
    } else {
        format!("{status}: {}", links.join(", "))
    }
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (table, heading, what) in TABLES {
        page.push_str(&format!(
            "\n## {heading}\n\n| {what} | | Tested in |\n|---|---|---|\n"
        ));
        for row in rows(table) {
            let tests: Vec<String> = row.tests.iter().map(|test| format!("`{test}`")).collect();
            page.push_str(&format!(
                "| `{}` | {} | {} |\n",
                row.name,
                status_of(table, &row),
                tests.join(", ")
            ));
        }
    }
    page
}

#[test]
fn every_name_has_a_row() {
    let required = [
        (
            "options",
            reference::options()
                .into_iter()
                .map(|(name, _)| name)
                .collect(),
        ),
        (
            "keys",
            config::reference::keys()
                .into_iter()
                .map(|(name, _)| name)
                .collect(),
        ),
        ("exit", reference::exit_codes()),
        ("environment", reference::variables()),
    ];
    for (table, names) in required {
        let names: BTreeSet<String> = names;
        let known: BTreeSet<String> = rows(table).into_iter().map(|row| row.name).collect();
        let missing: Vec<&String> = names.difference(&known).collect();
        assert!(
            missing.is_empty(),
            "docs/parity.toml, [{table}]: no row for {missing:?}"
        );
        if matches!(table, "options" | "keys") {
            let unknown: Vec<&String> = known.difference(&names).collect();
            assert!(
                unknown.is_empty(),
                "docs/parity.toml, [{table}]: there is no {unknown:?}"
            );
        }
    }
}

#[test]
fn tests_and_links_exist() {
    for (table, ..) in TABLES {
        for row in rows(table) {
            let name = &row.name;
            let explained = !row.differs.is_empty() || row.note.is_some();
            let status = status_of(table, &row);
            assert!(
                !row.tests.is_empty()
                    || explained
                    || ["not yet", "no effect"]
                        .iter()
                        .any(|s| status.starts_with(s)),
                "{name}: neither a test nor a difference"
            );
            for cell in &row.differs {
                assert!(
                    anchor(cell).is_some(),
                    "{name}: no row '{cell}' in docs/differences.md"
                );
            }
            for test in &row.tests {
                assert!(is_test(test), "{name}: there is no test {test}");
            }
        }
    }
}

/// `FILE::FUNCTION`, where the function is a test.
fn is_test(test: &str) -> bool {
    let Some((file, function)) = test.split_once("::") else {
        return false;
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs_err::read_to_string(path).unwrap_or_default();
    let head = format!("fn {function}(");
    let above = |at: usize| {
        let lines = text[..at].lines().rev();
        lines.skip_while(|line| line.trim().is_empty())
    };
    text.match_indices(&head).any(|(at, _)| {
        // A function of this name, whole lines of attributes and comments above it.
        let mut attributes = above(at).take_while(|line| line.trim_start().starts_with(['#', '/']));
        attributes.any(|line| line.trim() == "#[test]")
    })
}

#[test]
fn the_page_is_up_to_date() {
    check_or_update("docs/parity.md", &page());
}
