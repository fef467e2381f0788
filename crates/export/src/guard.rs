//! The formula guard: spreadsheet programs run a cell that begins with certain characters as a formula, even when
//! it is quoted, and names and comments of accounts come from foreign hosts (CWE-1236, OWASP "CSV Injection").
//! A guarded cell gets one apostrophe in front, which those programs take as "this is text".
//!
//! The guard changes bytes, and a cell that came with its own apostrophe looks the same afterwards: whoever needs
//! the exact values takes JSON lines, which is never guarded.

/// Whether a text cell starts with something a spreadsheet may run: `= + - @`, tab, carriage return, line feed,
/// NUL, or the full-width forms of the four signs (U+FF1D, U+FF0B, U+FF0D, U+FF20).
#[inline]
pub fn needs_guard(text: &str) -> bool {
    match text.as_bytes() {
        [b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n' | 0, ..] => true,
        // The UTF-8 forms of ＝ ＋ － ＠.
        [0xEF, 0xBC, 0x9D | 0x8B | 0x8D | 0xA0, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::needs_guard;

    #[test]
    fn dangerous_beginnings() {
        for text in
            ["=1", "+1", "-1", "@a", "\tx", "\rx", "\nx", "\0x", "＝1", "＋1", "－1", "＠a", "=", "－"]
        {
            assert!(needs_guard(text), "{text:?}");
        }
    }

    #[test]
    fn harmless_beginnings() {
        for text in ["", "a=1", "root", "'=1", " =1", "０", "！", "ﾠ", "1-2", "张三"] {
            assert!(!needs_guard(text), "{text:?}");
        }
    }
}
