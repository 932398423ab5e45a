//! `logging.ini`: the original's file of line formats.
//!
//! Only its formatters mean something here; handlers and loggers do not, the console's lines are
//! mock's own. Whether a format can be used is seen when logs are opened.

use std::path::PathBuf;

use super::layers::Search;
use super::reader::Reader;
use super::source::Source;
use super::{LogFormat, Logging};
use crate::error::{Error, Result};
use crate::ini::Ini;

/// The formatters there are, and the file they are of.
#[derive(Debug, Default)]
pub(super) struct Formatters {
    path: PathBuf,
    ini: Ini,
}

impl Formatters {
    /// A file that is not there, or empty, leaves the formats that are built in.
    pub(super) fn read(reader: &Reader<'_>, search: &Search) -> Result<Self> {
        let name = reader.string(&["log_config_file"])?;
        let mut places = search.config_dirs.iter().map(|dir| dir.join(&name));
        // An absolute path is the same in each.
        let Some(path) = places.find(|path| !name.is_empty() && path.is_file()) else {
            return Ok(Self::default());
        };
        let source = Source::read(&path)?;
        let ini = Ini::parse(&source.text).ok_or_else(|| {
            Error::command(format!(
                "{}: a line is neither a [section] nor NAME=VALUE",
                path.display()
            ))
        })?;
        Ok(Self { path, ini })
    }

    /// The format of one log, by its text or by the name of a formatter.
    pub(super) fn of(&self, reader: &Reader<'_>, log: &str) -> Result<LogFormat> {
        let key = format!("{log}_log_fmt_str");
        if let Some(text) = reader.text(&[&key])? {
            return Ok(LogFormat::Text {
                text,
                dates: None,
                of: key,
            });
        }
        let name = reader.string(&[&format!("{log}_log_fmt_name")])?;
        let Some(section) = self.ini.get(&format!("formatter_{name}")) else {
            return Ok(LogFormat::Named(name));
        };
        let of = format!("{}: [formatter_{name}]", self.path.display());
        if let Some(style) = section.get("style").filter(|style| *style != "%") {
            return Err(Error::command(format!(
                "{of}: style '{style}': only '%' is known"
            )));
        }
        let dates = section.get("datefmt").filter(|dates| !dates.is_empty());
        Ok(LogFormat::Text {
            text: section.get("format").unwrap_or("%(message)s").to_owned(),
            dates: dates.map(str::to_owned),
            of,
        })
    }
}

pub(super) fn logging(reader: &Reader<'_>, search: &Search) -> Result<Logging> {
    let formatters = Formatters::read(reader, search)?;
    Ok(Logging {
        print_main_output: reader.optional_bool(&["print_main_output"])?,
        stderr_line_prefix: reader.string(&["stderr_line_prefix"])?,
        opstimeout: reader.limit(&["opstimeout"])?,
        root_format: formatters.of(reader, "root")?,
        build_format: formatters.of(reader, "build")?,
        state_format: formatters.of(reader, "state")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::test_site::Site;

    /// As the original installs it, with a formatter of a site's own.
    const INI: &str = "[formatters]\nkeys: detailed,simple\n\
        [formatter_detailed]\nformat=%(levelname)s %(filename)s:%(lineno)d:  %(message)s\n\n\
        # ours\n[formatter_ours]\nformat: %(asctime)s %(message)s\ndatefmt=%H:%M\n\
        [formatter_new]\nstyle={\nformat={message}\n";

    fn formats(config: &str, ini: Option<&str>) -> String {
        let site = Site::new(&[("etc/a.cfg", &format!("config_opts['root'] = 'a'\n{config}"))]);
        if let Some(ini) = ini {
            site.put("etc/logging.ini", ini);
        }
        match site.load() {
            Ok(loaded) => {
                let logging = loaded.config.logging;
                let formats = [logging.root_format, logging.build_format];
                site.clean(&format!("{formats:?}"))
            }
            Err(error) => site.shown(&error),
        }
    }

    #[test]
    fn formats_by_name_and_by_text() {
        let built_in = r#"[Named("detailed"), Named("unadorned")]"#;
        assert_eq!(formats("", None), built_in);
        assert_eq!(formats("", Some("")), built_in);
        assert_eq!(
            formats("config_opts['log_config_file'] = 'nope.ini'\n", Some(INI)),
            built_in
        );
        assert_eq!(
            formats("config_opts['build_log_fmt_name'] = 'ours'\n", Some(INI)),
            r#"[Text { text: "%(levelname)s %(filename)s:%(lineno)d:  %(message)s", dates: None, of: "/etc/logging.ini: [formatter_detailed]" }, Text { text: "%(asctime)s %(message)s", dates: Some("%H:%M"), of: "/etc/logging.ini: [formatter_ours]" }]"#
        );
        assert_eq!(
            formats("config_opts['build_log_fmt_str'] = '%(message)s!'\n", None),
            r#"[Named("detailed"), Text { text: "%(message)s!", dates: None, of: "build_log_fmt_str" }]"#
        );
    }

    #[test]
    fn what_cannot_be_used() {
        assert_eq!(
            formats("", Some("nonsense")),
            "50 /etc/logging.ini: a line is neither a [section] nor NAME=VALUE"
        );
        assert_eq!(
            formats("config_opts['root_log_fmt_name'] = 'new'\n", Some(INI)),
            "50 /etc/logging.ini: [formatter_new]: style '{': only '%' is known"
        );
    }
}
