//! Whole files through `evaluate`, in a directory of their own.

mod clients;
mod constructs;
mod errors;
mod expressions;
mod hostile;
mod includes;
mod origins;

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use tempfile::TempDir;

use super::{Host, evaluate};
use crate::config::options::Options;
use crate::config::value::Value;
use crate::error::{Error, Result};

/// A configuration directory and what was said about it.
struct Site {
    directory: TempDir,
    host: Host,
    options: Options,
    files_read: Vec<PathBuf>,
    warnings: Vec<String>,
}

impl Site {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
            host: host(),
            options: Options::default(),
            files_read: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(name);
        fs_err::create_dir_all(path.parent().expect("below the directory")).expect("created");
        fs_err::write(path, text).expect("written");
        self
    }

    fn evaluate(&mut self, name: &str) -> Result<()> {
        evaluate(
            &self.directory.path().join(name),
            self.directory.path(),
            &self.host,
            &mut self.options,
            &mut self.files_read,
            &mut self.warnings,
        )
    }

    /// A text with the directory's name taken out.
    fn relative(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.path().display()), "")
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings
            .iter()
            .map(|text| self.relative(text))
            .collect()
    }

    /// The error as it is printed, with its excerpt and its hint.
    fn error(&mut self, name: &str) -> String {
        let error = self.evaluate(name).expect_err("an error");
        self.relative(&printed(&error))
    }
}

fn printed(error: &Error) -> String {
    let mut text = error.to_string();
    if let Error::Config {
        excerpt: Some(excerpt),
        ..
    } = error
    {
        text = format!("{text}\n{excerpt}");
    }
    if let Some(hint) = error.hint() {
        text = format!("{text}\nhint: {hint}");
    }
    text
}

fn host() -> Host {
    let environment = [
        ("HOME", "/home/builder"),
        ("USER", "builder"),
        ("EMPTY", ""),
    ];
    Host {
        environment: environment
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
        user: "builder".to_owned(),
        uid: 1000,
        gid: 1001,
        groups: [("mock".to_owned(), 135), ("builder".to_owned(), 1001)].into(),
        home: PathBuf::from("/home/builder"),
        cwd: PathBuf::from("/srv"),
        hostname: "host.example.org".to_owned(),
        entitlements: Vec::new(),
        random_seed: 7,
    }
}

/// What a file makes of no options at all.
fn run(text: &str) -> Result<IndexMap<String, Value>> {
    let mut site = Site::new();
    site.write("main.cfg", text);
    site.evaluate("main.cfg")?;
    Ok(site.options.values)
}

fn values(text: &str) -> IndexMap<String, Value> {
    run(text).unwrap_or_else(|error| panic!("{text}\n{}", printed(&error)))
}

fn error(text: &str) -> String {
    let mut site = Site::new();
    site.write("main.cfg", text);
    site.error("main.cfg")
}

fn list<const N: usize>(items: [&str; N]) -> Value {
    Value::List(items.map(Value::from).into())
}

fn dict<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Dict(entries.map(|(key, value)| (key.to_owned(), value)).into())
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> IndexMap<String, Value> {
    entries.map(|(key, value)| (key.to_owned(), value)).into()
}
