//! Files inside a build root, reached so that nothing in it can lead outside.
//!
//! A build, or a package's scriptlet, may leave symbolic links anywhere. Every path here is
//! resolved by the kernel with the build root as its root (openat2(2), RESOLVE_IN_ROOT), the last
//! component is never followed, and trees are walked by file descriptor. Needs Linux 5.6.

mod out;

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use nix::dir::{Dir, Type};
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2, readlinkat};
use nix::sys::stat::{Mode, fstatat, mkdirat};
use nix::unistd::{Gid, Uid, fchownat, symlinkat, unlinkat};

use crate::error::{Error, Result};
use crate::fs::remove::remove_at;
use crate::sandbox::{Ids, User};

/// The file tree of a build root.
#[derive(Debug)]
pub(crate) struct Inside {
    /// Nothing while something else is being put in the root's place.
    root: RefCell<Option<Rc<OwnedFd>>>,
    /// For messages.
    path: PathBuf,
    /// There is more than one owner a file can have.
    owners: bool,
    /// Device nodes can be made.
    devices: bool,
}

impl Inside {
    pub(crate) fn open(root: &Path, ids: Ids) -> Result<Self> {
        let inside = Self {
            root: RefCell::default(),
            path: root.to_owned(),
            owners: ids != Ids::Single,
            devices: ids == Ids::Host && nix::unistd::geteuid().is_root(),
        };
        inside.reopen()?;
        Ok(inside)
    }

    /// Lets go of the tree, which can then be unmounted.
    pub(super) fn release(&self) {
        self.root.take();
    }

    /// The regular file that `path` leads to through links, as the inside names it.
    pub(super) fn program(&self, path: &str) -> Option<PathBuf> {
        let how = OpenHow::new()
            .flags(OFlag::O_PATH | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_IN_ROOT);
        let top = self.top().ok()?;
        let file = openat2(top.as_fd(), relative(path), how).ok()?;
        let name =
            |fd: &OwnedFd| fs_err::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).ok();
        let stat = nix::sys::stat::fstat(&file).ok()?;
        let regular = stat.st_mode & nix::libc::S_IFMT == nix::libc::S_IFREG;
        let inside = name(&file)?.strip_prefix(name(&top)?).ok()?.to_owned();
        regular.then(|| Path::new("/").join(inside))
    }

    /// Opens what is at the root's path now.
    pub(super) fn reopen(&self) -> Result<()> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let fd = nix::fcntl::open(&self.path, flags, Mode::empty())
            .map_err(|errno| Error::io("open", &self.path)(errno.into()))?;
        self.root.replace(Some(Rc::new(fd)));
        Ok(())
    }

    fn top(&self) -> nix::Result<Rc<OwnedFd>> {
        self.root.borrow().clone().ok_or(nix::Error::EBADF)
    }

    /// The root's own directory, to start at.
    pub(super) fn root(&self) -> nix::Result<Rc<OwnedFd>> {
        self.top()
    }

    /// Bytes that can still be written.
    pub(crate) fn free(&self) -> Result<u64> {
        let stat = self
            .top()
            .and_then(|top| nix::sys::statvfs::fstatvfs(&top))
            .map_err(self.failed("look at", ""))?;
        Ok(stat.blocks_available().saturating_mul(stat.fragment_size()))
    }

    /// For messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn has_owners(&self) -> bool {
        self.owners
    }

    pub(super) fn has_devices(&self) -> bool {
        self.devices
    }

    fn failed(&self, action: &'static str, path: &str) -> impl FnOnce(nix::Error) -> Error + use<> {
        let path = self.path.join(relative(path));
        move |errno| Error::Io {
            action,
            path,
            source: errno.into(),
        }
    }

    /// Whom to give a file to: nobody where only one id is mapped.
    fn owner(&self, owner: User) -> Option<User> {
        self.owners.then_some(owner)
    }

    fn directory(&self, path: &Path) -> nix::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        let how = OpenHow::new()
            .flags(OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_IN_ROOT);
        openat2(self.top()?.as_fd(), path, how)
    }

    /// The open directory of `path` and its last component.
    fn parent<'p>(&self, path: &'p str) -> nix::Result<(OwnedFd, &'p OsStr)> {
        let path = relative(path);
        let name = path.file_name().ok_or(nix::Error::EINVAL)?;
        Ok((
            self.directory(path.parent().unwrap_or(Path::new("")))?,
            name,
        ))
    }

    /// Makes a directory and those above it, mode 0755; existing ones stay as they are.
    pub(crate) fn create_dir_all(&self, path: &str, owner: User) -> Result<()> {
        let mut so_far = PathBuf::new();
        for component in relative(path).components() {
            let parent = self.directory(&so_far).map_err(self.failed("make", path))?;
            let name = component.as_os_str();
            match mkdirat(parent.as_fd(), name, Mode::from_bits_truncate(0o755)) {
                Ok(()) => {
                    chown_at(&parent, name, self.owner(owner)).map_err(self.failed("make", path))?
                }
                Err(nix::Error::EEXIST) => {}
                Err(errno) => return Err(self.failed("make", path)(errno)),
            }
            so_far.push(name);
        }
        Ok(())
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.parent(path)
            .and_then(|(parent, name)| fstatat(parent.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW))
            .is_ok()
    }

    /// A regular file, not a link to one.
    pub(crate) fn is_own_file(&self, path: &str) -> bool {
        self.parent(path)
            .and_then(|(parent, name)| fstatat(parent.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW))
            .is_ok_and(|stat| stat.st_mode & nix::libc::S_IFMT == nix::libc::S_IFREG)
    }

    /// A program of the host that opens `path` by name, following links, would leave the root.
    pub(crate) fn leads_out(&self, path: &str) -> bool {
        let how = OpenHow::new()
            .flags(OFlag::O_PATH | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_BENEATH);
        let opened = self
            .top()
            .and_then(|top| openat2(top.as_fd(), relative(path), how));
        opened.err() == Some(nix::Error::EXDEV)
    }

    pub(crate) fn is_dir(&self, path: &str) -> bool {
        self.directory(relative(path)).is_ok()
    }

    /// Opens a regular file for reading; links inside the root are followed inside the root.
    pub(crate) fn open_file(&self, path: &str) -> Result<fs_err::File> {
        self.open_regular(path, ResolveFlag::RESOLVE_IN_ROOT)
    }

    /// Opens a regular file that is itself at `path`: a link anywhere on the way is an error.
    pub(crate) fn open_own_file(&self, path: &str) -> Result<fs_err::File> {
        let resolve = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_SYMLINKS;
        self.open_regular(path, resolve)
    }

    fn open_regular(&self, path: &str, resolve: ResolveFlag) -> Result<fs_err::File> {
        let how = OpenHow::new()
            .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY)
            .resolve(resolve);
        let fd = self
            .top()
            .and_then(|top| openat2(top.as_fd(), relative(path), how))
            .map_err(self.failed("open", path))?;
        let file = fs_err::File::from_parts(fd.into(), self.path.join(relative(path)));
        let metadata = file.metadata().map_err(Error::io("open", path))?;
        if metadata.is_file() {
            Ok(file)
        } else {
            Err(self.failed("read", path)(nix::Error::EINVAL))
        }
    }

    /// The content of a file, `None` when it is not there.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        match self.open_file(path) {
            Ok(mut file) => {
                let mut content = Vec::new();
                file.read_to_end(&mut content)
                    .map_err(Error::io("read", path))?;
                Ok(Some(content))
            }
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A file that did not exist, or whose old self was removed first. Links are not followed.
    pub(crate) fn create(&self, path: &str, mode: u32, owner: User) -> Result<fs_err::File> {
        let make = || {
            let (parent, name) = self.parent(path)?;
            match unlinkat(
                parent.as_fd(),
                name,
                nix::unistd::UnlinkatFlags::NoRemoveDir,
            ) {
                Ok(()) | Err(nix::Error::ENOENT) => {}
                Err(errno) => return Err(errno),
            }
            let flags = OFlag::O_CREAT
                | OFlag::O_EXCL
                | OFlag::O_NOFOLLOW
                | OFlag::O_WRONLY
                | OFlag::O_CLOEXEC;
            let mode = Mode::from_bits_truncate(mode);
            let fd = openat(parent.as_fd(), name, flags, mode)?;
            nix::sys::stat::fchmod(fd.as_fd(), mode)?;
            if let Some(owner) = self.owner(owner) {
                let (uid, gid) = (Uid::from_raw(owner.uid), Gid::from_raw(owner.gid));
                nix::unistd::fchown(fd.as_fd(), Some(uid), Some(gid))?;
            }
            Ok(fd)
        };
        let fd = make().map_err(self.failed("write", path))?;
        Ok(fs_err::File::from_parts(
            fd.into(),
            self.path.join(relative(path)),
        ))
    }

    pub(crate) fn write(&self, path: &str, content: &[u8], mode: u32, owner: User) -> Result<()> {
        self.create(path, mode, owner)?
            .write_all(content)
            .map_err(Error::io("write", path))
    }

    /// Leaves a file alone that has this content already, so that its time stays.
    pub(crate) fn write_if_changed(&self, path: &str, content: &[u8]) -> Result<()> {
        if self.read(path)?.as_deref() == Some(content) {
            return Ok(());
        }
        self.write(path, content, 0o644, User::ROOT)
    }

    /// The same for a file of somebody else's.
    pub(crate) fn write_for(&self, path: &str, content: &[u8], owner: User) -> Result<()> {
        if self.read(path)?.as_deref() == Some(content) {
            return self.chown(path, owner, false);
        }
        self.write(path, content, 0o644, owner)
    }

    /// Makes an empty file where there is none.
    pub(crate) fn touch(&self, path: &str) -> Result<()> {
        if self.exists(path) {
            Ok(())
        } else {
            self.write(path, b"", 0o644, User::ROOT)
        }
    }

    /// Makes a symbolic link, replacing a file or another link.
    pub(crate) fn symlink(&self, target: &str, path: &str) -> Result<()> {
        let make = || {
            let (parent, name) = self.parent(path)?;
            if readlinkat(parent.as_fd(), name).is_ok_and(|old| old == target) {
                return Ok(());
            }
            let _ = unlinkat(
                parent.as_fd(),
                name,
                nix::unistd::UnlinkatFlags::NoRemoveDir,
            );
            symlinkat(target, parent.as_fd(), name)
        };
        make().map_err(self.failed("link", path))
    }

    /// Names in a directory, sorted; none when it is not there.
    pub(crate) fn list(&self, path: &str) -> Result<Vec<String>> {
        let directory = match self.directory(relative(path)) {
            Ok(directory) => directory,
            Err(nix::Error::ENOENT | nix::Error::ENOTDIR) => return Ok(Vec::new()),
            Err(errno) => return Err(self.failed("list", path)(errno)),
        };
        let mut names: Vec<String> = entries(directory)
            .map_err(self.failed("list", path))?
            .into_iter()
            // A name that is no text cannot be one that mock looks for.
            .filter_map(|(name, _)| name.into_string().ok())
            .collect();
        names.sort();
        Ok(names)
    }

    /// Makes a file empty; none there is fine, and so is something that is no file.
    pub(crate) fn truncate(&self, path: &str) -> Result<()> {
        let flags = OFlag::O_WRONLY
            | OFlag::O_TRUNC
            | OFlag::O_NOFOLLOW
            | OFlag::O_NONBLOCK
            | OFlag::O_CLOEXEC;
        let how = OpenHow::new()
            .flags(flags)
            .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_SYMLINKS);
        if self.is_own_file(path) {
            self.top()
                .and_then(|top| openat2(top.as_fd(), relative(path), how))
                .map_err(self.failed("empty", path))?;
        }
        Ok(())
    }

    /// Removes everything in the root, which itself stays.
    pub(crate) fn empty(&self) -> Result<()> {
        let directory = self.directory(Path::new(""));
        let directory = directory.map_err(self.failed("list", ""))?;
        let again = directory
            .try_clone()
            .map_err(Error::io("list", &self.path))?;
        for (name, _) in entries(directory).map_err(self.failed("list", ""))? {
            remove_at(&again, &name)
                .map_err(|errno| Error::io("remove", self.path.join(&name))(errno.into()))?;
        }
        Ok(())
    }

    /// Removes a file or a tree; nothing there is fine.
    pub(crate) fn remove(&self, path: &str) -> Result<()> {
        match self
            .parent(path)
            .and_then(|(parent, name)| remove_at(&parent, name))
        {
            Ok(()) | Err(nix::Error::ENOENT) => Ok(()),
            Err(errno) => Err(self.failed("remove", path)(errno)),
        }
    }

    /// Gives a file or directory to `owner`; with `deep` all below it too.
    pub(crate) fn chown(&self, path: &str, owner: User, deep: bool) -> Result<()> {
        let change = || {
            let (parent, name) = self.parent(path)?;
            let owner = self.owner(owner);
            chown_at(&parent, name, owner)?;
            if deep {
                chown_below(&parent, name, owner)
            } else {
                Ok(())
            }
        };
        change().map_err(self.failed("change the owner of", path))
    }

    /// A host path of `path` for as long as the returned descriptor lives.
    pub(crate) fn pinned(&self, path: &str) -> Result<(OwnedFd, PathBuf)> {
        let (parent, name) = self.parent(path).map_err(self.failed("open", path))?;
        let host = PathBuf::from(format!("/proc/self/fd/{}", parent.as_raw_fd())).join(name);
        Ok((parent, host))
    }
}

fn relative(path: &str) -> &Path {
    Path::new(path.trim_start_matches('/'))
}

fn chown_at(parent: &OwnedFd, name: &OsStr, owner: Option<User>) -> nix::Result<()> {
    let Some(owner) = owner else { return Ok(()) };
    // Not to be done without need: overlayfs would copy the file.
    let stat = fstatat(parent.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    if (stat.st_uid, stat.st_gid) == (owner.uid, owner.gid) {
        return Ok(());
    }
    let (uid, gid) = (Uid::from_raw(owner.uid), Gid::from_raw(owner.gid));
    fchownat(
        parent.as_fd(),
        name,
        Some(uid),
        Some(gid),
        AtFlags::AT_SYMLINK_NOFOLLOW,
    )
}

/// Names and whether each is a directory.
pub(super) fn entries(directory: OwnedFd) -> nix::Result<Vec<(OsString, bool)>> {
    let mut found = Vec::new();
    let probe = directory.try_clone().map_err(|_| nix::Error::EMFILE)?;
    for entry in Dir::from_fd(directory)?.iter() {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let is_dir = match entry.file_type() {
            Some(kind) => kind == Type::Directory,
            // Some file systems do not say.
            None => fstatat(probe.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW)
                .is_ok_and(|stat| stat.st_mode & nix::libc::S_IFMT == nix::libc::S_IFDIR),
        };
        found.push((name.to_owned(), is_dir));
    }
    Ok(found)
}

fn open_dir_at(parent: &OwnedFd, name: &OsStr) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(parent.as_fd(), name, flags, Mode::empty())
}

fn chown_below(parent: &OwnedFd, name: &OsStr, owner: Option<User>) -> nix::Result<()> {
    let directory = match open_dir_at(parent, name) {
        Ok(directory) => directory,
        Err(nix::Error::ENOTDIR | nix::Error::ELOOP) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    let again = directory.try_clone().map_err(|_| nix::Error::EMFILE)?;
    for (entry, is_dir) in entries(directory)? {
        chown_at(&again, &entry, owner)?;
        if is_dir {
            chown_below(&again, &entry, owner)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch() -> Result<(tempfile::TempDir, Inside)> {
        let directory = tempfile::tempdir().map_err(Error::io("make", "scratch"))?;
        let root = directory.path().join("root");
        fs_err::create_dir(&root).map_err(Error::io("make", &root))?;
        let inside = Inside::open(&root, Ids::Host)?;
        Ok((directory, inside))
    }

    fn me() -> User {
        User {
            uid: nix::unistd::geteuid().as_raw(),
            gid: nix::unistd::getegid().as_raw(),
        }
    }

    #[test]
    fn links_lead_nowhere_outside() -> Result<()> {
        let (scratch, inside) = scratch()?;
        let victim = scratch.path().join("victim");
        fs_err::write(&victim, "untouched").map_err(Error::io("write", &victim))?;
        let (_pin, host) = inside.pinned("etc")?;
        // The whole directory is a link out of the root, and so is a file.
        fs_err::os::unix::fs::symlink(scratch.path(), host).map_err(Error::io("link", "etc"))?;
        assert!(
            inside
                .write("etc/victim", b"overwritten", 0o644, me())
                .is_err()
        );
        inside.symlink("../victim", "file")?;
        inside.write("file", b"overwritten", 0o644, me())?;
        assert_eq!(
            fs_err::read_to_string(&victim).map_err(Error::io("read", &victim))?,
            "untouched"
        );
        inside.remove("etc")?;
        assert!(victim.exists());
        Ok(())
    }

    #[test]
    fn what_the_host_would_follow() -> Result<()> {
        let (_scratch, inside) = scratch()?;
        inside.create_dir_all("usr/lib/rpm", me())?;
        inside.create_dir_all("var/lib", me())?;
        for (target, path, out) in [
            ("../../usr/lib/rpm", "var/lib/rpm", false),
            ("none", "var/lib/dangling", false),
            ("/usr/lib/rpm", "var/lib/absolute", true),
            ("../../../none", "var/lib/above", true),
            ("var/lib/absolute", "indirect", true),
        ] {
            inside.symlink(target, path)?;
            assert_eq!(inside.leads_out(path), out, "{path}");
        }
        assert!(!inside.leads_out("none"));
        assert!(inside.leads_out("var/lib/absolute/below"));
        Ok(())
    }

    #[test]
    fn trees_are_made_listed_and_removed() -> Result<()> {
        let (_scratch, inside) = scratch()?;
        inside.create_dir_all("a/b/c", me())?;
        inside.write("/a/b/file", b"x", 0o600, me())?;
        assert_eq!(inside.list("a/b")?, ["c", "file"]);
        assert_eq!(inside.read("a/b/file")?.as_deref(), Some(b"x".as_slice()));
        assert_eq!(inside.read("a/none")?, None);
        inside.remove("a")?;
        assert!(!inside.exists("a"));
        Ok(())
    }
}
