//! `external:TYPE:NAME`: build requirements that come from outside the distribution.
//!
//! They are installed by tools of the bootstrap root. What is here decides whether they can be.

use crate::config::External;
use crate::error::{Error, Result};
use crate::rpm::requires::Requirement;

const PREFIX: &str = "external:";

/// Registries that there are tools for.
const TYPES: [&str; 2] = ["pypi", "crate"];

/// Refuses external requirements that cannot be installed; others are none of its business.
pub(crate) fn check<'n>(
    names: impl IntoIterator<Item = &'n str>,
    external: External,
) -> Result<()> {
    let wanted: Vec<&str> = names
        .into_iter()
        .filter(|name| name.starts_with(PREFIX))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let refused = |message: &str, hint: &str| {
        Err(Error::Refused {
            message: message.to_owned(),
            hint: Some(format!("{} {hint}", wanted.join(", "))),
        })
    };
    match external {
        External::Off => {
            return refused(
                "ExternalBuildRequires are found but support is disabled. See \"external_buildrequires\" in config_opts.",
                "would come from outside the distribution",
            );
        }
        External::WithoutBootstrap => {
            return refused(
                "ExternalBuildRequires requires `use_bootstrap` to be set on.",
                "is installed by tools of the bootstrap root",
            );
        }
        External::On => {}
    }
    let unknown: Vec<&str> = wanted
        .iter()
        .copied()
        .filter(|name| !TYPES.iter().any(|kind| is_of(name, kind)))
        .collect();
    if !unknown.is_empty() {
        return Err(Error::External {
            message: format!("Unknown external dependencies: {}", unknown.join(", ")),
            hint: Some("there are external:pypi:NAME and external:crate:NAME".to_owned()),
        });
    }
    Err(Error::External {
        message: format!(
            "external dependencies cannot be installed yet: {}",
            wanted.join(", ")
        ),
        hint: None,
    })
}

/// The same for requirements.
pub(super) fn check_requires(requires: &[Requirement], external: External) -> Result<()> {
    check(requires.iter().map(|r| r.name.as_str()), external)
}

fn is_of(name: &str, kind: &str) -> bool {
    let rest = name[PREFIX.len()..].strip_prefix(kind);
    rest.and_then(|rest| rest.strip_prefix(':'))
        .is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_installed_and_what_is_said_of_the_rest() {
        let found = |names: &[&str], external| {
            let checked = check(names.iter().copied(), external);
            checked.map_err(|error| (error.to_string(), error.exit_code()))
        };
        assert_eq!(found(&["gcc", "external-tools"], External::Off), Ok(()));
        for (names, external, message, code) in [
            (
                &["external:pypi:x"][..],
                External::Off,
                "ExternalBuildRequires are found but support is disabled. See \"external_buildrequires\" in config_opts.",
                1,
            ),
            (
                &["external:pypi:x"],
                External::WithoutBootstrap,
                "ExternalBuildRequires requires `use_bootstrap` to be set on.",
                1,
            ),
            (
                &["external:pypi:x", "external:gem:y", "external:pypi:"],
                External::On,
                "Unknown external dependencies: external:gem:y, external:pypi:",
                31,
            ),
            (
                &["gcc", "external:crate:x"],
                External::On,
                "external dependencies cannot be installed yet: external:crate:x",
                31,
            ),
        ] {
            assert_eq!(found(names, external), Err((message.to_owned(), code)));
        }
    }
}
