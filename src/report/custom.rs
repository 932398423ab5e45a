//! Line formats of a `logging.ini`: Python's `%(levelname)s: %(message)s`.
//!
//! A format is taken apart once. What goes before and after the message is made for each line; the
//! message's own bytes stay untouched.

use std::sync::LazyLock;
use std::time::Instant;

use jiff::ZonedDateTime;
use tracing::Level;

use super::format::{Origin, level_name};

/// Columns that a number may be padded to: a format may come from others.
const WIDEST: usize = 1000;

/// What a format may show of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Time,
    Created,
    File,
    Module,
    Path,
    Function,
    Level,
    LevelNumber,
    Line,
    Milliseconds,
    Since,
    Logger,
    Process,
    ProcessName,
    ThreadName,
}

const FIELDS: [(&str, Field); 17] = [
    ("asctime", Field::Time),
    ("created", Field::Created),
    ("filename", Field::File),
    ("funcName", Field::Function),
    ("levelname", Field::Level),
    ("levelno", Field::LevelNumber),
    ("lineno", Field::Line),
    ("module", Field::Module),
    ("msecs", Field::Milliseconds),
    ("name", Field::Logger),
    ("pathname", Field::Path),
    ("process", Field::Process),
    ("processName", Field::ProcessName),
    ("relativeCreated", Field::Since),
    ("taskName", Field::Function),
    ("thread", Field::Process),
    ("threadName", Field::ThreadName),
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field {
        field: Field,
        left: bool,
        zeros: bool,
        width: usize,
        precision: Option<usize>,
        conversion: char,
    },
}

/// A format that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Custom {
    before: Vec<Piece>,
    /// `None`: the message is not shown.
    after: Option<Vec<Piece>>,
    dates: Option<String>,
}

/// What a line is about, besides its message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) logger: &'static str,
    pub(super) level: Level,
    pub(super) origin: Origin<'a>,
}

impl Custom {
    /// An error says what cannot be used.
    pub(crate) fn parse(format: &str, dates: Option<&str>) -> Result<Self, String> {
        // Python refuses a format without any.
        if !format.contains("%(") {
            return Err("it has no field such as %(message)s".to_owned());
        }
        if let Some(dates) = dates {
            let time = jiff::civil::date(2026, 1, 1).at(0, 0, 0, 0);
            let zoned = time.to_zoned_datetime(jiff::tz::TimeZone::UTC);
            let printed = zoned
                .ok()
                .map(|now| jiff::fmt::strtime::format(dates, &now));
            if !matches!(printed, Some(Ok(_))) {
                return Err(format!("datefmt '{dates}' is no format of a time"));
            }
        }
        let mut custom = Self {
            before: Vec::new(),
            after: None,
            dates: dates.map(str::to_owned),
        };
        let mut rest = format;
        while let Some((text, tail)) = rest.split_once('%') {
            custom.push(Piece::Text(text.to_owned()));
            rest = match tail.strip_prefix('%') {
                Some(tail) => {
                    custom.push(Piece::Text("%".to_owned()));
                    tail
                }
                None => custom.field(tail)?,
            };
        }
        custom.push(Piece::Text(rest.to_owned()));
        Ok(custom)
    }

    fn push(&mut self, piece: Piece) {
        self.after.as_mut().unwrap_or(&mut self.before).push(piece);
    }

    /// Reads `(name)conversion` behind a `%`, and gives what follows.
    fn field<'t>(&mut self, text: &'t str) -> Result<&'t str, String> {
        let shown: String = text.chars().take(20).collect();
        let wrong = |why: &str| format!("'%{shown}': {why}");
        let named = text.strip_prefix('(').and_then(|text| text.split_once(')'));
        let (name, rest) = named.ok_or_else(|| wrong("a field is written %(name)s"))?;
        let flags = rest.find(|c| !"-+ #0".contains(c)).unwrap_or(rest.len());
        let (flags, rest) = rest.split_at(flags);
        let (width, rest) = digits(rest);
        let (precision, rest) = match rest.strip_prefix('.') {
            Some(rest) => {
                let (precision, rest) = digits(rest);
                (Some(precision), rest)
            }
            None => (None, rest),
        };
        let mut after = rest.chars();
        let conversion = after.next().unwrap_or(' ');
        if width > WIDEST || precision.is_some_and(|precision| precision > WIDEST) {
            return Err(wrong("too wide"));
        }
        if name == "message" {
            if conversion != 's' || !flags.is_empty() || width > 0 || precision.is_some() {
                return Err(wrong("the message is written %(message)s, without a width"));
            }
            if self.after.is_some() {
                return Err(wrong("the message can be shown once"));
            }
            self.after = Some(Vec::new());
            return Ok(after.as_str());
        }
        let field = FIELDS.iter().find(|(known, _)| *known == name);
        let (_, field) = field.ok_or_else(|| wrong("there is no such field"))?;
        let number = matches!(
            field,
            Field::Created
                | Field::LevelNumber
                | Field::Line
                | Field::Milliseconds
                | Field::Since
                | Field::Process
        );
        match conversion {
            's' | 'r' => {}
            'd' | 'i' | 'u' | 'f' if number => {}
            'd' | 'i' | 'u' | 'f' => return Err(wrong("it is no number: write %(name)s")),
            _ => return Err(wrong("a field ends with s, d or f")),
        }
        self.push(Piece::Field {
            field: *field,
            left: flags.contains('-'),
            zeros: flags.contains('0'),
            width,
            precision,
            conversion,
        });
        Ok(after.as_str())
    }

    /// What goes before and after the message; without the second, the first is all.
    pub(super) fn around(&self, line: Line<'_>) -> (String, Option<String>) {
        let now = ZonedDateTime::now();
        let text = |pieces: &[Piece]| {
            let mut text = String::new();
            for piece in pieces {
                self.write(piece, line, &now, &mut text);
            }
            text
        };
        (text(&self.before), self.after.as_deref().map(text))
    }

    fn write(&self, piece: &Piece, line: Line<'_>, now: &ZonedDateTime, to: &mut String) {
        let (field, left, zeros, width, precision, conversion) = match piece {
            Piece::Text(text) => return to.push_str(text),
            Piece::Field {
                field,
                left,
                zeros,
                width,
                precision,
                conversion,
            } => (field, *left, *zeros, *width, *precision, *conversion),
        };
        let number = |number: f64| match conversion {
            'f' => format!("{number:.0$}", precision.unwrap_or(6)),
            's' | 'r' => format!("{number}"),
            _ => format!("{}", number.trunc()),
        };
        let path = line.origin.file;
        let base = path.rsplit('/').next().unwrap_or(path);
        let mut text = match field {
            Field::Time => match &self.dates {
                Some(dates) => now.strftime(dates).to_string(),
                None => now.strftime("%Y-%m-%d %H:%M:%S,%3f").to_string(),
            },
            Field::Created => number(now.timestamp().as_duration().as_secs_f64()),
            Field::Milliseconds => number(f64::from(now.subsec_nanosecond() / 1_000_000)),
            Field::Since => number(started().elapsed().as_secs_f64() * 1000.0),
            Field::LevelNumber => number(f64::from(level_number(line.level))),
            Field::Line => number(f64::from(line.origin.line)),
            Field::Process => number(f64::from(std::process::id())),
            Field::File => base.to_owned(),
            Field::Module => base.trim_end_matches(".rs").to_owned(),
            Field::Path => path.to_owned(),
            Field::Function => "None".to_owned(),
            Field::Level => level_name(line.level).to_owned(),
            Field::Logger => line.logger.to_owned(),
            Field::ProcessName => "MainProcess".to_owned(),
            Field::ThreadName => "MainThread".to_owned(),
        };
        if let (Some(precision), 's' | 'r') = (precision, conversion) {
            text = text.chars().take(precision).collect();
        }
        let padding = width.saturating_sub(text.chars().count());
        let digits = zeros && !left && !matches!(conversion, 's' | 'r');
        let fill = if digits { "0" } else { " " }.repeat(padding);
        let (first, second) = if left { (text, fill) } else { (fill, text) };
        to.push_str(&first);
        to.push_str(&second);
    }
}

fn digits(text: &str) -> (usize, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let value = if digits.is_empty() { "0" } else { digits };
    (value.parse().unwrap_or(usize::MAX), rest)
}

fn level_number(level: Level) -> u32 {
    match level {
        Level::ERROR => 40,
        Level::WARN => 30,
        Level::INFO => 20,
        Level::DEBUG => 10,
        Level::TRACE => 5,
    }
}

/// When lines began.
fn started() -> Instant {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    *STARTED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(format: &str, dates: Option<&str>) -> String {
        let line = Line {
            logger: "mockbuild.Root.build",
            level: Level::WARN,
            origin: Origin {
                file: "src/recipe/init.rs",
                line: 42,
            },
        };
        match Custom::parse(format, dates) {
            Ok(custom) => {
                let (before, after) = custom.around(line);
                format!(
                    "{before}{}",
                    after.map_or(String::new(), |after| format!("M{after}"))
                )
            }
            Err(why) => format!("error: {why}"),
        }
    }

    #[test]
    fn as_python_formats() {
        let pid = std::process::id();
        for (format, expected) in [
            ("%(message)s", "M"),
            ("%(levelname)s: %(message)s", "WARNING: M"),
            (
                "%(levelname)s %(filename)s:%(lineno)d:  %(message)s",
                "WARNING init.rs:42:  M",
            ),
            (
                "[%(name)-25s] %(message)s.",
                "[mockbuild.Root.build     ] M.",
            ),
            (
                "%(levelname)8s|%(levelname)-8s|%(levelname).4s",
                " WARNING|WARNING |WARN",
            ),
            (
                "%(lineno)05d %(lineno)5d %(lineno)-5d| %(lineno)s",
                "00042    42 42   | 42",
            ),
            (
                "%(levelno)d %(levelno).1f 100%% %(message)s %%",
                "30 30.0 100% M %",
            ),
            ("%(module)s %(pathname)s", "init src/recipe/init.rs"),
            (
                "%(process)d %(processName)s %(threadName)s",
                &format!("{pid} MainProcess MainThread"),
            ),
            ("%(funcName)s", "None"),
        ] {
            assert_eq!(shown(format, None), expected, "{format}");
        }
        let time = shown("%(asctime)s %(message)s", None);
        let (date, rest) = time.split_once(' ').unwrap();
        assert!(
            date.len() == 10 && rest.len() == 14 && rest.ends_with(" M"),
            "{time}"
        );
        assert_eq!(shown("%(asctime)s %(message)s", Some("%H")).len(), 4);
        let created = shown("%(created)f %(msecs)03d %(relativeCreated)d", None);
        let numbers: Vec<f64> = created.split(' ').map(|n| n.parse().unwrap()).collect();
        assert!(
            numbers[0] > 1.7e9 && numbers[1] < 1000.0 && numbers[2] < 1e7,
            "{created}"
        );
    }

    #[test]
    fn what_python_or_mock_cannot_use() {
        for (format, why) in [
            ("plain", "it has no field such as %(message)s"),
            ("", "it has no field such as %(message)s"),
            ("%(nope)s", "'%(nope)s': there is no such field"),
            (
                "%s %(message)s",
                "'%s %(message)s': a field is written %(name)s",
            ),
            ("%(message", "'%(message': a field is written %(name)s"),
            (
                "%(message)",
                "'%(message)': the message is written %(message)s, without a width",
            ),
            (
                "%(message)20s",
                "'%(message)20s': the message is written %(message)s, without a width",
            ),
            (
                "%(message)s%(message)s",
                "'%(message)s': the message can be shown once",
            ),
            (
                "%(levelname)d",
                "'%(levelname)d': it is no number: write %(name)s",
            ),
            ("%(lineno)x", "'%(lineno)x': a field ends with s, d or f"),
            ("%(lineno)", "'%(lineno)': a field ends with s, d or f"),
            ("%(lineno)9999999999d", "'%(lineno)9999999999d': too wide"),
            (
                "%(lineno)99999999999999999999999d",
                "'%(lineno)999999999999': too wide",
            ),
            ("%(lineno).99999f", "'%(lineno).99999f': too wide"),
        ] {
            assert_eq!(shown(format, None), format!("error: {why}"), "{format}");
        }
        assert_eq!(
            shown("%(asctime)s", Some("%!")),
            "error: datefmt '%!' is no format of a time"
        );
    }
}
