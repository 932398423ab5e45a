//! The index of a header: where each entry's data is said to be.
//!
//! Looked at before the `rpm` crate reads the header: it takes places and numbers of items as they
//! are, and a file that lies about them would end the program.

/// An entry of the index, in bytes.
pub(super) const ENTRY: usize = 16;

/// Whether all entries lie within a store of this size.
pub(super) fn fits(index: &[u8], store: u64) -> bool {
    index.chunks_exact(ENTRY).all(|entry| {
        let number = |at: usize| {
            u32::from_be_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]])
        };
        let (kind, offset, count) = (number(4), u64::from(number(8)), u64::from(number(12)));
        // The least that one item takes; of a text that is the byte at its end.
        let width = match kind {
            0 => 0,
            3 => 2,
            4 => 4,
            5 => 8,
            _ => 1,
        };
        offset <= store && count * width <= store - offset
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: u32, offset: u32, count: u32) -> Vec<u8> {
        [1000, kind, offset, count]
            .iter()
            .flat_map(|number: &u32| number.to_be_bytes())
            .collect()
    }

    #[test]
    fn entries_beyond_the_store() {
        for (kind, offset, count, good) in [
            (6, 0, 1, true),
            (6, 99, 1, true),
            (6, 100, 1, false),
            (6, u32::MAX, 1, false),
            (8, 0, 100, true),
            (8, 0, 101, false),
            (5, 60, 5, true),
            (5, 61, 5, false),
            (4, 0, u32::MAX, false),
            (5, u32::MAX, u32::MAX, false),
            (7, 50, 51, false),
            (0, 100, 0, true),
        ] {
            let index = [entry(6, 0, 1), entry(kind, offset, count)].concat();
            assert_eq!(fits(&index, 100), good, "{kind} {offset} {count}");
        }
    }
}
