//! Tools that look at the system before the build: configure scripts, CMake, meson.

use super::text::{all, is_noise, is_place};

/// Autoconf: what was checked last, the error, and pkg-config's words about it.
pub(super) fn configure<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let Some(at) = lines.iter().position(|line| is_refusal(line)) else {
        return Vec::new();
    };
    let checked = lines[..at]
        .last()
        .filter(|line| line.starts_with("checking ") || line.starts_with("configure: WARNING"));
    let rest = lines[at + 1..]
        .iter()
        .take_while(|line| !ends_explanation(line))
        .filter(|line| !is_noise(line))
        .take(5);
    let mut found: Vec<&str> = checked.into_iter().copied().collect();
    found.push(lines[at]);
    found.extend(rest);
    found
}

fn is_refusal(line: &str) -> bool {
    line.starts_with("configure: error: ")
        || line.starts_with("./configure: error: ")
        || line.contains("/configure: error: ")
}

fn ends_explanation(line: &str) -> bool {
    line.starts_with("Consider adjusting the PKG_CONFIG_PATH")
        || line.starts_with("Alternatively, you may set")
        || line.starts_with("+ ")
        || line.starts_with("make")
}

/// CMake: the message, and the line of the project it comes from.
pub(super) fn cmake<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let Some(at) = lines
        .iter()
        .position(|line| line.starts_with("CMake Error"))
    else {
        return Vec::new();
    };
    let mut found = vec![lines[at]];
    let mut stack = None;
    let mut in_stack = false;
    for line in lines[at + 1..].iter().copied() {
        if line.starts_with("Call Stack") {
            in_stack = true;
        } else if !line.is_empty() && !line.starts_with("  ") {
            break;
        } else if in_stack && !line.is_empty() {
            stack = Some(line);
        } else if found.len() < 8 && !line.is_empty() {
            found.push(line);
        }
    }
    found.extend(stack);
    found
}

/// meson stops at its first error.
pub(super) fn meson<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    lines
        .iter()
        .rev()
        .find(|line| {
            line.split_once(": ERROR: ")
                .is_some_and(|(head, _)| is_place(head) && head.contains("meson"))
        })
        .into_iter()
        .copied()
        .collect()
}

pub(super) fn perl_module<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    all(lines, 3, |line| {
        line.contains("Can't locate ") && line.contains(" in @INC")
    })
}
