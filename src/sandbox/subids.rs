//! Subordinate ids: which ones a user may map, and how to get some.

use std::process::Command;

/// The smallest range worth mapping: distributions hand out 65536, and packages use ids below.
const USEFUL_RANGE: u32 = 1000;

/// What distributions hand out: as many ids as fit in 16 bits.
const FULL_RANGE: u32 = 65536;

/// A run of subordinate ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: u32,
    pub(crate) count: u32,
}

/// What the caller may map, as `/etc/subuid` and `/etc/subgid` say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ranges {
    pub(crate) uids: Option<Range>,
    pub(crate) gids: Option<Range>,
}

impl Ranges {
    /// Looks in the files, then asks getsubids(1), which knows directory services too.
    pub(crate) fn of(user: &str, uid: u32) -> Self {
        let find = |path: &str, option: &[&str]| {
            let text = fs_err::read_to_string(path).unwrap_or_default();
            parse_ranges(&text, user, uid)
                .or_else(|| parse_getsubids(&getsubids(option, user), user))
        };
        Self {
            uids: find("/etc/subuid", &[]),
            gids: find("/etc/subgid", &["-g"]),
        }
    }
}

/// What getsubids prints; nothing where it is not installed.
fn getsubids(option: &[&str], user: &str) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "runs before there is a sandbox to run in"
    )]
    let output = Command::new("getsubids").args(option).arg(user).output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

/// Lines such as `0: alice 100000 65536`.
fn parse_getsubids(text: &str, user: &str) -> Option<Range> {
    let range = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        (words.next()? == user).then_some(())?;
        Some(Range {
            start: words.next()?.parse().ok()?,
            count: words.next()?.parse().ok()?,
        })
    };
    text.lines()
        .filter_map(range)
        .filter(|range| range.count >= USEFUL_RANGE)
        .max_by_key(|range| range.count)
}

/// The largest range of `user` (by name or number) in a `subuid(5)` text.
fn parse_ranges(text: &str, user: &str, uid: u32) -> Option<Range> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let owner = fields.next()?;
            let range = Range {
                start: fields.next()?.parse().ok()?,
                count: fields.next()?.trim().parse().ok()?,
            };
            (owner == user || owner == uid.to_string()).then_some(range)
        })
        .filter(|range| range.count >= USEFUL_RANGE)
        .max_by_key(|range| range.count)
}

/// The command that gives `user` a range nobody has.
pub(crate) fn subid_command(user: &str) -> String {
    let read = |path: &str| fs_err::read_to_string(path).unwrap_or_default();
    let start = first_free(&(read("/etc/subuid") + &read("/etc/subgid")));
    let range = format!("{start}-{}", start + FULL_RANGE - 1);
    format!("sudo usermod --add-subuids {range} --add-subgids {range} {user}")
}

/// The first id above all ranges of `subuid(5)` texts; distributions begin at 100000.
fn first_free(text: &str) -> u32 {
    let end = |line: &str| {
        let mut numbers = line
            .split(':')
            .skip(1)
            .map(|field| field.trim().parse::<u32>().ok());
        numbers.next()??.checked_add(numbers.next()??)
    };
    text.lines().filter_map(end).fold(100_000, u32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_found_by_name_and_by_number() {
        let text =
            "alice:100000:65536\n1001:300000:65536\nbob:1:10\ngarbage\nalice:500000:100000\n";
        assert_eq!(
            parse_ranges(text, "alice", 1000),
            Some(Range {
                start: 500_000,
                count: 100_000
            })
        );
        assert_eq!(
            parse_ranges(text, "carol", 1001),
            Some(Range {
                start: 300_000,
                count: 65536
            })
        );
        assert_eq!(parse_ranges(text, "bob", 1002), None);
        assert_eq!(parse_ranges("", "alice", 1000), None);
    }

    #[test]
    fn ranges_of_directory_services_are_understood() {
        let expected = Some(Range {
            start: 100_000,
            count: 65536,
        });
        assert_eq!(
            parse_getsubids("0: alice 500 10\n1: alice 100000 65536\n", "alice"),
            expected
        );
        assert_eq!(parse_getsubids("0: alice 100000 65536\n", "bob"), None);
        assert_eq!(parse_getsubids("Error fetching ranges\n", "alice"), None);
    }

    #[test]
    fn a_free_range_is_above_all_others() {
        assert_eq!(first_free(""), 100_000);
        assert_eq!(
            first_free("a:100000:65536\nb:231072:65536\nc:165536:65536\nbroken\n"),
            296_608
        );
    }
}
