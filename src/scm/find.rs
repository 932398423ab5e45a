//! The spec file and the sources of a checkout, which may be hostile: neither may be outside it.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// How many spec files a hint names, and how deep they are looked for.
const NAMED: usize = 5;
const DEEPEST: usize = 3;

/// `name` is a path in the checkout. Where it is not there, its name in lower case is tried.
pub(super) fn spec(checkout: &Path, name: &str) -> Result<PathBuf> {
    let (directory, file) = match name.rsplit_once('/') {
        Some((directory, file)) => (checkout.join(directory), file),
        None => (checkout.to_owned(), name),
    };
    let there = [file.to_owned(), file.to_lowercase()]
        .into_iter()
        .map(|file| directory.join(file))
        .find(|path| path.is_file());
    let Some(path) = there else {
        return Err(Error::Usage {
            message: format!("there is no spec file {name} in the checkout"),
            hint: Some(match spec_files(checkout).as_slice() {
                [] => "there is no spec file in it".to_owned(),
                found => format!(
                    "there is {}; --scm-option spec=PATH chooses one",
                    found.join(", ")
                ),
            }),
        });
    };
    inside(checkout, &path, "spec")
}

/// The whole checkout, or a directory in it.
pub(super) fn sources(checkout: &Path, directory: Option<&str>) -> Result<PathBuf> {
    let Some(directory) = directory else {
        return Ok(checkout.to_owned());
    };
    let path = checkout.join(directory);
    if !path.is_dir() {
        return Err(Error::usage(format!(
            "--scm-option int_src_dir: there is no directory {directory} in the checkout"
        )));
    }
    inside(checkout, &path, "int_src_dir")
}

/// The path without links, if none leads out.
fn inside(checkout: &Path, path: &Path, option: &str) -> Result<PathBuf> {
    let resolve = |path: &Path| fs_err::canonicalize(path).map_err(Error::io("read", path));
    let (top, real) = (resolve(checkout)?, resolve(path)?);
    if real.starts_with(&top) {
        return Ok(real);
    }
    Err(Error::usage(format!(
        "--scm-option {option}: {} leads out of the checkout",
        path.strip_prefix(checkout).unwrap_or(path).display()
    )))
}

fn spec_files(checkout: &Path) -> Vec<String> {
    walkdir::WalkDir::new(checkout)
        .max_depth(DEEPEST)
        .sort_by_file_name()
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| {
            let path = entry.path().strip_prefix(checkout).ok()?;
            let is_spec = path
                .extension()
                .is_some_and(|extension| extension == "spec");
            is_spec.then(|| path.display().to_string())
        })
        .take(NAMED)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_is_found() -> Result<()> {
        let made = |_| Error::usage("cannot make it");
        let scratch = tempfile::tempdir().map_err(made)?;
        let top = fs_err::canonicalize(scratch.path()).map_err(made)?;
        let checkout = top.join("foo");
        fs_err::create_dir_all(checkout.join("rpm/src")).map_err(made)?;
        for file in ["foo/rpm/foo.spec", "foo/bar.spec", "outside.spec"] {
            fs_err::write(top.join(file), "").map_err(made)?;
        }
        let link = |target: &str, name: &str| {
            fs_err::os::unix::fs::symlink(target, checkout.join(name)).map_err(made)
        };
        link("../outside.spec", "evil.spec")?;
        link("bar.spec", "good.spec")?;
        link("/etc", "etc")?;
        let say = |found: Result<PathBuf>| match found {
            Ok(path) => path
                .strip_prefix(&top)
                .unwrap_or(&path)
                .display()
                .to_string(),
            Err(error) => format!("{error} ({})", error.hint().unwrap_or_default()),
        };
        for (name, expected) in [
            ("rpm/foo.spec", "foo/rpm/foo.spec"),
            ("rpm/FOO.spec", "foo/rpm/foo.spec"),
            ("good.spec", "foo/bar.spec"),
            (
                "evil.spec",
                "--scm-option spec: evil.spec leads out of the checkout ()",
            ),
            (
                "foo.spec",
                "there is no spec file foo.spec in the checkout (there is bar.spec, rpm/foo.spec; --scm-option \
                 spec=PATH chooses one)",
            ),
        ] {
            assert_eq!(say(spec(&checkout, name)), expected, "{name}");
        }
        for (name, expected) in [
            (None, "foo"),
            (Some("rpm/src"), "foo/rpm/src"),
            (
                Some("etc"),
                "--scm-option int_src_dir: etc leads out of the checkout ()",
            ),
            (
                Some("../.."),
                "--scm-option int_src_dir: ../.. leads out of the checkout ()",
            ),
            (
                Some("none"),
                "--scm-option int_src_dir: there is no directory none in the checkout ()",
            ),
        ] {
            assert_eq!(say(sources(&checkout, name)), expected, "{name:?}");
        }
        Ok(())
    }
}
