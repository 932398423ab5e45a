//! `nspawn_args`: arguments of systemd-nspawn, read as far as it takes to know what they ask for.
//!
//! systemd-nspawn gets them as they are. Where mock's own sandbox is used it does what it has an
//! equivalent for; what it has none for is kept by name, to be said.

use std::path::PathBuf;
use std::str::FromStr;

use caps::Capability;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NspawnArgs {
    pub(crate) given: Vec<String>,
    pub(crate) wishes: Vec<Wish>,
    /// What nobody but systemd-nspawn can do.
    pub(crate) foreign: Vec<String>,
}

/// Something mock's own sandbox can do, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    Bind {
        source: PathBuf,
        target: PathBuf,
        writable: bool,
    },
    Tmpfs {
        target: PathBuf,
        options: String,
    },
    /// By the kernel's names; empty for all of them.
    Keep(Vec<String>),
    Drop(Vec<String>),
    Environment(String, String),
    /// Name without `RLIMIT_`; no number is "infinity".
    Limit {
        name: String,
        soft: Option<u64>,
        hard: Option<u64>,
    },
    Hostname(String),
    NoNetwork,
}

/// Those that would run something else, or elsewhere, than mock means.
const REFUSED: [&str; 11] = [
    "help",
    "version",
    "directory",
    "template",
    "ephemeral",
    "image",
    "oci-bundle",
    "pivot-root",
    "boot",
    "chdir",
    "user",
];

/// How systemd-nspawn goes about its work; there is nothing of it in mock's own sandbox.
const MEANINGLESS: [&str; 17] = [
    "quiet",
    "no-pager",
    "settings",
    "machine",
    "uuid",
    "slice",
    "register",
    "keep-unit",
    "kill-signal",
    "notify-ready",
    "resolv-conf",
    "timezone",
    "link-journal",
    "console",
    "pipe",
    "as-pid2",
    // -j
    "journal",
];

/// Options whose value may be the next word.
const WITH_VALUE: [&str; 51] = [
    "directory",
    "template",
    "image",
    "oci-bundle",
    "pivot-root",
    "chdir",
    "user",
    "settings",
    "machine",
    "uuid",
    "slice",
    "register",
    "kill-signal",
    "notify-ready",
    "resolv-conf",
    "timezone",
    "link-journal",
    "console",
    "hostname",
    "property",
    "setenv",
    "bind",
    "bind-ro",
    "bind-user",
    "tmpfs",
    "inaccessible",
    "overlay",
    "overlay-ro",
    "capability",
    "drop-capability",
    "ambient-capability",
    "no-new-privileges",
    "system-call-filter",
    "selinux-context",
    "selinux-apifs-context",
    "rlimit",
    "oom-score-adjust",
    "cpu-affinity",
    "personality",
    "suppress-sync",
    "private-users-ownership",
    "network-interface",
    "network-macvlan",
    "network-ipvlan",
    "network-veth-extra",
    "network-bridge",
    "network-zone",
    "network-namespace-path",
    "port",
    "set-credential",
    "load-credential",
];

const SHORT: [(char, &str); 18] = [
    ('h', "help"),
    ('q', "quiet"),
    ('D', "directory"),
    ('x', "ephemeral"),
    ('i', "image"),
    ('a', "as-pid2"),
    ('b', "boot"),
    ('E', "setenv"),
    ('u', "user"),
    ('M', "machine"),
    ('S', "slice"),
    ('p', "port"),
    ('Z', "selinux-context"),
    ('L', "selinux-apifs-context"),
    ('P', "pipe"),
    ('j', "journal"),
    ('n', "network-veth"),
    ('U', "private-users"),
];

/// In `sys/resource.h`, without their prefix.
const LIMITS: [&str; 16] = [
    "AS",
    "CORE",
    "CPU",
    "DATA",
    "FSIZE",
    "LOCKS",
    "MEMLOCK",
    "MSGQUEUE",
    "NICE",
    "NOFILE",
    "NPROC",
    "RSS",
    "RTPRIO",
    "RTTIME",
    "SIGPENDING",
    "STACK",
];

impl NspawnArgs {
    /// The error names the argument.
    pub(crate) fn parse(given: Vec<String>) -> Result<Self, String> {
        let mut parsed = Self::default();
        let mut words = given.iter();
        while let Some(word) = words.next() {
            let (name, mut value) = split(word)?;
            let mut shown = word.clone();
            if value.is_none() && WITH_VALUE.contains(&name) {
                let next = words
                    .next()
                    .ok_or_else(|| format!("{word} needs a value, {word}=..."))?;
                shown = format!("{word} {next}");
                value = Some(next);
            }
            parsed.take(name, value.unwrap_or_default(), shown)?;
        }
        parsed.given = given;
        Ok(parsed)
    }

    fn take(&mut self, name: &str, value: &str, shown: String) -> Result<(), String> {
        if REFUSED.contains(&name) {
            return Err(format!(
                "{shown} cannot be given: mock itself says which program runs where, and as whom"
            ));
        }
        if MEANINGLESS.contains(&name) {
            return Ok(());
        }
        let wish = match name {
            "bind" | "bind-ro" => bind(value, name == "bind"),
            "tmpfs" => tmpfs(value),
            "capability" => capabilities(value).map(|names| Some(Wish::Keep(names))),
            "drop-capability" => capabilities(value).map(|names| Some(Wish::Drop(names))),
            "setenv" => Ok(value
                .split_once('=')
                .filter(|(variable, _)| !variable.is_empty())
                .map(|(variable, text)| Wish::Environment(variable.to_owned(), text.to_owned()))),
            "rlimit" => limit(value),
            "hostname" if value.is_empty() => Err("expected a name".to_owned()),
            "hostname" => Ok(Some(Wish::Hostname(value.to_owned()))),
            "private-network" => Ok(Some(Wish::NoNetwork)),
            _ => Ok(None),
        };
        match wish.map_err(|why| format!("{shown}: {why}"))? {
            Some(wish) => self.wishes.push(wish),
            None => self.foreign.push(shown),
        }
        Ok(())
    }
}

/// The option's long name, and its value if that is in the same word.
fn split(word: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(long) = word.strip_prefix("--").filter(|long| !long.is_empty()) {
        return Ok(match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        });
    }
    let mut letters = word.strip_prefix('-').unwrap_or_default().chars();
    let Some(letter) = letters.next().filter(|letter| *letter != '-') else {
        return Err(format!("'{word}' is no option of systemd-nspawn"));
    };
    let rest = Some(letters.as_str()).filter(|rest| !rest.is_empty());
    match SHORT.iter().find(|(short, _)| *short == letter) {
        Some((_, name)) => Ok((name, rest)),
        None => Ok((word.trim_start_matches('-'), None)),
    }
}

/// `SOURCE[:TARGET[:OPTIONS]]`, where a backslash keeps a colon.
fn bind(value: &str, writable: bool) -> Result<Option<Wish>, String> {
    let mut fields = fields(value).into_iter();
    let source = fields.next().unwrap_or_default();
    // A path of the root's own, a fresh directory: only systemd-nspawn has these.
    if source.starts_with('+') || (source.is_empty() && value.starts_with(':')) {
        return Ok(None);
    }
    let target = fields.next().unwrap_or_else(|| source.clone());
    if !source.starts_with('/') || !target.starts_with('/') {
        return Err("expected absolute paths, /HOST[:/INSIDE]".to_owned());
    }
    let options = fields.next().unwrap_or_default();
    let usual = |option: &str| matches!(option, "" | "rbind" | "noidmap");
    if !options.split(',').all(usual) || fields.next().is_some() {
        return Ok(None);
    }
    Ok(Some(Wish::Bind {
        source: source.into(),
        target: target.into(),
        writable,
    }))
}

fn tmpfs(value: &str) -> Result<Option<Wish>, String> {
    let mut fields = fields(value).into_iter();
    let target = fields.next().unwrap_or_default();
    if !target.starts_with('/') {
        return Err("expected an absolute path, /INSIDE[:OPTIONS]".to_owned());
    }
    Ok(Some(Wish::Tmpfs {
        target: target.into(),
        options: fields.next().unwrap_or_default(),
    }))
}

fn fields(value: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            ':' => {
                fields.push(String::new());
                continue;
            }
            '\\' => letters.next().unwrap_or('\\'),
            letter => letter,
        };
        if let Some(last) = fields.last_mut() {
            last.push(letter);
        }
    }
    fields
}

fn capabilities(value: &str) -> Result<Vec<String>, String> {
    if value == "all" {
        return Ok(Vec::new());
    }
    value
        .split(',')
        .map(|name| {
            let name = name.trim().to_ascii_uppercase();
            match Capability::from_str(&name) {
                Ok(_) => Ok(name),
                Err(_) => Err(format!(
                    "expected capabilities such as cap_ipc_lock, found '{}'",
                    name.to_ascii_lowercase()
                )),
            }
        })
        .collect()
}

/// `NAME=SOFT[:HARD]`.
fn limit(value: &str) -> Result<Option<Wish>, String> {
    let wrong = || "expected NAME=LIMIT or NAME=SOFT:HARD, such as NOFILE=10240:10240".to_owned();
    let (name, numbers) = value.split_once('=').ok_or_else(wrong)?;
    let name = name.strip_prefix("RLIMIT_").unwrap_or(name);
    if !LIMITS.contains(&name) {
        return Err(format!("there is no limit '{name}'"));
    }
    let (soft, hard) = numbers.split_once(':').unwrap_or((numbers, numbers));
    let (soft, hard) = match (amount(soft), amount(hard)) {
        (Ok(soft), Ok(hard)) => (soft, hard),
        _ => return Err(wrong()),
    };
    if soft.unwrap_or(u64::MAX) > hard.unwrap_or(u64::MAX) {
        return Err("the soft limit is above the hard one".to_owned());
    }
    Ok(Some(Wish::Limit {
        name: name.to_owned(),
        soft,
        hard,
    }))
}

/// Nothing is "infinity".
fn amount(text: &str) -> Result<Option<u64>, ()> {
    if text == "infinity" {
        return Ok(None);
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let power = match &text[digits.len()..] {
        "" | "B" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return Err(()),
    };
    let number: u64 = digits.parse().map_err(|_| ())?;
    number.checked_mul(1024u64.pow(power)).map(Some).ok_or(())
}

#[cfg(test)]
#[path = "nspawn_args_tests.rs"]
mod tests;
