//! User Mode Linux: a kernel with a device mapper, on two disks that stay from boot to boot.
//!
//! A script in it finds `mock` and what else is in `tests/uml/prelude.sh`. Only root has what the
//! tests do in it, and only Debian has the package.

use std::path::Path;
use std::process::{Command, Stdio};

use super::machine;
use super::place::{Place, Who, base, configs, skip, skip_even_in_ci};

/// No script takes this long: it hangs.
const SECONDS: &str = "400";

/// The status of a boot that took longer.
const HUNG: i32 = 124;

/// The two disks.
#[derive(Debug)]
pub(crate) struct Uml {
    place: Place,
}

/// A boot that is over.
#[derive(Debug)]
pub(crate) struct UmlDone {
    status: Option<i32>,
    /// What the script printed, on both its outputs.
    pub(crate) text: String,
}

impl Uml {
    /// `None` when it cannot run here.
    pub(crate) fn new() -> Option<Self> {
        if super::ARCH != "x86_64" {
            skip_even_in_ci("Debian has User Mode Linux for x86_64 alone");
            return None;
        }
        let place = Place::new(Who::Root)?;
        if !Path::new("/usr/bin/linux.uml").exists() {
            skip("there is no linux.uml; Debian has it in the package user-mode-linux");
            return None;
        }
        place.make_dir("disks");
        Some(Self { place })
    }

    /// Boots, runs a bash script after the prelude, and halts. A kernel that hangs, which this one was
    /// seen to do, is booted once more, on disks as they were.
    pub(crate) fn run(&self, script: &str) -> UmlDone {
        let (disks, before) = (self.place.path("disks"), self.place.path("disks.before"));
        let copy = |from: &Path, to: &Path| {
            let _ = std::fs::remove_dir_all(to);
            super::run("cp", ["-a", "--sparse=always", &text(from), &text(to)]);
        };
        copy(&disks, &before);
        let done = self.boot(script);
        if done.status != Some(HUNG) {
            return done;
        }
        let said = format!("User Mode Linux hung; once more:\n{}\n", done.text);
        let _ = std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes());
        copy(&before, &disks);
        self.boot(script)
    }

    fn boot(&self, script: &str) -> UmlDone {
        let boot = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/uml/boot.sh");
        let prelude = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/uml/prelude.sh");
        let minidistro = machine::minidistro();
        let script = format!(
            "#!/bin/bash\n\
             mock='{}' configs='{}' arch='{}' minidistro='{}'\n\
             source '{prelude}'\n\
             {script}",
            base().join("mock").display(),
            configs().display(),
            super::ARCH,
            minidistro.display()
        );
        let script = self.place.write("files/script", script);
        super::run("chmod", [Path::new("755"), &script]);
        let see = [base().join("mock"), configs(), minidistro];
        let output = Command::new(boot)
            .args(see.iter().flat_map(|path| [Path::new("--see"), path]))
            .args([&self.place.path("disks"), &script])
            .arg(SECONDS)
            .stdin(Stdio::null())
            .output()
            .expect("the script is part of the tests");
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        UmlDone {
            status: output.status.code(),
            text,
        }
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

impl UmlDone {
    /// The script must have worked.
    pub(crate) fn ok(self) -> Self {
        self.exits(0)
    }

    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.status, Some(code), "{}", self.text);
        self
    }

    /// It must have ended with `cut_power`.
    pub(crate) fn lost_power(self) -> Self {
        self.exits(137)
    }
}
