//! The files that make up a configuration, in the order in which they override each other.
//!
//! Defaults, `site-defaults`, `chroot-aliases`, the chroot's own file, the user's two files, the
//! command line: the original's order. Where a directory is looked for is data ([`Search`]), not a
//! fact this module finds out, so that tests and an uninstalled binary can bring their own.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::cfg;
use super::dnf::Dnf;
use super::keys;
use super::near::near;
use super::options::Options;
use super::toml;
use super::value::{Origin, Value};
use crate::error::{Error, Result};

/// Where configurations are looked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    /// Candidates for the configuration directory; the first that holds the name wins.
    pub(crate) config_dirs: Vec<PathBuf>,
    /// Of directories and files: `mock`, unless the binary is installed under another name.
    pub(crate) program: String,
    /// The caller's home: `~/.config/mock` and the user's own files are in it.
    pub(crate) home: Option<PathBuf>,
    /// What a relative path is relative to.
    pub(crate) cwd: PathBuf,
}

/// The chroot configuration that a name led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Name without directory and extension.
    pub(super) name: String,
    /// The directory that it is from, or that takes the place of one for a path.
    pub(super) config_dir: PathBuf,
}

/// What has been read so far.
pub(super) struct State<'h> {
    pub(super) options: Options,
    pub(super) dnf: Dnf,
    pub(super) files_read: Vec<PathBuf>,
    pub(super) warnings: Vec<String>,
    config_dir: PathBuf,
    search: &'h Search,
    host: &'h cfg::Host,
}

impl<'h> State<'h> {
    pub(super) fn new(config_dir: PathBuf, search: &'h Search, host: &'h cfg::Host) -> Self {
        Self {
            options: keys::defaults(),
            dnf: Dnf::default(),
            files_read: Vec::new(),
            warnings: Vec::new(),
            config_dir,
            search,
            host,
        }
    }

    pub(super) fn note_file(&mut self, path: &Path) {
        if !self.files_read.iter().any(|known| known == path) {
            self.files_read.push(path.to_owned());
        }
    }

    pub(super) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Where includes are looked for besides the including file's directory.
    pub(super) fn config_dirs(&self) -> Vec<PathBuf> {
        let mut dirs = vec![self.config_dir.clone()];
        dirs.extend(
            self.search
                .config_dirs
                .iter()
                .filter(|d| **d != self.config_dir)
                .cloned(),
        );
        dirs
    }

    pub(super) fn evaluate_cfg(&mut self, path: &Path) -> Result<()> {
        cfg::evaluate(
            path,
            &self.config_dir,
            self.host,
            &mut self.options,
            &mut self.files_read,
            &mut self.warnings,
        )
    }

    /// Reads one top-level file of either format.
    pub(super) fn read(&mut self, path: &Path) -> Result<()> {
        if is_toml(path) {
            toml::load(path, self)?;
        } else {
            self.evaluate_cfg(path)?;
        }
        self.dnf.write(&mut self.options)?;
        check_macros(&mut self.options)
    }

    /// Reads a file of the site: from the first directory that has it.
    ///
    /// `/etc/mock/site-defaults.cfg` holds for chroots that come with mock, too.
    fn read_of_site(&mut self, stem: &str) -> Result<()> {
        let mut dirs = self.search.config_dirs.iter();
        let Some(dir) = dirs.find(|dir| in_dir(dir, stem).is_some()) else {
            return Ok(());
        };
        let of_chroot = std::mem::replace(&mut self.config_dir, dir.clone());
        let read = self.read_optional(&self.config_dir.join(stem));
        self.config_dir = of_chroot;
        read
    }

    /// Reads `STEM.cfg` and `STEM.toml`, those of them that are there and may be read.
    fn read_optional(&mut self, stem: &Path) -> Result<()> {
        for extension in ["cfg", "toml"] {
            let path = with_extension(stem, extension);
            if readable(&path) {
                self.read(&path)?;
            }
        }
        Ok(())
    }
}

/// Reads all files in order.
pub(super) fn read_all<'h>(
    found: &Found,
    search: &'h Search,
    host: &'h cfg::Host,
) -> Result<State<'h>> {
    let mut state = State::new(found.config_dir.clone(), search, host);
    for (key, value) in [
        ("config_path", found.config_dir.display().to_string()),
        ("config_file", found.path.display().to_string()),
        ("chroot_name", found.name.clone()),
    ] {
        state.options.set(&[key], value.into(), Origin::Computed);
    }
    state.read_of_site("site-defaults")?;
    state.read_of_site("chroot-aliases")?;
    if is_toml(&found.path) {
        state.dnf.require();
    }
    state.read(&found.path)?;
    if let Some(home) = &search.home {
        let program = &search.program;
        state.read_optional(&home.join(format!(".{program}/user")))?;
        state.read_optional(&home.join(".config").join(program))?;
    }
    Ok(state)
}

/// The file that `-r root` means.
pub(super) fn find(root: &str, search: &Search) -> Result<Found> {
    let exists = |dir: &&PathBuf| dir.is_dir();
    let first_dir = search
        .config_dirs
        .iter()
        .find(exists)
        .or(search.config_dirs.first());
    let config_dir = first_dir
        .cloned()
        .unwrap_or_else(|| Path::new("/etc").join(&search.program));
    if root.ends_with(".cfg") || root.ends_with(".toml") {
        let path = search.cwd.join(root);
        return match path.is_file() {
            true => Ok(Found {
                name: stem(&path),
                path,
                config_dir,
            }),
            false => Err(missing(root, &path, search)),
        };
    }
    if let Some(path) = user_dir(search).and_then(|dir| in_dir(&dir, root)) {
        return Ok(Found {
            name: root.to_owned(),
            path,
            config_dir,
        });
    }
    for dir in &search.config_dirs {
        if let Some(path) = in_dir(dir, root) {
            return Ok(Found {
                name: root.to_owned(),
                path,
                config_dir: dir.clone(),
            });
        }
    }
    let path = config_dir.join(format!("{root}.cfg"));
    Err(advice(root, search, &config_dir).unwrap_or_else(|| missing(root, &path, search)))
}

pub(super) fn user_dir(search: &Search) -> Option<PathBuf> {
    let home = search.home.as_ref()?;
    Some(home.join(".config").join(&search.program))
}

fn in_dir(dir: &Path, name: &str) -> Option<PathBuf> {
    ["toml", "cfg"]
        .into_iter()
        .map(|extension| with_extension(&dir.join(name), extension))
        .find(|path| path.is_file())
}

fn missing(root: &str, path: &Path, search: &Search) -> Error {
    let mut hint = Vec::new();
    if root == "default" {
        hint.push("Did you forget to specify the chroot to use with '-r'?".to_owned());
    }
    let names = all_names(search);
    let wanted = stem(Path::new(root));
    let near = near(&wanted, names.iter().map(String::as_str).collect());
    if !near.is_empty() && root != "default" {
        hint.push(format!("there is {}", near[..near.len().min(3)].join(", ")));
    }
    if !root.ends_with(".cfg") && !root.ends_with(".toml") && root.contains('/') {
        hint.push(
            "If you're trying to specify a path, include the extension, e.g. -r ./target.cfg or \
             ./target.toml"
                .to_owned(),
        );
    }
    hint.push(format!(
        "{} --list-chroots lists all configurations",
        search.program
    ));
    Error::Config {
        place: String::new(),
        message: format!(
            "Could not find required config file: {}\nNon-existing Mock config '{root}'",
            path.display()
        ),
        excerpt: None,
        hint: Some(hint.join("\n")),
    }
}

/// What `chroot-aliases` advises to use instead of a name such as `epel-9-x86_64`.
fn advice(root: &str, search: &Search, config_dir: &Path) -> Option<Error> {
    let (alias, arch) = root.rsplit_once('-')?;
    let host = cfg::Host::default();
    let mut state = State::new(config_dir.to_owned(), search, &host);
    state
        .read_optional(&config_dir.join("chroot-aliases"))
        .ok()?;
    let Some(Value::Dict(alternatives)) = state.options.get(&["no-config", alias, "alternatives"])
    else {
        return None;
    };
    let mut text = vec!["There are those alternatives:".to_owned()];
    let mut count = 0;
    for (name, details) in alternatives {
        let full = format!("{name}-{arch}");
        let Some(path) = search.config_dirs.iter().find_map(|dir| in_dir(dir, &full)) else {
            continue;
        };
        count += 1;
        text.push(format!("\n[{count}] {full}"));
        text.push(format!("    Use instead: {} -r {full}", search.program));
        let lines = match details {
            Value::Dict(details) => match details.get("description") {
                Some(Value::Str(text)) => text.lines().collect(),
                Some(Value::List(lines)) => lines.iter().filter_map(Value::as_str).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        text.extend(lines.iter().map(|line| format!("    {}", line.trim())));
        let user = user_dir(search).unwrap_or_default();
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        text.push("    Enable permanently by:".to_owned());
        if !user.is_dir() {
            text.push(format!("    $ mkdir -p ~/.config/{}", search.program));
        }
        text.push(format!(
            "    $ ln -s {} {}/{root}.{extension}",
            path.display(),
            user.display()
        ));
    }
    (count > 0).then(|| Error::Config {
        place: String::new(),
        message: format!("Mock config '{root}' not found"),
        excerpt: None,
        hint: Some(text.join("\n")),
    })
}

/// The files of a directory that are chroot configurations, sorted, by name.
pub(super) fn configs_in(dir: &Path) -> Vec<(String, PathBuf)> {
    let mut found = IndexMap::new();
    let entries = fs_err::read_dir(dir).into_iter().flatten().flatten();
    for path in entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
    {
        let name = stem(&path);
        let special = ["site-defaults", "chroot-aliases", "defaults"].contains(&name.as_str());
        let known = is_toml(&path) || path.extension().is_some_and(|e| e == "cfg");
        // As for `-r`: a TOML file hides a `.cfg` of the same name.
        if known && !special && (is_toml(&path) || !found.contains_key(&name)) {
            found.insert(name, path);
        }
    }
    found.sort_keys();
    found.into_iter().collect()
}

fn all_names(search: &Search) -> BTreeSet<String> {
    let dirs = search.config_dirs.iter().cloned().chain(user_dir(search));
    dirs.flat_map(|dir| configs_in(&dir))
        .map(|(name, _)| name)
        .collect()
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

pub(super) fn is_toml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "toml")
}

/// Names such as `centos-7.5` have dots of their own: the extension is added, never replaced.
fn with_extension(stem: &Path, extension: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(".");
    path.push(extension);
    path.into()
}

/// An unreadable directory of the user (Koji's builders have one) counts as empty.
fn readable(path: &Path) -> bool {
    match fs_err::File::open(path) {
        Ok(_) => true,
        Err(error) => !matches!(
            error.kind(),
            ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::NotADirectory
        ),
    }
}

/// Adds the missing `%` to names of macros; refuses what rpm could not read.
pub(super) fn check_macros(options: &mut Options) -> Result<()> {
    let Some(Value::Dict(macros)) = options.get(&["macros"]) else {
        return Ok(());
    };
    let mut plain = Vec::new();
    for (name, value) in macros {
        let empty = matches!(value, Value::Str(text) if text.is_empty());
        if name.is_empty() || name.contains(char::is_whitespace) || empty {
            let value = match value {
                Value::Str(text) => text.clone(),
                other => super::debug::literal(other),
            };
            let message = format!("Bad macros 'config_opts['macros']['{name}'] = ['{value}']'");
            return Err(Error::usage(message));
        }
        if !name.starts_with('%') {
            plain.push((name.clone(), value.clone()));
        }
    }
    for (name, value) in plain {
        let origin = options
            .origin(&["macros", &name])
            .cloned()
            .unwrap_or(Origin::Computed);
        options.set(&["macros", &format!("%{name}")], value, origin);
        if let Some(Value::Dict(macros)) = options.values.get_mut("macros") {
            macros.shift_remove(&name);
        }
    }
    Ok(())
}
