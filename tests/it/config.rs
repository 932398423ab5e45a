//! Configurations as the whole program reads them: under which name, within which bounds, and what
//! a real Python reads of what it prints.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::{ARCH, Place, SMALL_ROOT, Who, both, configs, program, run};

/// A binary called `xmock`, with nothing of this project beside it, and links to and from there.
struct Installed(tempfile::TempDir);

impl Installed {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory can be made");
        fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755))
            .expect("it is our own");
        let installed = Self(directory);
        fs::copy(program(), installed.path("xmock")).expect("the binary can be copied");
        symlink("xmock", installed.path("mock")).expect("links can be made");
        fs::create_dir(installed.path("link")).expect("directories can be made");
        symlink(program(), installed.path("link/xmock")).expect("links can be made");
        // Named like a group that every system has.
        fs::copy(program(), installed.path("daemon")).expect("the binary can be copied");
        installed
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// What `--debug-config` says of a key.
fn value(out: &str, key: &str) -> String {
    let start = format!("config_opts['{key}'] = ");
    let line = out.lines().find_map(|line| line.strip_prefix(&start));
    line.unwrap_or_else(|| panic!("no {key} in {out}"))
        .to_owned()
}

#[test]
fn a_binary_of_another_name_lives_beside_mock() {
    let installed = Installed::new();
    for place in both() {
        place.write("files/x.cfg", "config_opts['root'] = 'x'\n");
        let directories = |program: &Path| {
            let done = place
                .installed_as(program)
                .args(["-q", "-r", "x.cfg", "--debug-config"])
                .ok();
            ["basedir", "cache_topdir"].map(|key| value(&done.out(), key))
        };
        let expected = |name: &str| match place.who {
            Who::Root => [format!("'/var/lib/{name}'"), format!("'/var/cache/{name}'")],
            _ => [".local/share", ".cache"].map(|below| {
                let path = place.path("home").join(below).join(name);
                format!("'{}'", path.display())
            }),
        };
        // The file's name, whatever it is called by.
        for (file, name) in [
            ("xmock", "xmock"),
            ("mock", "xmock"),
            ("link/xmock", "mock"),
        ] {
            assert_eq!(directories(&installed.path(file)), expected(name), "{file}");
        }

        let xmock = || place.installed_as(&installed.path("mock"));
        let missing = xmock().args(["-r", "nope", "--init"]).run().exits(3);
        let place_of_it = "Could not find required config file: /etc/xmock/nope.cfg";
        assert!(missing.stderr.contains(place_of_it), "{}", missing.stderr);
        let hint = "xmock --list-chroots lists";
        assert!(missing.stderr.contains(hint), "{}", missing.stderr);
        let help = xmock().args(["--help"]).ok().out();
        assert!(help.contains("Usage: xmock [OPTIONS]"), "{help}");
        let wrong = xmock().args(["--bogus"]).run().exits(2);
        assert!(wrong.stderr.contains("xmock --help"), "{}", wrong.stderr);

        let daemon = place
            .installed_as(&installed.path("daemon"))
            .args(["-q", "-r", "x.cfg", "--debug-config"])
            .ok();
        let group = run("getent", ["group", "daemon"]);
        let gid = group.split(':').nth(2).expect("a group has a number");
        assert_eq!(value(&daemon.out(), "chrootgid"), gid);
    }

    // The children that make a sandbox are the same file.
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let xmock = |arguments: &[&str]| {
        place
            .installed_as(&installed.path("xmock"))
            .args(["-r", &format!("mini-{ARCH}")])
            .args(["--configdir", &configs().to_string_lossy()])
            .args(SMALL_ROOT)
            .args(arguments)
    };
    let made = xmock(&["--init"]).ok();
    assert!(
        made.stderr.contains("INFO: xmock version "),
        "{}",
        made.stderr
    );
    assert_eq!(
        xmock(&["-q", "--shell", "echo inside"]).ok().out(),
        "inside\n"
    );
    let alone = xmock(&["--mount"]).run().exits(50);
    let hint = "`xmock -r mini-";
    assert!(alone.stderr.contains(hint), "{}", alone.stderr);
    let root = format!("home/.local/share/xmock/mini-{ARCH}/buildroot.lock");
    assert!(place.path(&root).is_file());
    assert!(!place.path("home/.local/share/mock").exists());
    assert!(!place.path("home/.cache/mock").exists());
    xmock(&["--scrub=all"]).ok();
}

/// Reads what `mock` prints with Python, and what it read with Python: the same must come of it.
const READ_BACK: &str = r#"
import sys, types
before, printed, text = (open(path, encoding='utf-8').read() for path in sys.argv[1:])
def run(text, options):
    exec(compile(text, 'x', 'exec'), {'config_opts': options, 'os': __import__('os')})
    return options
told = run(printed, {})
expected = run(text, run(before, {}))
def exact(value):
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [type(value).__name__] + [exact(item) for item in value]
    return (type(value).__name__, repr(value))
for key in sorted(set(told) | set(expected)):
    if key in ('config_file', 'config_paths', 'chroot_name'):
        continue
    assert exact(told.get(key)) == exact(expected.get(key)), (key, told.get(key), expected.get(key))
print(len(told), 'options')
"#;

const NASTY: &str = r#"# -*- coding: utf-8 -*-
config_opts['root'] = 'nasty'
config_opts['quotes'] = ['\'', '"', '\'"', "it's", '"""', "'''\"\"\"", '\\\'', '\\"', '\\', '\\\\n', '']
config_opts['controls'] = '\n\r\t\0\x01\x1b[0m\x7f\x80\x9f\x85\v\f\x1c'
config_opts['letters'] = 'Büro ☃ 😀 \xa0 \u2028\u2029 \u200b\u202e \ufeff \ue000 e\u0301'
config_opts['percent'] = '%(a)s %% {a} $x ${y} `z` {{ releasever }} {% raw %}'
config_opts['long'] = 'word ' * 200 + '\n' + 'x' * 500 + "\n'\"\\" + 'line\n' * 3 + '\n\n'
config_opts['lines'] = '\n\n'
config_opts['nested'] = {'a': [(1, (2,), [], (), {}), {'b': {'c': ['d' * 90, ('e' * 90,)]}}], "k'\"\n": None}
config_opts['tuples'] = (('a', 'b'), ('c',), (), ['d'])
config_opts['one'] = ('only',)
config_opts['long_one'] = ('x' * 100,)
config_opts['numbers'] = [0, -1, 9223372036854775807, -9223372036854775808, 1.5, -0.0, 1e300, 1e-7, 1e16, 0.1]
config_opts['flags'] = (True, False, None)
config_opts['none'] = None
config_opts["key with ' and \" and \\"] = 1
config_opts['dnf.conf'] = """
[main]
keepcache=1
# 'comment' "\\"

[x]
name='x'
"""
config_opts['plugin_conf']['bind_mount_opts']['dirs'].append(('/a b', '/c"d'))
config_opts['macros']['%x'] = '%{expand:\n}'
config_opts['environment']['PS1'] = r'\[\033[01;34m\]\w\$ '
"#;

#[test]
fn python_reads_back_what_debug_config_prints() {
    for place in both() {
        // Otherwise that differs from run to run.
        let run_id = "config_opts['mock_run_uuid'] = 'a run'\n";
        let plain = format!("config_opts['root'] = 'plain'\n{run_id}");
        place.write("files/plain.cfg", plain);
        place.write("files/nasty.cfg", format!("{NASTY}\n{run_id}"));
        let printed = |name: &str, expanded: &str, origins: &str| {
            let done = place
                .bare()
                .args(["-r", &format!("{name}.cfg"), expanded, origins])
                .args(["--configdir", "empty"])
                .ok();
            let quiet = origins == "-v" || done.stderr.is_empty();
            assert!(quiet, "only what can be read back is said: {}", done.stderr);
            place.write(&format!("files/{name}.py"), done.stdout);
        };
        place.make_dir("files/empty");
        for origins in ["-q", "-v"] {
            printed("plain", "--debug-config", "-q");
            printed("nasty", "--debug-config", origins);
            let read = |text: &str| {
                let paths = ["plain.py", "nasty.py", text].map(|name| {
                    let path = place.path("files").join(name);
                    path.to_string_lossy().into_owned()
                });
                run(
                    "python3",
                    ["-c", READ_BACK]
                        .map(str::to_owned)
                        .into_iter()
                        .chain(paths),
                )
            };
            assert!(read("nasty.cfg").ends_with(" options\n"));
        }
        // Expanded: templates are gone, and it is Python all the same.
        let text = NASTY.replace("{% raw %}", "");
        place.write("files/nasty.cfg", text);
        printed("nasty", "--debug-config-expanded", "-q");
        let look = "import sys; o = {}; exec(open(sys.argv[1], encoding='utf-8').read(), {'config_opts': o}); \
                    print(o['percent'], o['resultdir'])";
        let path = place.path("files/nasty.py").to_string_lossy().into_owned();
        let found = run("python3", ["-c".to_owned(), look.to_owned(), path]);
        let base = match place.who {
            Who::Root => PathBuf::from("/var/lib/mock"),
            _ => place.basedir(),
        };
        let expected = format!(
            "%(a)s %% {{a}} $x ${{y}} `z` None  {}/nasty/result\n",
            base.display()
        );
        assert_eq!(found, expected);
    }
}

/// Far above what any configuration needs, far below what hurts.
const MEMORY: &str = "--as=800000000";
const LONGEST: Duration = Duration::from_secs(20);

/// Each ends soon, in little memory, with one error, status 3.
#[test]
fn hostile_configurations_end_soon_in_little_memory() {
    let Some(place) = Place::new(Who::User) else {
        return;
    };
    let doubling = format!(
        "{{% set x = 'a' * 16 %}}{}",
        "{% set x = x ~ x %}".repeat(60)
    );
    let deep = format!("{{{{ {}{} }}}}", "(".repeat(100_000), ")".repeat(100_000));
    let references: String = (0..30)
        .map(|n| {
            format!(
                "config_opts['r{n}'] = '{{{{ r{0} }}}}{{{{ r{0} }}}}'\n",
                n + 1
            )
        })
        .collect();
    run("mkfifo", [place.path("files/fifo")]);
    place.make_dir("files/directory");
    place.write("files/loop.tpl", "include('loop2.tpl')\n");
    place.write("files/loop2.tpl", "include('loop.tpl')\n");
    let templates = [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ self.__init__.__globals__.__builtins__.open('/etc/passwd').read() }}",
        "{{ lipsum.__globals__['os'].system('id') }}",
        "{{ joiner|attr('__init__') }}",
        "{{ config_opts['x'].__class__ }}",
        "{{ lipsum() }}",
        "{{ cycler('a').next() }}",
        "{% for i in range(10**9) %}x{% endfor %}",
        "{{ range(10**9)|join }}",
        "{{ range(10**9)|list|length }}",
        "{{ '%999999999d'|format(1) }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ 'x'|indent(10**10) }}",
        "{{ 'x'|center(10**10) }}",
        "{{ ('x' * 10**6)|replace('x', 'x' * 10**6) }}",
        "{{ 'x' * 10**12 }}",
        "{{ [0] * 10**12 }}",
        "{{ 10**10**10 }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% include '/dev/zero' %}",
        "x{{ me }}{{ me }}",
        "{{ r0 }}",
        &doubling,
        &deep,
    ];
    let mut texts: Vec<String> = templates
        .iter()
        .map(|text| format!("{references}config_opts['r30'] = 'x'\nconfig_opts['me'] = {text:?}\n"))
        .collect();
    texts.extend(
        [
            "x = 'a'\nwhile True: x += x",
            "x = [0] * 10 ** 12",
            "x = list(range(10 ** 9))",
            "x = '%999999999d' % 1",
            "x = f'{1:>{10 ** 10}}'",
            "x = 'x'.ljust(10 ** 10)",
            "x = 10 ** 10 ** 10",
            "while True: pass",
            "def f(): return f() + f()\nf()",
            "x = []\nx.append(x)\nconfig_opts['me'] = x",
            "config_opts['me'] = config_opts",
            "config_opts['me'] = {}\nconfig_opts['me']['me'] = config_opts['me']",
            "x = []\nfor i in range(10 ** 5): x = [x]\nconfig_opts['me'] = x",
            "x = 'a' * 10 ** 5\nconfig_opts['me'] = [x] * 10 ** 5",
            "include('/dev/zero')",
            "include('fifo')",
            "include('directory')",
            "include('loop.tpl')",
            "include('x.cfg')",
            "include('/proc/self/mem')",
        ]
        .map(str::to_owned),
    );
    texts.push(format!(
        "x = {}{}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    ));
    texts.push(format!("x = {}", "(".repeat(100_000)));
    texts.push(format!("x = {}1", "-".repeat(100_000)));
    texts.push(format!("x = '{}'", "x".repeat(2 << 20)));
    texts.push("x = '\0'\n\0".to_owned());
    for text in &texts {
        place.write(
            "files/x.cfg",
            format!("config_opts['root'] = 'x'\n{text}\n"),
        );
        let start = Instant::now();
        let done = place
            .bare()
            .through(["prlimit", MEMORY, "timeout", "--signal=KILL", "60"])
            .args(["-r", "x.cfg", "--configdir", ".", "--debug-config-expanded"])
            .run();
        let took = start.elapsed();
        let shown: String = text
            .chars()
            .rev()
            .take(100)
            .collect::<Vec<_>>()
            .iter()
            .rev()
            .collect();
        let errors = done.stderr.matches("ERROR: ").count();
        assert!(
            done.status_code() == Some(3) && errors == 1 && done.stdout.is_empty(),
            "{shown}\n{}\n{:.300}\n{:.3000}",
            done.status_code().unwrap_or(-1),
            done.out(),
            done.stderr
        );
        assert!(done.stderr.len() < 5000, "{shown}\n{:.5000}", done.stderr);
        assert!(took < LONGEST, "{shown}: {took:?}");
    }
}

/// As the original installs it, and a formatter of a site's own.
const LOGGING: &str = "[formatters]\nkeys=detailed,ours\n\n[formatter_detailed]\n\
    format=%(levelname)s %(filename)s:%(lineno)d:  %(message)s\n\n\
    [formatter_ours]\nformat=[%(process)d %(name)s %(levelname)-7s] %(message)s.\n";

#[test]
fn logs_look_as_logging_ini_says() {
    let Some(place) = crate::support::shared(Who::User) else {
        return;
    };
    let ini = place.write("files/logging.ini", LOGGING);
    let empty = place.write("files/empty.ini", "");
    let run = |options: &[&str]| {
        let mut words: Vec<String> = Vec::new();
        for option in options {
            words.extend(["--config-opts".to_owned(), (*option).to_owned()]);
        }
        let result = place.make_dir("files/logs");
        fs::remove_dir_all(&result).expect("it is the test's own");
        let result = place.make_dir("files/logs");
        words.extend(["--resultdir".to_owned(), result.display().to_string()]);
        words.extend(["--chroot", "echo", "inside"].map(str::to_owned));
        let done = place.mock(words).run();
        let read = |name: &str| fs::read_to_string(result.join(name)).unwrap_or_default();
        (done, read("state.log"), read("root.log"))
    };
    let file = format!("log_config_file={}", ini.display());
    let (done, state, root) = run(&[
        &file,
        "state_log_fmt_name=ours",
        "root_log_fmt_str=<%(message)s>",
    ]);
    let done = done.exits(0);
    assert!(done.out().contains("inside"));
    assert!(
        state.contains(" mockbuild.Root.state INFO   ] Start: chroot ['echo', 'inside'].\n"),
        "{state}"
    );
    assert!(root.lines().any(|line| line == "<inside>"), "{root}");

    let file = format!("log_config_file={}", empty.display());
    let (done, state, _) = run(&[&file]);
    done.exits(0);
    assert!(state.contains(" - Start: chroot ["), "{state}");

    for (option, why) in [
        (
            "root_log_fmt_name=none_such",
            "unknown log format 'none_such'",
        ),
        (
            "root_log_fmt_str=%(nope)s",
            "root_log_fmt_str: cannot be used as a log format: '%(nope)s'",
        ),
    ] {
        let (done, state, _) = run(&[option]);
        let done = done.exits(50);
        assert!(
            done.stderr.contains(why) && state.is_empty(),
            "{}",
            done.stderr
        );
    }
}
