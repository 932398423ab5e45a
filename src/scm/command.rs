//! The configured command, with package and branch put into its words.

use crate::config::Scm;
use crate::error::{Error, Result};

const PACKAGE: &str = "SCM_PKG";
const BRANCH: &str = "SCM_BRN";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Git,
    Svn,
    Cvs,
    Distgit,
}

impl Method {
    const ALL: [Self; 4] = [Self::Git, Self::Svn, Self::Cvs, Self::Distgit];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Svn => "svn",
            Self::Cvs => "cvs",
            Self::Distgit => "distgit",
        }
    }
}

/// One program to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) argv: Vec<String>,
    /// In the checkout, not beside it.
    pub(super) in_checkout: bool,
}

/// What is done for a checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) method: Method,
    pub(super) package: String,
    /// A path in the checkout.
    pub(super) spec: String,
    pub(super) steps: Vec<Step>,
}

impl Plan {
    pub(super) fn new(scm: &Scm) -> Result<Self> {
        let method = Method::ALL
            .into_iter()
            .find(|method| method.name() == scm.method)
            .ok_or_else(|| Error::Usage {
                message: format!("SCM method '{}' is not supported", scm.method),
                hint: Some("--scm-option method= takes git, svn, cvs or distgit".to_owned()),
            })?;
        let package = scm.package.clone().ok_or_else(|| Error::Usage {
            message: "--scm-enable needs the name of a package".to_owned(),
            hint: Some("give it: --scm-option package=NAME".to_owned()),
        })?;
        path_in("package", &package)?;
        if let Some(branch) = &scm.branch {
            value("branch", branch)?;
        }
        let words = Words {
            method,
            package: &package,
            branch: scm.branch.as_deref(),
        };
        let option = format!("{}_get", method.name());
        let get = scm.get.get(method.name()).map_or("", String::as_str);
        let get = words.of_line(&option, get)?;
        let step = |argv: &[&str]| Step {
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            in_checkout: true,
        };
        let has = |option: &str| get.iter().any(|word| word == option);
        let submodules = has("--recursive") || has("--recurse-submodules");
        let mut steps = vec![Step {
            argv: get,
            in_checkout: false,
        }];
        match (method, words.branch) {
            (Method::Git, branch) => {
                // Two dashes: it is no file of the same name.
                steps.extend(branch.map(|branch| step(&["git", "checkout", branch, "--"])));
                if submodules && branch.is_some() {
                    steps.push(step(&[
                        "git",
                        "submodule",
                        "update",
                        "--init",
                        "--recursive",
                    ]));
                }
            }
            (Method::Distgit, _) => {
                let argv = words.of_line("distgit_src_get", &scm.distgit_src_get)?;
                steps.push(Step {
                    argv,
                    in_checkout: true,
                });
            }
            (Method::Svn | Method::Cvs, _) => {}
        }
        let spec = words.filled(&scm.spec);
        path_in("spec", &spec)?;
        Ok(Self {
            method,
            package,
            spec,
            steps,
        })
    }

    /// The package, as a part of a file's name.
    pub(super) fn label(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
        let text = self.package.chars().take(64);
        text.map(|c| if plain(c) { c } else { '_' }).collect()
    }
}

/// A value that can be no option, and no second line of anything.
fn value(name: &str, text: &str) -> Result<()> {
    if text.starts_with('-') || text.chars().any(char::is_control) {
        return Err(Error::usage(format!(
            "--scm-option {name}: '{}' cannot be one",
            text.escape_debug()
        )));
    }
    Ok(())
}

/// A relative path that stays where it begins.
fn path_in(name: &str, text: &str) -> Result<()> {
    value(name, text)?;
    let parts = |part: &str| part.is_empty() || part == ".." || part == ".";
    if text.split('/').any(parts) {
        return Err(Error::usage(format!(
            "--scm-option {name}: '{text}' is no path below the checkout"
        )));
    }
    Ok(())
}

struct Words<'a> {
    method: Method,
    package: &'a str,
    branch: Option<&'a str>,
}

impl Words<'_> {
    fn of_line(&self, option: &str, line: &str) -> Result<Vec<String>> {
        let wrong = |what: &str| Error::Usage {
            message: format!("scm option {option}: '{line}' {what}"),
            hint: None,
        };
        let templates = shlex::split(line)
            .filter(|words| !words.is_empty())
            .ok_or_else(|| wrong("is no command"))?;
        let mut words: Vec<String> = Vec::new();
        for template in templates {
            if template != BRANCH {
                let word = self.filled(&template);
                if word.starts_with('-') && !template.starts_with('-') {
                    return Err(wrong("makes an option of a value"));
                }
                words.push(word);
                continue;
            }
            let after_option = words
                .last()
                .is_some_and(|last| last == "-b" || last == "--branch");
            match (self.method, self.branch) {
                (Method::Cvs, Some(branch)) => words.extend(["-r".to_owned(), branch.to_owned()]),
                (Method::Svn, branch) => words.push(branch.unwrap_or("trunk").to_owned()),
                (Method::Distgit, Some(branch)) => words.push(branch.to_owned()),
                // The branch is checked out afterwards, so that it may be a tag or a commit.
                (Method::Git, Some(branch)) if after_option => words.push(branch.to_owned()),
                (Method::Git | Method::Distgit, None) if after_option => {
                    words.pop();
                }
                (Method::Git | Method::Cvs | Method::Distgit, _) => {}
            }
        }
        Ok(words)
    }

    /// Both names replaced, once: what was put in is not looked at again.
    fn filled(&self, template: &str) -> String {
        let branch = match self.method {
            Method::Svn => self.branch.unwrap_or("trunk"),
            Method::Git | Method::Cvs | Method::Distgit => self.branch.unwrap_or(""),
        };
        let mut filled = String::new();
        let mut rest = template;
        while let Some(at) = rest.find("SCM_") {
            let (before, tail) = rest.split_at(at);
            filled.push_str(before);
            let found = [(PACKAGE, self.package), (BRANCH, branch)]
                .into_iter()
                .find_map(|(name, value)| Some((value, tail.strip_prefix(name)?)));
            match found {
                Some((value, after)) => {
                    filled.push_str(value);
                    rest = after;
                }
                None => {
                    filled.push_str("SCM_");
                    rest = &tail["SCM_".len()..];
                }
            }
        }
        filled + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scm(method: &str, get: &str, branch: Option<&str>) -> Scm {
        Scm {
            method: method.to_owned(),
            package: Some("foo".to_owned()),
            branch: branch.map(str::to_owned),
            get: [(method.to_owned(), get.to_owned())].into(),
            distgit_src_get: "rpkg sources".to_owned(),
            spec: "SCM_PKG.spec".to_owned(),
            ..Scm::default()
        }
    }

    /// The steps, one a line, with `>` before those in the checkout.
    fn steps(scm: &Scm) -> Result<String, String> {
        let plan = Plan::new(scm).map_err(|error| error.to_string())?;
        let line = |step: &Step| {
            let mark = if step.in_checkout { "> " } else { "" };
            format!("{mark}{}", step.argv.join("|"))
        };
        Ok(plan.steps.iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn what_is_run() {
        let git = "git clone SCM_BRN git://localhost/SCM_PKG.git SCM_PKG";
        let cvs = "cvs -d /srv/cvs co SCM_BRN SCM_PKG";
        let svn = "svn co file:///srv/svn/SCM_PKG/SCM_BRN SCM_PKG";
        let distgit = "rpkg clone -a --branch SCM_BRN SCM_PKG SCM_PKG";
        for (method, get, branch, expected) in [
            ("git", git, None, "git|clone|git://localhost/foo.git|foo"),
            (
                "git",
                git,
                Some("f43"),
                "git|clone|git://localhost/foo.git|foo\n> git|checkout|f43|--",
            ),
            (
                "git",
                "git clone --recursive -b SCM_BRN '/srv/my repos/SCM_PKG' SCM_PKG",
                Some("v1"),
                "git|clone|--recursive|-b|v1|/srv/my repos/foo|foo\n> git|checkout|v1|--\n\
                 > git|submodule|update|--init|--recursive",
            ),
            (
                "git",
                "git clone -b SCM_BRN /SCM_PKG SCM_PKG",
                None,
                "git|clone|/foo|foo",
            ),
            ("cvs", cvs, None, "cvs|-d|/srv/cvs|co|foo"),
            ("cvs", cvs, Some("b"), "cvs|-d|/srv/cvs|co|-r|b|foo"),
            ("svn", svn, None, "svn|co|file:///srv/svn/foo/trunk|foo"),
            (
                "svn",
                svn,
                Some("branches/b"),
                "svn|co|file:///srv/svn/foo/branches/b|foo",
            ),
            (
                "distgit",
                distgit,
                Some("b"),
                "rpkg|clone|-a|--branch|b|foo|foo\n> rpkg|sources",
            ),
            (
                "distgit",
                distgit,
                None,
                "rpkg|clone|-a|foo|foo\n> rpkg|sources",
            ),
        ] {
            assert_eq!(
                steps(&scm(method, get, branch)).as_deref(),
                Ok(expected),
                "{get} {branch:?}"
            );
        }
    }

    /// A shell would run it, split it or expand it.
    #[test]
    fn values_stay_in_their_words() {
        let mut hostile = scm(
            "git",
            "git clone 'x y' h:SCM_PKG SCM_PKG",
            Some("$(id);`id`"),
        );
        hostile.package = Some("a b;$(id)|'\"&*SCM_BRN".to_owned());
        let plan = Plan::new(&hostile).expect("it is odd, but a name");
        let package = "a b;$(id)|'\"&*SCM_BRN";
        assert_eq!(
            plan.steps[0].argv,
            ["git", "clone", "x y", &format!("h:{package}"), package]
        );
        assert_eq!(plan.steps[1].argv, ["git", "checkout", "$(id);`id`", "--"]);
        assert_eq!(plan.label(), "a_b___id______SCM_BRN");
    }

    #[test]
    fn what_cannot_be() {
        let git = "git clone SCM_PKG";
        let with = |change: fn(&mut Scm)| {
            let mut changed = scm("git", git, None);
            change(&mut changed);
            steps(&changed)
        };
        for (found, message) in [
            (
                steps(&scm("hg", git, None)),
                "SCM method 'hg' is not supported",
            ),
            (
                with(|scm| scm.package = None),
                "--scm-enable needs the name of a package",
            ),
            (
                with(|scm| scm.package = Some("--upload-pack=x".to_owned())),
                "--scm-option package: '--upload-pack=x' cannot be one",
            ),
            (
                with(|scm| scm.package = Some("a\nb".to_owned())),
                "--scm-option package: 'a\\nb' cannot be one",
            ),
            (
                with(|scm| scm.package = Some("../x".to_owned())),
                "--scm-option package: '../x' is no path below the checkout",
            ),
            (
                with(|scm| scm.package = Some("/x".to_owned())),
                "--scm-option package: '/x' is no path below the checkout",
            ),
            (
                with(|scm| scm.branch = Some("-f".to_owned())),
                "--scm-option branch: '-f' cannot be one",
            ),
            (
                with(|scm| scm.branch = Some("a\0".to_owned())),
                "--scm-option branch: 'a\\0' cannot be one",
            ),
            (
                with(|scm| scm.spec = "../SCM_PKG.spec".to_owned()),
                "--scm-option spec: '../foo.spec' is no path below the checkout",
            ),
            (
                steps(&scm("git", "git clone SCM_BRN-x SCM_PKG", None)),
                "scm option git_get: 'git clone SCM_BRN-x SCM_PKG' makes an option of a value",
            ),
            (
                steps(&scm("git", "git 'clone", None)),
                "scm option git_get: 'git 'clone' is no command",
            ),
            (
                steps(&scm("git", "", None)),
                "scm option git_get: '' is no command",
            ),
        ] {
            assert_eq!(found, Err(message.to_owned()));
        }
    }
}
