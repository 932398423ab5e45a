//! export_buildroot_image: the root with all build requirements as `buildroot-oci.tar`, an image for
//! `--buildroot-image` and podman.

use crate::buildroot::Buildroot;
use crate::buildroot::archive::{self, Format, Plan};
use crate::buildroot::layout::{INITIALIZED, UNFINISHED};
use crate::config::PluginConfig;
use crate::error::{Error, Result};
use crate::oci::Platform;
use crate::oci::export::About;
use crate::plugin::Plugin;
use crate::report::{Spinner, Step};

/// In the result directory.
const NAME: &str = "buildroot-oci.tar";

#[derive(Debug)]
struct ExportBuildrootImage;

pub(super) fn new(_settings: &PluginConfig) -> Result<Box<dyn Plugin>> {
    Ok(Box::new(ExportBuildrootImage))
}

impl Plugin for ExportBuildrootImage {
    fn name(&self) -> &'static str {
        "export_buildroot_image"
    }

    fn deps_installed(&self, root: &Buildroot<'_>) -> Result<()> {
        let _step = Step::start("producing buildroot as OCI image");
        let _spinner = Spinner::start("image");
        let target = root.layout.result.join(NAME);
        let wrong = || Error::io("write", &target);
        let as_caller = |work: &mut dyn FnMut() -> Result<tempfile::NamedTempFile>| {
            root.cx.identity.as_caller(work)
        };
        let file = as_caller(&mut || {
            tempfile::Builder::new()
                .prefix(&format!(".{NAME}."))
                .tempfile_in(&root.layout.result)
                .map_err(wrong())
        })?;
        let home = root.layout.home("").trim_start_matches('/').to_owned();
        let omit = [
            "proc".to_owned(),
            "sys".to_owned(),
            format!("{home}/build"),
            INITIALIZED.to_owned(),
            UNFINISHED.to_owned(),
        ];
        let plan = Plan {
            format: Format::Gzip,
            exclude: &[],
            comment: "",
            omit: &omit,
            home: Some((&home, root.user)),
        };
        let about = about(root);
        let check = || root.cx.runner.interrupted();
        let size = archive::pack(&root.inside, file.as_file(), &target, &plan, &about, &check)?;
        root.cx.identity.as_caller(|| {
            let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
            file.as_file().set_permissions(readable).map_err(wrong())?;
            file.persist(&target)
                .map(drop)
                .map_err(|error| wrong()(error.error))
        })?;
        tracing::info!(
            "Wrote image {}: {} MB",
            target.display(),
            size.div_ceil(1_000_000)
        );
        Ok(())
    }
}

fn about(root: &Buildroot<'_>) -> About {
    let config = root.cx.config;
    let arch = &config.chroot.forcearch;
    let arch = arch.as_ref().unwrap_or(&config.chroot.target_arch);
    let users = &config.users;
    let now = jiff::Timestamp::now();
    About {
        platform: Platform::of_arch(arch),
        user: format!("{}:{}", users.chrootuser, users.chrootgroup),
        env: vec![
            "PATH=/usr/bin:/bin:/usr/sbin:/sbin".to_owned(),
            format!("HOME={}", config.chroot.chroothome),
        ],
        created: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        name: config.chroot.shared_name.clone(),
    }
}
