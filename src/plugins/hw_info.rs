//! hw_info: `hw_info.log` says on what hardware a build ran.

use crate::buildroot::Buildroot;
use crate::config::PluginConfig;
use crate::error::Result;
use crate::plugin::{Done, Next, Plugin, Scope};
use crate::rpm::rpmbuild::quote;

#[derive(Debug)]
struct HwInfo;

pub(super) fn new(_settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    Ok(Box::new(HwInfo))
}

impl Plugin for HwInfo {
    fn name(&self) -> &'static str {
        "hw_info"
    }

    fn around(&self, scope: Scope, root: &Buildroot<'_>, next: Next<'_>) -> Result<Done> {
        if scope == Scope::Init && root.keeps_logs() {
            let chroot = &root.cx.config.chroot;
            let storage = [&root.layout.root, &chroot.cache_topdir]
                .map(|path| quote(&path.to_string_lossy()));
            // One shell for the three: a program that is missing leaves its part empty.
            let script = format!(
                "export LC_ALL=C.UTF-8\n\
                 printf 'CPU info:\\n'; lscpu\nprintf '\\n\\nMemory:\\n'; free --human\n\
                 printf '\\n\\nStorage (chroot, cache_topdir):\\n'; df -H -T {}\n",
                storage.join(" ")
            );
            let (_, text) = root.run_on_host(&["/bin/sh", "-c", &script])?;
            root.write_result("hw_info.log", text.as_bytes())?;
        }
        next.run()
    }
}
