//! How far a package manager is, by what it prints. Pure.
//!
//! dnf4, dnf5 and yum count packages on each line of a download or a transaction, and say how fast
//! they download. What is not in one of their forms says nothing.

use std::fmt;

/// What one line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Progress {
    doing: &'static str,
    /// Of how many packages how many are done.
    packages: Option<(u32, u32)>,
    /// Such as `1.2 MB/s`.
    rate: Option<String>,
}

const DOWNLOADING: &str = "Downloading";
const PREPARING: &str = "Preparing";

/// A line's first word, and what goes on then.
const VERBS: &[(&str, &str)] = &[
    ("Cleanup", "Cleaning up"),
    ("Downgrading", "Downgrading"),
    ("Erasing", "Removing"),
    ("Installing", "Installing"),
    ("Obsoleting", "Removing"),
    ("Prepare", PREPARING),
    ("Preparing", PREPARING),
    ("Reinstalling", "Reinstalling"),
    ("Removing", "Removing"),
    ("Running", "Running scriptlets"),
    ("Updating", "Updating"),
    ("Upgrading", "Upgrading"),
    ("Verify", "Verifying"),
    ("Verifying", "Verifying"),
];

/// What is said last, in a finished line or not.
pub(super) fn last_progress(bytes: &[u8]) -> Option<Progress> {
    const LOOKED_AT: usize = 8;
    bytes
        .rsplit(|byte| matches!(byte, b'\r' | b'\n'))
        .filter(|part| !part.is_empty())
        .take(LOOKED_AT)
        .find_map(|part| progress_of(&String::from_utf8_lossy(&without_sequences(part))))
}

/// Colours and movements say nothing. What is no sequence of these stays.
fn without_sequences(line: &[u8]) -> Vec<u8> {
    let mut parts = line.split(|byte| *byte == 0x1b);
    let mut kept = parts.next().unwrap_or_default().to_vec();
    for part in parts {
        let body = part.strip_prefix(b"[").unwrap_or_default();
        let end = body.iter().position(|byte| (0x40..=0x7e).contains(byte));
        kept.extend_from_slice(end.map_or(part, |end| &body[end + 1..]));
    }
    kept
}

/// What `line` says, if it is about progress.
pub(super) fn progress_of(line: &str) -> Option<Progress> {
    let line = line.trim();
    counted_first(line)
        .or_else(|| counted_last(line))
        .or_else(|| {
            // A single file, or the metadata of a repository.
            line.contains("B/s |").then(|| Progress {
                doing: DOWNLOADING,
                packages: None,
                rate: rate(line),
            })
        })
}

/// `(3/20): bash-5.2.15-2.x86_64.rpm   1.2 MB/s | 30 kB  00:00`, `(3-4/20): bash-5.2  0% [   ] ...`
/// and `[ 3/20] Installing bash-0:5.2.15-2  100% |   1.2 MiB/s | ...`
fn counted_first(line: &str) -> Option<Progress> {
    let by_dnf5 = line.starts_with('[');
    let close = if by_dnf5 { ']' } else { ')' };
    let (count, rest) = line.strip_prefix(['[', '('])?.split_once(close)?;
    let (number, total) = count.trim().split_once('/')?;
    let number = number.split('-').next()?.parse().ok()?;
    let total = total.parse().ok()?;
    let rest = rest.trim_start_matches([':', ' ']);
    let doing = match verb(rest) {
        Some(doing) if by_dnf5 => doing,
        _ => DOWNLOADING,
    };
    // The number is that of the package being worked on. dnf5's total says how many are done.
    let over = if by_dnf5 {
        rest.contains("100%") || rest.starts_with("Total ")
    } else {
        !rest.ends_with("ETA")
    };
    let done = if over {
        number
    } else {
        u32::saturating_sub(number, 1)
    };
    Some(Progress {
        doing,
        packages: plausible(done, total),
        rate: rate(rest).filter(|_| doing == DOWNLOADING),
    })
}

/// `Installing       : bash-5.2.15-2.x86_64      12/134`
fn counted_last(line: &str) -> Option<Progress> {
    let doing = verb(line)?;
    line.contains(':').then_some(())?;
    let (_, count) = line.rsplit_once(' ')?;
    let (done, total) = count.split_once('/')?;
    let (done, total) = (done.parse().ok()?, total.parse().ok()?);
    Some(Progress {
        doing,
        packages: plausible(done, total).filter(|_| doing != PREPARING),
        rate: None,
    })
}

fn verb(text: &str) -> Option<&'static str> {
    let word = text.split([' ', ':']).next()?;
    let row = VERBS.iter().find(|(known, _)| *known == word)?;
    Some(row.1)
}

/// A count that was cut off where a read ended may be of anything.
fn plausible(done: u32, total: u32) -> Option<(u32, u32)> {
    (done <= total && total > 0).then_some((done, total))
}

/// The number and unit before `B/s`.
fn rate(text: &str) -> Option<String> {
    let before = &text[..text.find("B/s")?];
    let number = before.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &before[number.len()..];
    let number = number.trim_end();
    let other = number.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &number[other.len()..];
    (number.starts_with(|c: char| c.is_ascii_digit()) && unit.len() <= 2)
        .then(|| format!("{number} {unit}B/s"))
}

/// `Downloading 3/20 packages, 1.2 MB/s`
impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.doing)?;
        if let Some((done, total)) = self.packages {
            write!(f, " {done}/{total} packages")?;
        }
        match &self.rate {
            Some(rate) => write!(f, ", {rate}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        progress_of(line).map_or_else(|| "-".to_owned(), |progress| progress.to_string())
    }

    #[track_caller]
    fn check(cases: &[(&str, &str)]) {
        for (line, wanted) in cases {
            assert_eq!(said(line), *wanted, "{line}");
        }
    }

    #[test]
    fn lines_of_dnf4() {
        check(&[
            (
                "mini                     [===                 ] ---  B/s |   0  B     --:-- ETA",
                "Downloading",
            ),
            (
                "mini                                             20 MB/s | 170 kB     00:00    ",
                "Downloading, 20 MB/s",
            ),
            (
                "(1/88): base-files-1  0% [                    ] ---  B/s |   0  B     --:-- ETA",
                "Downloading 0/88 packages",
            ),
            (
                "(43-45/88): glibc-2. 30% [======              ]  17 MB/s |  11 MB     00:01 ETA",
                "Downloading 42/88 packages, 17 MB/s",
            ),
            (
                "(43/88): libpam-modules-1.5.2-6.deb12u2.mini1.x 618 kB/s | 199 kB     00:00    ",
                "Downloading 43/88 packages, 618 kB/s",
            ),
            (
                "Total                                           1.1 MB/s |  35 MB     00:32     ",
                "Downloading, 1.1 MB/s",
            ),
            (
                "  Preparing        :  [=====                                              ] 1/1",
                "Preparing",
            ),
            (
                "  Installing       : bash-5.2.15-2.b13.mini1.x86_64 [=====                ] 12/88",
                "Installing 12/88 packages",
            ),
            (
                "  Running scriptlet: bash-5.2.15-2.b13.mini1.x86_64                       12/88 ",
                "Running scriptlets 12/88 packages",
            ),
            (
                "  Verifying        : zstd-1.5.4.dfsg2-5.mini1.x86_64                      88/88",
                "Verifying 88/88 packages",
            ),
            (
                "  Cleanup    : a-1-1.noarch    2/2",
                "Cleaning up 2/2 packages",
            ),
        ]);
    }

    #[test]
    fn lines_of_dnf5() {
        check(&[
            (
                " Fedora 44 - x86_64          100% |  14.8 KiB/s |  19.8 KiB |  00m00s",
                "Downloading, 14.8 KiB/s",
            ),
            (
                "[124/129] libsemanage-0:3.11-1.fc44.x86 100% | 198.3 KiB/s | 127.3 KiB |  00m01s",
                "Downloading 124/129 packages, 198.3 KiB/s",
            ),
            (
                "[  2/129] filename        40% [========            ] | 123.4 KiB/s | 123.4 KiB | -00m02s",
                "Downloading 1/129 packages, 123.4 KiB/s",
            ),
            (
                "[  7/129] Total           10% [===                 ] |   6.8 MiB/s | 116.9 MiB | -00m17s",
                "Downloading 7/129 packages, 6.8 MiB/s",
            ),
            (
                "[  1/146] Verify package files          100% | 490.0   B/s | 129.0   B |  00m00s",
                "Verifying 1/146 packages",
            ),
            (
                "[  2/146] Prepare transaction           100% |   2.2 KiB/s | 144.0   B |  00m00s",
                "Preparing 2/146 packages",
            ),
            (
                "[  3/146] Upgrading openssl-libs-1:3.5. 100% | 249.0 MiB/s |   9.2 MiB |  00m00s",
                "Upgrading 3/146 packages",
            ),
            (
                "[11/146] Installing systemd-shared-0:2  54% |  10.0 MiB/s |   5.5 MiB |  00m00s",
                "Installing 10/146 packages",
            ),
            (
                "[1/3] Removing x 100% | 490.0   B/s |",
                "Removing 1/3 packages",
            ),
        ]);
    }

    #[test]
    fn lines_of_yum() {
        check(&[
            (
                "(2/156): acl-2.2.51-14.el7.x86_64.rpm                   | 292 kB/s |  81 kB   00:00",
                "Downloading 2/156 packages, 292 kB/s",
            ),
            (
                "  Updating   : glibc-2.17-326.el7_9.x86_64                        1/2 ",
                "Updating 1/2 packages",
            ),
        ]);
    }

    #[test]
    fn the_last_word_counts() {
        let last = |bytes: &[u8]| last_progress(bytes).map(|progress| progress.to_string());
        let one = b"(1/88): a-1.rpm  31 MB/s |  65 kB     00:00    \n";
        let two = b"(2-3/88): b-1  0% [     ]  30 MB/s |  65 kB  00:01 ETA\r";
        assert_eq!(
            last(&[one.as_slice(), two].concat()).unwrap(),
            "Downloading 1/88 packages, 30 MB/s"
        );
        assert_eq!(
            last(&[one.as_slice(), b"\nComplete!\n"].concat()).unwrap(),
            "Downloading 1/88 packages, 31 MB/s"
        );
        assert_eq!(
            last(b"\x1b[2A\r\x1b[J\x1b[31;1m[ 5/22] Installing x\x1b[m 100% |").unwrap(),
            "Installing 5/22 packages"
        );
        assert_eq!(last(b"text\n\x1b["), None);
        assert_eq!(last(b"\x1b"), None);
        assert_eq!(last(b"\x1b\x1b[\x1b]x"), None);
    }

    #[test]
    fn other_lines_say_nothing() {
        for line in [
            "",
            "Installing:",
            "Installing dependencies:",
            " bash                  x86_64    5.2.15-2.b13.mini1               mini    649 k",
            "Install  88 Packages",
            "Running transaction",
            "Running transaction test",
            "Installing : ",
            "Installed: a/b",
            "(a/b): c",
            "(1/",
            "[1/2",
            "caf\u{e9} B/s",
            "Total download size: 35 M",
        ] {
            assert_eq!(said(line), "-", "{line}");
        }
    }
}
