//! The build user and group in a root's account files.
//!
//! Edits the texts instead of running useradd: it needs no program of the host or the root, works
//! for every architecture, and costs no process. The functions are pure; [`create`] applies them.

use crate::error::{Error, Result};
use crate::sandbox::User;

use super::inside::Inside;

/// An account to have in the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) ids: User,
    pub(crate) home: String,
}

/// `text` without the lines of `name`, and with `line` at its end.
fn with_line(text: &str, name: &str, line: &str) -> String {
    let mut kept: String = text
        .lines()
        .filter(|old| old.split(':').next() != Some(name))
        .flat_map(|old| [old, "\n"])
        .collect();
    kept.push_str(line);
    kept.push('\n');
    kept
}

impl Account {
    fn passwd(&self, text: &str) -> String {
        let User { uid, gid } = self.ids;
        with_line(
            text,
            &self.name,
            &format!("{}:x:{uid}:{gid}::{}:/bin/bash", self.name, self.home),
        )
    }

    /// Other groups with the same number stay: names are looked up by the first match, which must
    /// be ours, so it comes first among equals.
    fn group(&self, text: &str) -> String {
        with_line(
            text,
            &self.group,
            &format!("{}:x:{}:", self.group, self.ids.gid),
        )
    }

    fn shadow(&self, text: &str) -> String {
        with_line(text, &self.name, &format!("{}:!:::::::", self.name))
    }

    fn gshadow(&self, text: &str) -> String {
        with_line(text, &self.group, &format!("{}:!::", self.group))
    }
}

/// Makes the account, replacing one of the same name. The shadow files are edited where they exist.
pub(crate) fn create(inside: &Inside, account: &Account) -> Result<()> {
    type Edit = fn(&Account, &str) -> String;
    let files: [(&str, Edit, u32, bool); 4] = [
        ("etc/passwd", Account::passwd, 0o644, true),
        ("etc/group", Account::group, 0o644, true),
        ("etc/shadow", Account::shadow, 0o000, false),
        ("etc/gshadow", Account::gshadow, 0o000, false),
    ];
    for (path, edit, mode, always) in files {
        let Some(old) = inside.read(path)?.or_else(|| always.then(Vec::new)) else {
            continue;
        };
        let old = String::from_utf8_lossy(&old);
        let new = edit(account, &old);
        if new != old {
            inside.write(path, new.as_bytes(), mode, User::ROOT)?;
        }
    }
    Ok(())
}

/// The accounts of the host that configuration wants in the root, with the host's ids.
pub(crate) fn of_host(names: &[String]) -> Result<Vec<Account>> {
    names.iter().map(|name| host_account(name)).collect()
}

fn host_account(name: &str) -> Result<Account> {
    let unknown = || Error::BuildSetup {
        message: format!("copy_host_users: {name} is no user of this host"),
        hint: None,
    };
    let user = nix::unistd::User::from_name(name)
        .ok()
        .flatten()
        .ok_or_else(unknown)?;
    let group = nix::unistd::Group::from_gid(user.gid).ok().flatten();
    Ok(Account {
        name: name.to_owned(),
        group: group.map_or_else(|| name.to_owned(), |group| group.name),
        ids: crate::sandbox::User {
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
        },
        home: user.dir.to_string_lossy().into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        Account {
            name: "mockbuild".to_owned(),
            group: "mock".to_owned(),
            ids: User {
                uid: 1000,
                gid: 135,
            },
            home: "/builddir".to_owned(),
        }
    }

    #[test]
    fn the_account_is_appended_once() {
        let text = "root:x:0:0:root:/root:/bin/bash\nmockbuild:x:7:7::/old:/bin/sh\n";
        let expected =
            "root:x:0:0:root:/root:/bin/bash\nmockbuild:x:1000:135::/builddir:/bin/bash\n";
        assert_eq!(account().passwd(text), expected);
        assert_eq!(account().passwd(expected), expected);
    }

    #[test]
    fn a_file_without_final_newline_keeps_its_last_line() {
        assert_eq!(account().group("root:x:0:"), "root:x:0:\nmock:x:135:\n");
    }
}
