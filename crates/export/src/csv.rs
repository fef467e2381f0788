//! Text cells of CSV as spreadsheet programs like them: quotes where RFC 4180 asks for them, behind the formula guard.
//! Written by hand because this is the inner loop of the largest exports; the tests read it back with the `csv` crate.

use crate::guard::needs_guard;

/// Byte order mark: without it Excel reads UTF-8 as the local code page.
pub(crate) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Bytes that ask for quotes.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    special[b',' as usize] = true;
    special[b'"' as usize] = true;
    special[b'\r' as usize] = true;
    special[b'\n' as usize] = true;
    special
};

/// Appends a text cell.
#[inline]
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    match (is_plain(bytes), needs_guard(text)) {
        (true, false) => out.extend_from_slice(bytes),
        (true, true) => {
            out.push(b'\'');
            out.extend_from_slice(bytes);
        }
        (false, guard) => push_quoted(out, bytes, guard),
    }
}

/// Whether a text needs no quotes. Looks at every byte without stopping early: cells are short.
#[inline]
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    !bytes.iter().fold(false, |found, byte| found | SPECIAL[usize::from(*byte)])
}

fn push_quoted(out: &mut Vec<u8>, bytes: &[u8], guard: bool) {
    out.push(b'"');
    if guard {
        out.push(b'\'');
    }
    for piece in bytes.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(piece);
        if piece.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}
