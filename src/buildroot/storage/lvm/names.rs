//! What volumes are called. Pure.
//!
//!     +mock.ROOT.EXT            a head; EXT is the unique extension, or "head"
//!     mock.ROOT.NAME            a snapshot
//!     mock.ROOT.+KEY            a cached state; no snapshot's name begins with '+'
//!     mock.ROOT.+tmp-PID-N      one that process PID is about to make or to remove
//!
//! The first two are the original's, so that both see each other's volumes.

use crate::buildroot::snapshots;
use crate::buildroot::storage::State;
use crate::error::{Error, Result};

/// lvm's own limit, for the device mapper's name of a volume.
const LONGEST: usize = 127;

/// The extension of a root without one.
const NO_EXTENSION: &str = "head";

const SCRATCH: &str = "+tmp-";

/// What a volume is to its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    Head(String),
    State(State),
    /// Of the process with this number.
    Scratch(u32),
}

/// The names of one head, and of the states of its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::buildroot::storage) struct Names {
    group: String,
    root: String,
    extension: String,
}

impl Names {
    /// `shared` and `instance` are the root's name without, and with, the unique extension.
    pub(in crate::buildroot::storage) fn new(
        group: &str,
        shared: &str,
        instance: &str,
    ) -> Result<Self> {
        let given = instance
            .strip_prefix(shared)
            .and_then(|rest| rest.strip_prefix('-'));
        if given == Some(NO_EXTENSION) {
            return Err(unusable(
                "plugin lvm_root cannot tell --uniqueext head from a root without extension",
                "choose another extension",
            ));
        }
        let names = Self {
            group: group.to_owned(),
            root: shared.to_owned(),
            extension: given.unwrap_or(NO_EXTENSION).to_owned(),
        };
        names.check(&names.head())?;
        names.check(&names.state(&State::Cached("0".repeat(16))))?;
        Ok(names)
    }

    /// Whether lvm takes a name.
    pub(super) fn check(&self, name: &str) -> Result<()> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "+_.-".contains(c);
        if let Some(wrong) = name.chars().find(|c| !allowed(*c)) {
            return Err(unusable(
                &format!("a logical volume cannot be called {name}: '{wrong}' is not allowed"),
                "letters, digits, '+', '_', '.' and '-' are; rename the root (`root` in its configuration)",
            ));
        }
        let length = mapped(&self.group, name).len();
        if length > LONGEST {
            return Err(unusable(
                &format!(
                    "a logical volume cannot be called {name}: with the volume group that is {length} characters, of \
                     at most {LONGEST} ('-' counts twice)"
                ),
                "shorten the name of the root, the unique extension or the snapshot",
            ));
        }
        Ok(())
    }

    pub(super) fn root(&self) -> &str {
        &self.root
    }

    pub(super) fn head(&self) -> String {
        self.head_of(&self.extension)
    }

    fn head_of(&self, extension: &str) -> String {
        format!("+mock.{}.{extension}", self.root)
    }

    pub(super) fn state(&self, state: &State) -> String {
        match state {
            State::Snapshot(name) => format!("mock.{}.{name}", self.root),
            State::Cached(key) => format!("mock.{}.+{key}", self.root),
        }
    }

    /// For a volume in the making, or one that goes.
    pub(super) fn scratch(&self, pid: u32, number: u32) -> String {
        format!("mock.{}.{SCRATCH}{pid}-{number}", self.root)
    }

    /// The file that says which snapshot the head of `extension` returns to.
    pub(super) fn record(&self, extension: &str) -> String {
        format!(".snapinfo-mock.{}.{extension}", self.root)
    }

    pub(super) fn own_record(&self) -> String {
        self.record(&self.extension)
    }

    pub(super) fn init_lock(&self) -> String {
        format!(".lvm-mock.{}.lock", self.root)
    }

    pub(super) fn pool_lock(&self) -> String {
        format!(".lvm-pool-mock.{}.lock", self.root)
    }

    /// What the volume `name` is, when it belongs to this root.
    pub(super) fn role(&self, name: &str) -> Option<Role> {
        splits(name)
            .find(|(root, _)| *root == self.root)
            .and_then(|(_, rest)| role(name, rest))
    }

    /// The volume of this group behind a device mapper's name.
    pub(super) fn unmapped(&self, mapped: &str) -> Option<String> {
        let rest = mapped.strip_prefix(&format!("{}-", self.group.replace('-', "--")))?;
        let name = rest.replace("--", "-");
        (self::mapped(&self.group, &name) == mapped).then_some(name)
    }
}

/// The device mapper's name of a volume.
fn mapped(group: &str, name: &str) -> String {
    format!("{}-{}", group.replace('-', "--"), name.replace('-', "--"))
}

/// The ways to read a volume's name: the name of a root, and what follows it.
pub(super) fn splits(name: &str) -> impl Iterator<Item = (&str, &str)> {
    let body = name.strip_prefix('+').unwrap_or(name).strip_prefix("mock.");
    body.into_iter()
        .flat_map(|body| {
            body.match_indices('.')
                .map(move |(at, _)| (&body[..at], &body[at + 1..]))
        })
        .filter(move |(root, rest)| !root.is_empty() && role(name, rest).is_some())
}

/// What a volume is by what follows the root's name.
fn role(name: &str, rest: &str) -> Option<Role> {
    if name.starts_with('+') {
        return (!rest.is_empty()).then(|| Role::Head(rest.to_owned()));
    }
    if let Some(scratch) = rest.strip_prefix(SCRATCH) {
        let pid = scratch.split('-').next().and_then(|pid| pid.parse().ok())?;
        return Some(Role::Scratch(pid));
    }
    if let Some(key) = rest.strip_prefix('+') {
        let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_hexdigit());
        return is_key.then(|| Role::State(State::Cached(key.to_owned())));
    }
    snapshots::check_name(rest).ok()?;
    Some(Role::State(State::Snapshot(rest.to_owned())))
}

fn unusable(message: &str, hint: &str) -> Error {
    Error::Storage {
        message: message.to_owned(),
        hint: Some(hint.to_owned()),
        code: 25,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(shared: &str, instance: &str) -> Names {
        Names::new("vg-0", shared, instance).expect("these are good names")
    }

    #[test]
    fn names_are_the_originals() {
        let plain = names("f43-x86_64", "f43-x86_64");
        assert_eq!(plain.head(), "+mock.f43-x86_64.head");
        assert_eq!(
            names("f43-x86_64", "f43-x86_64-a-b").head(),
            "+mock.f43-x86_64.a-b"
        );
        assert_eq!(
            plain.state(&State::Snapshot("postinit".to_owned())),
            "mock.f43-x86_64.postinit"
        );
        assert_eq!(plain.own_record(), ".snapinfo-mock.f43-x86_64.head");
        assert_eq!(plain.init_lock(), ".lvm-mock.f43-x86_64.lock");
        assert_eq!(plain.pool_lock(), ".lvm-pool-mock.f43-x86_64.lock");
    }

    #[test]
    fn roles_are_read_back() {
        let names = names("f43", "f43");
        let cached = State::Cached("0123456789abcdef".to_owned());
        let snapshot = State::Snapshot("v1.2".to_owned());
        for (name, expected) in [
            (names.head(), Some(Role::Head("head".to_owned()))),
            (names.state(&snapshot), Some(Role::State(snapshot))),
            (names.state(&cached), Some(Role::State(cached))),
            (names.scratch(17, 2), Some(Role::Scratch(17))),
            ("mock.f43.".to_owned(), None),
            ("mock.f43.+x".to_owned(), None),
            ("mock.f43.+tmp-x".to_owned(), None),
            ("mock.f43.-a".to_owned(), None),
            ("mock.f4.a".to_owned(), None),
            ("f43.a".to_owned(), None),
        ] {
            assert_eq!(names.role(&name), expected, "{name}");
        }
    }

    #[test]
    fn mapped_names_lead_back_to_volumes_of_the_group_only() {
        let names = names("f-43", "f-43");
        for (mapped, expected) in [
            ("vg--0-+mock.f--43.head", Some("+mock.f-43.head")),
            ("vg--0-mock.f--43.a--b", Some("mock.f-43.a-b")),
            ("vg-0-mock.f--43.head", None),
            ("vg--0--x-mock.f--43.head", None),
            // A layer below a volume is not the volume.
            ("vg--0-pool-tpool", None),
        ] {
            assert_eq!(names.unmapped(mapped).as_deref(), expected, "{mapped}");
        }
    }

    #[test]
    fn what_lvm_would_refuse_is_refused() {
        let code = |shared: &str, instance: &str| {
            Names::new("vg", shared, instance)
                .map(drop)
                .map_err(|error| error.exit_code())
        };
        assert_eq!(code("f43", "f43-x"), Ok(()));
        for (shared, instance) in [
            ("f 43", "f 43"),
            ("f43", "f43-ä"),
            ("f43", "f43-head"),
            (&"r".repeat(110), "x"),
            (&"-".repeat(55), "x"),
        ] {
            assert_eq!(code(shared, instance), Err(25), "{shared} {instance}");
        }
    }
}
