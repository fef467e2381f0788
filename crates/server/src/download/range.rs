//! The `Range` header of RFC 9110, section 14: one range of bytes. More than one is answered with the whole file,
//! which the RFC allows.

/// What to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Everything.
    Whole,
    /// The bytes from `first` to `last`, both included; `first <= last < length`.
    Part {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte.
        last: u64,
    },
    /// The range begins beyond the end, or asks for the last zero bytes: 416.
    Unsatisfiable,
}

impl Range {
    /// Reads the header for a file of `length` bytes. What is not a single valid range of bytes counts as absent.
    pub fn parse(header: Option<&[u8]>, length: u64) -> Self {
        let spec = header.and_then(|h| std::str::from_utf8(h).ok()).and_then(spec);
        match spec {
            None => Range::Whole,
            Some(Spec::Suffix(count)) if count == 0 || length == 0 => Range::Unsatisfiable,
            Some(Spec::Suffix(count)) => {
                Range::Part { first: length.saturating_sub(count), last: length - 1 }
            }
            Some(Spec::From(first, _)) if first >= length => Range::Unsatisfiable,
            Some(Spec::From(first, last)) => {
                Range::Part { first, last: last.map_or(length - 1, |l| l.min(length - 1)) }
            }
        }
    }
}

enum Spec {
    From(u64, Option<u64>),
    Suffix(u64),
}

fn spec(text: &str) -> Option<Spec> {
    let (unit, range) = text.trim().split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    match (first.trim(), last.trim()) {
        ("", count) => Some(Spec::Suffix(number(count)?)),
        (first, "") => Some(Spec::From(number(first)?, None)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Spec::From(first, Some(last)))
        }
    }
}

/// Digits only (`parse` would take a sign); more than fit count as the largest.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str, length: u64) -> Range {
        Range::parse(Some(text.as_bytes()), length)
    }

    #[test]
    fn single_ranges() {
        for (text, first, last) in [
            ("bytes=0-0", 0, 0),
            ("bytes=2-5", 2, 5),
            ("bytes=2-", 2, 9),
            ("bytes=2-99", 2, 9),
            ("bytes=-3", 7, 9),
            ("bytes=-99", 0, 9),
            ("Bytes = 1 - 2", 1, 2),
            ("bytes=0-99999999999999999999999", 0, 9),
        ] {
            assert_eq!(parse(text, 10), Range::Part { first, last }, "{text}");
        }
    }

    #[test]
    fn what_is_no_range_is_ignored() {
        assert_eq!(Range::parse(None, 10), Range::Whole);
        for text in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=+1-2",
            "rows=1-2",
            "bytes=0-1,3-4",
        ] {
            assert_eq!(parse(text, 10), Range::Whole, "{text}");
        }
    }

    #[test]
    fn beyond_the_end() {
        for text in ["bytes=10-", "bytes=10-11", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(parse(text, 10), Range::Unsatisfiable, "{text}");
        }
        for text in ["bytes=0-", "bytes=-1"] {
            assert_eq!(parse(text, 0), Range::Unsatisfiable, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_part_lies_inside_the_file(text in "bytes=[0-9]{0,21}-[0-9]{0,21}", length in any::<u64>()) {
            if let Range::Part { first, last } = parse(&text, length) {
                prop_assert!(first <= last && last < length);
            }
        }
    }
}
