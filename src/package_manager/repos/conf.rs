//! The repositories of a `dnf.conf`, as a package manager would see them.
//!
//! For those package managers that do not tell what they used. In doubt it is none at all: to miss
//! a repository would be to call something the same that is not.

use super::{RepoSource, Vars};
use crate::config::RepoSwitch;
use crate::ini::{Ini, Section};

/// dnf's default of `metadata_expire`: 48 hours.
const EXPIRE: u64 = 48 * 60 * 60;

/// Options that ask of a connection what a simple client has not.
const SPECIAL: [&str; 12] = [
    "username",
    "password",
    "sslcacert",
    "sslclientcert",
    "sslclientkey",
    "sslverifystatus",
    "proxy_username",
    "proxy_password",
    "proxy_sslcacert",
    "proxy_sslclientcert",
    "proxy_sslclientkey",
    "enableauth",
];

/// The enabled repositories of `text`, a whole `dnf.conf`, with `switches` applied in order; none
/// when something about them is not certain: repositories from elsewhere count too (no
/// `reposdir=/dev/null`), a variable or a value is not known, the text is no such configuration.
pub(crate) fn from_conf(
    text: &str,
    vars: &Vars,
    switches: &[RepoSwitch],
) -> Option<Vec<RepoSource>> {
    let ini = Ini::parse(text)?;
    let main = ini.get("main")?;
    if words(main.get("reposdir")?).any(|directory| directory != "/dev/null") {
        return None;
    }
    if ini
        .sections
        .iter()
        .any(|section| section.get("include").is_some())
    {
        return None;
    }
    let mut sources = Vec::new();
    for section in ini.sections.iter().filter(|section| section.name != "main") {
        if enabled(section, switches)? {
            sources.push(source(section, main, vars)?);
        }
    }
    Some(sources)
}

/// An option of `[main]` in the text of a `dnf.conf`; none if it is not set, or the text is none.
pub(crate) fn main_option(text: &str, option: &str) -> Option<String> {
    let ini = Ini::parse(text)?;
    let value = ini.get("main")?.get(option)?;
    Some(words(value).collect::<Vec<_>>().join(" "))
}

fn enabled(section: &Section, switches: &[RepoSwitch]) -> Option<bool> {
    let mut enabled = flag(section.get("enabled").unwrap_or("1"))?;
    for switch in switches {
        let (patterns, to) = match switch {
            RepoSwitch::Enable(patterns) => (patterns, true),
            RepoSwitch::Disable(patterns) => (patterns, false),
        };
        for pattern in words(patterns) {
            if glob::Pattern::new(pattern).ok()?.matches(&section.name) {
                enabled = to;
            }
        }
    }
    Some(enabled)
}

fn source(section: &Section, main: &Section, vars: &Vars) -> Option<RepoSource> {
    // A value that is empty is one that is not set.
    let own = |option| section.get(option).filter(|value| !value.is_empty());
    let inherited = |option| own(option).or_else(|| main.get(option).filter(|v| !v.is_empty()));
    let url = |option| own(option).map(|value| vars.expand(value));
    let mut metalink = transposed(url("metalink"))?;
    let mut mirrorlist = transposed(url("mirrorlist"))?;
    if metalink.is_none()
        && mirrorlist
            .as_ref()
            .is_some_and(|url| url.contains("metalink"))
    {
        metalink = mirrorlist.take();
    }
    let baseurl = words(own("baseurl").unwrap_or(""))
        .map(|url| vars.expand(url))
        .collect::<Option<Vec<_>>>()?;
    if metalink.is_none() && mirrorlist.is_none() && baseurl.is_empty() {
        return None;
    }
    let proxy = inherited("proxy").filter(|proxy| *proxy != "_none_");
    let proxy = transposed(proxy.map(|proxy| vars.expand(proxy)))?;
    let urls = baseurl
        .iter()
        .chain(&metalink)
        .chain(&mirrorlist)
        .chain(&proxy);
    let secret = urls.into_iter().any(|url| has_account(url));
    let special = SPECIAL
        .iter()
        .filter_map(|option| inherited(option))
        .any(|value| flag(value) != Some(false));
    Some(RepoSource {
        id: vars.expand(&section.name)?,
        baseurl: if secret { Vec::new() } else { baseurl },
        metalink: metalink.filter(|_| !secret),
        mirrorlist: mirrorlist.filter(|_| !secret),
        proxy: proxy.filter(|_| !secret),
        sslverify: flag(inherited("sslverify").unwrap_or("1"))?,
        expire: match inherited("metadata_expire") {
            Some(value) => seconds(value)?,
            None => Some(EXPIRE),
        },
        plain: !secret && !special,
    })
}

/// `http://USER:PASSWORD@HOST/`: neither used nor kept.
fn has_account(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/')
        .next()
        .is_some_and(|host| host.contains('@'))
}

/// Nothing there is fine; something there that is not known is not.
fn transposed(value: Option<Option<String>>) -> Option<Option<String>> {
    match value {
        Some(None) => None,
        Some(known) => Some(known),
        None => Some(None),
    }
}

pub(super) fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|word| !word.is_empty())
}

fn flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "yes" | "true" | "on" | "enabled" => Some(true),
        "0" | "no" | "false" | "off" | "disabled" => Some(false),
        _ => None,
    }
}

/// `90`, `1.5h`, `2d`, `never`: the outer none is what is no time, the inner one `never`.
fn seconds(value: &str) -> Option<Option<u64>> {
    if value == "-1" || value.eq_ignore_ascii_case("never") {
        return Some(None);
    }
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match value[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => return None,
    };
    let number: f64 = digits.trim().parse().ok()?;
    let plausible = number.is_finite() && (0.0..=1e9).contains(&number);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked in the line before"
    )]
    plausible.then_some(Some((number * unit) as u64))
}

#[cfg(test)]
#[path = "conf_tests.rs"]
mod tests;
