//! Bytes to text: whole lines, escapes, command paths.

use std::borrow::Cow;

/// Cuts each line at its first NUL and ends the last line, as sudo's reader does.
pub(super) fn whole_lines(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.contains(&0) && bytes.last().is_none_or(|&c| c == b'\n') {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() + 1);
    for line in bytes.split_inclusive(|&c| c == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        out.extend_from_slice(line.split(|&c| c == 0).next().unwrap_or_default());
        out.push(b'\n');
    }
    Cow::Owned(out)
}

/// Removes backslashes; `\xHH` is the byte of that number.
pub(super) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        match rest {
            [b'\\', b'x', hi, lo, tail @ ..] if hi.is_ascii_hexdigit() && lo.is_ascii_hexdigit() => {
                let digit =
                    |c: &u8| char::from(*c).to_digit(16).and_then(|d| u8::try_from(d).ok()).unwrap_or(0);
                out.push(digit(hi) << 4 | digit(lo));
                rest = tail;
            }
            [b'\\', c, tail @ ..] | [c, tail @ ..] => {
                out.push(*c);
                rest = tail;
            }
            [] => return out,
        }
    }
}

/// The command as it is run: specials unescaped, any path to sudoedit is just `sudoedit`.
pub(super) fn command_path(text: &[u8]) -> Vec<u8> {
    if text.first() == Some(&b'^') {
        return text.to_vec();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [b'\\', c @ (b',' | b':' | b'=' | b' ' | b'\t' | b'#'), tail @ ..] | [c, tail @ ..] = rest {
        out.push(*c);
        rest = tail;
    }
    if out.ends_with(b"/sudoedit") { b"sudoedit".to_vec() } else { out }
}

pub(super) fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
