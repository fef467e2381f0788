//! The two values of a user: F with its state, V with its texts. V is read through [`Source`], one range at a time, so
//! that a test can see that no other range is touched: the entries of password hashes are in the same value.

use super::number_at;
use crate::{
    Flags, Name, State,
    bytes::{i64_at, u16_at, u32_at},
    text, time,
};

/// Where the texts begin, from which their places are counted.
const TEXTS: usize = 0xCC;
/// Most bytes of a text: 32,767 characters are the most a comment may have, and a report cuts at 4,096 bytes.
const MAX_TEXT: usize = 8_192;

/// Parts of a value.
pub trait Source {
    /// The bytes of one range; `None` when they are not all there.
    fn range(&self, at: usize, length: usize) -> Option<&[u8]>;
}

/// Texts of a user.
pub struct Texts {
    pub name: Name,
    pub full_name: String,
    pub comment: String,
    pub home: String,
}

/// The texts in V; `None` when the name is not to be had. Others that make no sense are empty.
pub fn texts(v: &impl Source) -> Option<Texts> {
    let other = |entry| entry_bytes(v, entry).map(text::utf16).unwrap_or_default();
    Some(Texts {
        name: Name::from_utf16(entry_bytes(v, 0x0C)?),
        full_name: other(0x18),
        comment: other(0x24),
        home: other(0x48),
    })
}

/// What an entry of the table at the beginning of V points to.
fn entry_bytes<S: Source>(v: &S, entry: usize) -> Option<&[u8]> {
    let (place, length) = number_at(v, entry).zip(number_at(v, entry + 4))?;
    v.range(TEXTS.checked_add(place)?, length.min(MAX_TEXT))
}

/// The state in F.
pub fn state(f: &[u8]) -> Option<State> {
    let time = |at| i64_at(f, at).map(time::from_filetime);
    Some(State {
        last_login: time(8)?,
        password_set: time(24)?,
        expires: time(32)?,
        effective_rid: u32_at(f, 48)?,
        primary_group: u32_at(f, 52),
        flags: Flags::from_acb(u16_at(f, 56)?),
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Remembers which ranges were asked for.
    struct Watched(Vec<u8>, RefCell<Vec<(usize, usize)>>);

    impl Source for Watched {
        fn range(&self, at: usize, length: usize) -> Option<&[u8]> {
            self.1.borrow_mut().push((at, at + length));
            self.0.get(at..at + length)
        }
    }

    /// A V value with four texts, then four entries that hold secrets.
    fn v() -> (Vec<u8>, Vec<(usize, usize)>) {
        let (mut head, mut tail, mut secret) = (vec![0; TEXTS], Vec::new(), vec![(0x9C, TEXTS)]);
        let texts = [(0x0C, "ann"), (0x18, "Ann A."), (0x24, "the first"), (0x48, r"C:\Home")];
        let hashes = [0x9C, 0xA8, 0xB4, 0xC0].map(|entry| (entry, "0123456789"));
        for (entry, text) in texts.into_iter().chain(hashes) {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            head[entry..entry + 4].copy_from_slice(&u32::try_from(tail.len()).unwrap().to_le_bytes());
            head[entry + 4..entry + 8].copy_from_slice(&u32::try_from(bytes.len()).unwrap().to_le_bytes());
            if entry >= 0x9C {
                secret.push((TEXTS + tail.len(), TEXTS + tail.len() + bytes.len()));
            }
            tail.extend(bytes);
        }
        head.extend(tail);
        (head, secret)
    }

    #[test]
    fn entries_of_hashes_are_not_touched() {
        let (bytes, secret) = v();
        let watched = Watched(bytes, RefCell::default());
        let found = texts(&watched).unwrap();
        assert_eq!((found.name.shown.as_str(), found.full_name.as_str()), ("ann", "Ann A."));
        assert_eq!((found.comment.as_str(), found.home.as_str()), ("the first", r"C:\Home"));
        let touched = watched.1.into_inner();
        assert!(touched.len() >= 12);
        for (from, to) in touched {
            assert!(secret.iter().all(|(start, end)| to <= *start || from >= *end), "{from}..{to} was read");
        }
    }

    #[test]
    fn cut_values_are_none() {
        let (bytes, _) = v();
        for length in [0, 4, 0x13, TEXTS, TEXTS + 5] {
            assert!(texts(&super::super::Whole(&bytes[..length])).is_none(), "{length}");
        }
        assert!(state(&[0; 57]).is_none() && state(&[0; 58]).is_some());
    }
}
