//! yum 3, for EL 6 and 7 hosts: build requirements are a program of its own.

use super::{Context, Op, PackageManager, head, options, words};

/// From yum-utils.
const BUILDDEP: &str = "/usr/bin/yum-builddep";

#[derive(Debug)]
pub(super) struct Yum;

impl PackageManager for Yum {
    fn name(&self) -> &'static str {
        "yum"
    }

    fn argv(&self, op: &Op, cx: &Context<'_>) -> Vec<String> {
        let words = words(op, "update");
        let mut argv = head(op, cx, false);
        if matches!(op, Op::Builddep(_)) && cx.settings.builddep_command.is_none() {
            argv[0] = BUILDDEP.to_owned();
        }
        argv.extend(options(op, cx, &words));
        argv.extend(words);
        argv
    }
}
