//! Images of containers that a root begins with.

use std::path::Path;
use std::time::Duration;

use super::reader::Reader;
use crate::error::Result;

/// Which image, and how to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    /// As podman would take it.
    pub(crate) reference: String,
    /// `OS/ARCH[/VARIANT]`, where `oci_platform_map` has one for the target architecture.
    pub(crate) platform: Option<String>,
    pub(crate) skip_pull: bool,
    /// For how long a name is taken to mean what it meant.
    pub(crate) max_age: Duration,
    /// It has everything that would be installed.
    pub(crate) ready: bool,
    /// Packages are installed when the image cannot be had.
    pub(crate) fallback: bool,
    pub(crate) assert_digest: Option<String>,
    pub(crate) keep_getting: Duration,
    pub(crate) pull_timeout: Duration,
}

/// The image of the build root: naming one is enough to use it.
pub(super) fn of_buildroot(reader: &Reader<'_>) -> Result<Option<Image>> {
    let image = image(reader, "buildroot_image")?;
    if image.is_none() && reader.bool(&["use_buildroot_image"])? {
        let message = "use_buildroot_image: buildroot_image must say which one".to_owned();
        return Err(reader.error(&["use_buildroot_image"], message));
    }
    Ok(image)
}

/// What the keys that begin with `name` say; nothing without an image.
pub(super) fn image(reader: &Reader<'_>, name: &str) -> Result<Option<Image>> {
    let Some(reference) = reader.text(&[name])? else {
        return Ok(None);
    };
    let key = |suffix: &str| format!("{name}_{suffix}");
    let seconds = |suffix: &str| -> Result<Duration> {
        let number = reader.number(&[&key(suffix)])?.unwrap_or(0);
        Ok(Duration::from_secs(number.into()))
    };
    let platforms = reader.table_of_strings(&["oci_platform_map"])?;
    Ok(Some(Image {
        reference,
        platform: platforms.get(&reader.string(&["target_arch"])?).cloned(),
        max_age: seconds("max_age")?,
        skip_pull: reader.bool(&[&key("skip_pull")])?,
        ready: reader.bool(&[&key("ready")])?,
        fallback: reader.bool(&[&key("fallback")])?,
        assert_digest: reader.text(&[&key("assert_digest")])?,
        keep_getting: seconds("keep_getting")?,
        pull_timeout: seconds("pull_timeout")?,
    }))
}

/// The reference that `--buildroot-image` means: a path that is there is an image in files.
pub(super) fn of_command_line(text: &str, cwd: &Path) -> String {
    let Ok(path) = fs_err::canonicalize(cwd.join(text)) else {
        return text.to_owned();
    };
    let transport = match path.is_dir() {
        true => "oci",
        false => "oci-archive",
    };
    format!("{transport}:{}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_are_there_are_images_in_files() {
        let scratch = tempfile::tempdir().unwrap();
        let real = fs_err::canonicalize(scratch.path()).unwrap();
        fs_err::write(real.join("a.tar"), "").unwrap();
        fs_err::create_dir(real.join("layout")).unwrap();
        for (text, expected) in [
            ("a.tar", format!("oci-archive:{}/a.tar", real.display())),
            ("./layout", format!("oci:{}/layout", real.display())),
            ("fedora:43", "fedora:43".to_owned()),
            ("oci:layout", "oci:layout".to_owned()),
        ] {
            assert_eq!(of_command_line(text, scratch.path()), expected);
        }
    }
}
