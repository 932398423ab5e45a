//! Package commands: `--install`, `--installdeps`, `--update`, `--remove`, `--pm-cmd`.

use crate::buildroot::Cx;
use crate::buildroot::trash::Trash;
use crate::config::PackageManagerKind;
use crate::download;
use crate::error::{Error, Result};
use crate::package_manager::Op;
use crate::recipe::installdeps::Material;
use crate::recipe::source_package::SourcePackage;
use crate::recipe::{self, Prepare, Session};

/// Words that name files of the host become absolute: the package manager's directory is another.
fn absolute(cx: Cx<'_>, words: &[String]) -> Vec<String> {
    let file = |word: &String| {
        (word.ends_with(".rpm") || word.starts_with(['.', '/'])) && cx.host.cwd.join(word).is_file()
    };
    words
        .iter()
        .map(|word| {
            if file(word) {
                cx.host.cwd.join(word).to_string_lossy().into_owned()
            } else {
                word.clone()
            }
        })
        .collect()
}

pub(super) fn install(cx: Cx<'_>, trash: &Trash, packages: &[String]) -> Result<()> {
    let names = || packages.iter().map(String::as_str);
    recipe::external::check(names(), cx.config.packages.external)?;
    let session = Session::open(cx, trash, Prepare::Keep)?;
    tracing::debug!("installing package(s): {}", packages.join(" "));
    recipe::external::install(&session, names())?;
    let mut packages = absolute(cx, packages);
    packages.retain(|name| !recipe::external::is_external(name));
    if packages.is_empty() {
        return Ok(());
    }
    session
        .root
        .transaction(session.manager, &Op::Install(packages))
        .map(drop)
}

pub(super) fn installdeps(cx: Cx<'_>, trash: &Trash, paths: &[String]) -> Result<()> {
    // All are checked before the root is made.
    let materials: Vec<Material> = paths
        .iter()
        .map(|argument| material(cx, argument))
        .collect::<Result<_>>()?;
    let session = Session::open(cx, trash, Prepare::Keep)?;
    recipe::installdeps::installdeps(&session, &materials)
}

fn material(cx: Cx<'_>, argument: &str) -> Result<Material> {
    if download::is_url(argument) || !argument.ends_with(".spec") {
        let package = SourcePackage::of_any_kind(cx, argument)?;
        return Ok(Material::Package(Box::new(package)));
    }
    let path = cx.host.cwd.join(argument);
    let opened = cx
        .identity
        .as_caller(|| Ok(fs_err::File::open(&path).and_then(|file| file.metadata())))?;
    match opened {
        Ok(metadata) if metadata.is_file() => Ok(Material::Spec(path)),
        _ => Err(Error::usage(format!(
            "Input specfile does not exist: {argument}"
        ))),
    }
}

pub(super) fn update(cx: Cx<'_>, trash: &Trash, packages: &[String]) -> Result<()> {
    let session = Session::open(cx, trash, Prepare::Keep)?;
    session
        .root
        .transaction(session.manager, &Op::Update(absolute(cx, packages)))
        .map(drop)
}

pub(super) fn remove(cx: Cx<'_>, trash: &Trash, packages: &[String]) -> Result<()> {
    let session = Session::open(cx, trash, Prepare::Keep)?;
    session
        .root
        .transaction(session.manager, &Op::Remove(packages.to_vec()))
        .map(drop)
}

/// `--pm-cmd` and its siblings: the words as given, output shown.
pub(super) fn raw(
    cx: Cx<'_>,
    trash: &Trash,
    force: Option<PackageManagerKind>,
    args: &[String],
) -> Result<()> {
    let mut config = cx.config.clone();
    config.packages.package_manager = match (force, config.packages.package_manager) {
        (
            Some(PackageManagerKind::Dnf4),
            dnf @ (PackageManagerKind::Dnf4 | PackageManagerKind::Dnf5),
        ) => dnf,
        (Some(forced), _) => forced,
        (None, configured) => configured,
    };
    let cx = Cx {
        config: &config,
        ..cx
    };
    let mut session = Session::open(cx, trash, Prepare::Keep)?;
    // The output is the answer; what it took to make the root is not.
    session.root.cx.live = true;
    let mode = match force {
        None | Some(PackageManagerKind::Dnf5 | PackageManagerKind::Microdnf) => "pm-cmd",
        Some(PackageManagerKind::Dnf4) => "dnf-cmd",
        Some(PackageManagerKind::Yum) => "yum-cmd",
    };
    tracing::info!("Running {mode} {}", args.join(" "));
    // `dnf download` writes where it was called.
    let op = Op::Raw(absolute(cx, args));
    session
        .root
        .transaction_in(session.manager, &op, Some(&cx.host.cwd))
        .map(drop)
}
