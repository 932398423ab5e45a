//! Failed tests.

use super::section;

#[test]
fn automake_test_suites() {
    section(
        "%check",
        "
PASS: test-a
XFAIL: test-b
FAIL: test-c
make[2]: Entering directory '/builddir/build/BUILD/x'
============================================================================
Testsuite summary for x 1.0
============================================================================
# TOTAL: 3
# PASS:  1
# SKIP:  0
# XFAIL: 1
# FAIL:  1
# XPASS: 0
# ERROR: 0
============================================================================
See tests/test-suite.log
make[2]: *** [Makefile:700: test-suite.log] Error 1
",
        "
FAIL: test-c
# FAIL:  1
",
    );
}

#[test]
fn unittest() {
    section(
        "%check",
        r#"
EF
======================================================================
ERROR: test_y (__main__.T.test_y)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "t.py", line 6, in test_y
    {}["a"]
KeyError: 'a'

======================================================================
FAIL: test_x (__main__.T.test_x)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "t.py", line 4, in test_x
    self.assertEqual(1, 2)
AssertionError: 1 != 2

----------------------------------------------------------------------
Ran 2 tests in 0.000s

FAILED (failures=1, errors=1)
"#,
        "
ERROR: test_y (__main__.T.test_y)
FAIL: test_x (__main__.T.test_x)
KeyError: 'a'
FAILED (failures=1, errors=1)
",
    );
}

#[test]
fn pytest() {
    section(
        "%check",
        "
=================================== FAILURES ===================================
___________________________________ test_sum ___________________________________
    def test_sum():
>       assert 1 + 1 == 3
E       assert (1 + 1) == 3
tests/test_x.py:4: AssertionError
=========================== short test summary info ============================
FAILED tests/test_x.py::test_sum - assert (1 + 1) == 3
ERROR tests/test_y.py - ModuleNotFoundError: No module named 'y'
==================== 1 failed, 20 passed, 1 error in 0.12s =====================
",
        "
FAILED tests/test_x.py::test_sum - assert (1 + 1) == 3
ERROR tests/test_y.py - ModuleNotFoundError: No module named 'y'
E       assert (1 + 1) == 3
==================== 1 failed, 20 passed, 1 error in 0.12s =====================
",
    );
}

#[test]
fn ctest() {
    section(
        "%check",
        "
1/3 Test #1: basic ............................   Passed    0.01 sec
67% tests passed, 1 tests failed out of 3

Total Test time (real) =   0.05 sec

The following tests FAILED:
\t  2 - parser (Failed)
\t  3 - crash (SEGFAULT)
Errors while running CTest
",
        "
67% tests passed, 1 tests failed out of 3
The following tests FAILED:
   2 - parser (Failed)
   3 - crash (SEGFAULT)
",
    );
}

#[test]
fn meson() {
    section(
        "%check",
        "
 1/2 hello:basic   OK       0.01s
 2/2 hello:crash   FAIL     0.02s   killed by signal 11 SIGSEGV

Summary of Failures:

2/2 hello:crash FAIL            0.02s   killed by signal 11 SIGSEGV

Ok:                 1
Fail:               1
",
        "
Summary of Failures:
2/2 hello:crash FAIL            0.02s   killed by signal 11 SIGSEGV
",
    );
}

#[test]
fn cargo() {
    section(
        "%check",
        "
running 2 tests
test good ... ok
test bad ... FAILED

failures:

---- bad stdout ----

thread 'bad' (2109) panicked at src/main.rs:2:18:
assertion `left == right` failed
  left: 1
 right: 2
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

failures:
    bad

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.06s

error: test failed, to rerun pass `--bin cr`
",
        "
test bad ... FAILED
thread 'bad' (2109) panicked at src/main.rs:2:18:
assertion `left == right` failed
  left: 1
test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.06s
",
    );
}

#[test]
fn go() {
    section(
        "%check",
        "
=== RUN   TestSum
    sum_test.go:8: got 3, want 4
--- FAIL: TestSum (0.00s)
    sum_test.go:8: got 3, want 4
FAIL
FAIL\texample.com/sum\t0.002s
ok  \texample.com/other\t0.001s
FAIL
",
        "
--- FAIL: TestSum (0.00s)
    sum_test.go:8: got 3, want 4
FAIL example.com/sum 0.002s
",
    );
}

#[test]
fn googletest() {
    section(
        "%check",
        "
[ RUN      ] Sum.Small
/builddir/build/BUILD/x/sum_test.cc:12: Failure
Expected equality of these values:
  sum(1, 1)
    Which is: 3
  2
[  FAILED  ] Sum.Small (0 ms)
[==========] 4 tests from 2 test suites ran. (3 ms total)
[  PASSED  ] 3 tests.
[  FAILED  ] 1 test, listed below:
[  FAILED  ] Sum.Small
",
        "
/builddir/build/BUILD/x/sum_test.cc:12: Failure
Expected equality of these values:
  sum(1, 1)
    Which is: 3
  2
[  FAILED  ] Sum.Small (0 ms)
[  FAILED  ] 1 test, listed below:
[  FAILED  ] Sum.Small
",
    );
}

#[test]
fn perl() {
    section(
        "%check",
        "
#   Failed test 'one is two'
#   at t/a.t line 2.
#          got: '1'
#     expected: '2'
# Looks like you failed 1 test of 2.
t/a.t ..
Dubious, test returned 1 (wstat 256, 0x100)
Failed 1/2 subtests

Test Summary Report
-------------------
t/a.t (Wstat: 256 (exited 1) Tests: 2 Failed: 1)
  Failed test:  1
  Non-zero exit status: 1
Files=1, Tests=2,  0 wallclock secs
Result: FAIL
",
        "
#   Failed test 'one is two'
#   at t/a.t line 2.
#          got: '1'
#     expected: '2'
t/a.t (Wstat: 256 (exited 1) Tests: 2 Failed: 1)
Failed 1/2 subtests
",
    );
}

#[test]
fn rspec_and_autotest() {
    section(
        "%check",
        "
3 examples, 1 failure
rspec ./spec/sum_spec.rb:12 # Sum adds
",
        "
rspec ./spec/sum_spec.rb:12 # Sum adds
3 examples, 1 failure
",
    );
    section(
        "%check",
        "
 12: parse numbers                                   ok
 13: parse words                                     FAILED (parse.at:20)
ERROR: 13 tests were run,
1 failed unexpectedly.
",
        " 13: parse words                                     FAILED (parse.at:20)",
    );
}

#[test]
fn tests_that_do_not_compile() {
    section(
        "%check",
        "
tests/t.c:3:1: error: unknown type name 'foo'
    3 | foo x;
      | ^~~
make: *** [Makefile:9: t.o] Error 1
",
        "
tests/t.c:3:1: error: unknown type name 'foo'
    3 | foo x;
      | ^~~
",
    );
}

#[test]
fn compiler_errors_that_a_test_wants_are_not_the_cause() {
    section(
        "%check",
        "
bad.c:1:1: error: expected by the test
FAIL: diagnostics
",
        "FAIL: diagnostics",
    );
}

#[test]
fn tests_that_run_in_build() {
    section(
        "%build",
        "
FAIL: selftest
make: *** [Makefile:9: check] Error 1
",
        "FAIL: selftest",
    );
}
