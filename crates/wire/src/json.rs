//! JSON written straight into an answer, for lists whose rows are many: what serde writes, without values in between.
//! Which members there are and in which order is the business of whoever writes.

use crate::Body;
use crate::envelope::OPENING;

/// Room for the RequestId behind the members, so that closing the envelope copies nothing.
const CLOSING: usize = 64;

/// A JSON object in the making, as the members of an answer.
///
/// Every member and item is written with a comma before it; whoever opened the object or list turns the first of
/// them into its bracket at the end.
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// An empty object, with room for `bytes` of members.
    pub fn with_capacity(bytes: usize) -> Self {
        let mut out = Vec::with_capacity(OPENING.len() + bytes + CLOSING);
        out.extend_from_slice(OPENING);
        Self { out }
    }

    /// The members of an answer.
    #[must_use]
    pub fn finish(mut self) -> Body {
        self.enclose(OPENING.len(), b"{}");
        Body::of(self.out)
    }

    /// Begins a member of the innermost object. `name` is written as it is: names of the contract need no escapes.
    /// Always inlined: with a name of known length the copies become a few stores.
    #[inline(always)]
    pub fn member(&mut self, name: &'static str) -> &mut Self {
        self.out.reserve(name.len() + 4);
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self
    }

    /// Writes a text.
    #[inline]
    pub fn text(&mut self, text: &str) {
        push_text(&mut self.out, text);
    }

    /// Writes a text, or `null` when there is none.
    #[inline(always)]
    pub fn text_or_null(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    /// Writes ASCII that needs no escapes, such as an instant, as a text.
    #[inline]
    pub fn plain(&mut self, ascii: &[u8]) {
        debug_assert!(!needs_escape(ascii) && ascii.is_ascii(), "plain text");
        self.out.reserve(ascii.len() + 2);
        self.out.push(b'"');
        self.out.extend_from_slice(ascii);
        self.out.push(b'"');
    }

    /// Writes a number.
    pub fn number(&mut self, number: u64) {
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// Writes `null`.
    #[inline(always)]
    pub fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    /// Writes a list; `item` writes each item.
    pub fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut item: impl FnMut(&mut Self, T)) {
        let start = self.out.len();
        for each in items {
            self.out.push(b',');
            item(self, each);
        }
        self.enclose(start, b"[]");
    }

    /// Writes an object; `members` writes its members.
    #[inline]
    pub fn object(&mut self, members: impl FnOnce(&mut Self)) {
        let start = self.out.len();
        members(self);
        self.enclose(start, b"{}");
    }

    /// Puts brackets around what was written since `start`.
    #[inline]
    fn enclose(&mut self, start: usize, [open, close]: &[u8; 2]) {
        match self.out.get_mut(start) {
            Some(comma) => *comma = *open,
            None => self.out.push(*open),
        }
        self.out.push(*close);
    }
}

/// Appends a JSON string.
#[inline]
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    if needs_escape(text.as_bytes()) {
        push_escaped(out, text.as_bytes());
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
}

/// Whether any byte has to be escaped: eight at once, the last eight again instead of what is left over. No early
/// end: most texts are short and have none.
#[inline]
fn needs_escape(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let found = words.iter().fold(0, |found, word| found | special(*word));
    match bytes.last_chunk::<8>() {
        Some(last) => (found | special(*last)) != 0,
        None => rest.iter().any(|&b| b < 0x20 || b == b'"' || b == b'\\'),
    }
}

/// Not zero when one of eight bytes is below 0x20, a quote or a backslash (Sean Anderson, "Bit Twiddling Hacks",
/// hasless and hasvalue: exact as to whether there is one).
#[inline]
fn special(bytes: [u8; 8]) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let word = u64::from_le_bytes(bytes);
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, 0x20) | is(b'"') | is(b'\\')) & (ONES * 0x80)
}

/// The escapes serde_json uses: short ones where there are, `\u00xx` for other control characters.
fn push_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for &byte in bytes {
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            0x0c => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.extend([byte >> 4, byte & 15].map(|half| HEX[usize::from(half)]));
                continue;
            }
            _ => {
                out.push(byte);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn objects_lists_and_scalars() {
        let mut writer = Writer::with_capacity(0);
        writer.member("List").list([Some("a"), None], Writer::text_or_null);
        writer.member("Empty").list([0; 0], Writer::number);
        writer.member("Rows").list(0..2, |writer, number| {
            writer.object(|writer| {
                writer.member("N").number(number);
                writer.member("T").plain(b"1970");
            });
        });
        writer.member("None").null();
        let body = writer.finish();
        let expected =
            r#"{"List":["a",null],"Empty":[],"Rows":[{"N":0,"T":"1970"},{"N":1,"T":"1970"}],"None":null}"#;
        assert_eq!(body.as_json(), expected.as_bytes());
        assert_eq!(Writer::with_capacity(0).finish().as_json(), b"{}");
    }

    proptest! {
        #[test]
        fn texts_are_what_serde_writes(text in prop_oneof![any::<String>(), "[\\x00-\\x7f]{0,40}"]) {
            let mut out = Vec::new();
            push_text(&mut out, &text);
            prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
        }
    }
}
