//! Counts what operations on a screen cost, in cells and rows that are touched: for tests and the
//! fuzzer, which see by it that the whole stays linear. Elsewhere nothing is counted.

#[cfg(any(test, fuzzing))]
thread_local! {
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(any(test, fuzzing))]
pub(super) fn steps(count: usize) {
    STEPS.set(STEPS.get() + count);
}

#[cfg(not(any(test, fuzzing)))]
pub(super) fn steps(_count: usize) {}

#[cfg(any(test, fuzzing))]
pub(super) fn take() -> usize {
    STEPS.take()
}
