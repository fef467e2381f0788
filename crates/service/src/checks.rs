//! Rules for single attribute values of people: lengths, phone and e-mail forms, passwords.
//! What a broken rule answers is the caller's business, because every action has its own codes.

/// Longest user name and display name, in characters.
pub const NAME_MAX: usize = 64;
/// Longest description, in characters.
pub const DESCRIPTION_MAX: usize = 512;
/// Longest e-mail address (RFC 5321, 4.5.3.1.3, less the angle brackets).
pub const EMAIL_MAX: usize = 254;

/// Whether a user name may enter the directory: 1 to 64 characters, no control characters, no blank at
/// either end (it could not be found again by people who type it).
pub fn user_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.chars().count()) && printable(text) && text.trim() == text
}

/// No control characters, and none that change the direction of what follows (U+202A to U+202E, U+2066 to U+2069):
/// they make one name look like another.
pub fn printable(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

/// A remark: at most 512 characters, of the control characters only tabs and line ends.
pub fn description(text: &str) -> bool {
    at_most(text, DESCRIPTION_MAX)
        && !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

/// Whether `text` has at most `max` characters.
pub fn at_most(text: &str, max: usize) -> bool {
    text.len() <= max || text.chars().count() <= max
}

/// A phone number: an optional `+`, then 4 to 20 digits, groups joined by single hyphens. The documented
/// form is `+86-1xxxxxxxxxx`; numbers without country code or hyphen are common in imports.
pub fn phone(text: &str) -> bool {
    let rest = text.strip_prefix('+').unwrap_or(text);
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    rest.split('-').all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()))
        && (4..=20).contains(&digits)
}

/// An e-mail address: one `@` with text before it and a host name after it; the full grammar of RFC 5322
/// refuses nothing more that matters to a directory.
pub fn email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let blank = |c: char| c.is_whitespace() || c.is_control();
    text.len() <= EMAIL_MAX
        && !local.is_empty()
        && local.len() <= 64
        && !local.contains('@')
        && !text.chars().any(blank)
        && host.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
}

/// The password policy: 8 to 128 characters, no control characters, not the user name. Length is what
/// counts, not kinds of characters (NIST SP 800-63B, 5.1.1.2).
pub fn password(text: &str, user_name: &str) -> bool {
    (8..=128).contains(&text.chars().count()) && printable(text) && text != user_name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones() {
        for good in ["+86-13800138000", "+8613800138000", "13800138000", "+1-202-555-0143", "1234"] {
            assert!(phone(good), "{good}");
        }
        for bad in
            ["", "+", "123", "+86--138", "-1234", "1234-", "+86 138", "abc1234", "１２３４", &"1".repeat(21)]
        {
            assert!(!phone(bad), "{bad}");
        }
    }

    #[test]
    fn emails() {
        for good in ["a@b", "ann.lee+x@corp.example", "李@例子.公司"] {
            assert!(email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a@b@c",
            "a b@c",
            "a@b..c",
            "a@-b",
            "a@b c",
            &format!("{}@b", "a".repeat(65)),
        ] {
            assert!(!email(bad), "{bad}");
        }
    }

    #[test]
    fn names_and_passwords() {
        assert!(user_name("ann") && user_name(&"n".repeat(64)) && user_name("安"));
        assert!(!user_name("a\u{202e}b") && description("a\tb\nc") && !description("a\0b"));
        assert!(!user_name("") && !user_name(&"n".repeat(65)) && !user_name("a\n") && !user_name(" a"));
        assert!(
            password("12345678", "ann") && !password("1234567", "ann") && !password("ann.lee.x", "ann.lee.x")
        );
    }
}
