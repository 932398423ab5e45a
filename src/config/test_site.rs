//! For tests: a directory of configurations, and a home.

use super::{Defaults, Loaded, Overrides, Request, Search, cfg, load};
use crate::error::{Error, Result};

pub(super) const MINIMAL: &str = "[chroot]\nname = \"a\"\n";

/// A directory of configurations, and a home.
pub(super) struct Site {
    pub(super) dir: tempfile::TempDir,
    pub(super) overrides: Overrides,
    pub(super) entitlements: Vec<String>,
}

impl Site {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let site = Self {
            dir: tempfile::tempdir().unwrap(),
            overrides: Overrides {
                root: "a".to_owned(),
                ..Overrides::default()
            },
            entitlements: Vec::new(),
        };
        for (name, text) in files {
            site.put(name, text);
        }
        site
    }

    pub(super) fn put(&self, name: &str, text: &str) {
        let path = self.dir.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    pub(super) fn search(&self) -> Search {
        Search {
            config_dirs: vec![self.dir.path().join("etc")],
            program: "mock".to_owned(),
            home: Some(self.dir.path().join("home")),
            cwd: self.dir.path().to_owned(),
        }
    }

    pub(super) fn load(&self) -> Result<Loaded> {
        load(&Request {
            overrides: &self.overrides,
            search: self.search(),
            defaults: Defaults::of_root(),
            host: cfg::Host {
                uid: 1000,
                home: self.dir.path().join("home"),
                cwd: self.dir.path().to_owned(),
                hostname: "builder.example.org".to_owned(),
                entitlements: self.entitlements.clone(),
                environment: [("http_proxy".to_owned(), "http://proxy".to_owned())].into(),
                ..cfg::Host::default()
            },
            host_arch: "x86_64".to_owned(),
            bootstrap: true,
        })
    }

    /// Everything a person would see of an error, with the directory's name taken out.
    pub(super) fn shown(&self, error: &Error) -> String {
        let mut text = format!("{} {error}", error.exit_code());
        if let Error::Config {
            excerpt: Some(excerpt),
            ..
        } = error
        {
            text.push_str(&format!("\n{excerpt}"));
        }
        if let Some(hint) = error.hint() {
            text.push_str(&format!("\nhint: {hint}"));
        }
        let lines = text.lines().map(str::trim_end).collect::<Vec<_>>();
        self.clean(&lines.join("\n"))
    }

    pub(super) fn clean(&self, text: &str) -> String {
        text.replace(&self.dir.path().display().to_string(), "")
    }

    pub(super) fn error(&self) -> String {
        match self.load() {
            Ok(loaded) => format!("no error {:?}", loaded.warnings),
            Err(error) => self.shown(&error),
        }
    }

    pub(super) fn warnings(&self) -> String {
        self.clean(&self.load().unwrap().warnings.join("\n"))
    }
}
