//! What is said about a file that is wrong: message, place, excerpt, hint.

use insta::assert_snapshot;

use super::error;
use crate::config::value::Value;

#[test]
fn syntax_errors() {
    assert_snapshot!(error("config_opts['a'] = 1\nconfig_opts['b' = 2\n"), @"
    main.cfg:2:12: syntax error: this '[' is not closed
      |
    2 | config_opts['b' = 2
      |            ^
    ");
    assert_snapshot!(error("config_opts['a'] = 'text\nx = 1\n"), @"
    main.cfg:1:20: syntax error: this string is not closed
      |
    1 | config_opts['a'] = 'text
      |                    ^^^^^
    ");
    assert_snapshot!(error("x = 1\nconfig_opts['dnf.conf'] = \"\"\"\n[main]\n"), @r#"
    main.cfg:2:27: syntax error: this string is not closed
      |
    2 | config_opts['dnf.conf'] = """
      |                           ^^^
    "#);
    assert_snapshot!(error("x = [\n  1,\n  2\nconfig_opts['a'] = x\n"), @"
    main.cfg:1:5: syntax error: this '[' is not closed
      |
    1 | x = [
      |     ^
    ");
    assert_snapshot!(error("  x = 1\n"), @"
    main.cfg:1:1: syntax error: unexpected indentation
      |
    1 |   x = 1
      | ^^
    ");
    assert_snapshot!(error("if x:\nx = 1\n"), @"
    main.cfg:2:1: syntax error: expected an indented block after `if` statement
      |
    2 | x = 1
      | ^
    ");
    assert_snapshot!(error("x = “a”\n"), @r#"
    main.cfg:1:5: syntax error: unexpected character '“'
      |
    1 | x = “a”
      |     ^
    hint: write a plain quotation mark: ' or "
    "#);
    assert_snapshot!(error("x = (1]\n"), @"
    main.cfg:1:7: syntax error: expected `)`, found `]`
      |
    1 | x = (1]
      |       ^
    ");
    assert_snapshot!(error("x = \n"), @"
    main.cfg:1:5: syntax error: expected an expression
      |
    1 | x = 
      |     ^
    ");
    let forgotten = format!("x = (1\n{}", "config_opts['a'] = 'b'\n".repeat(300));
    assert_snapshot!(error(&forgotten), @"
    main.cfg:1:5: syntax error: this bracket is not closed, or what it encloses is nested too deeply
      |
    1 | x = (1
      |     ^
    ");
}

#[test]
fn names_and_keys() {
    assert_snapshot!(error("config_optts['a'] = 1\n"), @"
    main.cfg:1:1: name `config_optts` is not defined
      |
    1 | config_optts['a'] = 1
      | ^^^^^^^^^^^^
    hint: did you mean `config_opts`?
    ");
    assert_snapshot!(error("x = lenn('a')\n"), @"
    main.cfg:1:5: name `lenn` is not defined
      |
    1 | x = lenn('a')
      |     ^^^^
    hint: did you mean `len`?
    ");
    assert_snapshot!(error("x = zzz\n"), @"
    main.cfg:1:5: name `zzz` is not defined
      |
    1 | x = zzz
      |     ^^^
    ");
    assert_snapshot!(error("config_opts['target_arch'] = 'a'\nx = config_opts['target_arhc']\n"), @r#"
    main.cfg:2:5: the option "target_arhc" is not set
      |
    2 | x = config_opts['target_arhc']
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: did you mean `target_arch`?
    "#);
    assert_snapshot!(error("x = {}['a']\n"), @r#"
    main.cfg:1:5: the dictionary has no key "a"
      |
    1 | x = {}['a']
      |     ^^^^^^^
    "#);
    assert_snapshot!(error("x = os.environ['NOPE']\n"), @"
    main.cfg:1:5: the environment variable NOPE is not set
      |
    1 | x = os.environ['NOPE']
      |     ^^^^^^^^^^^^^^^^^^
    ");
    assert_snapshot!(error("x = [1][1]\n"), @"
    main.cfg:1:5: index 1 is out of range: the length is 1
      |
    1 | x = [1][1]
      |     ^^^^^^
    ");
    assert_snapshot!(error("[].push(1)\n"), @"
    main.cfg:1:1: a list has no `push`
      |
    1 | [].push(1)
      | ^^^^^^^
    ");
    assert_snapshot!(error("'a'.spilt()\n"), @"
    main.cfg:1:1: a str has no `spilt`
      |
    1 | 'a'.spilt()
      | ^^^^^^^^^
    hint: did you mean `split`?
    ");
    assert_snapshot!(error("x = 'é'; y = x.encode()\n"), @"
    main.cfg:1:14: a str has no `encode`
      |
    1 | x = 'é'; y = x.encode()
      |              ^^^^^^^^
    hint: strings are text here, not bytes: leave it out
    ");
}

#[test]
fn what_a_configuration_may_not_do() {
    assert_snapshot!(error("os.system('true')\n"), @"
    main.cfg:1:1: `os.system` is not available in configuration files
      |
    1 | os.system('true')
      | ^^^^^^^^^
    hint: no program can be run here: run it before mock is called, and pass what it says with --config-opts or as a variable of the environment
    ");
    assert_snapshot!(error("os.getenvv('A')\n"), @"
    main.cfg:1:1: `os.getenvv` is not available in configuration files
      |
    1 | os.getenvv('A')
      | ^^^^^^^^^^
    hint: did you mean `os.getenv`?
    ");
    assert_snapshot!(error("x = open('/etc/passwd').read()\n"), @"
    main.cfg:1:5: `open` is not available in configuration files
      |
    1 | x = open('/etc/passwd').read()
      |     ^^^^
    hint: files cannot be read here: include() a configuration, or write the text itself; paths are made with os.path
    ");
    assert_snapshot!(error("import subprocess\n"), @"
    main.cfg:1:1: `import subprocess` is not supported in configuration files
      |
    1 | import subprocess
      | ^^^^^^^^^^^^^^^^^
    hint: no program can be run here: run it before mock is called, and pass what it says with --config-opts or as a variable of the environment
    ");
    assert_snapshot!(error("from pathlib import Path\n"), @"
    main.cfg:1:1: `import pathlib` is not supported in configuration files
      |
    1 | from pathlib import Path
      | ^^^^^^^^^^^^^^^^^^^^^^^^
    hint: files cannot be read here: include() a configuration, or write the text itself; paths are made with os.path
    ");
    assert_snapshot!(error("import re\nx = re.sub('a', 'b', 'c')\n"), @"
    main.cfg:2:5: `re.sub` is not available in configuration files
      |
    2 | x = re.sub('a', 'b', 'c')
      |     ^^^^^^
    hint: take methods of strings: startswith(), endswith(), split(), replace(), `in`
    ");
    assert_snapshot!(error("x = ().__class__\n"), @"
    main.cfg:1:5: a tuple has no `__class__`
      |
    1 | x = ().__class__
      |     ^^^^^^^^^^^^
    ");
    assert_snapshot!(error("grp.getgrnam('nope')\n"), @r#"
    main.cfg:1:1: there is no group "nope"
      |
    1 | grp.getgrnam('nope')
      | ^^^^^^^^^^^^^^^^^^^^
    hint: make it (`groupadd nope`), or leave the line out: mock needs no group, and chooses chrootgid by itself
    "#);
}

/// Each refusal says how to write it instead.
#[test]
fn what_to_write_instead() {
    let table = [
        ("import platform", "host_arch"),
        ("import multiprocessing", "os.environ.get("),
        ("x = os.uname()[4]", "host_arch"),
        ("x = os.cpu_count()", "os.environ.get("),
        ("x = os.popen('id').read()", "before mock is called"),
        (
            "from subprocess import check_output",
            "before mock is called",
        ),
        ("x = re.match('a', 'b')", "startswith()"),
        ("x = json.loads('{}')", "write the value itself"),
        ("x = literal_eval('[]')", "write the value itself"),
        ("x = shlex.split('a b')", ".split()"),
        ("x = glob('*')", "write the names"),
        ("x = glob.glob('*')", "write the names"),
        ("x = os.listdir('/')", "write the names"),
        ("x = open('a').read()", "include()"),
        ("from pathlib import Path", "os.path"),
        ("os.makedirs('/a')", "extra_chroot_dirs"),
        ("import shutil", "extra_chroot_dirs"),
        ("x = os.access('/', 4)", "os.path.exists()"),
        ("x = os.path.getsize('/')", "os.path.exists()"),
        ("x = os.getlogin()", "pwd.getpwuid"),
        ("x = os.getpid()", "uuid.uuid4()"),
        ("import random", "uuid.uuid4()"),
        ("import datetime", "environment"),
        ("exec('x')", "include()"),
        ("execfile('x')", "include()"),
        ("x = getattr(os, 'a')()", "write the name"),
        ("x = hasattr(os, 'a')", "write the name"),
        ("x = set([1])", "write a list"),
        ("x = frozenset([1])", "write a list"),
        ("x = {1, 2}", "write a list"),
        ("x = bytes(1)", "write a string"),
        ("x = b'a'", "leave out the `b`"),
        ("x = 'a'.encode('utf-8')", "leave it out"),
        ("x = next([1])", "`for`"),
        ("x = input()", "os.environ.get("),
        ("from mockbuild.util import x", "config_opts"),
        ("x = __file__", "config_opts['config_file']"),
        ("x = __name__", "config_opts['config_file']"),
        ("x = sys.argv", "config_opts['config_file']"),
        ("sys.exit(1)", "raise ValueError"),
        ("import string", "write the letters"),
        ("import requests", "it may not run programs"),
        ("grp.getgrnam('nope')", "groupadd nope"),
        ("print 'x'", "print("),
        ("config_opts['x'] = {(1, 2): 3}", "str(...)"),
        ("with open('a') as f: pass", "include()"),
        ("class A: pass", "write a function"),
        ("x = 2 ** 70", "write it as a string"),
        ("try:\n  x = y\nexcept NameError:\n  x = 1", "test first"),
    ];
    for (text, instead) in table {
        let error = error(&format!("{text}\n"));
        let (_, hint) = error.split_once("hint: ").unwrap_or_default();
        assert!(
            error.starts_with("main.cfg:") && error.contains('^'),
            "{error}"
        );
        assert!(hint.contains(instead), "{text}\n{error}");
    }
}

#[test]
fn unsupported_constructs() {
    let messages = [
        ("with open('a') as f:\n  pass\n", "`with`"),
        ("class A:\n  pass\n", "`class`"),
        ("x = (y := 1)\n", "`:=`"),
        ("x = b'a'\n", "a bytes literal"),
        ("x = {1, 2}\n", "a set"),
        ("x = {a for a in 'b'}\n", "a set"),
        ("def f():\n  yield 1\nf()\n", "`yield`"),
        ("match 1:\n  case 1: pass\n", "`match`"),
        ("@len\ndef f(): pass\n", "a decorator"),
        ("async def f(): pass\n", "`async def`"),
        ("x = ...\n", "`...`"),
        ("x = 1j\n", "a complex number"),
        (
            "x = 99999999999999999999\n",
            "an integer of more than 64 bits",
        ),
        ("type X = int\n", "`type`"),
    ];
    for (text, what) in messages {
        let error = error(text);
        assert!(
            error.contains(&format!(
                ": {what} is not supported in configuration files\n"
            )),
            "{error}"
        );
        assert!(error.contains("^") && error.contains("\nhint: "), "{error}");
    }
    assert_snapshot!(error("config_opts['a'] = b'text'\n"), @"
    main.cfg:1:20: a bytes literal is not supported in configuration files
      |
    1 | config_opts['a'] = b'text'
      |                    ^^^^^^^
    hint: leave out the `b` before the string
    ");
    assert_snapshot!(error("if True:\n  with open('a') as f:\n    x = f\n"), @"
    main.cfg:2:3: `with` is not supported in configuration files
      |
    2 |   with open('a') as f:
      |   ^^^^^^^^^^^^^^^^^^^^
    hint: files cannot be read here: include() a configuration, or write the text itself
    ");
    assert_snapshot!(error("try:\n  x = config_opts['a']\nexcept KeyError:\n  x = 1\n"), @r#"
    main.cfg:2:7: the option "a" is not set
      |
    2 |   x = config_opts['a']
      |       ^^^^^^^^^^^^^^^^
    hint: `except` is not supported in configuration files: test first, as in `if key in config_opts` or `os.path.exists(file)`
    "#);
}

#[test]
fn wrong_types_and_values() {
    assert_snapshot!(error("config_opts['a'] = 'x'\nconfig_opts['a'] += 1\n"), @"
    main.cfg:2:1: `+` between str and int is not possible
      |
    2 | config_opts['a'] += 1
      | ^^^^^^^^^^^^^^^^^^^^^
    hint: str(...) makes a string of a number
    ");
    assert_snapshot!(error("x = 1 + 2 + 'a' + 'b'\n"), @"
    main.cfg:1:5: `+` between int and str is not possible
      |
    1 | x = 1 + 2 + 'a' + 'b'
      |     ^^^^^^^^^^^
    hint: str(...) makes a string of a number
    ");
    assert_snapshot!(error("x = [1] + (2,)\n"), @"
    main.cfg:1:5: `+` between list and tuple is not possible
      |
    1 | x = [1] + (2,)
      |     ^^^^^^^^^^
    ");
    assert_snapshot!(error("x = 1 < 'a'\n"), @"
    main.cfg:1:5: int and str have no order
      |
    1 | x = 1 < 'a'
      |     ^^^^^^^
    ");
    assert_snapshot!(error("x = sorted([1, 2, 3] * 50 + ['a', 4] * 9)\n"), @"
    main.cfg:1:5: int and str have no order
      |
    1 | x = sorted([1, 2, 3] * 50 + ['a', 4] * 9)
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    ");
    assert_snapshot!(error("x = 1 / 0\n"), @"
    main.cfg:1:5: division by zero
      |
    1 | x = 1 / 0
      |     ^^^^^
    ");
    assert_eq!(
        super::values("config_opts['x'] = -9223372036854775808"),
        super::map([("x", Value::Int(i64::MIN))])
    );
    assert_snapshot!(error("x = 9223372036854775807 + 1\n"), @"
    main.cfg:1:5: this number does not fit into 64 bits
      |
    1 | x = 9223372036854775807 + 1
      |     ^^^^^^^^^^^^^^^^^^^^^^^
    hint: write it as a string
    ");
    assert_snapshot!(error("x = ','.join([1])\n"), @"
    main.cfg:1:5: join() needs strings, and there is an int among them
      |
    1 | x = ','.join([1])
      |     ^^^^^^^^^^^^^
    ");
    assert_snapshot!(error("x = '%s %s' % 'a'\n"), @"
    main.cfg:1:5: there are fewer values than `%` in this string
      |
    1 | x = '%s %s' % 'a'
      |     ^^^^^^^^^^^^^
    ");
    assert_snapshot!(error("x = '%s' % ('a', 'b')\n"), @"
    main.cfg:1:5: there are more values than `%` in this string
      |
    1 | x = '%s' % ('a', 'b')
      |     ^^^^^^^^^^^^^^^^^
    ");
    assert_snapshot!(error("x = '100%' % 1\n"), @"
    main.cfg:1:5: a `%` at the end of the string
      |
    1 | x = '100%' % 1
      |     ^^^^^^^^^^
    hint: write %% for a plain %
    ");
    assert_snapshot!(error("x = '{}'.format()\n"), @"
    main.cfg:1:5: format() is given nothing for {}
      |
    1 | x = '{}'.format()
      |     ^^^^^^^^^^^^^
    ");
    assert_snapshot!(error("x = int('a')\n"), @r#"
    main.cfg:1:5: int(): "a" is no number
      |
    1 | x = int('a')
      |     ^^^^^^^^
    "#);
    assert_snapshot!(error("x = {[]: 1}\n"), @"
    main.cfg:1:6: a list cannot be the key of a dictionary
      |
    1 | x = {[]: 1}
      |      ^^
    ");
    assert_snapshot!(error("a, b = 1, 2, 3\n"), @"
    main.cfg:1:1: cannot unpack 3 values into 2
      |
    1 | a, b = 1, 2, 3
      | ^^^^
    ");
    assert_snapshot!(error("x = None['a']\n"), @"
    main.cfg:1:5: None has no members
      |
    1 | x = None['a']
      |     ^^^^^^^^^
    ");
    assert_snapshot!(error("x = 'a'()\n"), @"
    main.cfg:1:5: a str cannot be called
      |
    1 | x = 'a'()
      |     ^^^^^
    ");
    assert_snapshot!(error("x = 'abc'\nx[0] = 'd'\n"), @"
    main.cfg:2:1: a str cannot be changed
      |
    2 | x[0] = 'd'
      | ^^^^
    ");
    assert_snapshot!(error("def f(a): pass\nf()\n"), @"
    main.cfg:2:1: f() needs `a`
      |
    2 | f()
      | ^^^
    ");
    assert_snapshot!(error("def f(a): pass\nf(1, 2)\n"), @"
    main.cfg:2:1: f() takes at most 1 arguments, not 2
      |
    2 | f(1, 2)
      | ^^^^^^^
    ");
    assert_snapshot!(error("def f(a): pass\nf(1, b=2)\n"), @"
    main.cfg:2:1: f() has no argument `b`
      |
    2 | f(1, b=2)
      | ^^^^^^^^^
    ");
    assert_snapshot!(error("config_opts.a = 1\n"), @"
    main.cfg:1:1: attributes cannot be assigned here
      |
    1 | config_opts.a = 1
      | ^^^^^^^^^^^^^
    hint: only names, and members of lists and dictionaries, can be
    ");
    assert_snapshot!(error("for x in 1: pass\n"), @"
    main.cfg:1:10: an int has no members to go through
      |
    1 | for x in 1: pass
      |          ^
    ");
}

#[test]
fn on_purpose() {
    assert_snapshot!(error("if True:\n    raise ValueError(\"set the site's name\")\n"), @r#"
    main.cfg:2:5: set the site's name
      |
    2 |     raise ValueError("set the site's name")
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(error("raise RuntimeError\n"), @"
    main.cfg:1:1: RuntimeError
      |
    1 | raise RuntimeError
      | ^^^^^^^^^^^^^^^^^^
    ");
    assert_snapshot!(error("assert 1 == 2, 'broken ' + 'site'\n"), @"
    main.cfg:1:1: broken site
      |
    1 | assert 1 == 2, 'broken ' + 'site'
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    ");
    assert_snapshot!(error("assert False\n"), @"
    main.cfg:1:1: this assertion does not hold
      |
    1 | assert False
      | ^^^^^^^^^^^^
    ");
}

#[test]
fn misplaced() {
    assert_snapshot!(error("return 1\n"), @"
    main.cfg:1:1: `return` outside a function
      |
    1 | return 1
      | ^^^^^^^^
    ");
    assert_snapshot!(error("if True:\n    break\n"), @"
    main.cfg:2:5: `break` or `continue` outside a loop
      |
    2 |     break
      |     ^^^^^
    ");
}

#[test]
fn the_place_is_in_the_function() {
    assert_snapshot!(error("def f(x):\n    return x['a']\n\nconfig_opts['r'] = f({'b': 1})\n"), @r#"
    main.cfg:2:12: the dictionary has no key "a"
      |
    2 |     return x['a']
      |            ^^^^^^
    "#);
}
