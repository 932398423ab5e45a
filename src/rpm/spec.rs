//! What a spec file says of name, version and sources, read from the output of `rpmspec --parse`.
//!
//! rpm has expanded its macros and taken its conditions; left are lines.

/// What is asked of a spec file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SpecFacts {
    pub(crate) name: String,
    pub(crate) version: String,
    /// With their numbers.
    pub(crate) sources: Vec<(u32, String)>,
    /// Patches, and files that have no number.
    pub(crate) others: Vec<String>,
}

enum Section {
    /// Of the package itself, or of one beside it.
    Preamble {
        main: bool,
    },
    /// Lines that are names of files.
    List,
    Other,
}

impl SpecFacts {
    pub(crate) fn parse(text: &str) -> Self {
        let mut facts = Self::default();
        let mut section = Section::Preamble { main: true };
        let mut next = 0;
        for line in text.lines().map(str::trim) {
            if let Some(word) = line.strip_prefix('%') {
                section = match word.split_whitespace().next().unwrap_or_default() {
                    "package" => Section::Preamble { main: false },
                    "sourcelist" | "patchlist" => Section::List,
                    word if is_section(word) => Section::Other,
                    _ => continue,
                };
                continue;
            }
            match section {
                Section::Preamble { main } => {
                    if let Some((tag, value)) = line.split_once(':') {
                        facts.tag(tag.trim(), value.trim(), main, &mut next);
                    }
                }
                Section::List if !line.is_empty() && !line.starts_with('#') => {
                    facts.others.push(line.to_owned());
                }
                Section::List | Section::Other => {}
            }
        }
        facts
    }

    fn tag(&mut self, tag: &str, value: &str, main: bool, next: &mut u32) {
        let tag = tag.to_ascii_lowercase();
        let value = value.to_owned();
        if tag == "name" && main {
            self.name = value;
        } else if tag == "version" && main {
            self.version = value;
        } else if let Some(number) = tag.strip_prefix("source") {
            let number = match number {
                "" => Some(*next),
                digits => digits.parse().ok(),
            };
            if let Some(number) = number {
                *next = number.saturating_add(1);
                self.sources.push((number, value));
            }
        } else if let Some(number) = tag.strip_prefix("patch")
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            self.others.push(value);
        }
    }

    /// The file of the source with the lowest number.
    pub(crate) fn first_source(&self) -> Option<String> {
        let first = self.sources.iter().min_by_key(|(number, _)| *number)?;
        file_name(&first.1)
    }

    /// The files that the package is made of, without directories and addresses.
    pub(crate) fn file_names(&self) -> Vec<String> {
        let sources = self.sources.iter().map(|(_, value)| value);
        let values = sources.chain(&self.others);
        values.filter_map(|value| file_name(value)).collect()
    }
}

/// rpm takes what comes after the last slash, whatever is before it.
fn file_name(value: &str) -> Option<String> {
    let name = value.rsplit('/').next().unwrap_or_default();
    (!name.is_empty() && !name.starts_with('.') && !name.chars().any(char::is_control))
        .then(|| name.to_owned())
}

fn is_section(word: &str) -> bool {
    const SECTIONS: [&str; 30] = [
        "description",
        "prep",
        "generate_buildrequires",
        "conf",
        "build",
        "install",
        "check",
        "clean",
        "files",
        "changelog",
        "pre",
        "post",
        "preun",
        "postun",
        "pretrans",
        "posttrans",
        "preuntrans",
        "postuntrans",
        "verify",
        "verifyscript",
        "trigger",
        "triggerin",
        "triggerun",
        "triggerpostun",
        "triggerprein",
        "filetriggerin",
        "filetriggerun",
        "filetriggerpostun",
        "transfiletriggerin",
        "sepolicy",
    ];
    SECTIONS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_a_spec_file() {
        let text = "Name: foo\nVERSION :  1.0\nsource: https://h/v#/foo-1.0.tar.xz\nSource5: b\n\
                    Source: ../c\nPatch0: p.patch\nPatches: x\nSource7: dir/\nSourceLicense: MIT\n\
                    %sourcelist\nd\n# e\n\n%patchlist\nq.patch\n\
                    %package x\nVersion: 2\nSource9: f\n%description\nSource10: not\n%files\nName: bar\n";
        let facts = SpecFacts::parse(text);
        let numbers: Vec<u32> = facts.sources.iter().map(|(number, _)| *number).collect();
        assert_eq!(
            (facts.name.as_str(), facts.version.as_str()),
            ("foo", "1.0")
        );
        assert_eq!(numbers, [0, 5, 6, 7, 9]);
        assert_eq!(facts.first_source().as_deref(), Some("foo-1.0.tar.xz"));
        assert_eq!(
            facts.file_names(),
            ["foo-1.0.tar.xz", "b", "c", "f", "p.patch", "d", "q.patch"]
        );
    }
}
