//! How text is folded and ordered, once for the whole program: case folding lower-cases every character by itself
//! (`char::to_lowercase`, so no context rules such as the Greek final sigma), and order is by code point, which for
//! UTF-8 is the order of the bytes.

use std::borrow::Cow;
use std::cmp::Ordering;

use memchr::memmem;

/// Text without its case. Borrows when nothing changes and the text is ASCII.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        }
    } else {
        Cow::Owned(text.chars().flat_map(char::to_lowercase).collect())
    }
}

/// Text that has been folded; the only thing folded comparisons accept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Folded(String);

impl Folded {
    /// Folds `text`.
    pub fn new(text: &str) -> Self {
        Self(fold(text).into_owned())
    }

    /// The folded text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text`, folded, starts with this.
    pub fn is_prefix_of(&self, text: &str) -> bool {
        fold(text).starts_with(&self.0)
    }

    /// Whether `text`, folded, contains this.
    pub fn is_within(&self, text: &str) -> bool {
        contains(&fold(text), &self.0)
    }
}

/// Whether `text` contains `part`, case and all.
pub fn contains(text: &str, part: &str) -> bool {
    memmem::find(text.as_bytes(), part.as_bytes()).is_some()
}

/// A plain decimal number of any length: ASCII digits only. Compares as a number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Number(String);

impl Number {
    /// Reads `text`; `None` unless it is one or more ASCII digits.
    pub fn parse(text: &str) -> Option<Self> {
        digits(text).map(|d| Self(d.to_owned()))
    }

    /// Compares the number written in `text` with this one; `None` when `text` is no number.
    pub fn compare_with(&self, text: &str) -> Option<Ordering> {
        digits(text).map(|d| d.len().cmp(&self.0.len()).then_with(|| d.cmp(&self.0)))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The digits of a plain decimal number without leading zeros (zero itself is empty).
fn digits(text: &str) -> Option<&str> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folds_by_single_characters() {
        assert_eq!(fold("abc"), "abc");
        assert_eq!(fold("AbC"), "abc");
        assert_eq!(fold("ÄÖ张İ"), "äö张i\u{307}");
        assert_eq!(fold("ΟΔΟΣ"), "οδοσ", "no final sigma");
    }

    #[test]
    fn folded_text_is_found_whatever_its_case() {
        assert!(Folded::new("ALI").is_prefix_of("alice"));
        assert!(Folded::new("ali").is_prefix_of("ALICE"));
        assert!(!Folded::new("lice").is_prefix_of("alice"));
        assert!(Folded::new("LIC").is_within("Alice"));
        assert!(Folded::new("").is_within("x"));
    }

    #[test]
    fn numbers_are_digits_only() {
        for no in ["", "-1", "+1", "1.0", "1e3", " 1", "１", "0x1"] {
            assert_eq!(Number::parse(no), None, "{no}");
        }
        let twenty = Number::parse("0020").expect("digits");
        assert_eq!(twenty.compare_with("20"), Some(Ordering::Equal));
        assert_eq!(twenty.compare_with("9"), Some(Ordering::Less));
        assert_eq!(twenty.compare_with("100000000000000000000000"), Some(Ordering::Greater));
        assert_eq!(twenty.compare_with("x"), None);
        assert_eq!(Number::parse("000"), Number::parse("0"));
    }

    proptest! {
        #[test]
        fn numbers_compare_as_numbers(a: u128, b: u128, zeros in 0usize..4) {
            let text = format!("{}{a}", "0".repeat(zeros));
            let other = Number::parse(&b.to_string()).expect("digits");
            prop_assert_eq!(other.compare_with(&text), Some(a.cmp(&b)));
            prop_assert_eq!(Number::parse(&text).expect("digits").cmp(&other), a.cmp(&b));
        }

        #[test]
        fn folding_twice_changes_nothing(text: String) {
            let once = fold(&text).into_owned();
            // Lower-casing is not idempotent for every code point in principle; for those of Unicode today it is.
            prop_assert_eq!(fold(&once).into_owned(), once);
        }
    }
}
