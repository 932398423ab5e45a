//! Reading configurations of repositories.

use super::*;
use crate::package_manager::repos::tests::garbled;

const CONF: &str = "\
[main]
keepcache=1
reposdir=/dev/null
metadata_expire=90m
proxy=http://proxy:3128

[fedora]
name=fedora
metalink=https://mirrors.example.org/metalink?repo=fedora-$releasever&arch=$basearch
metadata_expire=6h
proxy=_none_

[lists]
mirrorlist=https://mirrors.example.org/?release=${releasever}
enabled=0

[urls]
baseurl=http://a/$basearch, http://b/
 http://c/$arch
sslverify=no
metadata_expire=never

[closed]
baseurl=https://user:secret@c/
sslclientcert=/etc/pki/x
";

fn vars() -> Vars {
    Vars::new("i686", Some("42"), &[].into())
}

fn ids(text: &str, switches: &[RepoSwitch]) -> Option<Vec<String>> {
    let sources = from_conf(text, &vars(), switches)?;
    Some(sources.into_iter().map(|source| source.id).collect())
}

#[test]
fn sources() {
    let proxy = Some("http://proxy:3128".to_owned());
    let base = RepoSource {
        id: String::new(),
        baseurl: vec![],
        metalink: None,
        mirrorlist: None,
        proxy: None,
        sslverify: true,
        expire: Some(5400),
        plain: true,
    };
    assert_eq!(
        from_conf(CONF, &vars(), &[]),
        Some(vec![
            RepoSource {
                id: "fedora".to_owned(),
                metalink: Some(
                    "https://mirrors.example.org/metalink?repo=fedora-42&arch=i386".to_owned()
                ),
                expire: Some(21600),
                ..base.clone()
            },
            RepoSource {
                id: "urls".to_owned(),
                baseurl: ["http://a/i386", "http://b/", "http://c/i686"]
                    .map(str::to_owned)
                    .into(),
                proxy,
                sslverify: false,
                expire: None,
                ..base.clone()
            },
            RepoSource {
                id: "closed".to_owned(),
                plain: false,
                ..base
            },
        ])
    );
}

#[test]
fn switches_count_in_order() {
    let enable = |id: &str| RepoSwitch::Enable(id.to_owned());
    let disable = |id: &str| RepoSwitch::Disable(id.to_owned());
    for (switches, expected) in [
        (vec![], "fedora urls closed"),
        (vec![disable("*"), enable("l*,urls")], "lists urls"),
        (vec![enable("lists"), disable("*")], ""),
        (vec![disable("[fu]*")], "closed"),
    ] {
        assert_eq!(ids(CONF, &switches).unwrap().join(" "), expected);
    }
}

#[test]
fn in_doubt_none() {
    assert_eq!(ids("[main]\nreposdir=/dev/null\n", &[]), Some(vec![]));
    for text in [
        "",
        "[main]\n[a]\nbaseurl=/a\n",
        "[main]\nreposdir=/etc/yum.repos.d\n",
        "[main]\nreposdir=/dev/null\ninclude=http://x\n",
        "[main]\nreposdir=/dev/null\n[a]\nbaseurl=/$unknown\n",
        "[main]\nreposdir=/dev/null\n[a]\nname=no address\n",
        "[main]\nreposdir=/dev/null\n[a]\nbaseurl=/a\nenabled=perhaps\n",
        "[main]\nreposdir=/dev/null\n[a]\nbaseurl=/a\nmetadata_expire=soon\n",
        "[main]\nreposdir=/dev/null\nwhat is this\n",
    ] {
        assert_eq!(ids(text, &[]), None, "{text}");
    }
}

#[test]
fn times() {
    for (text, expected) in [
        ("90", Some(Some(90))),
        ("1.5h", Some(Some(5400))),
        ("2D", Some(Some(172_800))),
        ("90 m", Some(Some(5400))),
        ("never", Some(None)),
        ("-1", Some(None)),
        ("-2", None),
        ("1w", None),
        ("inf", None),
        ("1e99", None),
        ("", None),
    ] {
        assert_eq!(seconds(text), expected, "{text}");
    }
}

#[test]
fn options_of_main() {
    assert_eq!(main_option(CONF, "keepcache").as_deref(), Some("1"));
    assert_eq!(main_option(CONF, "pluginpath"), None);
    assert_eq!(main_option("", "pluginpath"), None);
}

#[test]
fn never_panics() {
    for text in garbled(CONF) {
        let _ = from_conf(&String::from_utf8_lossy(&text), &vars(), &[]);
    }
}
