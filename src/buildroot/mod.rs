pub(crate) mod inside;
