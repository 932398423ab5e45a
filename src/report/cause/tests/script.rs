//! Scripts that fail without a compiler's or a test's help.

use super::section;

#[test]
fn python_modules() {
    section(
        "%generate_buildrequires",
        r#"
Traceback (most recent call last):
  File "/usr/lib/rpm/redhat/pyproject_buildrequires.py", line 660, in main
    generate_requires(
  File "/usr/lib/python3.13/importlib/__init__.py", line 88, in import_module
    return _bootstrap._gcd_import(name[level:], package, level)
ModuleNotFoundError: No module named 'setuptools_scm'
"#,
        r#"
  File "/usr/lib/python3.13/importlib/__init__.py", line 88, in import_module
ModuleNotFoundError: No module named 'setuptools_scm'
"#,
    );
    section(
        "%build",
        r#"
  error: subprocess-exited-with-error
      Traceback (most recent call last):
        File "setup.py", line 3, in <module>
          import numpy
      ModuleNotFoundError: No module named 'numpy'
"#,
        r#"
        File "setup.py", line 3, in <module>
      ModuleNotFoundError: No module named 'numpy'
"#,
    );
}

#[test]
fn commands_that_are_not_there() {
    section(
        "%build",
        "
+ frobnicate --all
/var/tmp/rpm-tmp.h8aJQ2: line 28: frobnicate: command not found
",
        "
+ frobnicate --all
/var/tmp/rpm-tmp.h8aJQ2: line 28: frobnicate: command not found
",
    );
    section(
        "%build",
        "
+ frobnicate --all
/var/tmp/rpm-tmp.h8aJQ2: 28: frobnicate: not found
",
        "
+ frobnicate --all
/var/tmp/rpm-tmp.h8aJQ2: 28: frobnicate: not found
",
    );
}

#[test]
fn files_to_install() {
    section(
        "%install",
        "
+ install -m 644 doc/hello.1 /builddir/build/BUILDROOT/usr/share/man/man1
install: cannot stat 'doc/hello.1': No such file or directory
",
        "
+ cd /builddir/build/BUILD
+ install -m 644 doc/hello.1 /builddir/build/BUILDROOT/usr/share/man/man1
install: cannot stat 'doc/hello.1': No such file or directory
",
    );
}

#[test]
fn checks_of_what_was_installed() {
    section(
        "%install",
        "
+ /usr/lib/rpm/redhat/brp-mangle-shebangs
mangling shebang in /usr/bin/x from /bin/sh to #!/usr/bin/sh
*** ERROR: ambiguous python shebang in /usr/bin/y: #!/usr/bin/python. Change it to python3 (or python2) explicitly.
",
        "*** ERROR: ambiguous python shebang in /usr/bin/y: #!/usr/bin/python. Change it to python3 (or python2) explicitly.",
    );
    section(
        "%install",
        "
+ /usr/lib/rpm/check-rpaths
* 0001 - standard RPATHs (e.g. /usr/lib) are a minor issue but are introducing redundant searchpaths
ERROR   0001: file '/usr/bin/hello' contains a standard runpath '/usr/lib64' in [/usr/lib64]
",
        "ERROR   0001: file '/usr/bin/hello' contains a standard runpath '/usr/lib64' in [/usr/lib64]",
    );
}

#[test]
fn nothing_known() {
    section(
        "%build",
        "
+ echo hello
hello
+ false
+ RPM_EC=1
++ jobs -p
",
        "
+ cd /builddir/build/BUILD
+ echo hello
hello
+ false
",
    );
}

#[test]
fn lines_that_call_themselves_errors() {
    section(
        "%build",
        "
reading manual
ERROR: ld.so: object 'libnosync.so' from LD_PRELOAD cannot be preloaded: ignored.
fatal: not a git repository (or any of the parent directories): .git
the version is unknown
",
        "
fatal: not a git repository (or any of the parent directories): .git
the version is unknown
",
    );
}
