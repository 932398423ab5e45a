//! The command lines, the original's with tags added. Pure.

use super::volumes::{FIELDS, ROOT_TAG};

/// Tags that say what a volume came from: the raw form of a state (`states.rs`).
pub(super) const ORIGIN_TAG: &str = "mock.origin=";
pub(super) const COPY_TAG: &str = "mock.of=";

/// A volume group, its thin pool, and the root whose volumes are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Commands<'a> {
    pub(super) group: &'a str,
    pub(super) pool: &'a str,
    pub(super) root: &'a str,
}

type Argv = Vec<String>;

fn words(words: &[&str]) -> Argv {
    words.iter().map(|word| (*word).to_owned()).collect()
}

impl Commands<'_> {
    fn path(&self, volume: &str) -> String {
        format!("{}/{volume}", self.group)
    }

    fn tag(&self) -> String {
        format!("{ROOT_TAG}{}", self.root)
    }

    pub(super) fn list(&self) -> Argv {
        let time = "report/time_format=\"%s\"";
        words(&[
            "lvs",
            "--reportformat",
            "json",
            "--config",
            time,
            "--options",
            FIELDS,
            self.group,
        ])
    }

    pub(super) fn create_pool(&self, size: &str, metadata: Option<&str>) -> Argv {
        let mut argv = words(&["lvcreate", "-T", &self.path(self.pool), "-L", size]);
        if let Some(metadata) = metadata {
            argv.extend(words(&["--poolmetadatasize", metadata]));
        }
        argv
    }

    /// An empty volume.
    pub(super) fn create(&self, name: &str, size: &str) -> Argv {
        let pool = self.path(self.pool);
        let tag = self.tag();
        words(&[
            "lvcreate", "-T", &pool, "-V", size, "-n", name, "--addtag", &tag,
        ])
    }

    /// A state of another volume.
    pub(super) fn snapshot(&self, of: &str, name: &str, tags: &[String]) -> Argv {
        let mut argv = words(&["lvcreate", "-s", &self.path(of), "-n", name]);
        for tag in [&self.tag()].into_iter().chain(tags) {
            argv.extend(words(&["--addtag", tag]));
        }
        argv
    }

    /// A head that starts from a state.
    pub(super) fn head(&self, from: &str, name: &str, tags: &[String]) -> Argv {
        let mut argv = self.snapshot(from, name, tags);
        argv.extend(words(&["--setactivationskip", "n"]));
        argv
    }

    pub(super) fn retag(&self, volume: &str, old: Option<&str>, new: &str) -> Argv {
        let mut argv = words(&["lvchange"]);
        if let Some(old) = old {
            argv.extend(words(&["--deltag", old]));
        }
        argv.extend(words(&["--addtag", new, &self.path(volume)]));
        argv
    }

    /// Takes over volumes that have no tag.
    pub(super) fn adopt(&self, volumes: &[&str]) -> Argv {
        let mut argv = words(&["lvchange", "--addtag", &self.tag()]);
        argv.extend(volumes.iter().map(|volume| self.path(volume)));
        argv
    }

    pub(super) fn activate(&self, volume: &str) -> Argv {
        words(&["lvchange", "-a", "y", "-K", &self.path(volume)])
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> Argv {
        words(&["lvrename", self.group, from, to])
    }

    pub(super) fn remove(&self, volume: &str) -> Argv {
        words(&["lvremove", "-f", &self.path(volume)])
    }

    /// The two commands that remove a pool, but only one without volumes: without `-f` and without
    /// an answer `lvremove` asks for more than it gets where there are some.
    pub(super) fn remove_pool(&self) -> [Argv; 2] {
        let path = self.path(self.pool);
        [
            words(&["lvchange", "-a", "n", &path]),
            words(&["lvremove", &path]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines() {
        let commands = Commands {
            group: "vg",
            pool: "pool",
            root: "f43",
        };
        let line = |argv: Argv| argv.join(" ");
        assert_eq!(
            line(commands.create_pool("2G", Some("64M"))),
            "lvcreate -T vg/pool -L 2G --poolmetadatasize 64M"
        );
        assert_eq!(
            line(commands.create("+mock.f43.head", "2G")),
            "lvcreate -T vg/pool -V 2G -n +mock.f43.head --addtag mock.root=f43"
        );
        assert_eq!(
            line(commands.head(
                "mock.f43.a",
                "+mock.f43.head",
                &["mock.origin=a".to_owned()]
            )),
            "lvcreate -s vg/mock.f43.a -n +mock.f43.head --addtag mock.root=f43 --addtag mock.origin=a \
             --setactivationskip n"
        );
        assert_eq!(
            line(commands.retag("x", Some("a=1"), "a=2")),
            "lvchange --deltag a=1 --addtag a=2 vg/x"
        );
        assert_eq!(
            line(commands.adopt(&["x", "y"])),
            "lvchange --addtag mock.root=f43 vg/x vg/y"
        );
        assert_eq!(line(commands.remove("x")), "lvremove -f vg/x");
        assert_eq!(line(commands.rename("x", "y")), "lvrename vg x y");
        assert!(
            commands
                .remove_pool()
                .iter()
                .flatten()
                .all(|word| word != "-f")
        );
    }
}
