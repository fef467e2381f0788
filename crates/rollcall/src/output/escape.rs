//! Makes foreign text harmless: control characters for terminals, formulas for spreadsheets.
//! Names come from hosts nobody trusts; a name must never move a cursor or start a program.

use std::{borrow::Cow, fmt::Write};

/// Text that may go to a terminal: control characters, line breaks and the characters that turn the reading
/// direction or are invisible become `\n`, `\t`, `\x1b` or `\u{202e}`; a backslash becomes two only when
/// something had to be escaped, so that ordinary Windows names stay readable.
pub fn terminal(text: &str) -> Cow<'_, str> {
    if !text.chars().any(unsafe_char) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Writing to a String cannot fail.
            c if unsafe_char(c) && u32::from(c) < 0x100 => drop(write!(out, "\\x{:02x}", u32::from(c))),
            c if unsafe_char(c) => drop(write!(out, "\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// C0 and C1 controls, direction marks and overrides, separators and zero-width characters (Unicode bidi
/// algorithm UAX #9, section 2; the rest cannot be seen at all).
fn unsafe_char(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A spreadsheet cell that no program takes for a formula: text beginning with `= + - @`, a tab or a carriage
/// return gets an apostrophe in front, unless it is a plain number or a phone number.
pub fn formula(text: &str) -> Cow<'_, str> {
    let dangerous = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if dangerous && !number_like(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

fn number_like(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    !rest.is_empty()
        && rest.split('-').all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()))
        && rest.len() <= 24
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_raw() {
        assert_eq!(terminal("root"), "root");
        assert_eq!(terminal("CORP\\ann"), "CORP\\ann");
        assert_eq!(terminal("a\u{1b}[2Jb"), "a\\x1b[2Jb");
        assert_eq!(terminal("a\nb\tc\rd"), "a\\nb\\tc\\rd");
        assert_eq!(terminal("x\u{202e}cod.exe"), "x\\u{202e}cod.exe");
        assert_eq!(terminal("\u{9b}31m\\"), "\\x9b31m\\\\");
        assert_eq!(terminal("安妮 é"), "安妮 é");
        for c in (0..0x1_10000).filter_map(char::from_u32) {
            assert!(!terminal(&c.to_string()).chars().any(char::is_control), "{c:?}");
        }
    }

    #[test]
    fn formulas_are_text_and_numbers_stay_numbers() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("\tx", "'\tx"),
            ("-1", "-1"),
            ("+86-13800138000", "+86-13800138000"),
            ("+", "'+"),
            ("ann", "ann"),
            ("", ""),
        ] {
            assert_eq!(formula(text), cell);
        }
    }
}
