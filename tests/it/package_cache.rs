//! Packages are downloaded once, whichever roots need them and however many ask at the same time.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::{
    ARCH, Http, Mock, Place, SMALL_ROOT, Who, configs, minidistro, remove_tree, wait_until,
};

/// A place whose repository is on the web.
struct Web {
    place: Place,
    http: Http,
    config: String,
}

impl Web {
    fn new(who: Who) -> Option<Self> {
        let place = Place::new(who)?;
        let http = Http::breaking(&minidistro(), "nothing", 0);
        let text = format!(
            "include = [\"{}/mini-{ARCH}.toml\"]\n[dnf.repo.mini]\nbaseurl = \"{}/repo\"\n",
            configs().display(),
            http.url()
        );
        let config = place.write("files/web.toml", &text).display().to_string();
        Some(Self {
            place,
            http,
            config,
        })
    }

    /// Every root is installed, none is mounted.
    fn mock<'a>(&'a self, words: &[&str]) -> Mock<'a> {
        self.place
            .mock(["-r", &self.config, "--no-layer-cache"])
            .args(SMALL_ROOT)
            .args(words)
    }

    fn store(&self) -> PathBuf {
        self.place.cache().join(".packages")
    }

    /// The packages in the store, by their digests.
    fn kept(&self) -> Vec<PathBuf> {
        let mut files = walk(&self.store().join("sha256"));
        files.sort();
        files
    }

    fn asked(&self) -> usize {
        self.http.asked(".rpm")
    }
}

fn downloads_in(root: &Path) -> usize {
    let files = walk(&root.join("var/cache/dnf"));
    files
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rpm"))
        .count()
}

fn walk(top: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(top).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => walk(&path),
            path => vec![path],
        })
        .collect()
}

#[test]
fn the_second_root_downloads_nothing() {
    for who in [Who::Root, Who::User] {
        let Some(web) = Web::new(who) else { continue };
        web.mock(&["--init"]).ok();
        let kept = web.kept();
        assert!(kept.len() > 20, "{}", kept.len());
        assert_eq!(web.asked(), kept.len());
        let query = "rpm -qa | sort";
        let first = web.mock(&["-q", "--chroot", query]).ok().out();
        web.mock(&["--uniqueext=b", "--init"]).ok();
        assert_eq!(web.asked(), kept.len());
        let second = web
            .mock(&["-q", "--uniqueext=b", "--chroot", query])
            .ok()
            .out();
        assert_eq!(first, second);
        if who == Who::Root {
            assert_eq!(downloads_in(&web.place.root()), 0);
        }
        // Nothing of the run is left beside the root, and nothing in the store is another's to write.
        let home = web.place.root().with_file_name("package-manager");
        let runs = fs::read_dir(home)
            .expect("the root has a home beside it")
            .flatten();
        assert_eq!(runs.filter(|run| is_run(&run.path())).count(), 0);
        web.mock(&["--scrub=dnf-cache"]).ok();
        assert!(!web.store().exists());
        web.mock(&["--init"]).ok();
        assert_eq!(web.asked(), 2 * kept.len());
    }
}

/// The directory of a run, in which packages are downloaded.
fn is_run(path: &Path) -> bool {
    path.join("socket").exists()
}

#[test]
fn two_at_once_download_each_package_once() {
    let Some(web) = Web::new(Who::User) else {
        return;
    };
    let runs =
        ["--uniqueext=a", "--uniqueext=b"].map(|unique| web.mock(&[unique, "--init"]).spawn());
    for run in runs {
        run.wait().exits(0);
    }
    assert_eq!(web.asked(), web.kept().len());
}

#[test]
fn a_damaged_package_is_downloaded_again() {
    let Some(web) = Web::new(Who::Root) else {
        return;
    };
    web.mock(&["--init"]).ok();
    let kept = web.kept();
    let before = web.asked();
    let mut content = fs::read(&kept[0]).expect("a test's file");
    let good = content.clone();
    content[5000] ^= 1;
    fs::remove_file(&kept[0]).expect("a test's file");
    fs::write(&kept[0], content).expect("a test's file");
    web.mock(&["--init"]).ok();
    assert_eq!(web.asked(), before + 1);
    assert_eq!(web.kept(), kept);
    assert!(fs::read(&kept[0]).expect("a test's file") == good);
}

#[test]
fn killed_while_it_downloads() {
    let Some(web) = Web::new(Who::User) else {
        return;
    };
    let run = web.mock(&["--init"]).spawn();
    wait_until(Duration::from_secs(60), || (web.asked() > 3).then_some(()))
        .expect("packages are downloaded");
    run.signal(Signal::SIGKILL);
    run.wait();
    web.mock(&["--init"]).ok();
    let home = web.place.root().with_file_name("package-manager");
    let runs = fs::read_dir(home)
        .expect("the root has a home beside it")
        .flatten();
    assert_eq!(runs.filter(|run| is_run(&run.path())).count(), 0);
}

/// Whoever cannot keep packages can still install them.
#[test]
fn a_store_that_cannot_be_written() {
    let Some(web) = Web::new(Who::User) else {
        return;
    };
    web.mock(&["--init"]).ok();
    let first = web.asked();
    remove_tree(&web.store());
    fs::write(web.store(), "in the way").expect("a test's file");
    web.mock(&["--init"]).ok();
    assert_eq!(web.asked(), 2 * first);
    let log = fs::read_to_string(web.place.result().join("root.log")).expect("a test's file");
    let said = log.matches("mock: packages are not shared: ").count();
    assert_eq!(said, 1, "{log}");
}

/// Somebody who waits for a package, but nobody for somebody who waits.
#[test]
fn the_store_is_not_removed_under_a_dnf_that_reads_it() {
    let Some(web) = Web::new(Who::User) else {
        return;
    };
    let run = web.mock(&["--uniqueext=a", "--init"]).spawn();
    wait_until(Duration::from_secs(60), || (web.asked() > 3).then_some(()))
        .expect("packages are downloaded");
    let done = web.mock(&["--uniqueext=b", "--scrub=dnf-cache"]).run();
    assert_eq!(done.status_code(), Some(60), "{}", done.shot());
    run.wait().exits(0);
    web.mock(&["--scrub=dnf-cache"]).ok();
    assert!(!web.store().exists());
}

/// What was downloaded before something went wrong is not downloaded again; who wants the files gets
/// them.
#[test]
fn downloads_outlive_what_comes_after_them() {
    let Some(web) = Web::new(Who::Root) else {
        return;
    };
    let only = ["--pm-cmd", "install", "--downloadonly", "bash"];
    web.mock(&only).ok();
    let before = web.asked();
    assert_eq!(web.kept().len(), before);
    let target = web.place.path("files/wanted");
    let option = format!("--downloaddir={}", target.display());
    web.mock(&[
        "--pm-cmd",
        "install",
        "-y",
        "--downloadonly",
        &option,
        "unzip",
    ])
    .ok();
    let files = walk(&target);
    assert!(
        files
            .iter()
            .any(|file| file.to_string_lossy().contains("/unzip-"))
    );
}
