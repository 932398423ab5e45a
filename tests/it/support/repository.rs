//! A repository of a test's own, with packages that are built on the spot.

use std::fs;
use std::path::{Path, PathBuf};

use super::place::{Place, run};

#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) directory: PathBuf,
}

impl Repository {
    /// An empty one in the place's directory `files/NAME`.
    pub(crate) fn new(place: &Place, name: &str) -> Self {
        let directory = place.make_dir(&format!("files/{name}"));
        let repository = Self { directory };
        repository.index();
        repository
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.directory.display())
    }

    /// Packages that are built from other files than their own lie here, and are not part of it.
    pub(crate) fn sources(&self) -> PathBuf {
        let sources = self.directory.join(".sources");
        fs::create_dir_all(&sources).expect("a test's directory can be made");
        sources
    }

    /// Builds a package of this architecture from the lines after its preamble, and lists it. What it
    /// requires is said, not searched for.
    pub(crate) fn add(&self, name: &str, rest: &str) -> PathBuf {
        let path = self.rpmbuild("-bb", name, rest);
        self.index();
        path
    }

    /// A package without files but for `/etc/NAME`, which no other has, and what `rest` says.
    pub(crate) fn add_small(&self, name: &str, rest: &str) -> PathBuf {
        let text = format!(
            "%description\n%install\nmkdir -p %{{buildroot}}/etc\necho {name} > %{{buildroot}}/etc/{name}\n\
             {rest}\n%files\n/etc/{name}\n"
        );
        self.add(name, &text)
    }

    /// A source package, which is not listed.
    pub(crate) fn source(&self, name: &str, rest: &str) -> PathBuf {
        self.rpmbuild("-bs", name, rest)
    }

    fn rpmbuild(&self, how: &str, name: &str, rest: &str) -> PathBuf {
        let spec = self.sources().join(format!("{name}.spec"));
        let text = format!(
            "%global debug_package %{{nil}}\n%global __os_install_post %{{nil}}\n%global _build_id_links none\n\
             Name: {name}\nVersion: 1\nRelease: 1\nSummary: x\nLicense: MIT\nAutoReqProv: no\n{rest}"
        );
        fs::write(&spec, text).expect("a test's file can be written");
        let mut words = vec!["--quiet".to_owned(), how.to_owned()];
        for (macro_name, value) in [
            ("_topdir", self.directory.join(".build")),
            ("_sourcedir", self.sources()),
            ("_rpmdir", self.directory.clone()),
            ("_srcrpmdir", self.sources()),
            ("_rpmfilename", "%%{NAME}.rpm".into()),
        ] {
            words.extend(["-D".to_owned(), format!("{macro_name} {}", value.display())]);
        }
        words.push(spec.to_string_lossy().into_owned());
        run("rpmbuild", words);
        match how {
            "-bs" => self.sources().join(format!("{name}-1-1.src.rpm")),
            _ => self.directory.join(format!("{name}.rpm")),
        }
    }

    /// Says anew what is in it.
    pub(crate) fn index(&self) {
        let directory = self.directory.to_string_lossy();
        if self.directory.join("repodata").exists() {
            // What dnf has looked at within the same second it takes for current.
            std::thread::sleep(std::time::Duration::from_millis(1100));
        }
        run("createrepo_c", ["-q", "--excludes=.*/*", &directory]);
        run("chmod", ["-R", "a+rX", &directory]);
    }
}

/// Changes one byte of a file, `from_end` bytes before its end.
pub(crate) fn flip(file: &Path, from_end: usize) {
    let mut bytes = fs::read(file).expect("the file is there");
    let at = bytes.len() - from_end;
    bytes[at] ^= 0xff;
    fs::write(file, bytes).expect("a test's file can be written");
}
