//! The plugin in the real dnf, where the mini distribution is there; reading what it writes.

use std::path::PathBuf;

use super::*;
use crate::package_manager::python_plugins;
use crate::package_manager::repos::RepoSource;

const JSON: &str = r#"{
 "digest": "00ff",
 "format": 1,
 "packages": [
  {"action": "install", "checksum": "sha256:aa", "nevra": "a-0:1-2.noarch"},
  {"action": "remove", "checksum": null, "nevra": "b-1:1-2.x86_64"}
 ],
 "repos": [
  {"baseurl": ["file:///r"], "checked": 17, "expire": null, "id": "mini", "metalink": null,
   "mirrorlist": null, "plain": true, "proxy": null, "repomd": "ee", "sslverify": true}
 ]
}"#;

fn package(action: &str, nevra: &str, checksum: Option<&str>) -> ResolvedPackage {
    ResolvedPackage {
        action: action.to_owned(),
        nevra: nevra.to_owned(),
        checksum: checksum.map(str::to_owned),
    }
}

fn resolution(stopped: bool) -> Resolution {
    Resolution {
        format: 1,
        packages: vec![
            package("install", "a-0:1-2.noarch", Some("sha256:aa")),
            package("remove", "b-1:1-2.x86_64", None),
        ],
        digest: "00ff".to_owned(),
        repos: vec![RepoState {
            source: RepoSource {
                id: "mini".to_owned(),
                baseurl: vec!["file:///r".to_owned()],
                metalink: None,
                mirrorlist: None,
                proxy: None,
                sslverify: true,
                expire: None,
                plain: true,
            },
            repomd: "ee".to_owned(),
            checked: 17,
        }],
        stopped,
    }
}

#[test]
fn what_the_plugin_left() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("r");
    prepare(&dir, &["00ff", "11"]).unwrap();
    assert_eq!(
        fs_err::read_to_string(dir.join("known")).unwrap(),
        "00ff\n11\n"
    );
    assert_eq!(Resolution::read(&dir).unwrap(), None);
    fs_err::write(dir.join("resolution.json"), JSON).unwrap();
    assert_eq!(Resolution::read(&dir).unwrap(), Some(resolution(false)));
    fs_err::write(dir.join("stopped"), "").unwrap();
    assert_eq!(Resolution::read(&dir).unwrap(), Some(resolution(true)));
    prepare(&dir, &[]).unwrap();
    assert_eq!(fs_err::read_to_string(dir.join("known")).unwrap(), "");
    assert_eq!(Resolution::read(&dir).unwrap(), None);
}

#[test]
fn what_cannot_be_understood_is_none() {
    for text in [
        "",
        "[]",
        "{}",
        &JSON.replace("\"format\": 1", "\"format\": 2"),
    ] {
        assert_eq!(Resolution::parse(text.as_bytes()), None, "{text}");
    }
    for text in crate::package_manager::repos::tests::garbled(JSON) {
        let _ = Resolution::parse(&text);
    }
}

/// The real dnf, on the mini distribution, as root.
mod with_dnf {
    use std::process::{Command, Output};

    use super::*;
    use crate::package_manager::repos::{Client, Freshness, Vars, check, from_conf, recorded};

    const DNF: &str = "/usr/bin/dnf-3";

    struct Site {
        scratch: tempfile::TempDir,
        conf: String,
        distro: PathBuf,
    }

    impl Site {
        #[expect(clippy::disallowed_methods, reason = "a test finds what it runs with")]
        fn find() -> Option<Self> {
            let distro = PathBuf::from(std::env::var_os("MOCK_TEST_MINIDISTRO")?);
            if !nix::unistd::geteuid().is_root() || !Path::new(DNF).exists() {
                return None;
            }
            let conf = format!(
                "[main]\nreposdir=/dev/null\nassumeyes=1\ngpgcheck=0\nkeepcache=1\nplugins=1\n\
                 install_weak_deps=0\n\n[mini]\nname=mini\nbaseurl=file://{}/repo\n\
                 metadata_expire=1h\n",
                distro.display()
            );
            let scratch = tempfile::tempdir_in("/dev/shm").unwrap();
            let site = Self {
                scratch,
                conf,
                distro,
            };
            fs_err::create_dir_all(site.path("root/etc/dnf")).unwrap();
            fs_err::write(site.path("root/etc/dnf/dnf.conf"), &site.conf).unwrap();
            fs_err::write(site.path(".rpmmacros"), "%_dbpath /var/lib/rpm\n").unwrap();
            PLUGIN.install(&site.path("plugin")).unwrap();
            Some(site)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.scratch.path().join(name)
        }

        #[expect(clippy::disallowed_methods, reason = "a test runs the real dnf")]
        fn dnf(&self, known: &[&str], words: &[&str]) -> (Output, Resolution) {
            let dir = self.path("resolution");
            prepare(&dir, known).unwrap();
            let output = Command::new(DNF)
                .arg("--installroot")
                .arg(self.path("root/"))
                .args(["--releasever=1", "--disableplugin=local"])
                .args(python_plugins::options(
                    Path::new("/"),
                    &self.path("plugin"),
                    &self.conf,
                ))
                .args(words)
                .env("HOME", self.scratch.path())
                .env("LC_MESSAGES", "C.UTF-8")
                .env(VARIABLE, &dir)
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            assert_eq!(String::from_utf8_lossy(&output.stderr), "");
            (output, Resolution::read(&dir).unwrap().unwrap())
        }

        fn installed(&self) -> bool {
            self.path("root/bin/sh").exists()
        }
    }

    #[test]
    fn tells_and_stops() {
        let Some(site) = Site::find() else {
            return;
        };
        let setup = ["install", "@buildsys-build"];
        let known = {
            // Nothing is known: it installs, and says what.
            let (_, done) = site.dnf(&["00"], &setup);
            assert!(site.installed() && !done.stopped && done.packages.len() > 50);
            assert!(done.packages.iter().all(|package| {
                let checksum = package.checksum.as_deref().unwrap_or("");
                package.action == "install"
                    && checksum.starts_with("sha256:")
                    && checksum.len() == 71
            }));
            done
        };

        let srpm = format!("{}/SRPMS/hello-2.10-1.mini1.src.rpm", site.distro.display());
        let cmake = format!(
            "{}/SRPMS/cmakehello-1.0-1.mini1.src.rpm",
            site.distro.display()
        );
        for words in [&["builddep", &srpm][..], &["update"], &setup] {
            // Nothing to do is a result too.
            let (_, nothing) = site.dnf(&[], words);
            assert_eq!(
                (nothing.packages.len(), nothing.stopped),
                (0, false),
                "{words:?}"
            );
            assert_eq!(nothing.repos, known.repos);
        }

        let (_, first) = site.dnf(&[], &["builddep", "--downloadonly", &cmake]);
        assert!(
            first
                .packages
                .iter()
                .any(|package| package.nevra.starts_with("cmake-0:"))
        );
        let (_, again) = site.dnf(&["00", &first.digest], &["builddep", &cmake]);
        assert_eq!((&again.packages, again.stopped), (&first.packages, true));
        assert!(!site.path("root/usr/bin/cmake").exists());

        // The same repositories, by our own means: of the configuration, and of dnf's cache.
        let vars = Vars::new("x86_64", Some("1"), &[].into());
        let sources = from_conf(&site.conf, &vars, &[]).unwrap();
        let cache = site.path("root/var/cache/dnf");
        assert_eq!(recorded(&sources, &cache).unwrap(), known.repos);
        let mut repos = known.repos.clone();
        let later = repos[0].checked + 7200;
        let client = Client::new(&[].into());
        assert_eq!(check(&mut repos, later, true, &client), Freshness::Same);
        assert_eq!(repos[0].checked, later);

        // In a new root it stops as well, before there is anything.
        fs_err::rename(site.path("root"), site.path("old")).unwrap();
        fs_err::create_dir_all(site.path("root/etc/dnf")).unwrap();
        fs_err::write(site.path("root/etc/dnf/dnf.conf"), &site.conf).unwrap();
        let (_, again) = site.dnf(&[&known.digest], &setup);
        assert_eq!((again.packages, again.stopped), (known.packages, true));
        assert!(!site.installed());
    }
}
