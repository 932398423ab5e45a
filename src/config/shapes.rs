//! Values of the wrong shape are errors also where nobody reads them in this run: options of plugins
//! that are off, and what is not carried out yet.
//!
//! What is read is checked by its reader ([`super::reader`]); this goes by the schema, with the same
//! leniency.

use super::keys::schema;
use super::options::Options;
use super::reader::Reader;
use super::value::Origin;
use crate::error::Result;

/// An error names the first, with its place.
pub(super) fn check(options: &Options) -> Result<()> {
    let mut reader = None;
    for key in &schema().keys {
        let path = key.original.iter().map(String::as_str).collect::<Vec<_>>();
        let Some(value) = options.get(&path) else {
            continue;
        };
        let chosen = matches!(
            options.origin(&path),
            Some(Origin::File { .. } | Origin::CommandLine)
        );
        if !chosen || key.kind.admits(value) {
            continue;
        }
        // It may be a template of a number or a truth value; one that fails is an error when it is
        // needed, as in the original.
        let reader = reader.get_or_insert_with(|| Reader::new(options, None));
        let Ok(Some(expanded)) = reader.value(&path) else {
            continue;
        };
        if !key.kind.admits(&expanded) {
            let expected = match key.kind.text.as_str() {
                "integer" => "integer of zero or more",
                "list of pairs" => "list of pairs of strings",
                other => other,
            };
            return Err(reader.wrong(&path, expected, &expanded));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "shapes_tests.rs"]
mod tests;
