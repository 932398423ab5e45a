//! Rootless: enters a user namespace over the caller's subordinate ids.
//!
//! mock itself lives in the namespace from here on, as its root: it can then make and remove files
//! of any mapped id, and everything it starts inherits the namespace. The ids are written by the
//! setuid helpers newuidmap and newgidmap, run by a child that stays outside. Whether a machine
//! allows this is found out by doing it; the sysctls are read only to name the remedy.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::process::{Command, ExitCode, Stdio};

use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{Gid, Uid};

use super::child;
use super::subids::{Range, Ranges, subid_command};
use super::{Ids, mount};
use crate::error::{Error, Result};
use crate::program;

/// Enters the namespace. The process must be single-threaded. Returns how ids appear inside and
/// how many are mapped.
pub(crate) fn enter(user: &str, ranges: Ranges) -> Result<(Ids, u32)> {
    let (uid, gid) = (Uid::current().as_raw(), Gid::current().as_raw());
    let count = match (ranges.uids, ranges.gids) {
        (Some(uids), Some(gids)) => {
            let mapper = Mapper::start(uid, gid, uids, gids)?;
            unshare_user()?;
            mapper.map(user)?;
            1 + uids.count.min(gids.count)
        }
        _ => {
            unshare_user()?;
            write_single_map(0, uid, 0, gid)?;
            1
        }
    };
    let ids = if count > 1 { Ids::Range } else { Ids::Single };
    nix::unistd::setresgid(Gid::from_raw(0), Gid::from_raw(0), Gid::from_raw(0))
        .and_then(|()| nix::unistd::setresuid(Uid::from_raw(0), Uid::from_raw(0), Uid::from_raw(0)))
        .map_err(|errno| restricted("cannot become root in the user namespace", errno))?;
    // Under AppArmor's restriction everything up to here may succeed, without any capability.
    mount::make_private()
        .map_err(|errno| restricted("cannot mount in the user namespace", errno))?;
    Ok((ids, count))
}

/// Enters the namespaces of another mock of the same user. Gives the same as [`enter`].
pub(crate) fn join(pid: u32) -> Result<(Ids, u32)> {
    let failed = |e: nix::Error| Error::system("cannot enter the namespaces of another mock", e);
    let open = |kind: &str| {
        let path = format!("/proc/{pid}/ns/{kind}");
        fs_err::File::open(&path).map_err(Error::io("open", path))
    };
    // Both before the first is entered: from inside nothing of the other's can be opened by number.
    let (user, mount) = (open("user")?, open("mnt")?);
    setns(user.file(), CloneFlags::CLONE_NEWUSER).map_err(failed)?;
    setns(mount.file(), CloneFlags::CLONE_NEWNS).map_err(failed)?;
    let zero = (Uid::from_raw(0), Gid::from_raw(0));
    nix::unistd::setresgid(zero.1, zero.1, zero.1)
        .and_then(|()| nix::unistd::setresuid(zero.0, zero.0, zero.0))
        .map_err(failed)?;
    let map = fs_err::read_to_string("/proc/self/uid_map")
        .map_err(Error::io("read", "/proc/self/uid_map"))?;
    let count = map
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2)?.parse::<u32>().ok())
        .sum();
    let ids = if count > 1 { Ids::Range } else { Ids::Single };
    Ok((ids, count))
}

fn unshare_user() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)
        .map_err(|errno| restricted("cannot make a user namespace", errno))
}

/// Maps one outer id to one inner id, which needs no helper (user_namespaces(7)).
pub(super) fn write_single_map(uid: u32, outer_uid: u32, gid: u32, outer_gid: u32) -> Result<()> {
    for (path, text) in [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("{uid} {outer_uid} 1")),
        ("/proc/self/gid_map", format!("{gid} {outer_gid} 1")),
    ] {
        let mut file = fs_err::File::options()
            .write(true)
            .open(path)
            .map_err(Error::io("open", path))?;
        file.write_all(text.as_bytes()).map_err(|error| {
            let errno = nix::Error::from_raw(error.raw_os_error().unwrap_or(0));
            restricted(&format!("cannot write {path}"), errno)
        })?;
    }
    Ok(())
}

/// The child outside the namespace that runs the helpers when told to.
struct Mapper {
    child: std::process::Child,
}

impl Mapper {
    fn start(uid: u32, gid: u32, uids: Range, gids: Range) -> Result<Self> {
        let arguments =
            [uid, uids.start, uids.count, gid, gids.start, gids.count].map(|n| n.to_string());
        #[expect(
            clippy::disallowed_methods,
            reason = "must start before the namespace is entered"
        )]
        let child = Command::new(child::SELF)
            .arg(child::IDMAP)
            .arg(nix::unistd::getpid().to_string())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| Error::Spawn {
                program: "the id mapper".to_owned(),
                source,
            })?;
        Ok(Self { child })
    }

    fn map(mut self, user: &str) -> Result<()> {
        drop(self.child.stdin.take());
        let mut complaint = String::new();
        if let Some(mut stdout) = self.child.stdout.take() {
            let _ = stdout.read_to_string(&mut complaint);
        }
        let status = self
            .child
            .wait()
            .map_err(|e| Error::system("cannot wait for the id mapper", e))?;
        if status.success() {
            return Ok(());
        }
        Err(Error::Unprivileged {
            message: format!(
                "cannot map the subordinate ids of {user}: {}",
                complaint.trim()
            ),
            hint: mapping_remedy(&complaint, user),
        })
    }
}

fn mapping_remedy(complaint: &str, user: &str) -> String {
    if complaint.contains("not found") {
        "install the helpers: `dnf install shadow-utils` (Fedora, EL), `apt-get install uidmap` (Debian, Ubuntu), \
         `zypper install shadow` (openSUSE)"
            .to_owned()
    } else if complaint.contains("not allowed") {
        format!(
            "the range in /etc/subuid is not {user}'s or overlaps; give one: `{}`",
            subid_command(user)
        )
    } else {
        "newuidmap and newgidmap must be setuid root or have file capabilities: `sudo chmod u+s /usr/bin/newuidmap \
         /usr/bin/newgidmap`"
            .to_owned()
    }
}

/// The hidden verb: waits until its standard input ends, then maps the ids of process `args[0]`.
pub(super) fn map_parent(args: &[OsString]) -> ExitCode {
    let [pid, uid, uid_start, uid_count, gid, gid_start, gid_count] = args else {
        return ExitCode::from(2);
    };
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    for (program, own, start, count) in [
        ("newuidmap", uid, uid_start, uid_count),
        ("newgidmap", gid, gid_start, gid_count),
    ] {
        let zero = OsString::from("0");
        let one = OsString::from("1");
        #[expect(
            clippy::disallowed_methods,
            reason = "runs outside the namespace that is being made"
        )]
        let output = Command::new(program)
            .args([pid, &zero, own, &one, &one, start, count])
            .output();
        let complaint = match output {
            Ok(output) if output.status.success() => continue,
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                format!("{program} not found")
            }
            Err(error) => format!("{program}: {error}"),
        };
        let _ = std::io::stdout().write_all(complaint.as_bytes());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// An error that names the switch that forbids user namespaces here.
fn restricted(what: &str, errno: nix::Error) -> Error {
    let read = |path: &str| {
        fs_err::read_to_string(path)
            .map(|text| text.trim().to_owned())
            .unwrap_or_default()
    };
    let switches = Switches {
        userns_clone: read("/proc/sys/kernel/unprivileged_userns_clone"),
        apparmor: read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
        maximum: read("/proc/sys/user/max_user_namespaces"),
    };
    Error::Unprivileged {
        message: format!("{what}: {errno}"),
        hint: switches.remedy(errno),
    }
}

/// The sysctls that restrict user namespaces, as read; empty where the kernel has none.
struct Switches {
    userns_clone: String,
    apparmor: String,
    maximum: String,
}

impl Switches {
    fn remedy(&self, errno: nix::Error) -> String {
        if self.userns_clone == "0" {
            "allow user namespaces: `sudo sysctl -w kernel.unprivileged_userns_clone=1`".to_owned()
        } else if self.maximum == "0" || errno == nix::Error::ENOSPC {
            "allow more user namespaces: `sudo sysctl -w user.max_user_namespaces=15000`".to_owned()
        } else if self.apparmor == "1" {
            let program = fs_err::read_link("/proc/self/exe").map_or_else(
                |_| "/usr/bin/mock".to_owned(),
                |path| path.display().to_string(),
            );
            let name = program::name();
            let profile = format!(
                "abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile {name} {program} flags=(unconfined) {{ userns, }}\\n"
            );
            format!(
                "AppArmor restricts user namespaces; allow them to {name}: `printf '{profile}' | sudo tee \
                 /etc/apparmor.d/{name} && sudo apparmor_parser -r /etc/apparmor.d/{name}`"
            )
        } else {
            format!(
                "user namespaces are refused here (a container's seccomp profile, or a kernel without them); run {} as \
                 root: `sudo {0} ...`",
                program::name()
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_restriction_has_its_own_remedy() {
        let switches = |clone: &str, apparmor: &str, maximum: &str| Switches {
            userns_clone: clone.to_owned(),
            apparmor: apparmor.to_owned(),
            maximum: maximum.to_owned(),
        };
        for (switches, errno, remedy) in [
            (
                switches("0", "", "100"),
                nix::Error::EPERM,
                "kernel.unprivileged_userns_clone=1",
            ),
            (
                switches("", "", "0"),
                nix::Error::ENOSPC,
                "user.max_user_namespaces=15000",
            ),
            (
                switches("1", "1", "100"),
                nix::Error::EACCES,
                "/etc/apparmor.d/mock",
            ),
            (switches("", "", "100"), nix::Error::EPERM, "sudo mock"),
        ] {
            let hint = switches.remedy(errno);
            assert!(hint.contains(remedy), "{hint}");
        }
    }

    #[test]
    fn a_missing_helper_names_its_package() {
        assert!(mapping_remedy("newuidmap not found", "alice").contains("apt-get install uidmap"));
        assert!(
            mapping_remedy("uid range [0-1) -> [1-2) not allowed", "alice").contains("usermod")
        );
    }
}
