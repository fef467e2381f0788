//! Splitting a configuration line into words, the two ways sshd does it.

use std::collections::VecDeque;

/// A quoted word that never ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenQuote;

fn space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The next word of `rest`, up to white space, a quote or one `=`; `None` at the end. What follows stays in `rest`.
/// A double quote in a word opens a part that keeps its spaces.
pub(super) fn delimited(rest: &mut Option<&str>) -> Result<Option<String>, OpenQuote> {
    let Some(text) = *rest else { return Ok(None) };
    let Some(end) = text.find(|c| space(c) || c == '"' || c == '=') else {
        *rest = None;
        return Ok(Some(text.to_owned()));
    };
    let (word, tail) = text.split_at(end);
    if let Some(quoted) = tail.strip_prefix('"') {
        let (inside, after) = quoted.split_once('"').ok_or(OpenQuote)?;
        *rest = Some(after.trim_start_matches(space));
        return Ok(Some(format!("{word}{inside}")));
    }
    let equals = tail.starts_with('=');
    let after = tail.get(1..).unwrap_or_default().trim_start_matches(space);
    // Only one '=' is skipped.
    let after = match after.strip_prefix('=') {
        Some(more) if !equals => more.trim_start_matches(space),
        _ => after,
    };
    *rest = Some(after);
    Ok(Some(word.to_owned()))
}

/// All arguments: single and double quotes, backslash before quotes, backslash and space, a comment ends them.
pub(super) fn arguments(text: &str) -> Result<VecDeque<String>, OpenQuote> {
    let mut words = VecDeque::new();
    let mut chars = text.chars().peekable();
    while let Some(&first) = chars.peek() {
        if matches!(first, ' ' | '\t') {
            chars.next();
            continue;
        }
        if first == '#' {
            break;
        }
        let mut word = String::new();
        let mut quote = None;
        while let Some(c) = chars.next() {
            let next = chars.peek().copied();
            match c {
                '\\' if matches!(next, Some('\'' | '"' | '\\')) || (quote.is_none() && next == Some(' ')) => {
                    word.extend(chars.next());
                }
                ' ' | '\t' if quote.is_none() => break,
                '"' | '\'' if quote.is_none() => quote = Some(c),
                _ if quote == Some(c) => quote = None,
                _ => word.push(c),
            }
        }
        if quote.is_some() {
            return Err(OpenQuote);
        }
        words.push_back(word);
    }
    Ok(words)
}
