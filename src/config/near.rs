//! Near misses: what a mistyped key or name was probably meant to be.

use super::keys::schema;

/// The TOML path of the key that an unknown `path` probably means.
pub(super) fn did_you_mean(path: &[&str]) -> Option<String> {
    let (name, table) = path.split_last()?;
    // The original's name, or the right name in the wrong section, is not a guess.
    if let Some(key) = schema().by_original(&[name]) {
        return Some(key.toml.join("."));
    }
    let in_table = nearest(name, schema().names_in(table));
    if let Some(near) = in_table {
        return Some([table, &[near]].concat().join("."));
    }
    let named = schema()
        .keys
        .iter()
        .find(|key| key.toml.last().is_some_and(|last| last == name));
    if let Some(key) = named {
        return Some(key.toml.join("."));
    }
    let originals = schema().keys.iter().filter(|key| key.original.len() == 1);
    let near = nearest(
        name,
        originals.map(|key| key.original[0].as_str()).collect(),
    )?;
    schema().by_original(&[near]).map(|key| key.toml.join("."))
}

/// The candidate most like `name`, if any is alike at all.
pub(super) fn nearest<'a>(name: &str, candidates: Vec<&'a str>) -> Option<&'a str> {
    near(name, candidates).into_iter().next()
}

/// The candidates like `name`, the most alike first.
pub(super) fn near<'a>(name: &str, candidates: Vec<&'a str>) -> Vec<&'a str> {
    const ALIKE: f64 = 0.85;
    let mut scored = candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(score, _)| *score >= ALIKE)
        .collect::<Vec<_>>();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.into_iter().map(|(_, candidate)| candidate).collect()
}
