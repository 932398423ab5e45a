//! Sections, options, lines that continue the one before: the format of `dnf.conf` and `logging.ini`.
//!
//! `=` or `:` is between an option and its value, as for Python's configparser; whichever comes first.

/// Sections in order of appearance; one that comes twice is one, and the last of an option counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ini {
    pub(crate) sections: Vec<Section>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) name: String,
    options: Vec<(String, String)>,
}

impl Section {
    pub(crate) fn get(&self, option: &str) -> Option<&str> {
        let found = self.options.iter().rev().find(|(name, _)| name == option);
        found.map(|(_, value)| value.as_str())
    }
}

impl Ini {
    /// None when a line is nothing that is known: what it does to a package manager is not either.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut ini = Self::default();
        let mut at = None;
        for line in text.lines() {
            let bare = line.trim();
            if bare.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if line.starts_with([' ', '\t']) {
                let section: &mut Section = ini.sections.get_mut(at?)?;
                let (_, value) = section.options.last_mut()?;
                value.push('\n');
                value.push_str(bare);
            } else if let Some(rest) = bare.strip_prefix('[') {
                at = Some(ini.section(rest.strip_suffix(']')?));
            } else {
                let (name, value) = bare.split_once(['=', ':'])?;
                let option = (name.trim_end().to_owned(), value.trim_start().to_owned());
                ini.sections.get_mut(at?)?.options.push(option);
            }
        }
        Some(ini)
    }

    fn section(&mut self, name: &str) -> usize {
        let found = self
            .sections
            .iter()
            .position(|section| section.name == name);
        found.unwrap_or_else(|| {
            self.sections.push(Section {
                name: name.to_owned(),
                options: Vec::new(),
            });
            self.sections.len() - 1
        })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_options() {
        let text = "# c\n[main]\na = 1\n b=2\n\tc \n; d\nx=\n[r]\ny=z=z\n\n[main]\na=3";
        let section = |name: &str, options: &[(&str, &str)]| Section {
            name: name.to_owned(),
            options: options
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        };
        let ini = Ini::parse(text).unwrap();
        assert_eq!(
            ini.sections,
            [
                section("main", &[("a", "1\nb=2\nc"), ("x", ""), ("a", "3")]),
                section("r", &[("y", "z=z")]),
            ]
        );
        assert_eq!(ini.get("main").and_then(|main| main.get("a")), Some("3"));
    }

    #[test]
    fn what_is_not_known() {
        for text in ["a=1", " a", "[m]\n a", "[m]\nword", "[m"] {
            assert_eq!(Ini::parse(text), None, "{text:?}");
        }
    }
}
