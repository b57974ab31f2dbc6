//! `Fields`: the flat, ordered map of name to text that every v2 message is.

use std::fmt;

/// Name and text of the fields of one message, in the order in which they travelled.
///
/// A name stands at most once. An empty text is kept, but takes no part in a sign (protocol.md A.2).
#[derive(Clone, Default)]
pub struct Fields {
    /// Holds every name and text, among other things: a parsed message stays here as it came.
    buffer: String,
    entries: Vec<FieldEntry>,
    /// Places in `entries`, sorted by the bytes of the name: the order of signing, and the index of `get`.
    sorted: Vec<SortedEntry>,
}

/// A place in `entries`, with the first bytes of its name.
#[derive(Debug, Clone, Copy)]
struct SortedEntry {
    first: u64,
    at: u16,
}

/// Where in the buffer a field's name and text stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldEntry {
    /// The name.
    pub name: ByteSpan,
    /// The text.
    pub text: ByteSpan,
}

/// From a byte to the one before another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByteSpan {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl FieldEntry {
    /// The field, from the buffer that it was found in.
    pub fn read(self, buffer: &str) -> (&str, &str) {
        (self.name.of(buffer), self.text.of(buffer))
    }
}

impl ByteSpan {
    fn of(self, buffer: &str) -> &str {
        buffer.get(self.start..self.end).unwrap_or_default()
    }
}

/// Why fields could not be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldsError {
    /// A name came twice; parsers disagree on which one counts, so none does.
    #[error("field {0} is there twice")]
    Duplicate(String),
    /// More fields than any message of WeChat Pay has.
    #[error("more than {max} fields", max = Fields::MAX)]
    TooMany,
}

impl Fields {
    /// The most fields a message may have (decisions.md 1.8).
    pub const MAX: usize = 4096;

    /// No fields yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes all pairs at once; sorts once.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "whoever collected the pairs has no further use for them"
    )]
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Result<Self, FieldsError> {
        Self::from_texts(pairs.iter().map(|(name, text)| (name.as_str(), text.as_str())))
    }

    /// The same from pairs that live elsewhere.
    pub fn from_texts<'a>(
        pairs: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, FieldsError> {
        let mut fields = Self { buffer: String::with_capacity(32 * pairs.len()), ..Self::default() };
        let entries = pairs.map(|(name, text)| fields.note(name, text)).collect();
        Self::from_entries(fields.buffer, entries)
    }

    /// Takes a message as it came and the places of its fields.
    pub(crate) fn from_entries(buffer: String, entries: Vec<FieldEntry>) -> Result<Self, FieldsError> {
        if entries.len() > Self::MAX {
            return Err(FieldsError::TooMany);
        }
        let sorted = signing_order(&buffer, &entries)?;
        Ok(Self { buffer, entries, sorted })
    }

    /// Sets a field of a message of our own: replaces an older text of that name, else appends.
    pub fn set(&mut self, name: &str, text: impl AsRef<str>) {
        match self.place(name) {
            Ok(at) => self.replace(at, text.as_ref()),
            Err(at) => self.append(at, name, text.as_ref()),
        }
    }

    /// As [`set`](Self::set), but leaves the field out when there is no text.
    pub fn set_some(&mut self, name: &str, text: Option<impl AsRef<str>>) {
        if let Some(text) = text {
            self.set(name, text);
        }
    }

    /// The text under this name, which may be empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self.place(name).ok()?;
        self.entry(self.sorted.get(at)?.at).map(|(_, text)| text)
    }

    /// The text under this name; an empty element reads as absent (decisions.md 1.8).
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|text| !text.is_empty())
    }

    /// All fields in the order of the wire.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.entries.iter().map(|entry| entry.read(&self.buffer))
    }

    /// All fields sorted by the bytes of their names, the order of signing.
    pub fn sorted(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.sorted.iter().filter_map(|place| self.entry(place.at))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Is there no field at all?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn entry(&self, at: u16) -> Option<(&str, &str)> {
        self.entries.get(usize::from(at)).map(|entry| entry.read(&self.buffer))
    }

    /// Where in `sorted` the name stands, or where it would.
    fn place(&self, name: &str) -> Result<usize, usize> {
        let wanted = SortKey::of(name.as_bytes());
        self.sorted.binary_search_by(|place| {
            let name = || self.entry(place.at).map_or("", |(name, _)| name);
            place.first.cmp(&wanted.0).then_with(|| name().as_bytes().cmp(wanted.1))
        })
    }

    fn replace(&mut self, at: usize, text: &str) {
        let text = self.keep(text);
        let entry = self.sorted.get(at).and_then(|place| self.entries.get_mut(usize::from(place.at)));
        if let Some(entry) = entry {
            entry.text = text;
        }
    }

    fn append(&mut self, at: usize, name: &str, text: &str) {
        let place = SortedEntry {
            first: SortKey::of(name.as_bytes()).0,
            at: u16::try_from(self.entries.len()).unwrap_or(u16::MAX),
        };
        let entry = self.note(name, text);
        self.entries.push(entry);
        self.sorted.insert(at, place);
    }

    fn note(&mut self, name: &str, text: &str) -> FieldEntry {
        FieldEntry { name: self.keep(name), text: self.keep(text) }
    }

    fn keep(&mut self, text: &str) -> ByteSpan {
        let start = self.buffer.len();
        self.buffer.push_str(text);
        ByteSpan { start, end: self.buffer.len() }
    }
}

/// The places sorted by name; equal names come to stand side by side, and are refused.
fn signing_order(buffer: &str, entries: &[FieldEntry]) -> Result<Vec<SortedEntry>, FieldsError> {
    let names = entries.iter().map(|entry| entry.name.of(buffer).as_bytes());
    let mut keyed: Vec<_> = names.zip(0_u16..).map(|(name, at)| (SortKey::of(name), at)).collect();
    keyed.sort_unstable();
    let twins = keyed.windows(2).find(|pair| matches!(pair, [(a, _), (b, _)] if a == b));
    if let Some([(twin, _), ..]) = twins {
        return Err(FieldsError::Duplicate(String::from_utf8_lossy(twin.name()).into_owned()));
    }
    Ok(keyed.into_iter().map(|(key, at)| SortedEntry { first: key.0, at }).collect())
}

/// A name as it is sorted: by its bytes. The first eight of them as a number decide nearly always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortKey<'a>(u64, &'a [u8]);

impl<'a> SortKey<'a> {
    /// The key of a name.
    pub fn of(name: &'a [u8]) -> Self {
        let first = name.first_chunk().copied().unwrap_or_else(|| {
            let mut padded = [0; 8];
            padded.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
            padded
        });
        Self(u64::from_be_bytes(first), name)
    }

    /// The name itself.
    pub fn name(&self) -> &'a [u8] {
        self.1
    }
}

/// The same names and texts in the same order.
impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Fields {}

/// Shows names only: texts may be personal.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(names: &[&str]) -> Vec<(String, String)> {
        names.iter().map(|n| ((*n).to_owned(), format!("<{n}>"))).collect()
    }

    #[test]
    fn the_wire_order_is_kept_and_the_signing_order_is_by_bytes() {
        let fields = Fields::from_pairs(pairs(&["b", "a", "B", "a1"])).unwrap();
        assert_eq!(fields.iter().map(|(n, _)| n).collect::<Vec<_>>(), ["b", "a", "B", "a1"]);
        assert_eq!(fields.sorted().map(|(n, _)| n).collect::<Vec<_>>(), ["B", "a", "a1", "b"]);
    }

    #[test]
    fn p15_a_name_that_comes_twice_is_refused() {
        let twice = Fields::from_pairs(pairs(&["a", "b", "a"]));
        assert_eq!(twice, Err(FieldsError::Duplicate("a".into())));
    }

    #[test]
    fn p27_more_than_4096_fields_are_refused() {
        let names: Vec<String> = (0..=Fields::MAX).map(|n| format!("f{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(Fields::from_pairs(pairs(&names)), Err(FieldsError::TooMany));
        assert_eq!(Fields::from_pairs(pairs(&names[1..])).unwrap().len(), Fields::MAX);
    }

    #[test]
    fn set_replaces_or_appends() {
        let mut fields = Fields::new();
        fields.set("b", "1");
        fields.set("a", "2");
        fields.set("b", "3");
        assert_eq!(fields.iter().collect::<Vec<_>>(), [("b", "3"), ("a", "2")]);
        assert_eq!((fields.get("a"), fields.get("c")), (Some("2"), None));
    }

    #[test]
    fn an_empty_text_is_kept_but_reads_as_absent() {
        let mut fields = Fields::new();
        fields.set("sub_mch_id", "");
        assert_eq!((fields.get("sub_mch_id"), fields.text("sub_mch_id")), (Some(""), None));
    }
}
