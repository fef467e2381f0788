//! What the line-by-line parsers share: bounded lines, bounded notes, fields and numbers.

use std::fmt::Display;

use model::facts::Evidence;

/// Longest line read, in bytes; longer ones are noted and skipped.
pub const LINE_LIMIT: usize = 64 * 1024;
/// Longest line of a group file: member lists may be long.
pub const GROUP_LINE_LIMIT: usize = 16 * 1024 * 1024;
/// Notes kept for one source; what comes after is counted.
const NOTE_LIMIT: usize = 64;

/// Remarks on one source, `path:line message`, bounded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    lines: Vec<String>,
    more: usize,
}

impl Notes {
    /// Adds a remark on a line of a file.
    pub fn at(&mut self, path: &str, line: u32, message: impl Display) {
        self.add(format_args!("{path}:{line} {message}"));
    }

    /// Adds a remark.
    pub fn add(&mut self, message: impl Display) {
        if self.lines.len() < NOTE_LIMIT {
            self.lines.push(message.to_string());
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Appends the remarks of another.
    pub fn extend(&mut self, other: Notes) {
        other.lines.into_iter().for_each(|line| self.add(line));
        self.more = self.more.saturating_add(other.more);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The remarks, at most 65: the last says how many were left out.
    pub fn into_lines(mut self) -> Vec<String> {
        if self.more > 0 {
            self.lines.push(format!("and {} more", self.more));
        }
        self.lines
    }
}

/// Rows of a file and what was odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed<T> {
    /// The rows that made sense, in the order of the file.
    pub rows: Vec<T>,
    /// Remarks on the others.
    pub notes: Notes,
    /// Whether a line was left out because it made no sense.
    pub malformed: bool,
}

impl<T> Parsed<T> {
    pub(super) fn new() -> Self {
        Parsed { rows: Vec::new(), notes: Notes::default(), malformed: false }
    }

    pub(super) fn skip(&mut self, path: &str, line: u32, message: impl Display) {
        self.malformed = true;
        self.notes.at(path, line, message);
    }

    /// `ok`, or `malformed` when a line was left out.
    pub fn evidence(&self) -> Evidence {
        if self.malformed { Evidence::Malformed } else { Evidence::Ok }
    }
}

/// The lines of a file with their numbers from 1, without line ends.
pub fn numbered(bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut lines: Vec<&[u8]> = Vec::new();
    // `split` yields one empty piece after the last newline, which is no line.
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if !bytes.is_empty() {
        lines = body.split(|&b| b == b'\n').collect();
    }
    (1u32..).zip(lines)
}

/// The rows of a colon-separated account file as the C library takes them: white space before them does not count,
/// blank lines, comments and NIS lines are left out (the latter noted).
pub(super) fn rows<'a, T>(
    path: &'a str,
    bytes: &'a [u8],
    limit: usize,
    parsed: &mut Parsed<T>,
) -> Vec<(u32, &'a [u8])> {
    let mut rows = Vec::new();
    for (number, line) in numbered(bytes) {
        let line = line.trim_ascii_start();
        match line.first() {
            None | Some(b'#') => {}
            Some(b'+' | b'-') => {
                parsed.notes.at(path, number, "NIS line: whom it names is not known here");
            }
            Some(_) if line.len() > limit => parsed.skip(path, number, "line is too long"),
            Some(_) if line.contains(&0) => parsed.skip(path, number, "line has a NUL byte"),
            Some(_) => rows.push((number, line)),
        }
    }
    rows
}

/// At most `N` colon-separated fields, as the C library takes them: those missing at the end are empty, but for the
/// first `least`.
pub(super) fn fields<const N: usize>(line: &[u8], least: usize) -> Option<[&[u8]; N]> {
    let mut found: [&[u8]; N] = [b""; N];
    let mut parts = line.split(|&b| b == b':');
    for (i, slot) in found.iter_mut().enumerate() {
        match parts.next() {
            Some(part) => *slot = part,
            None if i >= least => {}
            None => return None,
        }
    }
    parts.next().is_none().then_some(found)
}

/// A number as the C library reads it: decimal, white space and a plus sign before it, at most 4294967295.
fn number(field: &[u8]) -> Option<u32> {
    let field = field.trim_ascii_start();
    let digits = field.strip_prefix(b"+").unwrap_or(field);
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A user or group id; the last number means "no id" to the kernel.
pub(super) fn id(field: &[u8]) -> Option<u32> {
    number(field).filter(|&id| id != u32::MAX)
}

/// A day or number of days: empty and 4294967295 are `None`, what is no number, as also a written -1, is an error, and
/// makes the C library pass over the whole row. Large ones come out negative there.
pub(super) fn days(field: &[u8]) -> Result<Option<i64>, ()> {
    if field.is_empty() {
        return Ok(None);
    }
    let number = number(field).ok_or(())?;
    Ok((number != u32::MAX).then_some(i64::from(number.cast_signed())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_from_one() {
        let all = |bytes: &[u8]| numbered(bytes).map(|(n, l)| (n, l.len())).collect::<Vec<_>>();
        assert_eq!(all(b""), []);
        assert_eq!(all(b"\n"), [(1, 0)]);
        assert_eq!(all(b"ab\n\nc"), [(1, 2), (2, 0), (3, 1)]);
    }

    #[test]
    fn ids_and_days() {
        assert_eq!((id(b"4294967294"), id(b" +1")), (Some(4_294_967_294), Some(1)));
        for bad in [&b""[..], b"4294967295", b"-1", b"1 ", b"1x", b"99999999999"] {
            assert_eq!(id(bad), None);
        }
        assert_eq!((days(b""), days(b"4294967295"), days(b"0")), (Ok(None), Ok(None), Ok(Some(0))));
        assert_eq!((days(b" 7"), days(b"+7")), (Ok(Some(7)), Ok(Some(7))));
        for bad in [&b"x"[..], b"1 ", b"-1", b"4294967296", b"99999999999999999999"] {
            assert_eq!(days(bad), Err(()));
        }
    }

    #[test]
    fn notes_are_bounded() {
        let mut notes = Notes::default();
        (0..100).for_each(|n| notes.at("/f", n, "odd"));
        let lines = notes.into_lines();
        assert_eq!((lines.len(), lines[64].as_str()), (65, "and 36 more"));
    }
}
