//! Which way it is done: by what was asked for and what there is. Pure.

use crate::config::debug::literal;
use crate::config::{PackageManagerKind, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// dnf's own database is in memory while dnf works.
    Python,
    /// A library takes the place of libc's functions.
    LdPreload,
    /// A filter answers the system calls.
    Seccomp,
}

/// The best first: a filter reaches every program and leaves nothing in the root, a library does
/// not reach what is linked statically, the plugin reaches dnf's own writing alone.
const ALL: [Method; 3] = [Method::Seccomp, Method::LdPreload, Method::Python];

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::LdPreload => "ld_preload",
            Self::Seccomp => "seccomp",
        }
    }

    pub(super) fn names() -> String {
        ALL.map(Self::name).join(", ")
    }
}

/// What configuration asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Off,
    Fastest,
    This(Method),
    Unknown(String),
}

impl Wanted {
    pub(super) fn read(value: &Value) -> Self {
        let word = match value {
            Value::Bool(true) => return Self::Fastest,
            Value::Bool(false) | Value::None => return Self::Off,
            Value::Str(word) => word.trim(),
            other => return Self::Unknown(literal(other)),
        };
        match word {
            "auto" | "True" => Self::Fastest,
            // A template of an option that is not a string gives its name.
            "" | "None" | "False" => Self::Off,
            _ => ALL
                .into_iter()
                .find(|method| method.name() == word)
                .map_or_else(|| Self::Unknown(word.to_owned()), Self::This),
        }
    }
}

/// What decides whether a method can be used.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) manager: PackageManagerKind,
    /// The kernel lets filters be loaded.
    pub(super) seccomp: bool,
    /// The root has a `/dev/shm` of the sandbox's.
    pub(super) shared_memory: bool,
    /// Programs of the root can load the library, or why they cannot.
    pub(super) library: Result<(), String>,
}

impl Facts {
    fn allow(&self, method: Method) -> Result<(), String> {
        match method {
            Method::Seccomp if !self.seccomp => {
                Err("the kernel, or this container, has no seccomp filters".to_owned())
            }
            Method::Seccomp => Ok(()),
            Method::LdPreload => self.library.clone(),
            Method::Python => match self.manager {
                PackageManagerKind::Dnf4 | PackageManagerKind::Microdnf if self.shared_memory => {
                    Ok(())
                }
                PackageManagerKind::Dnf4 | PackageManagerKind::Microdnf => {
                    Err("without internal_dev_setup the root has no /dev/shm for it".to_owned())
                }
                PackageManagerKind::Dnf5 => Err("it does not apply to dnf5".to_owned()),
                PackageManagerKind::Yum => Err("it does not apply to yum".to_owned()),
            },
        }
    }
}

/// What is done, and what there is to say of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) method: Option<Method>,
    /// Why it is not what was asked for, or why nothing is done.
    why: Option<String>,
    /// Whoever asked for something else should see it.
    warn: bool,
}

impl Choice {
    pub(super) fn off(why: &str) -> Self {
        Self {
            method: None,
            why: Some(why.to_owned()),
            warn: false,
        }
    }

    pub(super) fn say(&self) {
        let what = self.method.map_or("off", Method::name);
        match &self.why {
            Some(why) if self.warn => tracing::warn!("nofsync: {what}: {why}"),
            Some(why) => tracing::debug!("nofsync: {what} ({why})"),
            None => tracing::debug!("nofsync: {what}"),
        }
    }
}

pub(super) fn choose(wanted: &Wanted, facts: &Facts) -> Choice {
    match wanted {
        Wanted::Off => Choice::off("it is turned off"),
        // That was said when it was read.
        Wanted::Unknown(word) => Choice::off(&format!("'{word}' is unknown")),
        Wanted::This(method) => match facts.allow(*method) {
            Ok(()) => Choice {
                method: Some(*method),
                why: None,
                warn: false,
            },
            Err(why) => Choice {
                method: None,
                why: Some(format!("{} is skipped, {why}", method.name())),
                warn: true,
            },
        },
        Wanted::Fastest => {
            let mut passed = Vec::new();
            for method in ALL {
                match facts.allow(method) {
                    Ok(()) => {
                        return Choice {
                            method: Some(method),
                            why: (!passed.is_empty()).then(|| passed.join("; ")),
                            warn: false,
                        };
                    }
                    Err(why) => passed.push(format!("not {}: {why}", method.name())),
                }
            }
            Choice {
                method: None,
                why: Some(passed.join("; ")),
                warn: false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(manager: PackageManagerKind) -> Facts {
        Facts {
            manager,
            seccomp: true,
            shared_memory: true,
            library: Ok(()),
        }
    }

    #[test]
    fn words() {
        for (value, wanted) in [
            (Value::from("auto"), Wanted::Fastest),
            (Value::Bool(true), Wanted::Fastest),
            (Value::from("python"), Wanted::This(Method::Python)),
            (Value::from("ld_preload"), Wanted::This(Method::LdPreload)),
            (Value::from("seccomp"), Wanted::This(Method::Seccomp)),
            (Value::from(""), Wanted::Off),
            (Value::from("False"), Wanted::Off),
            (Value::None, Wanted::Off),
            (
                Value::from("eatmydata"),
                Wanted::Unknown("eatmydata".to_owned()),
            ),
            (Value::Int(1), Wanted::Unknown("1".to_owned())),
        ] {
            assert_eq!(Wanted::read(&value), wanted, "{value:?}");
        }
    }

    #[test]
    fn the_best_that_applies() {
        use PackageManagerKind::{Dnf4, Dnf5, Yum};
        let method = |facts: &Facts| choose(&Wanted::Fastest, facts).method;
        assert_eq!(method(&facts(Dnf5)), Some(Method::Seccomp));
        let no_filters = |manager| Facts {
            seccomp: false,
            ..facts(manager)
        };
        assert_eq!(method(&no_filters(Yum)), Some(Method::LdPreload));
        let foreign = |manager| Facts {
            library: Err("foreign".to_owned()),
            ..no_filters(manager)
        };
        assert_eq!(method(&foreign(Dnf4)), Some(Method::Python));
        assert_eq!(
            choose(&Wanted::Fastest, &foreign(Dnf5)),
            Choice::off(
                "not seccomp: the kernel, or this container, has no seccomp filters; not ld_preload: foreign; \
                 not python: it does not apply to dnf5"
            )
        );
    }

    #[test]
    fn what_was_asked_for_or_a_word() {
        let python = Wanted::This(Method::Python);
        let choice = choose(&python, &facts(PackageManagerKind::Dnf5));
        assert_eq!((choice.method, choice.warn), (None, true));
        assert_eq!(
            choice.why.as_deref(),
            Some("python is skipped, it does not apply to dnf5")
        );
        let choice = choose(&python, &facts(PackageManagerKind::Dnf4));
        assert_eq!(choice.method, Some(Method::Python));
        let bare = Facts {
            shared_memory: false,
            ..facts(PackageManagerKind::Dnf4)
        };
        assert_eq!(choose(&python, &bare).method, None);
    }
}
