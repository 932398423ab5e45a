//! microdnf: a small program that knows no other root than the one it is in.
//!
//! What it can do it does as a program of the root; everything else is dnf's, from outside. So are
//! all commands while the root has no microdnf yet.

use super::{Context, Op, PackageManager, head, options, words};

/// What it is asked to do.
const OWN: [&str; 3] = ["install", "remove", "update"];

/// `chroot_setup_cmd`'s word for an installation that only dnf can do.
const DNF_INSTALL: &str = "dnf-install";

#[derive(Debug)]
pub(super) struct Microdnf;

impl PackageManager for Microdnf {
    fn name(&self) -> &'static str {
        "microdnf"
    }

    fn works_inside(&self, op: &Op) -> bool {
        let first = words(op, "update").into_iter().next();
        !matches!(op, Op::Builddep(_)) && first.is_some_and(|word| OWN.contains(&word.as_str()))
    }

    fn argv(&self, op: &Op, cx: &Context<'_>) -> Vec<String> {
        let mut words = words(op, "update");
        // It takes the release from what is installed.
        let cx = Context {
            releasever: None,
            command: match (&cx.settings.outside_command, cx.root) {
                (_, None) if self.works_inside(op) => cx.command,
                (Some(outside), _) => outside,
                (None, _) => cx.command,
            },
            ..*cx
        };
        if let Some(first) = words.first_mut().filter(|word| *word == DNF_INSTALL) {
            "install".clone_into(first);
        }
        let mut argv = head(op, &cx, true);
        argv.extend(options(op, &cx, &words));
        argv.extend(words);
        argv
    }
}
