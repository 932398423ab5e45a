//! yum 3, for EL 6 and 7 hosts: build requirements are a program of its own.

use std::path::Path;

use super::{Context, Op, PackageManager, head, options, words};

/// From yum-utils.
const BUILDDEP: &str = "/usr/bin/yum-builddep";

#[derive(Debug)]
pub(super) struct Yum;

impl PackageManager for Yum {
    fn name(&self) -> &'static str {
        "yum"
    }

    fn argv(&self, op: &Op, cx: &Context<'_>) -> Vec<String> {
        let words = words(op, "update");
        let mut argv = head(op, cx, false);
        if matches!(op, Op::Builddep(_)) && cx.settings.builddep_command.is_none() {
            argv[0] = BUILDDEP.to_owned();
        }
        argv.extend(options(op, cx, &words));
        argv.extend(words);
        argv
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
