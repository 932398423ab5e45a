//! Wrong values for every key there is, from every place a value can come from.

use super::super::debug::literal;
use super::super::keys::{Key, schema};
use super::super::test_site::Site;
use super::super::value::Value;

fn list<const N: usize>(items: [Value; N]) -> Value {
    Value::List(items.into())
}

fn table(value: Value) -> Value {
    Value::Dict([("a".to_owned(), value)].into())
}

fn text() -> Value {
    "nonsense".into()
}

/// What does not go with a type. A type that has no row here fails the tests.
fn wrong(kind: &str) -> Vec<Value> {
    let words = || list([text(), list([text()])]);
    let of_strings = || vec![table(text()), words()];
    match kind {
        "boolean" | "boolean or none" => vec![text(), list([]), table(text())],
        "integer" => vec![text(), Value::Int(-1), list([Value::Int(1)]), table(text())],
        "string" | "string or none" | "string or boolean or none" | "string or integer or none" => {
            vec![list([text()]), table(text())]
        }
        "list of strings"
        | "list of strings or none"
        | "list of strings or string"
        | "tuple of strings"
        | "tuple of strings or string" => of_strings(),
        "list of pairs" | "list of pairs or none" => vec![
            text(),
            list([text()]),
            list([list([text()])]),
            list([list([text(), text(), text()])]),
            list([list([Value::Int(1), text()])]),
            table(text()),
        ],
        "list of lists" => vec![
            list([table(text())]),
            list([list([list([])])]),
            table(text()),
        ],
        "table" => vec![text(), list([text()]), Value::Int(1)],
        "table of strings" | "table of scalars" => {
            vec![text(), list([text()]), table(list([text()]))]
        }
        "table of lists" => vec![text(), list([text()]), table(table(text()))],
        one_of if one_of.starts_with("one of ") => vec![text(), list([text()])],
        other => panic!("no wrong values are known for '{other}'"),
    }
}

/// All but what mock sets itself, whatever a configuration says.
fn keys() -> impl Iterator<Item = &'static Key> {
    let own = ["version", "config_paths"];
    let keys = schema().keys.iter();
    keys.filter(move |key| !own.contains(&key.original[0].as_str()))
}

fn python_path(key: &Key) -> String {
    let parts = key.original.iter().map(|part| format!("[{part:?}]"));
    format!("config_opts{}", parts.collect::<String>())
}

/// One line that names the place and the key; status 3.
fn check(shown: &str, place: &str, name: &str, what: &str) {
    let first = shown.lines().next().unwrap_or_default();
    let start = format!("3 {place}");
    assert!(
        first.starts_with(&start) && first.contains(name) && first.contains("expected "),
        "{what}\n{shown}"
    );
    assert!(first.len() < 300, "{first}");
}

#[test]
fn in_files_of_the_originals_format() {
    let site = Site::new(&[]);
    for key in keys() {
        let name = key.original.last().unwrap();
        for value in wrong(
            &key.kind
                .text
                .replace("list of strings or string", "list of strings"),
        ) {
            let line = format!("{} = {}", python_path(key), literal(&value));
            let text = format!("config_opts['root'] = 'a'\n\n{line}\n");
            site.put("etc/a.cfg", &text);
            check(&site.error(), "/etc/a.cfg:3: ", name, &line);
        }
    }
}

/// One of each is enough where the way in is another.
#[test]
fn on_the_command_line() {
    let mut site = Site::new(&[("etc/a.cfg", "config_opts['root'] = 'a'\n")]);
    for key in keys() {
        let [name] = key.original.as_slice() else {
            continue;
        };
        for value in wrong(&key.kind.text).into_iter().take(1) {
            site.overrides.set = vec![(name.clone(), value.clone())];
            let what = format!("--config-opts={name}={}", literal(&value));
            check(&site.error(), "command line: ", name, &what);
        }
    }
    site.overrides.set.clear();
    for key in keys() {
        let [conf, options, name] = key.original.as_slice() else {
            continue;
        };
        let Some(plugin) = options
            .strip_suffix("_opts")
            .filter(|_| conf == "plugin_conf")
        else {
            continue;
        };
        for value in wrong(&key.kind.text).into_iter().take(1) {
            let what = format!("--plugin-option={plugin}:{name}={}", literal(&value));
            let option = (plugin.to_owned(), name.clone(), value);
            site.overrides.plugin_options = vec![option];
            check(&site.error(), "command line: ", name, &what);
        }
    }
}

fn toml(value: &Value) -> String {
    match value {
        Value::Dict(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{key} = {}", toml(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::List(items) => {
            format!(
                "[{}]",
                items.iter().map(toml).collect::<Vec<_>>().join(", ")
            )
        }
        Value::Str(text) => format!("{text:?}"),
        other => literal(other),
    }
}

#[test]
fn in_toml() {
    let site = Site::new(&[]);
    for key in keys() {
        let (name, section) = key.toml.split_last().unwrap();
        for value in wrong(&key.kind.text).into_iter().take(1) {
            let path: Vec<String> = section.iter().map(|part| format!("{part:?}")).collect();
            let line = format!("{name:?} = {}", toml(&value));
            let text = match (path.join(".").as_str(), name.as_str()) {
                ("\"chroot\"", "name") => format!("[chroot]\n\n{line}\n"),
                ("\"chroot\"", _) => format!("[chroot]\nname = \"a\"\n{line}\n"),
                ("", _) => format!("# x\n# y\n{line}\nchroot.name = \"a\"\n"),
                (path, _) => format!("chroot.name = \"a\"\n[{path}]\n{line}\n"),
            };
            site.put("etc/a.toml", &text);
            // An entry of a table is named by itself; the excerpt has the rest.
            let shown = site
                .error()
                .replace(" a: expected", &format!(" {name}.a: expected"));
            check(&shown, "/etc/a.toml:3:", name, &text);
        }
    }
}
