//! Modules: what a configuration may ask about the machine.
//!
//! The modules that the original has at hand are known, imported or not; of their members there
//! are those that answer from [`super::Host`]. Of everything else it is said that it is refused.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::call::Args;
use super::eval::Evaluator;
use super::fail::{Fail, Res, did_you_mean};
use super::instead;
use super::number::integer;
use super::object::Val;
use super::os_path;

/// Known without an import, as in the original.
pub(super) const MODULES: &[&str] = &[
    "glob", "grp", "json", "os", "pwd", "re", "shlex", "socket", "sys", "uuid",
];

pub(super) const ALLOWED: &str = "a configuration may ask about the user, the environment and \
     paths (os.environ, os.getenv, os.getuid, os.path, grp, pwd, socket, uuid) and include() \
     files; it may not run programs or read files in any other way";

const FUNCTIONS: &[&str] = &[
    "grp.getgrgid",
    "grp.getgrnam",
    "os.getcwd",
    "os.getegid",
    "os.getenv",
    "os.geteuid",
    "os.getgid",
    "os.getuid",
    "pwd.getpwnam",
    "pwd.getpwuid",
    "socket.getfqdn",
    "socket.gethostname",
    "uuid.uuid4",
];

const GROUP: &[&str] = &["gr_name", "gr_passwd", "gr_gid", "gr_mem"];
const USER: &[&str] = &[
    "pw_name",
    "pw_passwd",
    "pw_uid",
    "pw_gid",
    "pw_gecos",
    "pw_dir",
    "pw_shell",
];

pub(super) fn module(name: &str) -> Option<Val> {
    let known = MODULES.iter().find(|known| **known == name)?;
    Some(Val::Module(known))
}

pub(super) fn import(name: &str) -> Res<Val> {
    if name == "os.path" {
        return Ok(Val::Module("os.path"));
    }
    module(name).ok_or_else(|| {
        Fail::new(format!(
            "`import {name}` is not supported in configuration files"
        ))
        .hint(instead::of(name).unwrap_or_else(|| ALLOWED.to_owned()))
    })
}

pub(super) fn no_member<'a>(
    kind: &str,
    name: &str,
    members: impl Iterator<Item = &'a str>,
) -> Fail {
    let hint = match name {
        "encode" | "decode" => Some("strings are text here, not bytes: leave it out".to_owned()),
        _ => did_you_mean(name, members),
    };
    Fail::new(format!("a {kind} has no `{name}`")).maybe_hint(hint)
}

impl Evaluator<'_> {
    pub(super) fn module_member(&mut self, module: &str, name: &str) -> Res<Val> {
        let full = format!("{module}.{name}");
        match full.as_str() {
            "os.path" => return Ok(Val::Module("os.path")),
            "os.environ" => return self.environment().map(Val::Dict),
            "os.sep" | "os.path.sep" => return Ok(Val::str("/")),
            "os.linesep" => return Ok(Val::str("\n")),
            "os.curdir" => return Ok(Val::str(".")),
            "os.pardir" => return Ok(Val::str("..")),
            _ => {}
        }
        let known = FUNCTIONS
            .iter()
            .chain(os_path::FUNCTIONS)
            .find(|known| **known == full);
        match known {
            Some(function) => Ok(Val::Native(function)),
            None => {
                let known = FUNCTIONS.iter().chain(os_path::FUNCTIONS).copied();
                // A slip of the pen is told from a wish that cannot be granted.
                let near = did_you_mean(&full, known.filter(|known| known.starts_with(module)));
                let hint = instead::of(&full).or(near);
                Err(
                    Fail::new(format!("`{full}` is not available in configuration files"))
                        .hint(ALLOWED)
                        .maybe_hint(hint),
                )
            }
        }
    }

    fn group(&mut self, name: &str, gid: u32) -> Res<Val> {
        let members = self.heap.list(Vec::new())?;
        let items = vec![Val::str(name), Val::str("x"), Val::Int(gid.into()), members];
        self.heap.record(GROUP, items)
    }

    /// Only of the user who runs mock: of others, nothing is known here.
    fn user(&mut self) -> Res<Val> {
        let host = self.host;
        let items = vec![
            Val::str(&host.user),
            Val::str("x"),
            Val::Int(host.uid.into()),
            Val::Int(host.gid.into()),
            Val::str(""),
            Val::str(&host.home.to_string_lossy()),
            Val::str("/bin/sh"),
        ];
        self.heap.record(USER, items)
    }

    /// A random UUID, made of the host's seed.
    fn uuid4(&mut self) -> u128 {
        self.uuids += 1;
        uuid4(self.host.random_seed, self.uuids)
    }
}

/// The random UUID of this number in a run.
pub(super) fn uuid4(seed: u64, number: u64) -> u128 {
    let half = |which: u8| {
        let mut hasher = DefaultHasher::new();
        (seed, number, which).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    let bits = half(0) << 64 | half(1);
    // Version 4, variant 1.
    bits & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62
}

/// Calls a function of a module by its full name.
pub(super) fn call(cx: &mut Evaluator<'_>, name: &'static str, args: Args) -> Res<Val> {
    if name.starts_with("os.path.") {
        return os_path::call(cx, name, args);
    }
    let host = cx.host;
    match name {
        "os.getenv" => {
            let [key, default] = args.take(name, ["key", "default"], 1)?;
            let environment = cx.environment()?;
            let key = cx.heap.key(&key.unwrap_or(Val::None))?;
            let value = cx.heap.get(environment, &key).cloned();
            Ok(value.or(default).unwrap_or(Val::None))
        }
        "grp.getgrnam" => {
            let Val::Str(group) = args.one(name)? else {
                return Err(Fail::new("grp.getgrnam() needs the name of a group"));
            };
            match host.groups.get(&*group) {
                Some(gid) => cx.group(&group, *gid),
                None => Err(
                    Fail::new(format!("there is no group {group:.60?}")).hint(format!(
                        "make it (`groupadd {group:.60}`), or leave the line out: mock needs no \
                         group, and chooses chrootgid by itself"
                    )),
                ),
            }
        }
        "grp.getgrgid" => {
            let gid = integer(&args.one(name)?)?;
            let found = host
                .groups
                .iter()
                .find(|(_, known)| i64::from(**known) == gid);
            match found {
                Some((group, gid)) => cx.group(group, *gid),
                None => Err(Fail::new(format!("there is no group {gid}"))),
            }
        }
        "pwd.getpwuid" => match integer(&args.one(name)?)? {
            uid if uid == i64::from(host.uid) => cx.user(),
            uid => Err(Fail::new(format!(
                "user {uid} is not the one who runs mock"
            ))),
        },
        "pwd.getpwnam" => match args.one(name)? {
            Val::Str(user) if *user == *host.user => cx.user(),
            _ => Err(Fail::new("this user is not the one who runs mock")),
        },
        _ => {
            // The rest takes no argument; getfqdn() may, and is about this host all the same.
            if name != "socket.getfqdn" {
                args.take(name, [], 0)?;
            }
            Ok(match name {
                "os.getuid" | "os.geteuid" => Val::Int(host.uid.into()),
                "os.getgid" | "os.getegid" => Val::Int(host.gid.into()),
                "os.getcwd" => Val::str(&host.cwd.to_string_lossy()),
                "uuid.uuid4" => Val::Uuid(cx.uuid4()),
                _ => Val::str(&host.hostname),
            })
        }
    }
}
