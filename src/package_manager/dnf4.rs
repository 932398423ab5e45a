//! dnf 4 (`dnf-3` is its Python 3 program; the number is Python's).

use super::{Context, Op, PackageManager, head, options, words};

#[derive(Debug)]
pub(super) struct Dnf4;

impl PackageManager for Dnf4 {
    fn name(&self) -> &'static str {
        "dnf4"
    }

    fn argv(&self, op: &Op, cx: &Context<'_>) -> Vec<String> {
        let words = words(op, "update");
        let mut argv = head(op, cx, true);
        argv.extend(options(op, cx, &words));
        argv.extend(words);
        argv
    }
}
