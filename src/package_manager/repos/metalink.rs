//! Metalinks: where `repomd.xml` can be had, and what it must be (Metalink 3.0, as mirror managers
//! of distributions send it).

use roxmltree::{Document, Node};

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Metalink {
    /// Of the newest one, in lower case.
    pub(super) sha256: Option<String>,
    /// Best first; over HTTP only.
    pub(super) urls: Vec<String>,
}

impl Metalink {
    /// An error says what is missing.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
        let document = Document::parse(text).map_err(|error| error.to_string())?;
        let file = document
            .descendants()
            .find(|node| is(node, "file") && node.attribute("name") == Some("repomd.xml"))
            .ok_or("it is not about repomd.xml")?;
        // Not `descendants`: older ones have a verification of their own in `alternates`.
        let sha256 = children(file, "verification")
            .flat_map(|verification| children(verification, "hash"))
            .find(|hash| hash.attribute("type") == Some("sha256"))
            .and_then(|hash| hash.text())
            .map(|text| text.trim().to_ascii_lowercase())
            .filter(|text| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let mut urls: Vec<(u32, String)> = children(file, "resources")
            .flat_map(|resources| children(resources, "url"))
            .filter_map(|url| {
                let preference = url.attribute("preference");
                let preference = preference.and_then(|text| text.trim().parse().ok());
                Some((preference.unwrap_or(0), url.text()?.trim().to_owned()))
            })
            .filter(|(_, url)| url.starts_with("http://") || url.starts_with("https://"))
            .filter(|(_, url)| !url.contains(|c: char| c.is_whitespace() || c.is_control()))
            .collect();
        urls.sort_by_key(|(preference, _)| std::cmp::Reverse(*preference));
        Ok(Self {
            sha256,
            urls: urls.into_iter().map(|(_, url)| url).collect(),
        })
    }
}

fn is(node: &Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

fn children<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| is(child, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package_manager::repos::tests::{METALINK, garbled};

    #[test]
    fn the_newest_counts() {
        assert_eq!(
            Metalink::parse(METALINK.as_bytes()),
            Ok(Metalink {
                sha256: Some("ab".repeat(32)),
                urls: vec![
                    "https://b/repodata/repomd.xml".to_owned(),
                    "http://a/repodata/repomd.xml".to_owned(),
                ],
            })
        );
    }

    #[test]
    fn without_what_is_needed() {
        for (text, problem) in [
            ("<a/>", "it is not about repomd.xml"),
            ("\u{0}", "unknown token at 1:1"),
        ] {
            assert_eq!(Metalink::parse(text.as_bytes()), Err(problem.to_owned()));
        }
        assert_eq!(Metalink::parse(b"\xff"), Err("it is not UTF-8".to_owned()));
        let bare = METALINK.replace("sha256", "sha1").replace("http", "ftp");
        assert_eq!(Metalink::parse(bare.as_bytes()), Ok(Metalink::default()));
    }

    #[test]
    fn an_address_is_one_word() {
        let broken = METALINK.replace("http://a/", "http://a/\nb ");
        let urls = Metalink::parse(broken.as_bytes()).unwrap().urls;
        assert_eq!(urls, ["https://b/repodata/repomd.xml"]);
    }

    #[test]
    fn never_panics() {
        for text in garbled(METALINK) {
            let _ = Metalink::parse(&text);
        }
    }
}
