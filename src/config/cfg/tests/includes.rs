//! `include()`.

use super::{Site, list, map};
use crate::config::value::Value;

#[test]
fn an_include_is_carried_out_where_it_stands() {
    let mut site = Site::new();
    site.write(
        "templates/base.tpl",
        "config_opts['a'] = 'base'\nconfig_opts['b'] = name\n",
    );
    site.write(
        "templates/other.tpl",
        "include('templates/base.tpl')\nconfig_opts['c'] = 1\n",
    );
    site.write(
        "main.cfg",
        "name = 'main'\nconfig_opts['a'] = 'before'\n\
         if name == 'main':\n    include(os.path.join('templates', 'oth' + 'er.tpl'))  # a (b)\n\
         else:\n    include('no/such/file')\n\
         config_opts['b'] += '!'\n",
    );
    site.evaluate("main.cfg").expect("evaluated");
    assert_eq!(
        site.options.values,
        map([
            ("a", "base".into()),
            ("b", "main!".into()),
            ("c", Value::Int(1))
        ])
    );
    let real = site.path().canonicalize().expect("there");
    let files = ["main.cfg", "templates/other.tpl", "templates/base.tpl"];
    assert_eq!(site.files_read, files.map(|name| real.join(name)));
    assert_eq!(site.warnings(), [""; 0]);
}

#[test]
fn absolute_names_and_functions() {
    let mut site = Site::new();
    let elsewhere = Site::new();
    elsewhere.write("x.tpl", "config_opts['x'] = value\n");
    let absolute = elsewhere.path().join("x.tpl");
    site.write(
        "main.cfg",
        format!(
            "def f(value):\n    include({:?})\nf([1])\n",
            absolute.display().to_string()
        ),
    );
    site.evaluate("main.cfg").expect("evaluated");
    assert_eq!(
        site.options.values,
        map([("x", Value::List(vec![Value::Int(1)]))])
    );
}

#[test]
fn a_second_inclusion_is_skipped() {
    let mut site = Site::new();
    site.write(
        "x.tpl",
        "config_opts['x'] = config_opts.get('x', []) + ['once']\n",
    );
    site.write("main.cfg", "include('x.tpl')\ninclude('./x.tpl')\n");
    site.evaluate("main.cfg").expect("evaluated");
    assert_eq!(site.options.values, map([("x", list(["once"]))]));
    assert_eq!(site.warnings(), ["Multiple inclusion of ./x.tpl, skipping"]);
    // What was seen is forgotten with the top-level file.
    site.evaluate("main.cfg").expect("evaluated");
    assert_eq!(site.options.values, map([("x", list(["once", "once"]))]));
}

#[test]
fn includes_that_fail() {
    let mut site = Site::new();
    site.write("loop.cfg", "include('a.tpl')\n");
    site.write("a.tpl", "\ninclude('b.tpl')\n");
    site.write("b.tpl", "x = 1; include('a.tpl')\n");
    site.write("missing.cfg", "include('nope.tpl')\n");
    site.write("directory.cfg", "include('.')\n");
    site.write("zero.cfg", "include('/dev/zero')\n");
    site.write("number.cfg", "include(1)\n");
    site.write("big.tpl", "#".repeat((1 << 20) + 1));
    site.write("big.cfg", "include('big.tpl')\n");
    site.write("latin.tpl", b"# ok\n# caf\xe9\n");
    site.write("latin.cfg", "include('latin.tpl')\n");
    site.write("broken.tpl", "\n\nconfig_opts['x'] = nope\n");
    site.write("broken.cfg", "include('broken.tpl')\n");

    let first = |site: &mut Site, name: &str| {
        let error = site.error(name);
        error.lines().next().unwrap_or_default().to_owned()
    };
    let real = site.path().canonicalize().expect("there");
    assert_eq!(
        real,
        site.path(),
        "else the expected paths below are not those printed"
    );
    let expected = [
        (
            "loop.cfg",
            "b.tpl:1:8: a file includes itself: a.tpl -> b.tpl -> a.tpl",
        ),
        (
            "missing.cfg",
            "missing.cfg:1:1: Could not find included config file: nope.tpl",
        ),
        (
            "directory.cfg",
            "directory.cfg:1:1: cannot read .: not a regular file",
        ),
        (
            "zero.cfg",
            "zero.cfg:1:1: cannot read /dev/zero: not a regular file",
        ),
        (
            "number.cfg",
            "number.cfg:1:1: include() needs the name of a file",
        ),
        (
            "big.cfg",
            "big.cfg:1:1: cannot read big.tpl: larger than 1 MiB",
        ),
        (
            "latin.cfg",
            "latin.cfg:1:1: cannot read latin.tpl: line 2 is not UTF-8",
        ),
        ("broken.cfg", "broken.tpl:3:20: name `nope` is not defined"),
    ];
    for (name, expected) in expected {
        assert_eq!(first(&mut site, name), expected);
    }
}

#[test]
fn a_backslash_that_the_original_reads_differently_is_pointed_out() {
    let mut site = Site::new();
    site.write(
        "x.tpl",
        "config_opts['a'] = r'\\s'\nconfig_opts['b'] = 'a\\nb'\n",
    );
    site.write("main.cfg", "config_opts['c'] = r'\\s'\ninclude('x.tpl')\n");
    site.evaluate("main.cfg").expect("evaluated");
    let values = map([
        ("c", r"\s".into()),
        ("a", r"\s".into()),
        ("b", "a\nb".into()),
    ]);
    assert_eq!(site.options.values, values);
    assert_eq!(
        site.warnings(),
        [
            "x.tpl:1:22: the original reads this backslash differently, because it takes one level \
          of them away from included files; here the file means what it says"
        ]
    );
}

#[test]
fn changes_of_the_environment_are_pointed_out() {
    let mut site = Site::new();
    site.write(
        "main.cfg",
        "os.environ.setdefault('USER', 'x')\nos.environ['A'] = 'b'\nconfig_opts['a'] = os.getenv('A')\n",
    );
    site.evaluate("main.cfg").expect("evaluated");
    assert_eq!(site.options.values, map([("a", "b".into())]));
    assert_eq!(
        site.warnings(),
        ["main.cfg:2: changes of os.environ are seen by this configuration file only"]
    );
}
