//! The original's `.cfg` files, read without a Python interpreter.

pub(crate) mod aliases;

mod ast;
mod fail;
mod source;
mod syntax;
