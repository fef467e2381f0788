//! Bytes of a host as the text of a report.

use std::collections::HashSet;

/// Lossy text.
pub fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The lines of a file as lossy text.
pub fn text_lines(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.split(|&b| b == b'\n').map(lossy)
}

/// Names given out so far: account names are unique in a report, whatever the bytes on the host look like.
#[derive(Debug, Default)]
pub struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// The name as text, and its bytes in hexadecimal when the text does not say them. Two names that look the same
    /// get the bytes of the second appended.
    pub fn give(&mut self, raw: &[u8]) -> (String, Option<String>) {
        let hex = || raw.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let (mut name, exact) = match std::str::from_utf8(raw) {
            Ok(text) if !text.chars().any(char::is_control) => (text.to_owned(), true),
            _ => (lossy(raw).replace(char::is_control, "\u{fffd}"), false),
        };
        let limit = model::facts::Limits::NAME;
        name.truncate(name.floor_char_boundary(limit));
        if !self.taken.insert(name.clone()) {
            let tail = hex();
            name.truncate(name.floor_char_boundary(limit.saturating_sub(tail.len() + 1)));
            name = format!("{name}~{tail}");
            name.truncate(name.floor_char_boundary(limit));
            self.taken.insert(name.clone());
        }
        (name, (!exact).then(hex))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_apart() {
        let mut names = Names::default();
        assert_eq!(names.give(b"alice"), ("alice".into(), None));
        assert_eq!(names.give("名".as_bytes()), ("名".into(), None));
        assert_eq!(names.give(b"a\xff"), ("a\u{fffd}".into(), Some("61ff".into())));
        assert_eq!(names.give(b"a\xfe"), ("a\u{fffd}~61fe".into(), Some("61fe".into())));
        assert_eq!(names.give(b"a\x1b").0, "a\u{fffd}~611b");
    }
}
