//! Finds the lines that say why a program failed, in what it printed last.
//!
//! A failed build prints thousands of lines and a handful of them matter. rpm says which part of
//! the spec file failed; within that part, rules for the tools that build packages look for their
//! tool's decisive words, the surest first, and the first one that finds some wins. Where none
//! does, the last lines that are not noise have to do. All of it is pure, and linear in the
//! output: a rule walks over the lines a fixed number of times.

mod check;
mod compile;
mod configure;
mod memory;
mod prep;
mod rpmbuild;
mod script;
mod text;
mod transaction;

#[cfg(test)]
mod tests;

use super::ansi;

pub(super) use text::tidy;
pub(crate) use transaction::of_transaction;

/// No cause has more lines than this.
const MOST: usize = 12;

/// Looks for one tool's decisive lines; they are returned in the order they are to be read.
type Rule = for<'a> fn(&[&'a str]) -> Vec<&'a str>;

/// Why a build failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct BuildCause {
    /// The part of the spec file, such as `%build`, when rpm got that far.
    pub(crate) section: Option<String>,
    /// At most twelve lines of at most 200 characters.
    pub(crate) lines: Vec<String>,
}

/// Rules for output in which a failed test is likelier than anything else.
const TESTS: &[Rule] = &[
    check::ctest,
    check::meson,
    check::pytest,
    check::cargo,
    check::go,
    check::googletest,
    check::perl,
    check::rspec,
    check::named_failures,
];

/// Rules for all other output.
const TOOLS: &[Rule] = &[
    memory::no_space,
    memory::killed,
    prep::patch,
    compile::compiler,
    compile::linker,
    compile::rust,
    compile::go,
    configure::configure,
    configure::cmake,
    configure::meson,
    configure::perl_module,
    compile::java,
    compile::npm,
    script::packaging_checks,
];

/// Rules that name what stopped, after those that may know why.
const LAST: &[Rule] = &[
    script::traceback,
    compile::ninja,
    script::shell,
    compile::make,
    script::said_error,
];

/// Finds why rpmbuild failed in the last `lines` it printed.
pub(crate) fn of_build(lines: &[&str]) -> BuildCause {
    let failed = rpmbuild::failed_part(lines);
    let part = &lines[failed.lines];
    let mut found = if failed.script {
        by_rules(failed.section, part)
    } else {
        let own = rpmbuild::own_errors(part);
        if own.is_empty() {
            by_rules(failed.section, part)
        } else {
            own
        }
    };
    found.retain(|line| !text::is_noise(line));
    BuildCause {
        section: failed.section.map(str::to_owned),
        lines: text::presentable(&found),
    }
}

fn by_rules<'a>(section: Option<&str>, part: &[&'a str]) -> Vec<&'a str> {
    let order = if section == Some("%check") {
        [TESTS, TOOLS, LAST]
    } else {
        [TOOLS, TESTS, LAST]
    };
    order
        .into_iter()
        .flatten()
        .map(|rule| rule(part))
        .find(|found| !found.is_empty())
        .unwrap_or_else(|| text::last_meaningful(part, 8))
}
