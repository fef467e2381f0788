//! Texts of JSON lines, the lossless format: no guard, and "no value" is `null` and differs from empty text. Written by
//! hand for the same reason as CSV; the tests compare it with `serde_json`.

/// What a byte becomes: 0 itself, `u` six characters, anything else a backslash and that letter.
const ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    let mut control = 0;
    while control < 0x20 {
        escapes[control] = b'u';
        control += 1;
    }
    escapes[0x08] = b'b';
    escapes[b'\t' as usize] = b't';
    escapes[b'\n' as usize] = b'n';
    escapes[0x0C] = b'f';
    escapes[b'\r' as usize] = b'r';
    escapes[b'"' as usize] = b'"';
    escapes[b'\\' as usize] = b'\\';
    escapes
};

/// Appends a text as JSON writes it (RFC 8259 section 7): escaped is only what must be.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    out.push(b'"');
    if is_plain(bytes) {
        out.extend_from_slice(bytes);
    } else {
        bytes.iter().for_each(|byte| push_byte(out, *byte));
    }
    out.push(b'"');
}

/// Whether a text needs no escapes. Looks at every byte without stopping early: cells are short.
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |found, byte| found | ESCAPES[usize::from(*byte)]) == 0
}

fn push_byte(out: &mut Vec<u8>, byte: u8) {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    match ESCAPES[usize::from(byte)] {
        0 => out.push(byte),
        b'u' => out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]),
        letter => out.extend_from_slice(&[b'\\', letter]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::push_text;

    fn ours(text: &str) -> String {
        let mut out = Vec::new();
        push_text(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_control_character() {
        let all: String = (0..0xA0).filter_map(char::from_u32).collect();
        assert_eq!(ours(&all), serde_json::to_string(&all).unwrap());
    }

    proptest! {
        #[test]
        fn like_serde_json(text in any::<String>()) {
            prop_assert_eq!(ours(&text), serde_json::to_string(&text).unwrap());
        }
    }
}
