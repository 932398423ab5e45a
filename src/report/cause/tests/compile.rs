//! Compilers, linkers and their drivers.

use super::section;

#[test]
fn gcc_in_a_parallel_make() {
    section(
        "%build",
        "
+ make -k -j2
cc    -c -o b.o b.c
cc    -c -o a.o a.c
a.c:1:10: fatal error: nosuch.h: No such file or directory
    1 | #include <nosuch.h>
      |          ^~~~~~~~~~
compilation terminated.
b.c: In function 'main':
b.c:3:5: error: 'retrun' undeclared (first use in this function)
    3 |     retrun 0;
      |     ^~~~~~
b.c:3:5: note: each undeclared identifier is reported only once for each function it appears in
b.c:3:11: error: expected ';' before numeric constant
    3 |     retrun 0;
      |           ^~
      |           ;
make: *** [<builtin>: a.o] Error 1
make: *** [<builtin>: b.o] Error 1
make: Target 'all' not remade because of errors.
",
        "
a.c:1:10: fatal error: nosuch.h: No such file or directory
    1 | #include <nosuch.h>
      |          ^~~~~~~~~~
b.c:3:5: error: 'retrun' undeclared (first use in this function)
b.c:3:11: error: expected ';' before numeric constant
",
    );
}

#[test]
fn gcc_with_the_lines_that_lead_to_it() {
    section(
        "%build",
        "
g++ -O2 -c src/widget.cpp
In file included from src/widget.h:3,
                 from src/widget.cpp:1:
src/base.h:10:1: error: 'uint32_t' does not name a type
   10 | uint32_t width;
      | ^~~~~~~~
src/base.h:4:1: note: 'uint32_t' is defined in header '<cstdint>'; did you forget to '#include <cstdint>'?
make[2]: *** [Makefile:33: src/widget.o] Error 1
make[2]: Leaving directory '/builddir/build/BUILD/widget-1'
make[1]: *** [Makefile:20: all-recursive] Error 1
",
        "
In file included from src/widget.h:3,
                 from src/widget.cpp:1:
src/base.h:10:1: error: 'uint32_t' does not name a type
   10 | uint32_t width;
      | ^~~~~~~~
",
    );
}

#[test]
fn clang_and_its_carets() {
    section(
        "%build",
        "
lib/a.c:7:12: warning: unused variable 'y' [-Wunused-variable]
    int x, y;
           ^
lib/a.c:9:3: error: use of undeclared identifier 'zoo'
  zoo();
  ^
1 warning and 1 error generated.
",
        "
lib/a.c:9:3: error: use of undeclared identifier 'zoo'
  zoo();
  ^
",
    );
}

#[test]
fn what_is_no_compiler_error() {
    section(
        "%build",
        "
conftest.c:3:1: error: unknown type name 'foo'
2026-01-02 12:30:45: error: clock says so
note: error: none of ours
it broke
",
        "
+ cd /builddir/build/BUILD
conftest.c:3:1: error: unknown type name 'foo'
2026-01-02 12:30:45: error: clock says so
note: error: none of ours
it broke
",
    );
}

#[test]
fn missing_symbols() {
    section(
        "%build",
        "
+ gcc b.c
/usr/bin/ld: /tmp/cc8ekZMI.o: in function `main':
b.c:(.text+0x5): undefined reference to `foo'
/usr/bin/ld: b.c:(.text+0xa): undefined reference to `bar'
collect2: error: ld returned 1 exit status
make: *** [Makefile:4: b] Error 1
",
        "
/usr/bin/ld: /tmp/cc8ekZMI.o: in function `main':
b.c:(.text+0x5): undefined reference to `foo'
/usr/bin/ld: b.c:(.text+0xa): undefined reference to `bar'
collect2: error: ld returned 1 exit status
",
    );
    section(
        "%build",
        "
/usr/bin/ld: cannot find -lnosuch: No such file or directory
collect2: error: ld returned 1 exit status
",
        "
/usr/bin/ld: cannot find -lnosuch: No such file or directory
collect2: error: ld returned 1 exit status
",
    );
    section(
        "%build",
        "
ld.lld: error: undefined symbol: frob
>>> referenced by main.c:3
>>>               /tmp/main-1.o:(main)
clang: error: linker command failed with exit code 1 (use -v to see invocation)
",
        "
ld.lld: error: undefined symbol: frob
>>> referenced by main.c:3
clang: error: linker command failed with exit code 1 (use -v to see invocation)
",
    );
}

#[test]
fn rustc_by_cargo() {
    section(
        "%build",
        r#"
   Compiling cr v0.1.0 (/builddir/build/BUILD/cr)
error[E0308]: mismatched types
 --> src/main.rs:1:26
  |
1 | fn main() { let x: u32 = "a"; foo(); }
  |                    ---   ^^^ expected `u32`, found `&str`
  |                    |
  |                    expected due to this

error[E0425]: cannot find function `foo` in this scope
 --> src/main.rs:1:31
  |
1 | fn main() { let x: u32 = "a"; foo(); }
  |                               ^^^ not found in this scope

Some errors have detailed explanations: E0308, E0425.
error: could not compile `cr` (bin "cr") due to 2 previous errors
"#,
        r#"
error[E0308]: mismatched types
 --> src/main.rs:1:26
  |
1 | fn main() { let x: u32 = "a"; foo(); }
  |                    ---   ^^^ expected `u32`, found `&str`
  |                    |
  |                    expected due to this
error[E0425]: cannot find function `foo` in this scope
error: could not compile `cr` (bin "cr") due to 2 previous errors
"#,
    );
}

#[test]
fn crates_that_are_not_vendored() {
    section(
        "%build",
        "
+ cargo build --offline
error: no matching package named `serde` found
location searched: registry `crates-io`
required by package `hello v0.1.0 (/builddir/build/BUILD/hello)`
As a reminder, you're using offline mode (--offline) which can sometimes cause surprising resolution failures
",
        "
error: no matching package named `serde` found
location searched: registry `crates-io`
required by package `hello v0.1.0 (/builddir/build/BUILD/hello)`
As a reminder, you're using offline mode (--offline) which can sometimes cause surprising resolution failures
",
    );
}

#[test]
fn go_programs() {
    section(
        "%build",
        "
+ go build ./...
go: downloading example.com/x v1.0.0
# example.com/hello/cmd
cmd/main.go:5:2: undefined: frob
cmd/main.go:9:7: too many arguments in call to run
",
        "
cmd/main.go:5:2: undefined: frob
cmd/main.go:9:7: too many arguments in call to run
",
    );
    section(
        "%build",
        "
main.go:4:2: no required module provides package example.com/x: go.mod file not found in current directory
",
        "main.go:4:2: no required module provides package example.com/x: go.mod file not found in current directory",
    );
    section(
        "%build",
        "go: inconsistent vendoring in /builddir/build/BUILD/hello:\n",
        "go: inconsistent vendoring in /builddir/build/BUILD/hello:",
    );
}

#[test]
fn java_by_maven_and_gradle() {
    section(
        "%build",
        "
[INFO] BUILD FAILURE
[ERROR] COMPILATION ERROR :
[ERROR] /builddir/build/BUILD/x/src/Foo.java:[12,5] cannot find symbol
[ERROR]
[ERROR] -> [Help 1]
[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.
[ERROR] Re-run Maven using the -X switch to enable full debug logging.
",
        "
[ERROR] COMPILATION ERROR :
[ERROR] /builddir/build/BUILD/x/src/Foo.java:[12,5] cannot find symbol
",
    );
    section(
        "%build",
        "
FAILURE: Build failed with an exception.
* What went wrong:
Execution failed for task ':compileJava'.
> Compilation failed; see the compiler error output for details.
* Try:
> Run with --stacktrace option to get the stack trace.
",
        "
Execution failed for task ':compileJava'.
> Compilation failed; see the compiler error output for details.
",
    );
}

#[test]
fn typescript_and_npm() {
    section(
        "%build",
        "
src/app.ts(3,5): error TS2304: Cannot find name 'foo'.
npm ERR! code 2
npm ERR! path /builddir/build/BUILD/app
",
        "src/app.ts(3,5): error TS2304: Cannot find name 'foo'.",
    );
    section(
        "%build",
        "
npm error code ENOTFOUND
npm error network request to https://registry.npmjs.org/x failed
npm error A complete log of this run can be found in: /builddir/.npm/_logs/x.log
",
        "
npm error code ENOTFOUND
npm error network request to https://registry.npmjs.org/x failed
",
    );
}

#[test]
fn ninja_edges() {
    section(
        "%build",
        "
[12/40] Generating docs
FAILED: docs/manual.html
/usr/bin/xsltproc -o docs/manual.html style.xsl manual.xml
I/O error : Attempt to load network entity http://docbook.example/style.xsl
cannot parse style.xsl
[13/40] Compiling C object a.o
ninja: build stopped: subcommand failed.
",
        "
FAILED: docs/manual.html
I/O error : Attempt to load network entity http://docbook.example/style.xsl
cannot parse style.xsl
",
    );
    section(
        "%build",
        "ninja: error: loading 'build.ninja': No such file or directory\n",
        "ninja: error: loading 'build.ninja': No such file or directory",
    );
}

#[test]
fn make_targets() {
    section(
        "%build",
        "
make[1]: Entering directory '/builddir/build/BUILD/hello'
./generate tables.txt
generate: line 12 of tables.txt has four columns
make[1]: *** [Makefile:8: tables.c] Error 3
make[1]: *** Waiting for unfinished jobs....
make[1]: Leaving directory '/builddir/build/BUILD/hello'
make: *** [Makefile:3: all] Error 2
",
        "
+ cd /builddir/build/BUILD
./generate tables.txt
generate: line 12 of tables.txt has four columns
make[1]: *** [Makefile:8: tables.c] Error 3
",
    );
    section(
        "%build",
        "
+ make
make: *** No rule to make target 'x.h', needed by 'all'.  Stop.
",
        "make: *** No rule to make target 'x.h', needed by 'all'.  Stop.",
    );
    section(
        "%build",
        "
+ make
make: [Makefile:2: clean] Error 1 (ignored)
Makefile:7: *** missing separator.  Stop.
",
        "
+ cd /builddir/build/BUILD
+ make
make: [Makefile:2: clean] Error 1 (ignored)
Makefile:7: *** missing separator.  Stop.
",
    );
}

#[test]
fn killed_compilers() {
    section(
        "%build",
        "
g++: fatal error: Killed signal terminated program cc1plus
compilation terminated.
make[2]: *** [Makefile:9: big.o] Error 1
",
        "
g++: fatal error: Killed signal terminated program cc1plus
(most likely memory ran out: fewer jobs need less, for instance with --define '_smp_build_ncpus 2')
",
    );
    section(
        "%install",
        "
+ ./strip-everything
/var/tmp/rpm-tmp.h8aJQ2: line 40:  4711 Killed                  ./strip-everything
",
        "
/var/tmp/rpm-tmp.h8aJQ2: line 40:  4711 Killed                  ./strip-everything
(most likely memory ran out: fewer jobs need less, for instance with --define '_smp_build_ncpus 2')
",
    );
}

#[test]
fn full_disk() {
    section(
        "%build",
        "
gcc -c a.c
{standard input}: Assembler messages:
{standard input}: Fatal error: can't write 13 bytes to section .text of a.o: 'No space left on device'
a.c:9:1: fatal error: error writing to /tmp/ccX.s: No space left on device
make: *** [Makefile:9: a.o] Error 1
",
        "a.c:9:1: fatal error: error writing to /tmp/ccX.s: No space left on device",
    );
}
