//! `Content-Disposition: attachment` with a name every client can read (RFC 6266): a safe ASCII one and, when that
//! is not the same, the real one in UTF-8.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 8187 lets through unencoded, less the characters that old clients mistake.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Longest name taken over, in characters.
const NAME_MAX: usize = 200;

/// The header value for a file name of any content; always printable ASCII.
pub fn attachment(name: &str) -> String {
    let name: String = name.chars().take(NAME_MAX).collect();
    let safe: String = name.chars().map(|c| if safe(c) { c } else { '_' }).collect();
    let safe = if safe.trim_matches(['.', '_', ' ']).is_empty() { "export".to_owned() } else { safe };
    if safe == name {
        return format!("attachment; filename=\"{safe}\"");
    }
    let full: String =
        name.chars().map(|c| if c.is_control() || "/\\".contains(c) { '_' } else { c }).collect();
    format!("attachment; filename=\"{safe}\"; filename*=UTF-8''{}", utf8_percent_encode(&full, ATTR_CHAR))
}

fn safe(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_. ()".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names() {
        for (name, header) in [
            ("accounts-11.csv", "attachment; filename=\"accounts-11.csv\""),
            ("账号.csv", "attachment; filename=\"__.csv\"; filename*=UTF-8''%E8%B4%A6%E5%8F%B7.csv"),
            ("a\"b\r\nX: y", "attachment; filename=\"a_b__X_ y\"; filename*=UTF-8''a%22b__X%3A%20y"),
            ("../etc", "attachment; filename=\".._etc\"; filename*=UTF-8''.._etc"),
            ("", "attachment; filename=\"export\"; filename*=UTF-8''"),
        ] {
            assert_eq!(attachment(name), header);
        }
    }

    proptest! {
        #[test]
        fn always_one_printable_line(name in any::<String>()) {
            let header = attachment(&name);
            prop_assert!(header.bytes().all(|b| (0x20..0x7f).contains(&b)));
            prop_assert_eq!(header.matches('"').count(), 2);
        }
    }
}
