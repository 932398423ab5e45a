//! The machine ran out of something: disk or memory.

use super::text::all;

pub(super) fn no_space<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    all(lines, 3, |line| {
        let line = line.trim_end();
        line.contains(": No space left on device") || line.contains(": Disk quota exceeded")
    })
}

/// The kernel kills the largest process when memory runs out; programs then see only the signal.
pub(super) fn killed<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut found = all(lines, 4, |line| {
        WORDS.iter().any(|words| line.contains(words)) || is_shell_report(line)
    });
    if !found.is_empty() {
        found.push(
            "(most likely memory ran out: fewer jobs need less, \
             for instance with --define '_smp_build_ncpus 2')",
        );
    }
    found
}

const WORDS: &[&str] = &[
    "Killed signal terminated program",
    "fatal error: Killed",
    "terminated with signal 9",
    "(signal: 9, SIGKILL",
    "virtual memory exhausted",
    "LLVM ERROR: out of memory",
    ": out of memory allocating ",
    "memory allocation of ",
];

/// `make: *** [Makefile:3: all] Killed`, `/var/tmp/rpm-tmp.x: line 40:  4711 Killed  ./program`.
fn is_shell_report(line: &str) -> bool {
    line.trim_end() == "Killed"
        || (line.contains("*** [") && line.trim_end().ends_with("] Killed"))
        || (line.starts_with("/var/tmp/rpm-tmp.") && line.contains(" Killed "))
}
