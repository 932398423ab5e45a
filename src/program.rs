//! Under which name this binary is installed.
//!
//! A binary called `xmock` lives beside one called `mock`: the name decides where configurations,
//! state and caches are, which group's id roots get, and what is shown to be typed. It is the name
//! of the executable file, whatever it was called by: a link to `mock` is `mock`.

use std::path::Path;
use std::sync::LazyLock;

const DEFAULT: &str = "mock";

/// Of this process.
pub(crate) fn name() -> &'static str {
    static NAME: LazyLock<String> = LazyLock::new(|| {
        // The binary of tests has a name of cargo's.
        match std::env::current_exe() {
            Ok(path) if !cfg!(test) => of(&path),
            _ => DEFAULT.to_owned(),
        }
    });
    &NAME
}

/// A text with commands of this program in backquotes, by the name that it has here.
pub(crate) fn commands_in(text: String) -> String {
    renamed(text, name())
}

fn renamed(text: String, name: &str) -> String {
    match name {
        DEFAULT => text,
        _ => text.replace("`mock -", &format!("`{name} -")),
    }
}

fn of(executable: &Path) -> String {
    let name = executable.file_name().unwrap_or_default().to_string_lossy();
    // The kernel's word, where the file was replaced meanwhile.
    let name = name.strip_suffix(" (deleted)").unwrap_or(&name);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    // It becomes the name of directories, and a word in commands.
    if name.is_empty() || name.starts_with(['.', '-']) || !name.chars().all(plain) {
        return DEFAULT.to_owned();
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_executables() {
        for (path, name) in [
            ("/usr/bin/mock", "mock"),
            ("/usr/bin/xmock", "xmock"),
            ("/usr/bin/xmock (deleted)", "xmock"),
            ("/opt/mock-2.0_b+1", "mock-2.0_b+1"),
            ("/opt/a mock", "mock"),
            ("/opt/-mock", "mock"),
            ("/opt/.mock", "mock"),
            ("/opt/möck", "mock"),
            ("/", "mock"),
        ] {
            assert_eq!(of(Path::new(path)), name, "{path}");
        }
    }

    #[test]
    fn commands_that_can_be_typed() {
        let text = "`mock -r a --init`, or another mock: `mock --clean`";
        assert_eq!(renamed(text.to_owned(), "mock"), text);
        assert_eq!(
            renamed(text.to_owned(), "xmock"),
            "`xmock -r a --init`, or another mock: `xmock --clean`"
        );
    }
}
