//! `mock(1)`: clap_mangen's page with the sections that the tree does not know.

use std::fmt::Write as _;

use crate::cli::reference::{ENVIRONMENT, EXIT_CODES, command};

const FILES: &[(&str, &str)] = &[
    (
        "/etc/mock",
        "Chroot configurations and what they share; --configdir names another directory",
    ),
    (
        "/usr/share/mock/configs",
        "Chroot configurations that come with mock",
    ),
    ("~/.config/mock", "Chroot configurations of your own"),
    (
        "~/.local/share/mock",
        "Chroots and, by default, results of an ordinary user",
    ),
    ("~/.cache/mock", "Caches of an ordinary user"),
    ("/var/lib/mock", "Chroots and, by default, results, as root"),
    ("/var/cache/mock", "Caches, as root"),
];

pub(super) fn page() -> String {
    let manual = clap_mangen::Man::new(command()).manual("mock");
    let mut page = Vec::new();
    manual
        .render(&mut page)
        .expect("writing to memory cannot fail");
    let mut page = String::from_utf8(page).expect("roff is text");
    // The version is in the title line already.
    if let Some(at) = page.find("\n.SH VERSION") {
        page.truncate(at + 1);
    }
    section(&mut page, "EXIT STATUS", EXIT_CODES);
    section(&mut page, "ENVIRONMENT", ENVIRONMENT);
    section(&mut page, "FILES", FILES);
    page
}

fn section(page: &mut String, title: &str, items: &[(&str, &str)]) {
    let _ = writeln!(page, ".SH \"{title}\"");
    for (term, meaning) in items {
        let _ = writeln!(page, ".TP\n\\fB{}\\fR\n{}", escape(term), escape(meaning));
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}
