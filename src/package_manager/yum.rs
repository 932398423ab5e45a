//! yum 3, for EL 6 and 7: build requirements and questions are programs of their own (yum-utils),
//! and what is missing is found in the output.
//!
//! Hosts that had dnf already called yum `yum-deprecated`, and its companions likewise.

use std::path::Path;

use super::{Context, Op, PackageManager, head, options, words};
use crate::error::Error;

/// From yum-utils.
const BUILDDEP: &str = "/usr/bin/yum-builddep";
const REPOQUERY: &str = "/usr/bin/repoquery";

const DEPRECATED: &str = "-deprecated";

/// What yum and its companions print of packages that are not there, in lower case. They need not
/// fail then.
const COMPLAINTS: [&str; 4] = [
    "no package found for",
    "no packages found for",
    "missing dependency",
    "error:",
];

#[derive(Debug)]
pub(super) struct Yum;

impl PackageManager for Yum {
    fn name(&self) -> &'static str {
        "yum"
    }

    fn argv(&self, op: &Op, cx: &Context<'_>) -> Vec<String> {
        let mut words = words(op, "update");
        let mut argv = head(op, cx, false);
        let deprecated = cx.command.ends_with(DEPRECATED);
        let companion = |program: &str| match deprecated {
            true => format!("{program}{DEPRECATED}"),
            false => program.to_owned(),
        };
        match op {
            Op::Builddep(_) => {
                let own = cx.settings.builddep_command.as_deref();
                if own.is_none_or(|command| command == BUILDDEP) {
                    argv[0] = companion(BUILDDEP);
                }
            }
            Op::Query(_) => {
                argv[0] = companion(REPOQUERY);
                // It has no other way to the root's configuration.
                if let Some(root) = cx.root {
                    let conf = format!("{}/etc/yum.conf", root.display());
                    argv.splice(1..1, ["-c".to_owned(), conf]);
                }
                words.remove(0);
            }
            // That of yum-deprecated is broken.
            Op::Resolve(_) if deprecated => {
                argv[0] = companion(REPOQUERY);
                argv.splice(
                    1..1,
                    ["--resolve".to_owned(), "--requires".to_owned()]
                        .into_iter()
                        .chain(cx.root.into_iter().flat_map(|root| {
                            let conf = format!("{}/etc/yum.conf", root.display());
                            ["--config".to_owned(), conf]
                        })),
                );
                words.remove(0);
            }
            _ => {}
        }
        argv.extend(options(op, cx, &words));
        argv.extend(words);
        argv
    }

    fn resolves_first(&self) -> bool {
        true
    }

    fn complaint(&self, op: &Op, output: &str) -> Option<Error> {
        if !matches!(op, Op::Builddep(_) | Op::Resolve(_)) {
            return None;
        }
        let complains = |line: &str| {
            let line = line.to_lowercase();
            COMPLAINTS.iter().any(|complaint| line.contains(complaint))
        };
        let lines: Vec<&str> = output.lines().collect();
        let first = lines.iter().position(|line| complains(line))?;
        Some(Error::BuildSetup {
            message: format!("yum {op}:\n{}", lines[first..].join("\n").trim_end()),
            hint: None,
        })
    }
}

/// Where yum looks for plugins unless it is told (yum.conf(5)).
const PLUGIN_PATH: &str = "/usr/share/yum-plugins,/usr/lib/yum-plugins";

/// The text of `yum.conf`: plugins are set up in the root, not on the host, and those in `plugins`
/// are loaded, too. yum reads these two settings before it looks at its command line.
pub(crate) fn conf(text: &str, root: &Path, plugins: Option<&Path>) -> String {
    const ON: &str = "plugins=1";
    let conf_path = format!("{}/etc/yum/pluginconf.d", root.display());
    let switch = match plugins {
        Some(dir) => {
            let dir = dir.display();
            format!("{ON}\npluginpath={PLUGIN_PATH},{dir}\npluginconfpath={conf_path},{dir}")
        }
        None => format!("{ON}\npluginconfpath={conf_path}"),
    };
    let mut lines: Vec<&str> = text.lines().collect();
    match lines.iter().position(|line| line.trim() == ON) {
        Some(at) => lines[at] = &switch,
        // Only mock's own need plugins to be on then.
        None if plugins.is_some() => {
            let main = lines.iter().position(|line| line.trim() == "[main]");
            lines.insert(main.map_or(0, |at| at + 1), &switch);
        }
        None => {}
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_of_the_root_and_of_mock() {
        let root = Path::new("/r");
        let dir = Some(Path::new("/h/p"));
        assert_eq!(
            conf("[main]\nplugins=1\nx=1\n", root, None),
            "[main]\nplugins=1\npluginconfpath=/r/etc/yum/pluginconf.d\nx=1\n"
        );
        let both = "plugins=1\npluginpath=/usr/share/yum-plugins,/usr/lib/yum-plugins,/h/p\n\
                    pluginconfpath=/r/etc/yum/pluginconf.d,/h/p\n";
        assert_eq!(
            conf("[main]\nplugins=1\nx=1\n", root, dir),
            format!("[main]\n{both}x=1\n")
        );
        assert_eq!(
            conf("[main]\nx=1\n", root, dir),
            format!("[main]\n{both}x=1\n")
        );
        assert_eq!(conf("[main]\nx=1\n", root, None), "[main]\nx=1\n");
    }
}
