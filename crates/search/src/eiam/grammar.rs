//! The grammar of one search value: which of the five forms it has. Knows nothing of members.
//!
//! Blanks around the value (and around bounds) do not count. Full-width and curly marks count as their ASCII
//! relatives, but only where a mark can stand: first, last and between bounds. Text inside is taken verbatim.

use std::ops::Bound;

/// The form of a search value, with the texts in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form<'a> {
    /// Nothing but blanks.
    Blank,
    /// `"text"`.
    Whole(&'a str),
    /// `text*`.
    Partial(&'a str),
    /// `[low,high]`; a bound is never empty text.
    Range(Bound<&'a str>, Bound<&'a str>),
    /// No marks.
    Bare(&'a str),
}

/// A value has none of the forms; says what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

impl<'a> Form<'a> {
    /// The texts in the value, without its marks.
    pub fn texts(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let (first, second) = match *self {
            Self::Blank => (None, None),
            Self::Whole(text) | Self::Partial(text) | Self::Bare(text) => (Some(text), None),
            Self::Range(low, high) => (bound_text(low), bound_text(high)),
        };
        first.into_iter().chain(second)
    }
}

fn bound_text(bound: Bound<&str>) -> Option<&str> {
    match bound {
        Bound::Unbounded => None,
        Bound::Included(text) | Bound::Excluded(text) => Some(text),
    }
}

/// Reads the form of a value.
pub fn parse_form(value: &str) -> Result<Form<'_>, Malformed> {
    let value = value.trim();
    let (Some(first), Some(last)) = (value.chars().next(), value.chars().next_back()) else {
        return Ok(Form::Blank);
    };
    if is_quote(first) {
        return whole(value);
    }
    if let Some(closed) = opening(first) {
        return range(value, closed);
    }
    if is_quote(last) {
        return Err(Malformed("unbalanced quote"));
    }
    if closing(last).is_some() {
        return Err(Malformed("unbalanced bracket"));
    }
    if let Some(text) = value.strip_suffix(is_star) { partial(text) } else { bare(value) }
}

fn whole(value: &str) -> Result<Form<'_>, Malformed> {
    value
        .strip_prefix(is_quote)
        .and_then(|rest| rest.strip_suffix(is_quote))
        .map(Form::Whole)
        .ok_or(Malformed("unbalanced quote"))
}

fn partial(text: &str) -> Result<Form<'_>, Malformed> {
    no_star(text).map(Form::Partial)
}

fn bare(text: &str) -> Result<Form<'_>, Malformed> {
    no_star(text).map(Form::Bare)
}

/// Only a trailing star is documented: any other would quietly mean something else than its sender thinks.
fn no_star(text: &str) -> Result<&str, Malformed> {
    if text.contains('*') || text.starts_with(is_star) {
        Err(Malformed("a star may only stand at the end"))
    } else {
        Ok(text)
    }
}

fn range(value: &str, low_closed: bool) -> Result<Form<'_>, Malformed> {
    let mut inside = value.chars();
    inside.next();
    let high_closed = inside.next_back().and_then(closing).ok_or(Malformed("unbalanced bracket"))?;
    let mut bounds = inside.as_str().split([',', '，']);
    match (bounds.next(), bounds.next(), bounds.next()) {
        (Some(low), Some(high), None) => Ok(Form::Range(bound(low, low_closed)?, bound(high, high_closed)?)),
        _ => Err(Malformed("a range has two bounds and one comma")),
    }
}

fn bound(text: &str, closed: bool) -> Result<Bound<&str>, Malformed> {
    let text = text.trim();
    let mut chars = text.chars();
    if text.is_empty() || (chars.next().is_some_and(is_star) && chars.as_str().is_empty()) {
        return Ok(Bound::Unbounded);
    }
    let text = no_star(text)?;
    if text.starts_with(is_quote) || text.ends_with(is_quote) {
        return Err(Malformed("bounds of a range take no quotes"));
    }
    Ok(if closed { Bound::Included(text) } else { Bound::Excluded(text) })
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '＂')
}

fn is_star(c: char) -> bool {
    matches!(c, '*' | '＊')
}

/// Whether an opening bracket closes its bound in; `None` for everything else.
fn opening(c: char) -> Option<bool> {
    match c {
        '[' | '［' => Some(true),
        '{' | '｛' => Some(false),
        _ => None,
    }
}

/// Whether a closing bracket closes its bound in; `None` for everything else.
fn closing(c: char) -> Option<bool> {
    match c {
        ']' | '］' => Some(true),
        '}' | '｝' => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form() {
        use Bound::{Excluded, Included, Unbounded};
        let table = [
            ("", Form::Blank),
            ("  ", Form::Blank),
            ("\"text\"", Form::Whole("text")),
            ("\"\"", Form::Whole("")),
            ("\"a\"b\"", Form::Whole("a\"b")),
            ("\" a*[ \"", Form::Whole(" a*[ ")),
            ("“张三”", Form::Whole("张三")),
            ("”x\"", Form::Whole("x")),
            ("＂x＂", Form::Whole("x")),
            ("text*", Form::Partial("text")),
            (" text＊ ", Form::Partial("text")),
            ("*", Form::Partial("")),
            ("＊", Form::Partial("")),
            ("[a,b]", Form::Range(Included("a"), Included("b"))),
            ("{a,b}", Form::Range(Excluded("a"), Excluded("b"))),
            ("{a,b]", Form::Range(Excluded("a"), Included("b"))),
            ("[a,b}", Form::Range(Included("a"), Excluded("b"))),
            ("［a，b｝", Form::Range(Included("a"), Excluded("b"))),
            ("｛ a , b ］", Form::Range(Excluded("a"), Included("b"))),
            ("{20,*]", Form::Range(Excluded("20"), Unbounded)),
            ("{20,]", Form::Range(Excluded("20"), Unbounded)),
            ("[*,20]", Form::Range(Unbounded, Included("20"))),
            ("[＊,20]", Form::Range(Unbounded, Included("20"))),
            ("[,]", Form::Range(Unbounded, Unbounded)),
            ("[*,*]", Form::Range(Unbounded, Unbounded)),
            ("alice", Form::Bare("alice")),
            (" al\"ice,b ", Form::Bare("al\"ice,b")),
        ];
        for (value, form) in table {
            assert_eq!(parse_form(value), Ok(form), "{value}");
        }
    }

    #[test]
    fn malformed_values() {
        for value in [
            "\"ali",
            "ali\"",
            "\"",
            "“ali",
            "\"ali\"*",
            "*ali",
            "＊ali",
            "a*b",
            "*ali*",
            "**",
            "[a,b",
            "[a]",
            "[]",
            "[a,b,c]",
            "[a,b，c]",
            "a,b]",
            "a}",
            "[",
            "{",
            "]",
            "[a*,b]",
            "[a,*b]",
            "[**,b]",
            "[\"a\",\"b\"]",
            "{a,b\"",
        ] {
            assert!(parse_form(value).is_err(), "{value}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(value: String, marks in "[\\[\\]{}\"“”＂,，*＊ a]{0,12}") {
            let _ = parse_form(&value);
            let _ = parse_form(&marks);
        }

        #[test]
        fn quoted_text_is_verbatim(text: String) {
            let value = format!("\"{text}\"");
            prop_assert_eq!(parse_form(&value), Ok(Form::Whole(text.as_str())));
        }
    }
}
