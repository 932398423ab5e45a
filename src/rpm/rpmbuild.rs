//! rpmbuild's command lines, as the original writes them: one string for a login shell.

use crate::config::{Rpmbuild, ShortCircuit};

/// What rpmbuild is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// `-bs`: a source package.
    Source,
    /// `-br`: a source package that lists dynamic build requirements; `%prep` has been run already.
    DynamicRequires { prepared: bool },
    /// `-bb`, or `-ba --noprep` after dynamic requirements.
    Binary { dynamic: bool },
}

/// Facts about the run that shape the line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) config: &'a Rpmbuild,
    pub(crate) stage: Stage,
    /// The spec file, as the inside sees it.
    pub(crate) spec: &'a str,
    /// Keep the build directory (`--noclean`), where rpmbuild knows that option.
    pub(crate) noclean: bool,
}

/// The shell's command line for `run`.
pub(crate) fn shell_line(run: &Run<'_>) -> String {
    let config = run.config;
    let mut words: Vec<String> = vec![config.command.clone()];
    let mut word = |text: &str| words.push(text.to_owned());
    let dynamic = match run.stage {
        Stage::Source => {
            word("-bs");
            false
        }
        Stage::DynamicRequires { prepared } => {
            word("-br");
            if prepared {
                word("--noprep");
            }
            false
        }
        Stage::Binary { dynamic } => {
            match config.short_circuit {
                None if dynamic => word("-ba"),
                None | Some(ShortCircuit::Binary) => word("-bb"),
                Some(ShortCircuit::Prep) => word("-bp"),
                Some(ShortCircuit::Build) => word("-bc"),
                Some(ShortCircuit::Install) => word("-bi"),
            }
            if config.short_circuit.is_some() {
                word("--short-circuit");
            }
            dynamic && config.short_circuit.is_none()
        }
    };
    if dynamic {
        word("--noprep");
    }
    if run.noclean {
        word("--noclean");
    }
    word("--target");
    word(&config.arch);
    word("--nodeps");
    if !config.check && matches!(run.stage, Stage::Binary { .. }) {
        word("--define");
        word("'__spec_check_template exit 0; '");
    }
    words.push(quote(run.spec));
    if !config.opts.is_empty() && matches!(run.stage, Stage::Binary { .. }) {
        words.push(config.opts.clone());
    }
    words.join(" ")
}

/// For a POSIX shell.
pub(crate) fn quote(word: &str) -> String {
    if !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./+:@%~^".contains(c))
    {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Rpmbuild;

    fn config() -> Rpmbuild {
        Rpmbuild {
            command: "/usr/bin/rpmbuild".to_owned(),
            rpm_command: "/bin/rpm".to_owned(),
            arch: "x86_64".to_owned(),
            check: true,
            timeout: None,
            opts: String::new(),
            short_circuit: None,
            dynamic_buildrequires: true,
            dynamic_buildrequires_max_loops: 10,
            static_buildrequires_max_loops: 10,
            macros: Default::default(),
            macrofile: None,
            calculatedeps: false,
            post_install: false,
            createrepo_on_rpms: false,
            createrepo_command: String::new(),
            environment: Default::default(),
        }
    }

    #[test]
    fn lines() {
        let plain = config();
        let nocheck = Rpmbuild {
            check: false,
            opts: "--nodebuginfo".to_owned(),
            ..config()
        };
        let prep = Rpmbuild {
            short_circuit: Some(ShortCircuit::Prep),
            ..config()
        };
        let tail = "--target x86_64 --nodeps /b/x.spec";
        let check = "--define '__spec_check_template exit 0; '";
        for (config, stage, noclean, expected) in [
            (&plain, Stage::Source, false, format!("-bs {tail}")),
            (
                &plain,
                Stage::DynamicRequires { prepared: true },
                false,
                format!("-br --noprep {tail}"),
            ),
            (
                &plain,
                Stage::Binary { dynamic: false },
                true,
                format!("-bb --noclean {tail}"),
            ),
            (
                &plain,
                Stage::Binary { dynamic: true },
                false,
                format!("-ba --noprep {tail}"),
            ),
            (
                &nocheck,
                Stage::Binary { dynamic: false },
                false,
                format!("-bb --target x86_64 --nodeps {check} /b/x.spec --nodebuginfo"),
            ),
            (
                &prep,
                Stage::Binary { dynamic: false },
                false,
                format!("-bp --short-circuit {tail}"),
            ),
        ] {
            let line = shell_line(&Run {
                config,
                stage,
                spec: "/b/x.spec",
                noclean,
            });
            assert_eq!(line, format!("/usr/bin/rpmbuild {expected}"));
        }
        assert_eq!(quote("a b'c"), r"'a b'\''c'");
    }
}
