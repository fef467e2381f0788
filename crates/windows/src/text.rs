//! Texts as Windows keeps them: UTF-16, or one byte for each character.

/// UTF-16 in little-endian bytes, repaired where it is damaged; an odd last byte is left out.
pub fn utf16(bytes: &[u8]) -> String {
    String::from_utf16_lossy(&units(bytes))
}

fn units(bytes: &[u8]) -> Vec<u16> {
    bytes.as_chunks::<2>().0.iter().map(|two| u16::from_le_bytes(*two)).collect()
}

/// The name of a key or value; `compressed` is one byte (Latin-1) for each character.
pub fn registry_name(bytes: &[u8], compressed: bool) -> String {
    if compressed { bytes.iter().copied().map(char::from).collect() } else { utf16(bytes) }
}

/// Whether two names of keys or values are the same: Windows keeps their case and ignores it.
pub fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || (!a.is_ascii() && a.to_uppercase() == b.to_uppercase())
}

/// The name of an account; damaged UTF-16 is shown repaired and kept in hexadecimal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// For people.
    pub shown: String,
    /// The bytes, when they are not well-formed UTF-16.
    pub raw: Option<String>,
}

impl Name {
    /// From UTF-16 in little-endian bytes.
    pub fn from_utf16(bytes: &[u8]) -> Self {
        match String::from_utf16(&units(bytes)) {
            Ok(shown) if bytes.len().is_multiple_of(2) => Name { shown, raw: None },
            _ => Name { shown: utf16(bytes), raw: Some(hex::encode(bytes)) },
        }
    }
}

impl From<&str> for Name {
    fn from(shown: &str) -> Self {
        Name { shown: shown.to_owned(), raw: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_names_keep_their_bytes() {
        assert_eq!(Name::from_utf16(&[0x41, 0, 0xe9, 0]), Name::from("Aé"));
        let odd = Name::from_utf16(&[0x41, 0, 0x00, 0xd8]);
        assert_eq!((odd.shown.as_str(), odd.raw.as_deref()), ("A\u{fffd}", Some("410000d8")));
        assert_eq!(Name::from_utf16(&[0x41, 0, 0x42]).raw.as_deref(), Some("410042"));
    }

    #[test]
    fn names_of_keys_ignore_case() {
        assert!(same_name("CurrentVersion", "currentversion") && same_name("É", "é"));
        assert!(!same_name("a", "b"));
        assert_eq!(registry_name(&[0x41, 0xe9], true), "Aé");
    }
}
