//! Expressions and what Python makes of them, as `repr()` writes it.

use super::{printed, run};
use crate::config::value::Value;

fn check(table: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (expression, expected) in table {
        let text = format!("a = [3, 1, 2]\nconfig_opts['x'] = repr(({expression}))\n");
        let found = match run(&text) {
            Ok(values) => values["x"].clone(),
            Err(error) => printed(&error).into(),
        };
        if found != Value::from(*expected) {
            wrong.push(format!(
                "{expression}\n expected {expected}\n found    {found:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn literals() {
    check(&[
        ("'a' \"b\" '''c\nd'''", r"'abc\nd'"),
        (
            r"'\.log$ \$ \x41 \101 \u00e9 \\ \N{BULLET}'",
            r"'\\.log$ \\$ A A é \\ •'",
        ),
        (r"r'\n' R'\d'", r"'\\n\\d'"),
        ("u'a'", "'a'"),
        ("'a\\\nb'", "'ab'"),
        ("1_000 + 0x1f + 0o17 + 0b11", "1049"),
        ("1.5e3, .5, 1e100", "(1500.0, 0.5, 1e+100)"),
        ("()", "()"),
        ("('armv7l')", "'armv7l'"),
        ("('armv7l',)", "('armv7l',)"),
        ("[1, *a, 2]", "[1, 3, 1, 2, 2]"),
        ("(*a, 4)", "(3, 1, 2, 4)"),
        ("{'a': 1, **{'a': 2, 'b': 3}}", "{'a': 2, 'b': 3}"),
        (
            "{1: 'a', None: 'b', (1, 'x'): 'c', True and 2: 'd'}",
            "{1: 'a', None: 'b', (1, 'x'): 'c', 2: 'd'}",
        ),
        ("[None, True, False]", "[None, True, False]"),
        (
            r#"["it's", 'say "x"', 'both \' "', 'tab\t', 'é', '\x00\x7f']"#,
            r#"["it's", 'say "x"', 'both \' "', 'tab\t', 'é', '\x00\x7f']"#,
        ),
    ]);
}

#[test]
fn operators() {
    check(&[
        (
            "7 // 2, -7 // 2, 7 // -2, 7 % 3, -7 % 3, 7 % -3",
            "(3, -4, -4, 1, 2, -2)",
        ),
        (
            "7 / 2, 2 ** 10, 2 ** -1, -2 ** 2, 2 ** 3 ** 2",
            "(3.5, 1024, 0.5, -4, 512)",
        ),
        ("-7.5 // 2, -7.5 % 2, 7.5 % -2", "(-4.0, 0.5, -0.5)"),
        (
            "1 << 4 | 3 & 6 ^ 1, ~5, +True, -True, 256 >> 4",
            "(19, -6, 1, -1, 16)",
        ),
        ("True + 1, True & False, True | 2", "(2, False, 3)"),
        ("10 - 3 - 2, 100 / 10 / 2, 2 * 3 % 4", "(5, 5.0, 2)"),
        (
            "'ab' * 2 + '-' * 0, 2 * [1], (1,) * 2, [1] * -1",
            "('abab', [1, 1], (1, 1), [])",
        ),
        ("[1] + [2], (1,) + (2,)", "([1, 2], (1, 2))"),
        ("{'a': 1} | {'b': 2}", "{'a': 1, 'b': 2}"),
        (
            "1 < 2 < 3, 1 < 3 < 2, 1 == 1.0 == True",
            "(True, False, True)",
        ),
        (
            "'a' < 'b', [1, 2] < [1, 3], (1,) < (1, 0), [] < [0]",
            "(True, True, True, True)",
        ),
        (
            "'a' == 1, [1] == (1,), {'a': [1]} == {'a': [1.0]}",
            "(False, False, True)",
        ),
        (
            "3 in a, 5 not in a, 'b' in 'abc', 'x' in {'x': 1}",
            "(True, True, True, True)",
        ),
        (
            "2 in range(0, 10, 2), 3 in range(0, 10, 2)",
            "(True, False)",
        ),
        (
            "None is None, a is a, a is not [3, 1, 2]",
            "(True, True, True)",
        ),
        (
            "0 or '' or 'x', 1 and [] and 2, not [], not not 'x'",
            "('x', [], True, True)",
        ),
        (
            "'yes' if a else 'no', 'yes' if {} else 'no'",
            "('yes', 'no')",
        ),
        (
            "(lambda x, y=2, *z, k, **w: (x, y, z, k, w))(1, k=3, q=4)",
            "(1, 2, (), 3, {'q': 4})",
        ),
        ("(lambda *x: x)(*a, *'ab')", "(3, 1, 2, 'a', 'b')"),
        ("(lambda **x: x)(**{'b': 1}, c=2)", "{'b': 1, 'c': 2}"),
    ]);
}

#[test]
fn subscripts_and_comprehensions() {
    check(&[
        ("a[0], a[-1], 'héllo'[1], (1, 2)[True]", "(3, 2, 'é', 2)"),
        (
            "a[1:], a[:-1], a[::-1], a[5:], a[-2:2], a[::2]",
            "([1, 2], [3, 1], [2, 1, 3], [], [1], [3, 2])",
        ),
        (
            "'héllo'[1:3], 'hello'[::-2], 'hello'[3:0:-1], 'hello'[-9:9]",
            "('él', 'olh', 'lle', 'hello')",
        ),
        (
            "(1, 2, 3)[1:], ()[::-1], 'abc'[:-9:-1], 'abc'[10::-2]",
            "((2, 3), (), 'cba', 'ca')",
        ),
        ("{'a': {'b': [1, {'c': 2}]}}['a']['b'][1]['c']", "2"),
        ("[x * 2 for x in a if x > 1 if x < 3]", "[4]"),
        (
            "[(x, y) for x in 'ab' for y in range(2)]",
            "[('a', 0), ('a', 1), ('b', 0), ('b', 1)]",
        ),
        (
            "{k: v for k, v in [('a', 1), ('b', 2)]}",
            "{'a': 1, 'b': 2}",
        ),
        ("'-'.join(str(x) for x in a)", "'3-1-2'"),
        (
            "[[y for y in range(x)] for x in a]",
            "[[0, 1, 2], [0], [0, 1]]",
        ),
        ("[x for x, *rest in ['ab', 'c']]", "['a', 'c']"),
    ]);
}

#[test]
fn functions() {
    check(&[
        (
            "len(sorted([float('nan') if i % 3 else i for i in range(500)])), sorted(str(i % 7) for i in range(14)), sorted([3, 1, 2] * 2, reverse=True)",
            "(500, ['0', '0', '1', '1', '2', '2', '3', '3', '4', '4', '5', '5', '6', '6'], [3, 3, 2, 2, 1, 1])",
        ),
        (
            "len('héllo'), len(a), len({'a': 1}), len(range(5, 0, -2))",
            "(5, 3, 1, 3)",
        ),
        (
            "int('12'), int(' -1_0 '), int('0x1f', 16), int('ff', 16), int('0b11', 0), int(3.9), int(-3.9), int(True), int()",
            "(12, -10, 31, 255, 3, 3, -3, 1, 0)",
        ),
        (
            "float('1.5'), float(2), str(1.0), str(None), str(), bool([]), bool('x')",
            "(1.5, 2.0, '1.0', 'None', '', False, True)",
        ),
        (
            "list('ab'), tuple(a), list({'a': 1}), dict(a=1), dict([('a', 1)], b=2), dict({'x': a})",
            "(['a', 'b'], (3, 1, 2), ['a'], {'a': 1}, {'a': 1, 'b': 2}, {'x': [3, 1, 2]})",
        ),
        (
            "sorted(a), sorted(a, reverse=True), sorted(['b', 'A'], key=lambda s: s.lower()), sorted('ba')",
            "([1, 2, 3], [3, 2, 1], ['A', 'b'], ['a', 'b'])",
        ),
        (
            "sorted([(1, 'b'), (0, 'c'), (1, 'a')], key=lambda p: p[0], reverse=True)",
            "[(1, 'b'), (1, 'a'), (0, 'c')]",
        ),
        (
            "list(reversed(a)), list(enumerate('ab', 1)), list(zip(a, 'xy'))",
            "([2, 1, 3], [(1, 'a'), (2, 'b')], [(3, 'x'), (1, 'y')])",
        ),
        (
            "min(a), max(1, 5, 3), min([], default=0), max(a, key=lambda x: -x), sum(a), sum([[1], [2]], [])",
            "(1, 5, 0, 1, 6, [1, 2])",
        ),
        (
            "any([0, 1]), all([]), any(x > 5 for x in a), abs(-2), abs(-2.5)",
            "(True, True, False, 2, 2.5)",
        ),
        (
            "isinstance('a', str), isinstance(True, int), isinstance(1, (str, list)), isinstance(a, list)",
            "(True, True, False, True)",
        ),
        (
            "repr('a'), ord('a'), chr(233), hex(255), oct(8), bin(5), hex(-1)",
            "(\"'a'\", 97, 'é', '0xff', '0o10', '0b101', '-0x1')",
        ),
        (
            "round(2.5), round(3.5), round(2.675, 2), divmod(7, 2), divmod(-7, 2)",
            "(2, 4, 2.67, (3, 1), (-4, 1))",
        ),
        (
            "list(map(str, a)), list(filter(None, [0, 1])), list(map(lambda x: x + 1, a))",
            "(['3', '1', '2'], [1], [4, 2, 3])",
        ),
        (
            "list(range(3)), list(range(5, 0, -2)), range(3), range(1, 2, 3), range(9)[2]",
            "([0, 1, 2], [5, 3, 1], range(0, 3), range(1, 2, 3), 2)",
        ),
        (
            "ascii('é'), format(3.14159, '.2f'), callable(len)",
            r#"("'\\xe9'", '3.14', True)"#,
        ),
    ]);
}

#[test]
fn methods_of_strings() {
    check(&[
        (
            "' a b  c '.split(), 'a,b,,c'.split(','), 'a b c'.split(None, 1), ' a b c '.rsplit(None, 1)",
            "(['a', 'b', 'c'], ['a', 'b', '', 'c'], ['a', 'b c'], [' a b', 'c'])",
        ),
        (
            "'a,b,c'.split(',', 1), 'a,b,c'.rsplit(',', maxsplit=1), ''.split(), ''.split(',')",
            "(['a', 'b,c'], ['a,b', 'c'], [], [''])",
        ),
        (
            "'a\\nb\\r\\nc\\n'.splitlines(), 'a-b-c'.partition('-'), 'a-b-c'.rpartition('-'), 'x'.partition('-')",
            "(['a', 'b', 'c'], ('a', '-', 'b-c'), ('a-b', '-', 'c'), ('x', '', ''))",
        ),
        (
            "' x '.strip(), 'xxaxx'.strip('x'), 'abc'.lstrip('ba'), 'abc'.rstrip('c')",
            "('x', 'a', 'c', 'ab')",
        ),
        (
            "'aXbX'.replace('X', '-'), 'aXbX'.replace('X', '', 1), 'ab'.replace('', '.')",
            "('a-b-', 'abX', '.a.b.')",
        ),
        (
            "'fedora-40'.startswith('fedora'), 'x'.startswith(('a', 'x')), 'abc'.endswith('b', 0, 2), 'abc'.startswith('b', 1)",
            "(True, True, True, True)",
        ),
        (
            "'héllo'.find('l'), 'hello'.rfind('l'), 'hello'.index('e'), 'hello'.find('z'), 'hello'.count('l'), 'hello'.find('l', 3)",
            "(2, 3, 1, -1, 2, 3)",
        ),
        (
            "'aB'.upper(), 'aB'.lower(), 'hello world'.title(), 'hello World'.capitalize(), 'aB'.swapcase()",
            "('AB', 'ab', 'Hello World', 'Hello world', 'Ab')",
        ),
        (
            "'a'.ljust(3) + '|', 'a'.rjust(3, '.'), 'ab'.center(5, '*'), '7'.zfill(3), '-7'.zfill(4)",
            "('a  |', '..a', '**ab*', '007', '-007')",
        ),
        (
            "'12'.isdigit(), 'a1'.isalnum(), 'ab'.isalpha(), ' '.isspace(), 'A1'.isupper(), ''.isdigit()",
            "(True, True, True, True, True, False)",
        ),
        (
            "','.join(['a', 'b']), ''.join('ab'), '-'.join({'x': 1})",
            "('a,b', 'ab', 'x')",
        ),
        (
            "'abc'.removeprefix('a'), 'abc'.removesuffix('c'), 'abc'.removeprefix('x')",
            "('bc', 'ab', 'abc')",
        ),
    ]);
}

#[test]
fn formats() {
    check(&[
        (
            "'%s-%s' % ('a', 1), '%s' % 'x', '%d%%' % 5, '%r' % 'x', '%s' % [1], '%s %s' % ((1,), None)",
            "('a-1', 'x', '5%', \"'x'\", '[1]', '(1,) None')",
        ),
        (
            "'%(a)s %(b)03d' % {'a': 1, 'b': 2, 'c': 3}, '%s' % {'a': 1}, 'x' % {'a': 1}",
            "('1 002', \"{'a': 1}\", 'x')",
        ),
        (
            "'%5s|%-5s|%05d|%+d|% d|%x|%X|%#x|%o|%#o' % ('a', 'b', 42, 1, 1, 255, 255, 255, 8, 8)",
            "'    a|b    |00042|+1| 1|ff|FF|0xff|10|0o10'",
        ),
        (
            "'%.2f|%8.3f|%-8.1f|%e|%g|%g|%G|%.3g' % (1.005, 3.14159, 2.5, 12345.678, 0.0001, 1e-5, 1e20, 1234.5)",
            "'1.00|   3.142|2.5     |1.234568e+04|0.0001|1e-05|1E+20|1.23e+03'",
        ),
        (
            "'%*d|%-*d|%.*f' % (4, 1, 4, 2, 1, 2.55), '%c%c' % ('a', 98), '%.2s' % 'abc', '%5.3d' % 7, '%-05d|' % 3, '%i' % 3.9",
            "('   1|2   |2.5', 'ab', 'ab', '  007', '3    |', '3')",
        ),
        (
            "'%d' % True, '%s' % True, '%+05d' % 42, '%+05d' % -42, '%#06x' % 255",
            "('1', 'True', '+0042', '-0042', '0x00ff')",
        ),
        (
            "'{} {}'.format(1, 'a'), '{1}{0}'.format('a', 'b'), '{x}-{x!r}'.format(x='q'), '{{}}'.format()",
            "('1 a', 'ba', \"q-'q'\", '{}')",
        ),
        (
            "'{0[a]} {0[b][1]} {1[0]}'.format({'a': 1, 'b': [2, 3]}, a), '{:>{w}}'.format('x', w=4), '{:{}}'.format(1, 3)",
            "('1 3 3', '   x', '  1')",
        ),
        (
            "'{:<5}|{:>5}|{:^5}|{:*^5}|{:05d}|{:+}|{:,}|{:_}'.format('a', 'b', 'c', 'd', 42, 1, 1234567, 1234567)",
            "'a    |    b|  c  |**d**|00042|+1|1,234,567|1_234_567'",
        ),
        (
            "'{:.2f}|{:8.2f}|{:e}|{:g}|{:%}|{:.1%}|{:,.2f}'.format(1.005, 3.14159, 1e10, 1e10, 0.5, 0.123, 12345.678)",
            "'1.00|    3.14|1.000000e+10|1e+10|50.000000%|12.3%|12,345.68'",
        ),
        (
            "'{:x}|{:#x}|{:b}|{:#o}|{:#010x}|{:c}|{:d}'.format(255, 255, 5, 8, 255, 97, True)",
            "'ff|0xff|101|0o10|0x000000ff|a|1'",
        ),
        (
            "'{:5}|{:5}|{:.2}|{}|{:5}'.format('a', 1, 'abc', True, True), '{:.3}'.format(3.14159)",
            "('a    |    1|ab|True|    1', '3.14')",
        ),
        (
            "f'{a[0]}-{a!r}-{\"x\":>3}-{1.5:.2f}-{{}}', f'{a[0]=}', f'{3:0{a[2] + 1}d}', f'{\"n\"!r:>5}'",
            "('3-[3, 1, 2]-  x-1.50-{}', 'a[0]=3', '003', \"  'n'\")",
        ),
        (
            "'a' f'{1}' 'b{2}', f'{{{1}}}', f'{[x for x in a]}', f'{1 if a else 2}'",
            "('a1b{2}', '{1}', '[3, 1, 2]', '1')",
        ),
        (
            "'{a}'.format_map({'a': 1}), '{:d}'.format(-5), '{:=+5d}'.format(7), '{:-<4}'.format('x')",
            "('1', '-5', '+   7', 'x---')",
        ),
    ]);
}

#[test]
fn the_host() {
    check(&[
        (
            "os.environ['USER'], os.getenv('HOME'), os.getenv('NOPE'), os.getenv('NOPE', 'x'), os.environ.get('EMPTY', 'y')",
            "('builder', '/home/builder', None, 'x', '')",
        ),
        (
            "os.getuid(), os.geteuid(), os.getgid(), os.getegid(), os.getcwd()",
            "(1000, 1000, 1001, 1001, '/srv')",
        ),
        (
            "grp.getgrnam('mock')[2], grp.getgrnam('mock').gr_gid, grp.getgrgid(135)[0], grp.getgrnam('mock')",
            "(135, 135, 'mock', ('mock', 'x', 135, []))",
        ),
        (
            "pwd.getpwuid(os.getuid())[0], pwd.getpwuid(1000).pw_dir, pwd.getpwnam('builder').pw_gid",
            "('builder', '/home/builder', 1001)",
        ),
        (
            "socket.gethostname(), socket.getfqdn()",
            "('host.example.org', 'host.example.org')",
        ),
        (
            "len(str(uuid.uuid4())), str(uuid.uuid4())[14], uuid.uuid4() == uuid.uuid4(), len(uuid.uuid4().hex)",
            "(36, '4', False, 32)",
        ),
        (
            "os.path.join('/a', 'b', 'c'), os.path.join('a/', '/b'), os.path.join('a', ''), os.path.join('', 'a')",
            "('/a/b/c', '/b', 'a/', 'a')",
        ),
        (
            "os.path.expanduser('~/x'), os.path.expanduser('~'), os.path.expanduser('~other/x'), os.path.expandvars('$USER/${HOME}/$NOPE/$')",
            "('/home/builder/x', '/home/builder', '~other/x', 'builder//home/builder/$NOPE/$')",
        ),
        (
            "os.path.basename('/a/b'), os.path.dirname('/a/b'), os.path.dirname('/a'), os.path.split('/a//b'), os.path.dirname('a')",
            "('b', '/a', '/', ('/a', 'b'), '')",
        ),
        (
            "os.path.splitext('/a.b/c.tar.gz'), os.path.splitext('.bashrc'), os.path.splitext('a.'), os.path.splitext('a.b/c')",
            "(('/a.b/c.tar', '.gz'), ('.bashrc', ''), ('a', '.'), ('a.b/c', ''))",
        ),
        (
            "os.path.normpath('/a/../b/./c//d/'), os.path.normpath('../a/..'), os.path.normpath(''), os.path.abspath('x/../y'), os.path.isabs('/a')",
            "('/b/c/d', '..', '.', '/srv/y', True)",
        ),
        (
            "os.path.isdir('/'), os.path.isfile('/'), os.path.exists('/no/such/file'), os.path.realpath('/no/../such/./file')",
            "(True, False, False, '/such/file')",
        ),
    ]);
}
