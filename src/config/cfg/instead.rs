//! What to write instead of the Python that a configuration cannot have.

/// Full names, or beginnings of them that end in a dot, and the way around them.
const TABLE: &[(&[&str], &str)] = &[
    (
        &["os.uname", "platform", "platform."],
        "the machine is `{{ host_arch }}` in a template, the host's name socket.gethostname()",
    ),
    (
        &["os.cpu_count", "multiprocessing", "multiprocessing."],
        "let the one who calls mock say it, as in os.environ.get('JOBS', '4'); rpm counts \
         processors by itself",
    ),
    (
        &[
            "os.popen",
            "os.system",
            "os.exec",
            "os.spawn",
            "subprocess",
            "subprocess.",
            "commands",
            "commands.",
        ],
        "no program can be run here: run it before mock is called, and pass what it says with \
         --config-opts or as a variable of the environment",
    ),
    (
        &["re.", "fnmatch", "fnmatch."],
        "take methods of strings: startswith(), endswith(), split(), replace(), `in`",
    ),
    (
        &[
            "json.",
            "yaml",
            "yaml.",
            "configparser",
            "ast",
            "ast.",
            "literal_eval",
        ],
        "write the value itself, as a dictionary or a list; for json.dumps() write the text",
    ),
    (
        &["shlex."],
        "'...'.split() splits at blanks; write a list of words where blanks are meant",
    ),
    (
        &["glob.", "glob", "os.listdir", "os.scandir", "os.walk"],
        "directories cannot be listed: write the names; os.path.exists() asks for one",
    ),
    (
        &[
            "open", "os.open", "io", "io.", "pathlib", "pathlib.", "codecs",
        ],
        "files cannot be read here: include() a configuration, or write the text itself; paths \
         are made with os.path",
    ),
    (
        &[
            "os.mkdir",
            "os.makedirs",
            "os.chmod",
            "os.chown",
            "os.remove",
            "os.unlink",
            "os.rename",
            "os.symlink",
            "shutil",
            "shutil.",
            "tempfile",
            "tempfile.",
        ],
        "a configuration changes nothing: make it before mock is called; `extra_chroot_dirs` and \
         `files` are made in the chroot",
    ),
    (
        &[
            "os.stat",
            "os.access",
            "os.path.getsize",
            "os.path.getmtime",
            "stat",
        ],
        "os.path.exists(), os.path.isfile() and os.path.isdir() can be asked",
    ),
    (
        &["os.getlogin", "getpass", "getpass."],
        "pwd.getpwuid(os.getuid()).pw_name is the user who calls mock",
    ),
    (
        &["os.getpid", "random", "random.", "secrets", "secrets."],
        "str(uuid.uuid4()) is different each time",
    ),
    (
        &["time", "time.", "datetime", "datetime."],
        "the time is not known here: pass it as a variable of the environment",
    ),
    (
        &[
            "exec",
            "execfile",
            "eval",
            "compile",
            "__import__",
            "importlib",
        ],
        "include() another configuration",
    ),
    (
        &["getattr", "setattr", "delattr", "hasattr", "vars", "dir"],
        "write the name itself, as in os.getuid()",
    ),
    (
        &["set", "frozenset"],
        "write a list: [...]; `dict.fromkeys(...)` drops what is there twice",
    ),
    (&["bytes", "bytearray"], "write a string"),
    (
        &["iter", "next"],
        "go through the list with `for`, or take list(...)[0]",
    ),
    (
        &["input"],
        "let the one who calls mock say it, as in os.environ.get('NAME')",
    ),
    (
        &["mockbuild", "mockbuild."],
        "nothing of the original's own modules is there; config_opts is",
    ),
    (
        &["__file__", "__name__", "sys.path", "sys.argv"],
        "config_opts['config_path'] is the directory of configurations, \
         config_opts['config_file'] the file that was named",
    ),
    (
        &["sys.exit", "exit", "quit"],
        "raise ValueError('...') ends with a message",
    ),
    (&["string"], "write the letters"),
];

/// For a name such as `open`, `os.uname` or, of an import, `platform`.
pub(super) fn of(name: &str) -> Option<String> {
    let matches = |known: &&str| match known.strip_suffix('.') {
        Some(_) => name.starts_with(*known),
        None => *known == name,
    };
    let row = TABLE.iter().find(|(names, _)| names.iter().any(&matches));
    row.map(|(_, hint)| (*hint).to_owned())
}
