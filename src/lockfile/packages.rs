//! The packages of a lockfile, from what rpm says of a root.

use serde::{Deserialize, Serialize};

/// Between fields; no license has it.
const SEPARATOR: &str = "|/@";

/// The format for `rpm -qa --qf` that [`parse`] reads.
pub(crate) const QUERY: &str = "%{NAME}|/@%{ARCH}|/@%{LICENSE}|/@%{VERSION}|/@%{RELEASE}|/@%{EPOCH}|/@%{SIGMD5}|/@%{SIGPGP:pgpsig}|/@\\n";

/// What rpm prints for a tag that is not there.
const NONE: &str = "(none)";

/// An installed package; fields in the file's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rpm {
    pub(crate) arch: String,
    pub(crate) epoch: Option<String>,
    pub(crate) license: String,
    pub(crate) name: String,
    pub(crate) release: String,
    /// Of header and payload together, as rpm keeps it.
    pub(crate) sigmd5: String,
    /// The last eight digits of the key that signed it.
    pub(crate) signature: Option<String>,
    /// Where the package manager would download it.
    pub(crate) url: String,
    pub(crate) version: String,
}

impl Rpm {
    /// `name-version-release.arch`, as package managers take it.
    pub(crate) fn nvra(&self) -> String {
        format!(
            "{}-{}-{}.{}",
            self.name, self.version, self.release, self.arch
        )
    }
}

/// The packages of rpm's output, sorted as the file has them, without places to download them from.
/// Keys that rpm imported are no packages. Gives what is no package's line when there is such.
pub(crate) fn parse(text: &str) -> Result<Vec<Rpm>, String> {
    // A license may have several lines: a package ends with a separator.
    let mut records: Vec<&str> = text.split_terminator("|/@\n").collect();
    records.sort_unstable();
    let packages: Vec<Rpm> = records
        .into_iter()
        .map(|record| package(record).ok_or_else(|| record.to_owned()))
        .collect::<Result<_, _>>()?;
    let wanted = packages.into_iter().filter(|p| p.name != "gpg-pubkey");
    Ok(wanted.collect())
}

fn package(line: &str) -> Option<Rpm> {
    let fields: Vec<&str> = line.split(SEPARATOR).collect();
    let [
        name,
        arch,
        license,
        version,
        release,
        epoch,
        sigmd5,
        signature,
    ] = fields[..]
    else {
        return None;
    };
    let given = |text: &str| (text != NONE).then(|| text.to_owned());
    let key = |text: &str| {
        let word = text.split_whitespace().next_back()?;
        let start = word.char_indices().rev().nth(7).map_or(0, |(at, _)| at);
        Some(word[start..].to_owned())
    };
    Some(Rpm {
        arch: arch.to_owned(),
        epoch: given(epoch),
        license: license.to_owned(),
        name: name.to_owned(),
        release: release.to_owned(),
        sigmd5: sigmd5.to_owned(),
        signature: given(signature).as_deref().and_then(key),
        url: String::new(),
        version: version.to_owned(),
    })
}
