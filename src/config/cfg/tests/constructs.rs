//! Statements, and what a whole file makes of the options.

use super::{Site, dict, error, list, map, values};
use crate::config::value::Value;

#[test]
fn the_shipped_constructs() {
    let text = r#"
# a comment
config_opts['target_arch'] = 'i686'
config_opts["legal_host_arches"] = ('i386', 'i586', 'i686', 'x86_64')
config_opts['one'] = ('x86_64',)
config_opts['plain'] = ('armv7l')
config_opts['releasever'] = '43'
config_opts['dnf.conf'] = """
[main]
keepcache=1
"""
config_opts['dnf.conf'] += """
[extra]
"""
config_opts['chroot_setup_cmd'] = 'install @build'
config_opts['chroot_setup_cmd'] += ' ccache'  # more
config_opts['mirrored'] = config_opts['target_arch'] != 'i686'
config_opts['new'] = int(config_opts['releasever']) >= 41
if 'macros' not in config_opts:  config_opts['macros'] = {}
config_opts['macros']['%dist'] = '.fc43'
config_opts['plugin_conf'] = {'ccache_opts': {}}
config_opts['plugin_conf']['ccache_enable'] = False
config_opts['plugin_conf']['ccache_opts']['max_cache_size'] = None
config_opts['no-config'] = {}
config_opts['no-config']['epel-8'] = {
    "alternatives": {
        "rocky+epel-8": {
            "description": [
                "Builds against Rocky "
                "Linux."
            ],
        },
    },
}
config_opts['count'] = 3
"#;
    let alternatives = dict([(
        "rocky+epel-8",
        dict([("description", list(["Builds against Rocky Linux."]))]),
    )]);
    let arches = ["i386", "i586", "i686", "x86_64"].map(Value::from);
    assert_eq!(
        values(text),
        map([
            ("target_arch", "i686".into()),
            ("legal_host_arches", Value::Tuple(arches.into())),
            ("one", Value::Tuple(vec!["x86_64".into()])),
            ("plain", "armv7l".into()),
            ("releasever", "43".into()),
            ("dnf.conf", "\n[main]\nkeepcache=1\n\n[extra]\n".into()),
            ("chroot_setup_cmd", "install @build ccache".into()),
            ("mirrored", false.into()),
            ("new", true.into()),
            ("macros", dict([("%dist", ".fc43".into())])),
            (
                "plugin_conf",
                dict([
                    ("ccache_opts", dict([("max_cache_size", Value::None)])),
                    ("ccache_enable", false.into()),
                ])
            ),
            (
                "no-config",
                dict([("epel-8", dict([("alternatives", alternatives)]))])
            ),
            ("count", Value::Int(3)),
        ])
    );
}

/// Runs a text and compares `config_opts['x']` as `repr()` writes it.
fn check(table: &[(&str, &str)]) {
    for (text, expected) in table {
        let found = values(&format!("{text}\nconfig_opts['r'] = repr(x)\n"));
        assert_eq!(found["r"], Value::from(*expected), "{text}");
    }
}

#[test]
fn assignments() {
    check(&[
        ("x = y = [1]\ny.append(2)", "[1, 2]"),
        ("(a, b), *c = (1, 2), 3, 4\nx = a, b, c", "(1, 2, [3, 4])"),
        ("a, b = 1, 2\na, b = b, a\nx = a, b", "(2, 1)"),
        ("*a, b = 'abc'\nx = a, b", "(['a', 'b'], 'c')"),
        ("x: str = 'a'\ny: int", "'a'"),
        (
            "x = [1, 2, 3, 4]\nx[0] = 9\nx[1:3] = 'abc'\nx[-1] += 1",
            "[9, 'a', 'b', 'c', 5]",
        ),
        ("x = [1, 2, 3, 4, 5]\ndel x[0], x[-1]\ndel x[::2]", "[3]"),
        ("x = {'a': 1, 'b': 2}\ndel x['a']", "{'b': 2}"),
        (
            "x = 5\nx -= 1; x *= 6; x //= 4; x **= 2; x %= 10; x |= 8; x &= 12; x ^= 1; x <<= 2; x >>= 1",
            "26",
        ),
        ("x = 9\nx /= 2", "4.5"),
        ("x = {'a': 1}\ny = x\ny |= {'b': 2}", "{'a': 1, 'b': 2}"),
        (
            "x = []\nx += 'ab'\nx += (1,)\nx *= 2",
            "['a', 'b', 1, 'a', 'b', 1]",
        ),
        (
            "a = [1]\nb = a\nb += [2]\na = a + [3]\nx = a, b",
            "([1, 2, 3], [1, 2])",
        ),
        (
            "def f():\n  n.append(len(n))\n  return 0\nn = []\nx = [5]\nx[f()] += 1\nx = x, n",
            "([6], [0])",
        ),
    ]);
}

#[test]
fn control_flow() {
    check(&[
        (
            "x = []\nfor i in range(10):\n  if i == 2: continue\n  if i == 5: break\n  x.append(i)\nelse:\n  x.append('no')",
            "[0, 1, 3, 4]",
        ),
        (
            "x = []\nfor i in 'ab':\n\tx.append(i)\nelse:\n\tx.append('end')",
            "['a', 'b', 'end']",
        ),
        ("x = 0\nwhile x < 5:\n  x += 2\nelse:\n  x = -x", "-6"),
        (
            "x = 0\nwhile True:\n  x += 1\n  if x > 3: break\nelse:\n  x = 0",
            "4",
        ),
        (
            "x = [1]\nfor i in x:\n  if len(x) < 4: x.append(i + 1)",
            "[1, 2, 3, 4]",
        ),
        (
            "x = []\nfor k, v in {'a': 1, 'b': 2}.items(): x.append((v, k))",
            "[(1, 'a'), (2, 'b')]",
        ),
        (
            "x = 0\nif x: x = 1\nelif not x and 'a' in 'abc': x = 2\nelse: x = 3",
            "2",
        ),
        ("x = 1; pass; x = 2", "2"),
        ("x = 'a' \\\n  'b'", "'ab'"),
        ("assert True, 'no'\nx = 1\nprint('hello', x)", "1"),
        (
            "try:\n  x = 1\nexcept KeyError:\n  x = 2\nelse:\n  x += 10\nfinally:\n  x += 100",
            "111",
        ),
        (
            "def f():\n  try:\n    return 1\n  finally:\n    n.append(2)\nn = []\nx = f(), n",
            "(1, [2])",
        ),
        (
            "import os, sys as s\nimport os.path\nfrom os import path, environ as e, getenv\nfrom os.path import join as j\nfrom __future__ import annotations\nx = path.join('a'), e['USER'], getenv('NO'), j('b', 'c'), os.path.basename('/d')",
            "('a', 'builder', None, 'b/c', 'd')",
        ),
        (
            "if False:\n  with open('x') as f: class_ = f\n  class A: pass\n  y = (z := 1)\nx = 1",
            "1",
        ),
        ("'''a docstring'''\nx = 1", "1"),
    ]);
}

#[test]
fn functions() {
    check(&[
        (
            "def f(a, b=2, *rest, c, d=4, **named):\n  return a, b, rest, c, d, named\nx = f(1, c=3), f(1, 5, 6, 7, c=8, e=9)",
            "((1, 2, (), 3, 4, {}), (1, 5, (6, 7), 8, 4, {'e': 9}))",
        ),
        ("def f(): pass\nx = f()", "None"),
        (
            "def f(n): return 1 if n < 2 else n * f(n - 1)\nx = f(10)",
            "3628800",
        ),
        (
            "def outer(a):\n  def inner(b):\n    return a + b\n  return inner\nx = outer(1)(2)",
            "3",
        ),
        (
            "def f(a=[]):\n  a.append(1)\n  return a\nf()\nx = f()",
            "[1, 1]",
        ),
        ("n = 1\ndef f():\n  n = 2\n  return n\nx = f(), n", "(2, 1)"),
        ("n = 1\ndef f():\n  global n\n  n += 1\nf()\nx = n", "2"),
        (
            "def f():\n  n = 1\n  def g():\n    nonlocal n\n    n += 1\n  g()\n  return n\nx = f()",
            "2",
        ),
        (
            "def f():\n  for i in range(9):\n    while True:\n      return i\nx = f()",
            "0",
        ),
        (
            "add = [].append\nx = []\nadd = x.append\nadd(1)\njoin = os.path.join\nx.append(join('a', 'b'))",
            "[1, 'a/b']",
        ),
        ("y = 5\nx = [y for y in range(2)], y", "([0, 1], 5)"),
        (
            "names = ['a', 'b']\nx = [n for n in names if n in names]",
            "['a', 'b']",
        ),
        (
            "def f():\n  config_opts['y'] = 1\n  return config_opts['y']\nx = f()",
            "1",
        ),
    ]);
}

#[test]
fn methods_of_collections() {
    check(&[
        (
            "x = [1]\nx.append(2); x.extend((3, 4)); x.insert(0, 0); x.insert(-1, 'm'); x.remove(3); x.reverse()",
            "[4, 'm', 2, 1, 0]",
        ),
        (
            "a = [3, 1, 2]\nx = a.pop(), a.pop(0), a, a.index(1), a.count(1), a.copy()\na.append(5)",
            "(2, 3, [1, 5], 0, 1, [1])",
        ),
        (
            "x = [3, 1, 2]\nx.sort()\ny = x\ny.sort(key=lambda v: -v, reverse=False)",
            "[3, 2, 1]",
        ),
        ("x = [1]\nx.clear()", "[]"),
        ("x = (1, 2, 1).count(1), (1, 2).index(2)", "(2, 1)"),
        (
            "d = {'a': 1}\nx = d.get('a'), d.get('b'), d.get('b', 2), d.setdefault('c', []), d.setdefault('a', 9), d",
            "(1, None, 2, [], 1, {'a': 1, 'c': []})",
        ),
        (
            "d = {'a': 1, 'b': 2}\nx = d.pop('a'), d.pop('z', None), d, d.keys(), d.values(), d.items()",
            "(1, None, {'b': 2}, ['b'], [2], [('b', 2)])",
        ),
        (
            "x = {'a': 1}\nx.update({'b': 2}, c=3)\nx.update([('d', 4)])\nx.update(a=0)",
            "{'a': 0, 'b': 2, 'c': 3, 'd': 4}",
        ),
        (
            "a = {'x': [1]}\nb = a.copy()\nb['x'].append(2)\nb['y'] = 0\nx = a, b",
            "({'x': [1, 2]}, {'x': [1, 2], 'y': 0})",
        ),
        (
            "config_opts.setdefault('a', {}).setdefault('b', []).append(1)\nx = config_opts['a']",
            "{'b': [1]}",
        ),
    ]);
}

#[test]
fn aliases_hold_in_the_file() {
    let text = "
config_opts['yum.conf'] = 'a'
config_opts['dnf5.conf'] += 'b'
config_opts.setdefault('dnf4.conf', 'never')
config_opts.update({'dnf_command': '/usr/bin/dnf', 'system_yum_command': '/usr/bin/yum'})
config_opts['has'] = 'dnf.conf' in config_opts, config_opts.get('yum.conf')
config_opts['files'] = {'yum.conf': 'kept'}
";
    assert_eq!(
        values(text),
        map([
            ("dnf.conf", "ab".into()),
            ("dnf4_command", "/usr/bin/dnf".into()),
            ("yum_system_command", "/usr/bin/yum".into()),
            ("has", Value::Tuple(vec![true.into(), "ab".into()])),
            ("files", dict([("yum.conf", "kept".into())])),
        ])
    );
}

#[test]
fn lists_and_dictionaries_are_shared() {
    let mut site = Site::new();
    site.options.values = map([("dirs", list(["a"])), ("conf", dict([("k", Value::None)]))]);
    site.write(
        "main.cfg",
        "x = config_opts['dirs']\nx.append('b')\nc = config_opts['conf']\nc['new'] = x\nx += ['c']\n\
         config_opts['same'] = c\nc['k'] = 1\n",
    );
    site.evaluate("main.cfg").expect("evaluated");
    let conf = dict([("k", Value::Int(1)), ("new", list(["a", "b", "c"]))]);
    assert_eq!(
        site.options.values,
        map([
            ("dirs", list(["a", "b", "c"])),
            ("conf", conf.clone()),
            ("same", conf)
        ])
    );
}

#[test]
fn what_can_be_exported() {
    let values = values("config_opts['x'] = {1: 'a', 'b': (1.5, None, [True])}\n");
    let inner = Value::Tuple(vec![
        Value::Float(1.5),
        Value::None,
        Value::List(vec![true.into()]),
    ]);
    assert_eq!(
        values,
        map([("x", dict([("1", "a".into()), ("b", inner)]))])
    );

    let refused = [
        (
            "config_opts['a'] = {None: 1}",
            "option `a` has a key that is neither a string nor a number",
        ),
        (
            "config_opts[('a', 1)] = 1",
            "config_opts has a key that is neither a string nor a number",
        ),
        (
            "config_opts['a'] = {1: 1, '1': 2}",
            "option `a.1` has the same key as a string and as a number",
        ),
        (
            "config_opts['a'] = {'f': len}",
            "option `a.f` has a function",
        ),
        ("config_opts['a'] = os", "option `a` has a module"),
        ("config_opts['a'] = [range(3)]", "option `a.[]` has a range"),
        (
            "x = []\nx.append(x)\nconfig_opts['a'] = x",
            "this value is nested too deeply, or contains itself",
        ),
        (
            "x = {}\nx['x'] = x\nconfig_opts['a'] = x",
            "this value is nested too deeply, or contains itself",
        ),
    ];
    for (text, expected) in refused {
        let error = error(text);
        let first = error.lines().next().unwrap_or_default();
        let last = text.lines().count();
        assert_eq!(first, format!("main.cfg:{last}:1: {expected}"), "{text}");
    }
}

#[test]
fn a_file_that_fails_changes_nothing_and_variables_end_with_the_file() {
    let mut site = Site::new();
    site.write("one.cfg", "local = 1\nconfig_opts['a'] = [local]\n");
    site.write(
        "two.cfg",
        "config_opts['a'].append(2)\nconfig_opts['b'] = local\n",
    );
    site.evaluate("one.cfg").expect("evaluated");
    let before = site.options.clone();
    assert!(
        site.error("two.cfg")
            .starts_with("two.cfg:2:20: name `local` is not defined")
    );
    assert_eq!(site.options, before);
    assert_eq!(
        site.options.values,
        map([("a", Value::List(vec![Value::Int(1)]))])
    );
}
