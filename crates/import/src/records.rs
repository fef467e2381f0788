//! JSON records of a file, with the line each begins in: one a line, or whole documents that a program printed over
//! many lines. Lines are taken one by one, so that a bad one costs only itself.

use std::io::{BufRead, Read};

use serde_json::Value;

use crate::{Problem, Problems, ReadError};

/// Longest line and longest document taken, in bytes.
pub const LONGEST: u64 = 64 << 20;

/// Hands every record to `take`, which says what is wrong with it.
///
/// # Errors
/// [`ReadError`] of the reader, of `take`, or when `problems` wants no more.
pub fn records(
    reader: &mut dyn BufRead,
    problems: &mut dyn Problems,
    take: &mut dyn FnMut(Value) -> Result<Result<(), String>, ReadError>,
) -> Result<(), ReadError> {
    let mut text = Vec::new();
    let mut first = true;
    for line in 1.. {
        text.clear();
        let whole = read_line(reader, &mut text)?;
        if text.is_empty() {
            break;
        }
        let content = trimmed(&text);
        if !whole {
            tell(problems, line, format!("the line is longer than {} MB", LONGEST >> 20))?;
        } else if first && matches!(content, b"[" | b"{" | b"[{" | b"[[") {
            return document(text, line, reader, problems, take);
        } else if !content.is_empty() {
            match serde_json::from_slice(content) {
                Ok(record) => spread(record, line, problems, take)?,
                Err(error) => tell(problems, line, format!("it is not JSON: {error}"))?,
            }
        }
        first &= content.is_empty();
    }
    Ok(())
}

/// Says that a record is bad.
pub fn tell(problems: &mut dyn Problems, line: u64, message: String) -> Result<(), ReadError> {
    if problems.take(Problem { line, message }) { Ok(()) } else { Err(ReadError::Stopped) }
}

/// The line without white space and byte order mark.
fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii()
}

/// Reads a line; false when it was too long and has been skipped to its end.
fn read_line(reader: &mut dyn BufRead, text: &mut Vec<u8>) -> Result<bool, ReadError> {
    let read = (&mut *reader).take(LONGEST).read_until(b'\n', text)? as u64;
    if read < LONGEST || text.ends_with(b"\n") {
        return Ok(true);
    }
    skip_line(reader)?;
    Ok(false)
}

/// Reads to the end of the line without keeping it; says how many bytes that were.
///
/// # Errors
/// Those of the reader.
pub fn skip_line(reader: &mut dyn BufRead) -> std::io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = reader.fill_buf()?;
        let (used, done) = match buffer.iter().position(|b| *b == b'\n') {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(used);
        skipped += used as u64;
        if done {
            return Ok(skipped);
        }
    }
}

/// Reads documents printed over many lines, one after the other. What follows a mistake cannot be told apart.
fn document(
    mut text: Vec<u8>,
    line: u64,
    reader: &mut dyn BufRead,
    problems: &mut dyn Problems,
    take: &mut dyn FnMut(Value) -> Result<Result<(), String>, ReadError>,
) -> Result<(), ReadError> {
    (&mut *reader).take(LONGEST).read_to_end(&mut text)?;
    if !reader.fill_buf()?.is_empty() {
        let advice = "print it as JSON lines (jq -c '.[]')";
        return tell(problems, line, format!("the document is longer than {} MB: {advice}", LONGEST >> 20));
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    for record in serde_json::Deserializer::from_slice(text).into_iter::<Value>() {
        match record {
            Ok(record) => spread(record, line, problems, take)?,
            Err(error) => {
                let at = line.saturating_add(error.line().saturating_sub(1) as u64);
                return tell(problems, at, format!("it is not JSON: {error}"));
            }
        }
    }
    Ok(())
}

/// The members of a list one by one, anything else whole.
fn spread(
    record: Value,
    line: u64,
    problems: &mut dyn Problems,
    take: &mut dyn FnMut(Value) -> Result<Result<(), String>, ReadError>,
) -> Result<(), ReadError> {
    let items = match record {
        Value::Array(items) => items,
        one => vec![one],
    };
    for item in items {
        if let Err(message) = take(item)? {
            tell(problems, line, message)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> (Vec<String>, Vec<u64>) {
        let (mut found, mut bad) = (Vec::new(), Vec::new());
        let mut problems = |problem: Problem| {
            bad.push(problem.line);
            true
        };
        let mut take = |value: Value| {
            found.push(value.to_string());
            Ok(Ok(()))
        };
        records(&mut &text[..], &mut problems, &mut take).unwrap();
        (found, bad)
    }

    #[test]
    fn lines_lists_and_documents() {
        assert_eq!(
            read(b"{\"a\":1}\n\nnot\n[2,3]\n4"),
            (vec!["{\"a\":1}".into(), "2".into(), "3".into(), "4".into()], vec![3])
        );
        assert_eq!(
            read(b"\xef\xbb\xbf\n[\n  {\"a\":1},\n  2\n]\n"),
            (vec!["{\"a\":1}".into(), "2".into()], vec![])
        );
        assert_eq!(read(b"{\n\"a\":1}\n{\"b\":2}"), (vec!["{\"a\":1}".into(), "{\"b\":2}".into()], vec![]));
        assert_eq!(read(b"[\n1,\n2\n").1.len(), 1);
        assert_eq!(read(b"{\n\"a\" 1}\n").1, [2]);
        assert_eq!(read(b""), (vec![], vec![]));
        assert_eq!(read("[".repeat(10_000).as_bytes()).1, [1]);
    }

    #[test]
    fn a_long_line_is_skipped_to_its_end() {
        let mut reader = std::io::BufReader::with_capacity(4, &b"abcdefgh\nnext\n"[..]);
        assert_eq!(skip_line(&mut reader).unwrap(), 9);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "next\n");
    }

    #[test]
    fn problems_may_end_it() {
        let mut stop = |_: Problem| false;
        let end = records(&mut &b"x\n1\n"[..], &mut stop, &mut |_| Ok(Ok(())));
        assert!(matches!(end, Err(ReadError::Stopped)));
    }
}
