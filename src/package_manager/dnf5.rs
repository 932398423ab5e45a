//! dnf 5: options of a subcommand must follow it, and `update` is called `upgrade`.

use super::{Context, Op, PackageManager, head, options, words};

#[derive(Debug)]
pub(super) struct Dnf5;

impl PackageManager for Dnf5 {
    fn name(&self) -> &'static str {
        "dnf5"
    }

    fn argv(&self, op: &Op, cx: &Context<'_>) -> Vec<String> {
        let words = words(op, "upgrade");
        let mut argv = head(op, cx, true);
        argv.extend(words.iter().cloned());
        argv.extend(options(op, cx, &words));
        argv
    }
}
