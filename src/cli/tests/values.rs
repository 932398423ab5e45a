//! Every option of the tree: its value missing, empty or wrong, its name shortened.

use clap::ArgAction;

use super::*;

/// What can be wrong with an option's value.
enum Values {
    /// Any text but an empty one means something.
    Text,
    /// An empty one, too.
    AnyText,
    /// These are refused: value, status, message.
    Wrong(&'static [(&'static str, u8, &'static str)]),
}
use Values::{AnyText, Text, Wrong};

/// An option that has no row here fails the tests.
fn values(long: &str) -> Values {
    match long {
        "root" | "rootdir" | "resultdir" | "arch" | "forcearch" | "with" | "without"
        | "macro-file" | "enablerepo" | "disablerepo" | "addrepo" | "additional-package"
        | "cwd" | "configdir" | "spec" | "sources" | "buildroot-image" => Text,
        "uniqueext" | "rpmbuild-opts" => AnyText,
        "tmp_prefix" => Wrong(&[
            ("", 2, "option '--tmp_prefix' needs a value"),
            ("x", 5, "The --tmp_prefix option works only with --chain"),
        ]),
        "localrepo" => Wrong(&[
            ("", 2, "option '--localrepo' needs a value"),
            ("d", 5, "The --localrepo option works only with --chain"),
        ]),
        "scm-option" => Wrong(&[
            (
                "x",
                5,
                "Bad option for '--scm-option' (x).  Use --scm-option 'key=value'",
            ),
            (
                "=x",
                5,
                "Bad option for '--scm-option' (=x).  Use --scm-option 'key=value'",
            ),
        ]),
        // It takes two.
        "hermetic-build" => Wrong(&[(
            "lock",
            2,
            "2 values required for '--hermetic-build <LOCKFILE> <REPO_DIR>' but 1 was provided",
        )]),
        "config-opts" => Wrong(&[
            (
                "",
                5,
                "Bad option for '--config-opts' ().  Use --config-opts 'key=value'",
            ),
            (
                "x",
                5,
                "Bad option for '--config-opts' (x).  Use --config-opts 'key=value'",
            ),
            (
                "=x",
                5,
                "Bad option for '--config-opts' (=x).  Use --config-opts 'key=value'",
            ),
        ]),
        "target" => Wrong(&[(
            "a,b",
            5,
            "--target option accepts only one arch. Invalid: a,b",
        )]),
        "define" => Wrong(&[
            (
                "",
                5,
                "Bad option for '--define' ().  Use --define 'macro expr'",
            ),
            (
                "x",
                5,
                "Bad option for '--define' (x).  Use --define 'macro expr'",
            ),
        ]),
        "short-circuit" => Wrong(&[
            ("", 2, "option '--short-circuit' needs a value"),
            (
                "x",
                2,
                "invalid value 'x' for '--short-circuit': expecting one of prep, install, build, binary",
            ),
        ]),
        "rpmbuild_timeout" => Wrong(&[
            (
                "",
                2,
                "invalid value '' for '--rpmbuild_timeout': cannot parse integer from empty string",
            ),
            (
                "x",
                2,
                "invalid value 'x' for '--rpmbuild_timeout': invalid digit found in string",
            ),
            (
                "-1",
                2,
                "invalid value '-1' for '--rpmbuild_timeout': -1 is not in 0..=4294967295",
            ),
            (
                "99999999999",
                2,
                "invalid value '99999999999' for '--rpmbuild_timeout': ",
            ),
        ]),
        "isolation" => Wrong(&[
            ("", 5, "Bad option for '--isolation'. Unknown value: "),
            (
                "docker",
                5,
                "Bad option for '--isolation'. Unknown value: docker",
            ),
        ]),
        "enable-plugin" | "disable-plugin" => Wrong(&[
            ("", 5, "Expecting one of: ['tmpfs', "),
            ("x", 5, "Expecting one of: ['tmpfs', "),
        ]),
        "plugin-option" => Wrong(&[
            (
                "",
                5,
                "Bad option for '--plugin-option' ().  Use --plugin-option 'plugin:key=value'",
            ),
            ("tmpfs", 5, "Bad option for '--plugin-option' (tmpfs).  Use"),
            (
                "tmpfs:a",
                5,
                "Bad option for '--plugin-option' (tmpfs:a).  Use",
            ),
            (
                "tmpfs:=a",
                5,
                "Bad option for '--plugin-option' (tmpfs:=a).  Use",
            ),
            (
                "x:y=z",
                5,
                "Bad option for '--plugin-option' (x:y=z).  No such plugin: x",
            ),
        ]),
        "scrub" => Wrong(&[
            ("", 2, "option '--scrub' needs a value"),
            (
                "everything",
                2,
                "invalid value 'everything' for '--scrub': expecting one of all, ",
            ),
        ]),
        other => panic!("no wrong values are known for --{other}"),
    }
}

/// (long name, takes a value, is shown) of every option.
fn options() -> Vec<(String, bool, bool)> {
    let command = Args::command();
    let mut options = Vec::new();
    for argument in command.get_arguments() {
        let values = !matches!(
            argument.get_action(),
            ArgAction::SetTrue | ArgAction::Help | ArgAction::Version | ArgAction::Count
        );
        let longs = argument.get_long_and_visible_aliases().unwrap_or_default();
        for long in longs {
            options.push((long.to_owned(), values, !argument.is_hide_set()));
        }
    }
    options
}

fn refused(words: &[&str]) -> (String, u8) {
    let error = parse_words(words).expect_err(&format!("{words:?} is not refused"));
    (error.to_string(), error.exit_code())
}

#[test]
fn values_that_are_missing_empty_or_wrong() {
    for (long, takes_value, shown) in options() {
        if !shown {
            continue;
        }
        let option = format!("--{long}");
        if !takes_value {
            let message = format!("option '{option}' takes no value");
            assert_eq!(refused(&[&format!("{option}=x"), "a"]), (message, 2));
            continue;
        }
        let needed = (format!("option '{option}' needs a value"), 2);
        if !["rpmbuild-opts", "hermetic-build"].contains(&long.as_str()) {
            assert_eq!(refused(&["--init", &option]), needed);
            assert_eq!(refused(&[&option, "--init"]), needed);
        }
        let empty = [&format!("{option}="), "--init"];
        match values(&long) {
            AnyText => assert!(parse_words(&empty).is_ok(), "{option}"),
            Text => assert_eq!(refused(&empty), needed),
            Wrong(rows) => {
                for (value, code, part) in rows {
                    let (message, status) = refused(&[&format!("{option}={value}"), "--init"]);
                    assert_eq!(status, *code, "{option}={value}: {message}");
                    assert!(message.contains(part), "{option}={value}: {message}");
                    assert!(!message.contains('\n'), "{message}");
                }
            }
        }
    }
}

/// Unique beginnings stand for the whole, others are refused with what they may mean.
#[test]
fn names_may_be_shortened() {
    let options = options();
    for (long, takes_value, _) in &options {
        for end in 1..long.len() {
            let start = &long[..end];
            let meant: Vec<&str> = options
                .iter()
                .map(|(other, ..)| other.as_str())
                .filter(|other| other.starts_with(start))
                .collect();
            if meant.contains(&start) {
                continue;
            }
            let line = |name: &str| {
                let value = if *takes_value { "=1" } else { "" };
                let option = format!("--{name}{value}");
                let second = ["x"].into_iter().filter(|_| *long == "hermetic-build");
                let words = [option.as_str()]
                    .into_iter()
                    .chain(second)
                    .chain(["a.src.rpm"]);
                parse_words(&words.collect::<Vec<_>>())
                    .map_err(|error| (error.to_string(), error.exit_code()))
            };
            if meant.len() == 1 {
                assert_eq!(line(start), line(long), "--{start}");
            } else {
                let (message, code) = line(start).expect_err(start);
                let known = meant.iter().all(|other| message.contains(other));
                let ambiguous = message.contains("is ambiguous: ");
                assert!(known && ambiguous && code == 2, "--{start}: {message}");
            }
        }
    }
}

/// Glued, apart, with `=`, before and behind the words: all the same.
#[test]
fn places_of_options() {
    let expected = run(&["-r", "x", "-D", "a b", "--rebuild", "a.src.rpm"]);
    for words in [
        &["-rx", "-Da b", "--rebuild", "a.src.rpm"][..],
        &["-r=x", "-D=a b", "a.src.rpm"],
        &["a.src.rpm", "--root=x", "--define", "a b"],
        &["a.src.rpm", "--root", "x", "--define=a b", "--rebuild"],
        &["--root", "x", "a.src.rpm", "-D", "a b"],
        &["-r", "y", "-r", "x", "a.src.rpm", "-D", "a b"],
        &["--init", "-r", "x", "-D", "a b", "--rebuild", "a.src.rpm"],
        &["rebuild", "-r", "x", "-D", "a b", "a.src.rpm"],
        &["-r", "x", "rebuild", "a.src.rpm", "-D", "a b"],
        &["-r", "x", "-D", "a b", "--", "a.src.rpm"],
        &["-r", "x", "-D", "a b", "rebuild", "--", "a.src.rpm"],
    ] {
        assert_eq!(run(words), expected, "{words:?}");
    }
    // Behind `--` nothing is an option; one `--` before the words goes, a later one stays.
    for (words, inside) in [
        (&["--shell", "--", "-r", "x"][..], &["-r", "x"][..]),
        (&["shell", "--", "--init"], &["--init"]),
        (
            &["--shell", "env", "--", "--init"],
            &["env", "--", "--init"],
        ),
        (&["--shell", "--", "--", "a"], &["--", "a"]),
    ] {
        match command(words) {
            Command::Shell(found) => assert_eq!(found.words, strings(inside), "{words:?}"),
            other => panic!("{words:?}: {other:?}"),
        }
    }
    // --scrub wins wherever it stands.
    for words in [
        &["--scrub=all", "--init"][..],
        &["--init", "--scrub", "all"],
        &["--rebuild", "--scrub=all"],
        &["--scrub=all", "--shell"],
    ] {
        assert_eq!(
            command(words),
            Command::Scrub(vec![Scrubbed::All]),
            "{words:?}"
        );
    }
}
