//! Where a value was assigned.

use super::{Site, list, map};
use crate::config::value::{Origin, Value};

/// Every known origin as `path.to.key file:line`.
fn origins(site: &Site) -> Vec<String> {
    let line = |(path, origin): (&Vec<String>, &Origin)| {
        site.relative(&format!("{} {origin}", path.join(" / ")))
    };
    site.options.origins.iter().map(line).collect()
}

#[test]
fn the_last_assignment_of_each_path() {
    let mut site = Site::new();
    site.options.values = map([
        ("root", "old".into()),
        ("kept", Value::None),
        ("dirs", list([])),
        (
            "plugin_conf",
            super::dict([("a", Value::None), ("b", Value::None)]),
        ),
    ]);
    for key in ["root", "kept", "dirs", "plugin_conf"] {
        site.options
            .origins
            .insert(vec![key.to_owned()], Origin::Default { line: 1 });
    }
    for key in ["a", "b"] {
        let path = vec!["plugin_conf".to_owned(), key.to_owned()];
        site.options
            .origins
            .insert(path, Origin::Default { line: 2 });
    }
    site.write(
        "x.tpl",
        "\nconfig_opts['included'] = 1\nlater = config_opts['dirs']\n",
    );
    site.write(
        "main.cfg",
        "include('x.tpl')
config_opts['root'] = 'a'
config_opts['root'] += 'b'
later.append(1)
config_opts['plugin_conf']['a'] = {
    'x': 1,
    'y': 2,
}
config_opts['plugin_conf']['a'].update(
    y=3)
config_opts['yum.conf'] = '''
'''
def f():
    config_opts['in_function'] = 1
f()
config_opts['list'] = [{'inner': 1}]
config_opts.setdefault('kept', 1)
",
    );
    site.evaluate("main.cfg").expect("evaluated");
    assert_eq!(
        origins(&site),
        [
            "root main.cfg:3",
            "kept built-in defaults:1",
            "dirs main.cfg:4",
            "plugin_conf built-in defaults:1",
            "plugin_conf / a main.cfg:5",
            "plugin_conf / a / x main.cfg:6",
            "plugin_conf / a / y main.cfg:9",
            "plugin_conf / b built-in defaults:2",
            "included x.tpl:2",
            "dnf.conf main.cfg:11",
            "in_function main.cfg:14",
            "list main.cfg:16",
        ]
    );
}

#[test]
fn what_is_replaced_or_deleted_is_forgotten() {
    let mut site = Site::new();
    site.write(
        "one.cfg",
        "config_opts['a'] = {'x': {'y': 1}}\nconfig_opts['b'] = 1\n",
    );
    site.write(
        "two.cfg",
        "config_opts['a'] = {'x': 2}\ndel config_opts['b']\n",
    );
    site.evaluate("one.cfg").expect("evaluated");
    assert_eq!(
        origins(&site),
        [
            "a one.cfg:1",
            "a / x one.cfg:1",
            "a / x / y one.cfg:1",
            "b one.cfg:2"
        ]
    );
    site.evaluate("two.cfg").expect("evaluated");
    assert_eq!(origins(&site), ["a two.cfg:1", "a / x two.cfg:1"]);
}
