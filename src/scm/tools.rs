//! Running the caller's own tools, with their rights and their environment.

use std::path::Path;
use std::time::Duration;

use crate::buildroot::describe;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::identity::Identity;
use crate::run::{Cmd, Runner, Sink, Stdio, Stream};
use crate::sandbox::{Network, Sandbox, View};

/// Lines of a failed tool's that are shown.
const LAST: usize = 10;

/// What all of them need.
pub(super) struct Tools<'a> {
    pub(super) host: &'a Host,
    pub(super) identity: &'a Identity,
    pub(super) runner: &'a dyn Runner,
    pub(super) timeout: Option<Duration>,
}

/// What a tool says: its answer byte by byte, and the end of all of it for people.
#[derive(Default)]
struct Said {
    stdout: Vec<u8>,
    last: Vec<String>,
}

impl Sink for Said {
    fn bytes(&mut self, stream: Stream, bytes: &[u8]) {
        if stream == Stream::Stdout {
            self.stdout.extend(bytes);
        }
    }

    fn line(&mut self, _stream: Stream, line: &[u8]) {
        let line = String::from_utf8_lossy(line).trim_end().to_owned();
        tracing::debug!("{line}");
        if self.last.len() == LAST {
            self.last.remove(0);
        }
        self.last.push(line);
    }
}

impl Tools<'_> {
    /// Gives what it prints on standard output.
    pub(super) fn run(&self, argv: &[String], cwd: &Path) -> Result<Vec<u8>> {
        let mut said = Said::default();
        let name = argv.first().cloned().unwrap_or_default();
        let status = match self.runner.run(&self.cmd(argv, cwd), &mut said) {
            Err(Error::Spawn { source, .. }) => {
                return Err(Error::Usage {
                    message: format!("cannot run {name}: {source}"),
                    hint: package_of(&name),
                });
            }
            ended => ended?,
        };
        if status.success() {
            return Ok(said.stdout);
        }
        Err(Error::Build {
            phase: argv
                .get(..2)
                .map_or_else(|| name.clone(), |words| words.join(" ")),
            status: describe(status),
            code: status.code(),
            cause: said.last,
            log: None,
            hint: None,
        })
    }

    fn cmd(&self, argv: &[String], cwd: &Path) -> Cmd {
        let mut env = self.host.environment.clone();
        if self.identity.root && self.identity.uid != 0 {
            // sudo may have left root's.
            let home = self.identity.home.display().to_string();
            env.insert("HOME".to_owned(), home);
            for name in ["USER", "LOGNAME"] {
                env.insert(name.to_owned(), self.identity.name.clone());
            }
        }
        Cmd {
            argv: argv.iter().map(Into::into).collect(),
            env: env.into_iter().collect(),
            sandbox: Sandbox {
                view: View::Caller,
                network: Network::Host,
                user: self.identity.owner(),
                cwd: cwd.to_owned(),
                ..Sandbox::machine(self.identity.ids)
            },
            stdio: Stdio::Captured,
            timeout: self.timeout,
        }
    }
}

fn package_of(program: &str) -> Option<String> {
    let (fedora, debian) = match program {
        "git" => ("git-core", "git"),
        "svn" => ("subversion", "subversion"),
        "cvs" => ("cvs", "cvs"),
        "rpkg" => ("rpkg", "rpkg"),
        "xz" => ("xz", "xz-utils"),
        "bzip2" => ("bzip2", "bzip2"),
        "lzip" => ("lzip", "lzip"),
        _ => return None,
    };
    Some(format!(
        "install it: `dnf install {fedora}`, `apt-get install {debian}`"
    ))
}
