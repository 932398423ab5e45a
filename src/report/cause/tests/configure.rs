//! Tools that look at the system first, and `%prep`.

use super::section;

#[test]
fn configure_scripts() {
    section(
        "%build",
        "
checking for pkg-config... /usr/bin/pkg-config
checking for FOO... no
configure: error: Package requirements (foo >= 1.2) were not met:

Package 'foo', required by 'virtual:world', not found

Consider adjusting the PKG_CONFIG_PATH environment variable if you
installed software in a non-standard prefix.
",
        "
checking for FOO... no
configure: error: Package requirements (foo >= 1.2) were not met:
Package 'foo', required by 'virtual:world', not found
",
    );
    section(
        "%build",
        "
checking whether the C compiler works... no
configure: error: in `/builddir/build/BUILD/hello-1':
configure: error: C compiler cannot create executables
See `config.log' for more details
",
        "
checking whether the C compiler works... no
configure: error: in `/builddir/build/BUILD/hello-1':
configure: error: C compiler cannot create executables
See `config.log' for more details
",
    );
}

#[test]
fn autoconf() {
    section(
        "%build",
        "
configure.ac:12: error: possibly undefined macro: AC_FROB
      If this token and others are legitimate, please use m4_pattern_allow.
autoreconf: error: /usr/bin/autoconf failed with exit status: 1
",
        "configure.ac:12: error: possibly undefined macro: AC_FROB",
    );
}

#[test]
fn cmake_packages() {
    section(
        "%build",
        "
-- The C compiler identification is GNU 14.2.1
CMake Error at /usr/share/cmake/Modules/FindPackageHandleStandardArgs.cmake:233 (message):
  Could NOT find ZLIB (missing: ZLIB_LIBRARY ZLIB_INCLUDE_DIR)
Call Stack (most recent call first):
  /usr/share/cmake/Modules/FindPackageHandleStandardArgs.cmake:603 (_FPHSA_FAILURE_MESSAGE)
  /usr/share/cmake/Modules/FindZLIB.cmake:202 (FIND_PACKAGE_HANDLE_STANDARD_ARGS)
  CMakeLists.txt:5 (find_package)


-- Configuring incomplete, errors occurred!
",
        "
CMake Error at /usr/share/cmake/Modules/FindPackageHandleStandardArgs.cmake:233 (message):
  Could NOT find ZLIB (missing: ZLIB_LIBRARY ZLIB_INCLUDE_DIR)
  CMakeLists.txt:5 (find_package)
",
    );
    section(
        "%build",
        r#"
CMake Error at CMakeLists.txt:12 (find_package):
  By not providing "FindFoo.cmake" in CMAKE_MODULE_PATH this project has
  asked CMake to find a package configuration file provided by "Foo", but
  CMake did not find one.

  Could not find a package configuration file provided by "Foo" with any of
  the following names:

    FooConfig.cmake
    foo-config.cmake

-- Configuring incomplete, errors occurred!
"#,
        r#"
CMake Error at CMakeLists.txt:12 (find_package):
  By not providing "FindFoo.cmake" in CMAKE_MODULE_PATH this project has
  asked CMake to find a package configuration file provided by "Foo", but
  CMake did not find one.
  Could not find a package configuration file provided by "Foo" with any of
  the following names:
    FooConfig.cmake
    foo-config.cmake
"#,
    );
}

#[test]
fn meson_dependencies() {
    section(
        "%build",
        r#"
Run-time dependency foo found: NO (tried pkgconfig and cmake)

meson.build:12:6: ERROR: Dependency "foo" not found, tried pkgconfig and cmake

A full log can be found at /builddir/build/BUILD/x/redhat-linux-build/meson-logs/meson-log.txt
"#,
        r#"meson.build:12:6: ERROR: Dependency "foo" not found, tried pkgconfig and cmake"#,
    );
    section(
        "%build",
        "../sub/meson.build:3:0: ERROR: Unknown compiler(s): [['c++']]\n",
        "../sub/meson.build:3:0: ERROR: Unknown compiler(s): [['c++']]",
    );
}

#[test]
fn perl_modules() {
    section(
        "%build",
        "
+ perl Makefile.PL
Can't locate No/Such.pm in @INC (you may need to install the No::Such module) (@INC contains: /etc/perl) at Makefile.PL line 3.
BEGIN failed--compilation aborted at Makefile.PL line 3.
",
        "Can't locate No/Such.pm in @INC (you may need to install the No::Such module) (@INC contains: /etc/perl) at Makefile.PL line 3.",
    );
}

#[test]
fn patches_that_do_not_apply() {
    section(
        "%prep",
        "
+ echo 'Patch #0 (fine.patch):'
Patch #0 (fine.patch):
+ /usr/bin/patch -p1 -s --fuzz=0 --no-backup-if-mismatch -f
Patch #1 (fix-build.patch):
+ /usr/bin/patch --no-backup-if-mismatch -f -p1 --fuzz=0
patching file src/main.c
Hunk #1 FAILED at 12.
1 out of 2 hunks FAILED -- saving rejects to file src/main.c.rej
",
        "
Patch #1 (fix-build.patch):
patching file src/main.c
Hunk #1 FAILED at 12.
1 out of 2 hunks FAILED -- saving rejects to file src/main.c.rej
",
    );
    section(
        "%prep",
        "
Applying: Fix the build
error: patch failed: src/main.c:12
error: src/main.c: patch does not apply
Patch failed at 0001 Fix the build
",
        "
Applying: Fix the build
error: patch failed: src/main.c:12
error: src/main.c: patch does not apply
",
    );
}

#[test]
fn archives_with_another_name_inside() {
    section(
        "%prep",
        "
+ /usr/bin/tar -xof -
+ STATUS=0
+ '[' 0 -ne 0 ']'
+ cd hello-1.0
/var/tmp/rpm-tmp.h8aJQ2: line 37: cd: hello-1.0: No such file or directory
",
        "
+ cd hello-1.0
/var/tmp/rpm-tmp.h8aJQ2: line 37: cd: hello-1.0: No such file or directory
",
    );
}
