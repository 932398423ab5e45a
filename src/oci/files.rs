//! Images in files: OCI layouts, `docker save`, `skopeo copy ... dir:`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use oci_spec::distribution::Reference as Name;
use oci_spec::image::{Descriptor, Digest, ImageIndex};
use serde::Deserialize;

use super::content::Content;
use super::digest::{self, read_all};
use super::documents::{self, LARGEST, Part};
use super::fault::{Fault, Result};
use super::platform::{Platform, choose};
use super::reference::{Local, Reference};
use super::{Found, Source, found, inspected};

/// An archive with more members is something else.
const MEMBERS: usize = 100_000;

/// How layouts name their images.
const NAME: &str = "org.opencontainers.image.ref.name";

/// Where files are by name.
#[derive(Debug)]
pub(super) enum Shelf {
    Directory(PathBuf),
    Archive {
        content: Content,
        /// Start and length of each file.
        files: HashMap<String, (u64, u64)>,
        /// docker's archives have each layer once, and links to it.
        links: HashMap<String, String>,
    },
}

impl Shelf {
    fn archive(path: &Path) -> Result<Self> {
        let content = Content::open(path)?;
        let wrong = |error: std::io::Error| {
            Fault::new(format!("{} is no archive: {error}", path.display())).hinted(
                "images are read from plain tar archives: a compressed one has to be decompressed",
            )
        };
        let mut file = fs_err::File::open(path).map_err(wrong)?;
        let mut archive = tar::Archive::new(&mut file);
        let (mut files, mut links) = (HashMap::new(), HashMap::new());
        for entry in archive.entries_with_seek().map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let name = name.trim_start_matches("./").to_owned();
            let kind = entry.header().entry_type();
            if kind.is_symlink() || kind.is_hard_link() {
                let target = entry.link_name_bytes().unwrap_or_default();
                let target = String::from_utf8_lossy(&target).into_owned();
                let target = match kind.is_symlink() {
                    true => beside(&name, &target),
                    false => target.trim_start_matches("./").to_owned(),
                };
                links.insert(name, target);
            } else if kind.is_file() {
                files.insert(name, (entry.raw_file_position(), entry.size()));
            }
            if files.len() + links.len() > MEMBERS {
                return Err(Fault::new(format!(
                    "{} has more than {MEMBERS} members: it is no image",
                    path.display()
                )));
            }
        }
        Ok(Self::Archive {
            content,
            files,
            links,
        })
    }

    pub(super) fn open(&self, name: &str) -> Result<Content> {
        match self {
            Self::Directory(directory) => Content::open(&directory.join(name)),
            Self::Archive {
                content,
                files,
                links,
            } => {
                let mut name = name;
                // A link to a link is as far as this goes.
                for _ in 0..3 {
                    if let Some((start, length)) = files.get(name) {
                        return Ok(content.part(*start, *length));
                    }
                    name = links.get(name).map_or(name, String::as_str);
                }
                Err(Fault::new(format!("there is no '{name}' in it")))
            }
        }
    }

    fn read(&self, name: &str) -> Result<Vec<u8>> {
        read_all(name, self.open(name)?.reader(), LARGEST)
    }

    /// A document of a layout, compared with its digest.
    fn document(&self, name: &str, digest: &Digest) -> Result<Vec<u8>> {
        let bytes = self.read(name)?;
        digest::check(name, &bytes, digest)?;
        Ok(bytes)
    }
}

/// A link's target, from the directory that the link is in.
fn beside(link: &str, target: &str) -> String {
    let mut parts: Vec<&str> = link.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Finds the image of a reference that names files.
pub(super) fn find(reference: &Reference, platform: &Platform) -> Result<Found> {
    let what = reference.to_string();
    let done = match reference {
        Reference::Layout(local) => {
            layout(Shelf::Directory(local.path.clone()), local, platform, &what)
        }
        Reference::Archive(local) => {
            Shelf::archive(&local.path).and_then(|shelf| layout(shelf, local, platform, &what))
        }
        Reference::DockerArchive(local) => {
            Shelf::archive(&local.path).and_then(|shelf| docker(shelf, local, &what))
        }
        Reference::Directory(path) => directory(Shelf::Directory(path.clone()), platform, &what),
        Reference::Registry(_) => Err(Fault::new("it is in no file")),
    };
    done.map_err(|fault| fault.about(&what))
}

fn blob(digest: &Digest) -> Result<String> {
    let digest = documents::known(digest)?;
    Ok(format!("blobs/{}/{}", digest.algorithm(), digest.digest()))
}

fn layout(shelf: Shelf, local: &Local, platform: &Platform, what: &str) -> Result<Found> {
    let text = shelf.read("index.json").map_err(|fault| {
        fault.hinted("an OCI layout has a file index.json; of `docker save` is docker-archive:FILE")
    })?;
    let index = ImageIndex::from_reader(text.as_slice())
        .map_err(|error| Fault::new(format!("index.json: {error}")))?;
    let entry = named(&index, local.tag.as_deref(), platform)?;
    let get =
        |descriptor: &Descriptor| shelf.document(&blob(descriptor.digest())?, descriptor.digest());
    let mut bytes = get(entry)?;
    let mut digest = entry.digest().clone();
    let mut outer = None;
    if let documents::Top::Index(index) = documents::top(what, &bytes)? {
        let entry = choose(&index, platform)?;
        bytes = get(entry)?;
        outer = Some(digest);
        digest = entry.digest().clone();
    }
    let found = found(
        what,
        outer.map(|d| d.to_string()),
        digest.as_ref(),
        &bytes,
        get,
    )?;
    let names = found
        .parts
        .iter()
        .flat_map(|part| part.digest.as_ref().map(blob));
    let names = names.collect::<Result<Vec<String>>>()?;
    Ok(found.from(Source::Files { shelf, names }))
}

/// The image of this name, or the only one, or the one for the platform.
fn named<'i>(
    index: &'i ImageIndex,
    tag: Option<&str>,
    platform: &Platform,
) -> Result<&'i Descriptor> {
    let name = |entry: &'i Descriptor| -> Option<&'i str> {
        entry.annotations().as_ref()?.get(NAME).map(String::as_str)
    };
    let entries = index.manifests();
    let names = || {
        let names: Vec<&str> = entries.iter().filter_map(name).collect();
        names.join(", ")
    };
    match (tag, entries.as_slice()) {
        (Some(tag), _) => {
            let found = entries.iter().find(|entry| name(entry) == Some(tag));
            found.ok_or_else(|| Fault::new(format!("there is no image '{tag}', only: {}", names())))
        }
        (None, [only]) => Ok(only),
        (None, []) => Err(Fault::new("there is no image in it")),
        (None, several) if several.iter().all(|entry| entry.platform().is_some()) => {
            choose(index, platform)
        }
        (None, _) => Err(
            Fault::new(format!("there are several images in it: {}", names()))
                .hinted("say which one after a colon: oci-archive:FILE:NAME"),
        ),
    }
}

fn directory(shelf: Shelf, platform: &Platform, what: &str) -> Result<Found> {
    let file =
        |digest: &Digest| -> Result<String> { Ok(documents::known(digest)?.digest().to_owned()) };
    let get =
        |descriptor: &Descriptor| shelf.document(&file(descriptor.digest())?, descriptor.digest());
    let mut bytes = shelf.read("manifest.json")?;
    let mut digest = digest::of(&bytes);
    let mut outer = None;
    if let documents::Top::Index(index) = documents::top(what, &bytes)? {
        let entry = choose(&index, platform)?;
        // `skopeo copy --all` keeps the others beside it.
        let name = format!("{}.manifest.json", file(entry.digest())?);
        bytes = shelf.document(&name, entry.digest())?;
        outer = Some(digest);
        digest = entry.digest().to_string();
    }
    let found = found(what, outer, &digest, &bytes, get)?;
    let names = found
        .parts
        .iter()
        .flat_map(|part| part.digest.as_ref().map(file));
    let names = names.collect::<Result<Vec<String>>>()?;
    Ok(found.from(Source::Files { shelf, names }))
}

/// One image in a `docker save`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

fn docker(shelf: Shelf, local: &Local, what: &str) -> Result<Found> {
    let text = shelf.read("manifest.json").map_err(|fault| {
        fault.hinted("`docker save` writes a manifest.json; an OCI layout is oci-archive:FILE")
    })?;
    let images: Vec<Saved> = serde_json::from_slice(&text)
        .map_err(|error| Fault::new(format!("manifest.json: {error}")))?;
    let tags = |image: &Saved| image.repo_tags.clone().unwrap_or_default();
    let all = || images.iter().flat_map(tags).collect::<Vec<_>>().join(", ");
    let image = match (local.tag.as_deref(), images.as_slice()) {
        (Some(tag), _) => {
            let found = images
                .iter()
                .find(|image| tags(image).iter().any(|other| is_same(other, tag)));
            found
                .ok_or_else(|| Fault::new(format!("there is no image '{tag}', only: {}", all())))?
        }
        (None, [only]) => only,
        (None, _) => {
            return Err(Fault::new(format!(
                "there are {} images in it: {}",
                images.len(),
                all()
            ))
            .hinted("say which one after a colon: docker-archive:FILE:NAME:TAG"));
        }
    };
    let bytes = shelf.read(&image.config)?;
    let configuration = documents::configuration(what, &bytes)?;
    let diff_ids = documents::diff_ids(&configuration)?;
    if diff_ids.len() != image.layers.len() {
        return Err(Fault::new(format!(
            "manifest.json names {} layers, and the configuration {}",
            image.layers.len(),
            diff_ids.len()
        )));
    }
    let part = |diff_id: Digest| Part {
        digest: None,
        size: None,
        diff_id,
    };
    // There is no manifest with a digest: the configuration is what tells images apart.
    let digest = digest::of(&bytes);
    let names = image.layers.clone();
    Ok(Found {
        what: what.to_owned(),
        index: None,
        digest: digest.clone(),
        config_digest: digest,
        content_digest: inspected::content_digest(what, &configuration)?,
        platform: documents::platform(&configuration),
        parts: diff_ids.into_iter().map(part).collect(),
        source: Source::Files { shelf, names },
    })
}

/// `mini:1` is saved as `docker.io/library/mini:1`.
fn is_same(one: &str, other: &str) -> bool {
    let whole = |name: &str| name.parse::<Name>().map(|name| name.to_string());
    one == other || whole(one).is_ok_and(|one| whole(other) == Ok(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_an_archive() {
        for (link, target, expected) in [
            ("a/layer.tar", "../b/layer.tar", "b/layer.tar"),
            ("a/layer.tar", "../../../b", "b"),
            ("a", "./b", "b"),
        ] {
            assert_eq!(beside(link, target), expected);
        }
    }
}
