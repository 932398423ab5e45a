//! Files that mean harm: each ends quickly, in a normal error.

use std::time::{Duration, Instant};

use super::{Site, error};

const TOO_MUCH: &str = "this configuration makes too much data";
const TOO_LONG: &str = "this configuration takes too long to evaluate";
const TOO_DEEP: &str = "nested too deeply";

fn check(text: &str, expected: &str) {
    check_any(text, &[expected]);
}

fn check_any(text: &str, expected: &[&str]) {
    let start = Instant::now();
    let error = error(text);
    let took = start.elapsed();
    let (_, message) = error
        .lines()
        .next()
        .and_then(|l| l.split_once(": "))
        .unwrap_or_default();
    let found = expected.iter().any(|expected| message.contains(expected));
    assert!(found, "{text:.100}\n{error:.2000}");
    assert!(error.len() < 5000, "{text:.100}\n{error:.2000}");
    assert!(took < Duration::from_secs(10), "{text:.100} took {took:?}");
}

#[test]
fn syntax() {
    // Below the size that is refused without a look.
    let many = 80_000;
    let parts = [
        "[",
        "(",
        "{",
        "not ",
        "-",
        "~",
        "lambda: ",
        "1 if 1 else ",
        "2 ** ",
        "1 + ",
        "x.",
        "f(",
        "{1: ",
        "f'{",
        "x[",
        "'a' % ",
        "[*",
        "1 < ",
        "a = ",
        "* ",
        "x and not ",
        "([)",
        "if x: ",
        "@",
        "...",
        "f'{x:{",
        "yield ",
        "await ",
        "lambda x=",
        "case ",
        "match (",
        "with (",
    ];
    for part in parts {
        check(&format!("x = {}", part.repeat(many)), "syntax error");
        check(&part.repeat(many), "syntax error");
    }
    check(
        &format!("x = {}{}", "[".repeat(many), "]".repeat(many)),
        "syntax error",
    );
    check(&format!("x = {}1", "1 + ".repeat(many)), "syntax error");
    check(
        &format!("x = ''{}", ".strip()".repeat(many)),
        "syntax error",
    );
    let indented: String = (0..1000)
        .map(|n| format!("{}if 1:\n", " ".repeat(n)))
        .collect();
    check(&indented, "syntax error");
    check("x = '\\N{NO SUCH}'", "syntax error");
    check("x = \"\"\"\n", "syntax error");
    check("\0", "syntax error");
    check(&"\u{1}".repeat(many), "syntax error");
    check(&"\"".repeat(many + 1), "syntax error");
    check(&"\"\"\"".repeat(many + 1), "syntax error");
}

#[test]
fn wide_files_are_no_harm() {
    let many = 40_000;
    let texts = [
        format!("config_opts['x'] = len([{}])", "1, ".repeat(many)),
        format!("x = {}\n", "'a' ".repeat(many)),
        "x = 1\n".repeat(many),
        format!("if 0: pass\n{}", "elif 0: pass\n".repeat(many)),
        format!("x = {}1", "1 + ".repeat(900)),
        format!("x = {}1", "1 and ".repeat(900)),
        format!("{}1{}", "[".repeat(95), "]".repeat(95)),
        format!(
            "x = {}{}",
            "(lambda: ".repeat(30),
            "1)".repeat(30).replace("1)", ")").replacen(')', "1)", 1)
        ),
    ];
    for text in texts {
        let mut site = Site::new();
        site.write("main.cfg", &text);
        let result = site.evaluate("main.cfg");
        assert!(result.is_ok(), "{text:.100}: {result:.200?}");
    }
}

#[test]
fn memory() {
    let texts = [
        "x = 'a'\nwhile 1: x += x",
        "x = [1]\nwhile 1: x += x",
        "x = [1]\nwhile 1: x = x + x",
        "x = (1,)\nwhile 1: x = x + x",
        "x = 'x' * 10 ** 10",
        "x = 'x' * 10 ** 18",
        "x = '%999999999d' % 1",
        "x = '%99999999999999999999999d' % 1",
        "x = '%*d' % (10 ** 9, 1)",
        "x = '%-999999999s' % ''",
        "x = '{:999999999}'.format(1)",
        "x = f'{1:{10 ** 9}}'",
        "x = '{:{}}'.format('', 10 ** 9)",
        "x = 'a'.ljust(10 ** 9)",
        "x = 'a'.center(10 ** 12)",
        "x = '1'.zfill(10 ** 9)",
        "x = 'a' * 1000000\ny = x.replace('a', x)",
        "x = ['a' * 10000] * 10000\ny = ''.join(x)",
        "x = ('a' * 100000).join(['a'] * 10000)",
        "x = ['a' * 1000000] * 100\ny = repr(x)",
        "x = 'a' * 1000000\nconfig_opts['x'] = [x] * 100",
        "x = 'k' * 1000000\nconfig_opts[x] = {str(i): i for i in range(1000)}",
        "x = {}\nfor i in range(10 ** 9): x[i] = 'a' * 1000",
        "x = 'a' * 1000\nwhile 1: y = x.split('a')",
        "x = 'a' * 1000\ny = [x.upper() for i in range(10 ** 5)]",
        "x = '%s' * 10000 % (('a' * 10000,) * 10000)",
        "x = ('{0}' * 10000).format('a' * 10000)",
        "x = 'a' * 100000\nwhile 1: y = f'{x}{x}{x}{x}'",
        "x = 'a' * 100000\nwhile 1: y = x[1:]",
    ];
    for text in texts {
        check(text, TOO_MUCH);
    }
    for text in [
        "x = '%.999999999f' % 1.0",
        "x = f'{1.0:.999999999f}'",
        "x = '%.70000e' % 1.5",
    ] {
        check(text, "too large");
    }
    check("x = '%.999999999d' % 1", TOO_MUCH);
}

#[test]
fn time() {
    let texts = [
        "while True: pass",
        "x = [0] * 10 ** 5 * 10",
        "for i in range(10 ** 12): pass",
        "x = [1]\nfor i in x: x.append(1)",
        "x = list(range(10 ** 12))",
        "x = sum(range(10 ** 12))",
        "x = 10 ** 12 in range(10 ** 13)",
        "x = list(range(10 ** 5))\nwhile 1: 1 in range(10 ** 5)",
        "x = list(range(1000))\nwhile 1: -1 in x",
        "x = list(range(1000))\nwhile 1: y = x == x[:]",
        "x = 'a' * 1000000\nwhile 1: 'b' in x",
        "x = 'a' * 1000000\nwhile 1: x.find('b')",
        "x = {('a' * 1000000): 1}\nk = 'a' * 1000000\nwhile 1: x.get(k)",
        "x = []\nfor i in range(25): x = [x, x]\ny = x == [x[0], x[1]]\nz = [x[0], [x[0][0], 1]] == x",
        "x = []\nfor i in range(40): x = [x, x]\ny = repr(x)",
        "x = []\nfor i in range(40): x = [x, x]\nconfig_opts['x'] = x",
        "x = ()\nfor i in range(40): x = (x, x)\ny = {x: 1}",
        "def f(n):\n  for i in range(9): f(n - 1) if n else 0\nf(15)",
        "[0 for a in range(999) for b in range(999) for c in range(999)]",
        "x = sorted(range(10 ** 6), key=lambda x: -x)",
        "x = list(range(10 ** 4))\nwhile 1: x.sort()",
        "x = list(range(10 ** 4))\nwhile 1: x.insert(0, x.pop())",
        "x = {i: i for i in range(10 ** 4)}\nwhile 1:\n  x.pop(0)\n  x[0] = 0",
        "while 1: os.environ.copy()",
    ];
    for text in texts {
        // Which bound is met first is of no interest.
        check_any(text, &[TOO_LONG, TOO_MUCH]);
    }
}

#[test]
fn depth() {
    check("def f(): return f()\nf()", TOO_DEEP);
    check("f = lambda x: f(x)\nf(1)", TOO_DEEP);
    check("def f(n): return [f(n) for i in [1]]\nf(1)", TOO_DEEP);
    check("f = lambda x: sorted([1], key=f)\nf(1)", TOO_DEEP);
    check("f = lambda x: list(map(f, [1]))\nf(1)", TOO_DEEP);
    check("x = []\nx.append(x)\ny = repr(x)", TOO_DEEP);
    check(
        "x = []\nx.append(x)\ny = []\ny.append(y)\nz = x == y",
        TOO_DEEP,
    );
    check(
        "x = []\nx.append(x)\ny = []\ny.append(y)\nz = x < y",
        TOO_DEEP,
    );
    check(
        "x = ()\nfor i in range(100): x = (x,)\ny = {x: 1}",
        TOO_DEEP,
    );
    check(
        "x = ()\nfor i in range(20000): x = (x,)\nconfig_opts['x'] = x",
        TOO_DEEP,
    );
    check(
        "f = 0\nfor i in range(20000): f = lambda x=f: x\ny = f == f\nnope",
        "not defined",
    );
    let mut site = Site::new();
    for n in 0..150 {
        site.write(&format!("{n}.tpl"), format!("include('{}.tpl')\n", n + 1));
    }
    site.write("main.cfg", "include('0.tpl')\n");
    assert!(site.error("main.cfg").contains(TOO_DEEP));
}

/// The deepest that is allowed, where the frames of the evaluator are largest.
#[test]
fn the_stack_suffices_for_what_is_allowed() {
    let inner = "f(n)";
    for (open, close) in [
        ("[", "]"),
        ("str(", ")"),
        ("(lambda: ", ")()"),
        ("f'{", "}'"),
        ("-", ""),
    ] {
        let nested = format!("{}{inner}{}", open.repeat(40), close.repeat(40));
        check(&format!("def f(n):\n  return {nested}\nf(1)"), TOO_DEEP);
    }
    let blocks: String = (1..90)
        .map(|n| format!("{}for i in [1]:\n", " ".repeat(n)))
        .collect();
    check(
        &format!("def f():\n{blocks}{}f()\nf()", " ".repeat(90)),
        TOO_DEEP,
    );
}
