//! `os.path`: paths as text, and which files there are.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::call::Args;
use super::eval::Evaluator;
use super::fail::{Fail, Res};
use super::object::{Key, Val};

pub(super) const FUNCTIONS: &[&str] = &[
    "os.path.abspath",
    "os.path.basename",
    "os.path.dirname",
    "os.path.exists",
    "os.path.expanduser",
    "os.path.expandvars",
    "os.path.isabs",
    "os.path.isdir",
    "os.path.isfile",
    "os.path.islink",
    "os.path.join",
    "os.path.lexists",
    "os.path.normpath",
    "os.path.realpath",
    "os.path.split",
    "os.path.splitext",
];

pub(super) fn call(cx: &mut Evaluator<'_>, name: &str, args: Args) -> Res<Val> {
    if name == "os.path.join" {
        return join(cx, args);
    }
    let path = text(args.one(name)?)?;
    cx.heap.budget.scan(path.len())?;
    let on_host = cx.host.cwd.join(&*path);
    let result = match name {
        "os.path.exists" => return Ok(Val::Bool(on_host.exists())),
        "os.path.isdir" => return Ok(Val::Bool(on_host.is_dir())),
        "os.path.isfile" => return Ok(Val::Bool(on_host.is_file())),
        "os.path.islink" => return Ok(Val::Bool(on_host.is_symlink())),
        "os.path.lexists" => return Ok(Val::Bool(on_host.symlink_metadata().is_ok())),
        "os.path.isabs" => return Ok(Val::Bool(path.starts_with('/'))),
        "os.path.split" => return pair(cx, split(&path)),
        "os.path.splitext" => {
            let base = split(&path).1;
            // Leading dots do not start an extension.
            let bare = base.trim_start_matches('.');
            let extension = bare.rfind('.').map_or("", |at| &bare[at..]);
            return pair(cx, path.split_at(path.len() - extension.len()));
        }
        "os.path.basename" => split(&path).1.to_owned(),
        "os.path.dirname" => split(&path).0.to_owned(),
        "os.path.expanduser" => expand_user(cx, &path)?,
        "os.path.expandvars" => expand_variables(cx, &path)?,
        "os.path.normpath" => normal(&path),
        "os.path.abspath" => normal(&on_host.to_string_lossy()),
        _ => real(&on_host).to_string_lossy().into_owned(),
    };
    cx.heap.string(result)
}

fn text(value: Val) -> Res<Rc<str>> {
    match value {
        Val::Str(text) => Ok(text),
        other => Err(Fail::new(format!(
            "a path is a str, not {}",
            other.described()
        ))),
    }
}

fn pair(cx: &mut Evaluator<'_>, (first, second): (&str, &str)) -> Res<Val> {
    let items = vec![
        cx.heap.string(first.to_owned())?,
        cx.heap.string(second.to_owned())?,
    ];
    cx.heap.tuple(items)
}

fn join(cx: &mut Evaluator<'_>, args: Args) -> Res<Val> {
    if !args.named.is_empty() || args.positional.is_empty() {
        return Err(Fail::new("os.path.join() needs one or more paths"));
    }
    let mut path = String::new();
    for (at, part) in args.positional.into_iter().enumerate() {
        let part = text(part)?;
        cx.heap.budget.produce(part.len() + 1)?;
        if part.starts_with('/') {
            path.clear();
        } else if at > 0 && !path.is_empty() && !path.ends_with('/') {
            path.push('/');
        }
        path.push_str(&part);
    }
    cx.heap.string(path)
}

fn split(path: &str) -> (&str, &str) {
    let (head, tail) = path.split_at(path.rfind('/').map_or(0, |at| at + 1));
    let trimmed = head.trim_end_matches('/');
    (if trimmed.is_empty() { head } else { trimmed }, tail)
}

fn expand_user(cx: &mut Evaluator<'_>, path: &str) -> Res<String> {
    let rest = match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        // Of other users, nothing is known here.
        _ => return Ok(path.to_owned()),
    };
    let environment = cx.environment()?;
    let home = match cx.heap.get(environment, &Key::Str("HOME".into())) {
        Some(Val::Str(home)) => home.to_string(),
        _ => cx.host.home.to_string_lossy().into_owned(),
    };
    Ok(format!("{}{rest}", home.trim_end_matches('/')))
}

/// `$name` and `${name}`; what is not set stays as it is.
fn expand_variables(cx: &mut Evaluator<'_>, path: &str) -> Res<String> {
    let environment = cx.environment()?;
    let mut result = String::new();
    let mut rest = path;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        let from = &rest[at..];
        let (name, len) = match from[1..].strip_prefix('{') {
            Some(braced) => match braced.find('}') {
                Some(end) => (&braced[..end], end + 3),
                None => ("", 1),
            },
            None => {
                let end = from[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let end = end.unwrap_or(from.len() - 1);
                (&from[1..=end], end + 1)
            }
        };
        match cx.heap.get(environment, &Key::Str(name.into())) {
            Some(Val::Str(value)) => {
                let value = Rc::clone(value);
                cx.heap.budget.produce(value.len())?;
                result.push_str(&value);
            }
            _ => result.push_str(&from[..len]),
        }
        rest = &from[len..];
    }
    result.push_str(rest);
    Ok(result)
}

fn normal(path: &str) -> String {
    // Two slashes at the start, and not three, are kept: POSIX lets them mean something.
    let root = match path.len() - path.trim_start_matches('/').len() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if root.is_empty() => parts.push(part),
                _ => {}
            },
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (root, joined.as_str()) {
        ("", "") => ".".to_owned(),
        (root, joined) => format!("{root}{joined}"),
    }
}

/// Resolves what exists, and keeps the rest.
fn real(path: &Path) -> PathBuf {
    let plain = PathBuf::from(normal(&path.to_string_lossy()));
    let mut missing = Vec::new();
    for ancestor in path.ancestors() {
        if let Ok(mut real) = ancestor.canonicalize() {
            real.extend(missing.iter().rev());
            return PathBuf::from(normal(&real.to_string_lossy()));
        }
        match ancestor.file_name() {
            Some(name) => missing.push(name.to_owned()),
            None => return plain,
        }
    }
    plain
}
