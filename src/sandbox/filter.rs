//! System calls that are answered here instead of by the kernel (seccomp).
//!
//! Those that wait for the disk, where nobody needs what they wait for ([`SyncCalls::Ignored`]);
//! and those a user namespace refuses but packages rely on.
//!
//! Device nodes cannot be made in a user namespace; a package that ships one outside `/dev` would
//! fail to install. The kernel asks this process about each such `mknod`, and it makes an empty
//! regular file in its place. With a single mapped id, changes of owner and identity are answered
//! with success and do nothing. Installing needs CAP_SYS_ADMIN in the namespace, which process 1
//! of the sandbox has, so "no new privileges" stays off and setuid programs work inside.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use libseccomp::{
    ScmpAction, ScmpArch, ScmpArgCompare, ScmpCompareOp, ScmpFilterContext, ScmpNotifReq,
    ScmpNotifResp, ScmpNotifRespFlags, ScmpSyscall,
};
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::{Mode, SFlag};

use super::{Ids, Sandbox, SyncCalls, User};
use crate::error::{Error, Result};

/// Calls that change owner or identity; with one id mapped there is nothing to change to.
const IDENTITY: [&str; 13] = [
    "chown",
    "fchown",
    "lchown",
    "fchownat",
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setfsuid",
    "setfsgid",
    "setgroups",
];

/// Calls that wait for one file's data, and only for that: writing with O_SYNC goes on to wait.
const SYNC_FILE: [&str; 5] = [
    "fsync",
    "fdatasync",
    "syncfs",
    "sync_file_range",
    "sync_file_range2",
];

/// The call that waits for everything.
const SYNC_ALL: &str = "sync";

/// The call that waits for memory, when this bit is in its third argument. Programs also ask it what is
/// mapped.
const SYNC_MEMORY: (&str, u64) = ("msync", nix::libc::MS_SYNC as u64);

/// Whether this kernel, and whatever container this is, lets filters be loaded.
pub(crate) fn available() -> bool {
    // Level 2 is the first that has seccomp(2) itself.
    libseccomp::get_api() >= 2
}

type Loaded<T> = std::result::Result<T, libseccomp::error::SeccompError>;

/// Loads what `sandbox` needs into this process. Whoever answers what the kernel asks is returned,
/// to be run in a thread of its own.
pub(super) fn install(sandbox: &Sandbox) -> Result<Option<Supervisor>> {
    // The build user needs no pretending: rpm, scriptlets and root shells do.
    let pretend = (sandbox.ids != Ids::Host && sandbox.user == User::ROOT).then_some(sandbox.ids);
    if pretend.is_none() && sandbox.sync_calls == SyncCalls::Carried {
        return Ok(None);
    }
    load(pretend, sandbox.sync_calls).map_err(|e| Error::Sandbox {
        message: format!("cannot load the system call filter: {e}"),
        hint: (!available()).then(|| {
            "this kernel, or the container, has no seccomp filters (CONFIG_SECCOMP_FILTER); mock needs them to work \
             without root"
                .to_owned()
        }),
    })
}

fn load(pretend: Option<Ids>, sync_calls: SyncCalls) -> Loaded<Option<Supervisor>> {
    let mut filter = ScmpFilterContext::new(ScmpAction::Allow)?;
    filter.set_ctl_nnp(false)?;
    // Programs of other kinds that the processor runs (32-bit ARM) are not what this is about.
    filter.set_act_badarch(ScmpAction::Allow)?;
    if ScmpArch::native() == ScmpArch::X8664 {
        filter.add_arch(ScmpArch::X86)?;
    }
    if sync_calls == SyncCalls::Ignored {
        ignore_sync_calls(&mut filter)?;
    }
    if let Some(ids) = pretend {
        pretend_identity(&mut filter, ids == Ids::Single)?;
    }
    filter.load()?;
    Ok(match pretend {
        Some(_) => Some(Supervisor {
            notify: filter.get_notify_fd()?,
        }),
        None => None,
    })
}

/// A descriptor beyond the limit of open files is not open: the kernel is let to say so.
fn ignore_sync_calls(filter: &mut ScmpFilterContext) -> Loaded<()> {
    let limit = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)
        .map_or(u64::MAX, |(soft, _)| soft);
    let open = ScmpArgCompare::new(0, ScmpCompareOp::Less, limit);
    for name in SYNC_FILE {
        // Not every architecture has them all.
        if let Ok(call) = ScmpSyscall::from_name(name) {
            filter.add_rule_conditional(ScmpAction::Errno(0), call, &[open])?;
        }
    }
    filter.add_rule(ScmpAction::Errno(0), ScmpSyscall::from_name(SYNC_ALL)?)?;
    let (name, bit) = SYNC_MEMORY;
    let waits = ScmpArgCompare::new(2, ScmpCompareOp::MaskedEqual(bit), bit);
    filter.add_rule_conditional(
        ScmpAction::Errno(0),
        ScmpSyscall::from_name(name)?,
        &[waits],
    )?;
    Ok(())
}

fn pretend_identity(filter: &mut ScmpFilterContext, single_id: bool) -> Loaded<()> {
    for (call, mode_argument) in [("mknod", 1), ("mknodat", 2)] {
        let Ok(call) = ScmpSyscall::from_name(call) else {
            continue;
        };
        for kind in [SFlag::S_IFCHR, SFlag::S_IFBLK] {
            let is_kind = ScmpArgCompare::new(
                mode_argument,
                ScmpCompareOp::MaskedEqual(u64::from(SFlag::S_IFMT.bits())),
                u64::from(kind.bits()),
            );
            filter.add_rule_conditional(ScmpAction::Notify, call, &[is_kind])?;
        }
    }
    if single_id {
        for name in IDENTITY {
            // Newer or older kernels' names are unknown to this libseccomp; then nobody calls them.
            if let Ok(call) = ScmpSyscall::from_name(name) {
                filter.add_rule(ScmpAction::Errno(0), call)?;
            }
        }
    }
    Ok(())
}

/// Answers the kernel's questions about `mknod`.
#[derive(Debug)]
pub(super) struct Supervisor {
    notify: libseccomp::ScmpFd,
}

impl Supervisor {
    /// Serves until the process ends.
    pub(super) fn serve(&self) {
        loop {
            // An error means the asking process is gone; the next question will come.
            let Ok(request) = ScmpNotifReq::receive(self.notify) else {
                continue;
            };
            let response = match answer(&request) {
                Ok(None) => ScmpNotifResp::new_continue(request.id, ScmpNotifRespFlags::empty()),
                Ok(Some(())) => ScmpNotifResp::new_val(request.id, 0, ScmpNotifRespFlags::empty()),
                Err(errno) => ScmpNotifResp::new_error(
                    request.id,
                    -(errno as i32),
                    ScmpNotifRespFlags::empty(),
                ),
            };
            let _ = response.respond(self.notify);
        }
    }
}

/// Makes the stand-in file. `None`: the kernel may do it itself (0:0 is overlayfs's whiteout,
/// which user namespaces may make).
fn answer(request: &ScmpNotifReq) -> nix::Result<Option<()>> {
    let arguments = &request.data.args;
    let name = request
        .data
        .syscall
        .get_name_by_arch(request.data.arch)
        .unwrap_or_default();
    let (directory, path, mode, device) = if name == "mknodat" {
        let [directory, path, mode, device, ..] = *arguments;
        // The kernel takes the low 32 bits as a signed number.
        (Some(directory as u32 as i32), path, mode, device)
    } else {
        let [path, mode, device, ..] = *arguments;
        (None, path, mode, device)
    };
    if device == 0 {
        return Ok(None);
    }
    let process = PathBuf::from(format!("/proc/{}", request.pid));
    let path = read_path(&process, path)?;
    let (parent, name) = open_parent(
        &process,
        directory.filter(|fd| *fd != nix::libc::AT_FDCWD),
        &path,
    )?;
    let flags =
        OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let permissions = Mode::from_bits_truncate(u32::try_from(mode & 0o7777).unwrap_or(0));
    openat(parent.as_fd(), &name, flags, permissions)?;
    nix::sys::stat::fchmodat(
        parent.as_fd(),
        &name,
        permissions,
        nix::sys::stat::FchmodatFlags::FollowSymlink,
    )?;
    Ok(Some(()))
}

/// A NUL-terminated path in the memory of the asking process.
fn read_path(process: &Path, address: u64) -> nix::Result<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let memory = fs_err::File::open(process.join("mem")).map_err(|_| nix::Error::ESRCH)?;
    let mut bytes = vec![0u8; usize::try_from(nix::libc::PATH_MAX).unwrap_or(4096)];
    let length = memory
        .file()
        .read_at(&mut bytes, address)
        .map_err(|_| nix::Error::EFAULT)?;
    bytes.truncate(length);
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .ok_or(nix::Error::ENAMETOOLONG)?;
    bytes.truncate(end);
    Ok(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
}

/// The directory the node would be made in, as the asking process sees it (it may have changed
/// its root, as rpm does), and the last component.
fn open_parent(
    process: &Path,
    directory: Option<i32>,
    path: &Path,
) -> nix::Result<(OwnedFd, PathBuf)> {
    let name = path.file_name().ok_or(nix::Error::EEXIST)?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let start = match directory {
        _ if path.is_absolute() => process.join("root"),
        Some(fd) => process.join("fd").join(fd.to_string()),
        None => process.join("cwd"),
    };
    let start = nix::fcntl::open(&start, flags, Mode::empty())?;
    let how = OpenHow::new().flags(flags).resolve(if path.is_absolute() {
        ResolveFlag::RESOLVE_IN_ROOT
    } else {
        ResolveFlag::empty()
    });
    Ok((openat2(start.as_fd(), parent, how)?, PathBuf::from(name)))
}
