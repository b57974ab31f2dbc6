//! Where the cells and lines of a block begin and end, found sixty-four bytes at a time.

use wide::u8x16;

/// One line: where its end stands, and how many cells were cut before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexedLine {
    /// The place of the line feed.
    pub end: u32,
    /// How many cuts the block has up to here.
    pub cuts: u32,
}

/// The structure of a block of whole lines.
#[derive(Debug, Default)]
pub struct Index {
    /// The backtick of each comma and backtick; behind `found`, nothing counts.
    cuts: Vec<u32>,
    found: usize,
    /// Every line feed.
    pub lines: Vec<IndexedLine>,
    /// Is there a NUL byte?
    pub has_nul: bool,
}

/// The bits of one word of the block.
struct Marks {
    backticks: u64,
    commas: u64,
    feeds: u64,
}

/// How many cuts are written at a time; a word of real bills has five or six.
const STEP: usize = 8;
/// How many a word can have, and the room behind them that is written to and does not count.
const ROOM: usize = 64 + STEP;

impl Index {
    /// Looks at a block, which ends with a line feed.
    pub fn scan(&mut self, block: &[u8]) {
        self.lines.clear();
        self.found = 0;
        let (words, rest) = block.as_chunks::<64>();
        let mut after_comma = 0;
        let mut base = 0;
        let mut lowest = u8x16::splat(u8::MAX);
        for word in words {
            after_comma = self.take(&marks(word, &mut lowest), base, after_comma);
            base += 64;
        }
        let mut last = [b' '; 64];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        self.take(&marks(&last, &mut lowest), base, after_comma);
        self.has_nul = lowest.simd_eq(u8x16::splat(0)).to_bitmask() != 0;
    }

    /// The cuts of one line: of those before `to`, all but the first `from`.
    pub fn cuts(&self, from: u32, to: u32) -> &[u32] {
        self.cuts.get(from as usize..to as usize).unwrap_or_default()
    }

    /// The bytes of memory that it holds.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        size_of::<u32>() * self.cuts.capacity() + size_of::<IndexedLine>() * self.lines.capacity()
    }

    /// Notes one word; the answer says whether its last byte is a comma.
    #[inline]
    fn take(&mut self, marks: &Marks, base: u32, after_comma: u64) -> u64 {
        let cuts = marks.backticks & (marks.commas << 1 | after_comma);
        if marks.feeds != 0 {
            self.note_lines(marks.feeds, cuts, base);
        }
        self.note_cuts(cuts, base);
        marks.commas >> 63
    }

    fn note_lines(&mut self, mut feeds: u64, cuts: u64, base: u32) {
        while feeds != 0 {
            let at = feeds.trailing_zeros();
            let before = (cuts & ((1 << at) - 1)).count_ones();
            self.lines.push(IndexedLine { end: base + at, cuts: self.found_u32() + before });
            feeds &= feeds - 1;
        }
    }

    fn found_u32(&self) -> u32 {
        u32::try_from(self.found).unwrap_or(u32::MAX)
    }

    #[inline]
    fn note_cuts(&mut self, mut cuts: u64, base: u32) {
        if self.cuts.len() < self.found + ROOM {
            self.cuts.resize(2 * self.found + 4 * ROOM, 0);
        }
        let count = cuts.count_ones() as usize;
        let mut at = self.found;
        while cuts != 0 {
            let Some(room) = self.cuts.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<STEP>()) else {
                break;
            };
            for place in room {
                // The highest bit changes no lowest one. A number that cannot be zero is counted in one step.
                *place = base + (cuts | 1 << 63).trailing_zeros();
                cuts &= cuts.wrapping_sub(1);
            }
            at += STEP;
        }
        self.found += count;
    }
}

/// The bits of a word; the lowest byte of each of sixteen lanes is kept beside them.
#[inline]
fn marks(word: &[u8; 64], lowest: &mut u8x16) -> Marks {
    let (quarters, _) = word.as_chunks::<16>();
    let mut marks = Marks { backticks: 0, commas: 0, feeds: 0 };
    for (at, quarter) in quarters.iter().enumerate() {
        let bytes = u8x16::from(*quarter);
        let bits = |byte: u8| u64::from(bytes.simd_eq(u8x16::splat(byte)).to_bitmask()) << (16 * at);
        marks.backticks |= bits(b'`');
        marks.commas |= bits(b',');
        marks.feeds |= bits(b'\n');
        *lowest = lowest.min(bytes);
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same, byte by byte.
    fn plain(block: &[u8]) -> (Vec<u32>, Vec<IndexedLine>) {
        let (mut cuts, mut lines) = (Vec::new(), Vec::new());
        for (at, byte) in (0_u32..).zip(block) {
            if *byte == b'`' && at > 0 && block[at as usize - 1] == b',' {
                cuts.push(at);
            }
            if *byte == b'\n' {
                lines.push(IndexedLine { end: at, cuts: u32::try_from(cuts.len()).unwrap() });
            }
        }
        (cuts, lines)
    }

    proptest! {
        #[test]
        fn b8_every_cut_and_every_line_is_found(block in proptest::collection::vec(prop::sample::select(b",,``\n\0a".to_vec()), 0..700)) {
            let (cuts, lines) = plain(&block);
            let mut index = Index::default();
            for _ in 0..2 {
                index.scan(&block);
                prop_assert_eq!(index.cuts(0, u32::try_from(cuts.len()).unwrap()), &cuts[..]);
                prop_assert_eq!(index.found, cuts.len());
                prop_assert_eq!(&index.lines, &lines);
                prop_assert_eq!(index.has_nul, block.contains(&0));
            }
        }
    }
}
