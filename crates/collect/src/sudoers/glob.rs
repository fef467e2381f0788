//! Shell patterns as fnmatch(3) reads them: `*`, `?`, `[a-z]`, `[!a]`, backslash. Works in time proportional to
//! pattern times text, whatever the pattern.

/// Whether the pattern has anything but plain characters.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', ']', '\\'])
}

/// Whether `text` matches `pattern`, upper and lower case alike.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    fnmatch(&pattern.to_lowercase(), &text.to_lowercase())
}

/// Whether `text` matches `pattern`.
pub(crate) fn fnmatch(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on when the rest fails: after the last star, one character further.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&'*') {
            retry = Some((p + 1, t));
            p += 1;
            continue;
        }
        let step = match text.get(t) {
            None if p == pattern.len() => return true,
            None => return false,
            Some(&c) => one(pattern.get(p..).unwrap_or_default(), c),
        };
        match (step, retry) {
            (Some(len), _) => {
                p += len;
                t += 1;
            }
            (None, Some((star, from))) => {
                retry = Some((star, from + 1));
                p = star;
                t = from + 1;
            }
            (None, None) => return false,
        }
    }
}

/// Length of the pattern's first element if it matches `c`.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['\\', next, ..] => (*next == c).then_some(2),
        ['[', rest @ ..] => match bracket(rest, c) {
            Some((len, matched)) => matched.then_some(len + 1),
            None => (c == '[').then_some(1),
        },
        [next, ..] => (*next == c).then_some(1),
        [] => None,
    }
}

/// A bracket expression after its `[`: its length with the `]`, and whether it has `c`; `None` when it never closes.
fn bracket(rest: &[char], c: char) -> Option<(usize, bool)> {
    let negated = matches!(rest.first(), Some('!' | '^'));
    let mut i = usize::from(negated);
    let first = i;
    let mut found = false;
    loop {
        match (rest.get(i)?, rest.get(i + 1), rest.get(i + 2)) {
            (']', ..) if i > first => return Some((i + 1, found != negated)),
            (low, Some('-'), Some(high)) if *high != ']' => {
                found |= (*low..=*high).contains(&c);
                i += 3;
            }
            (plain, ..) => {
                found |= *plain == c;
                i += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("web*", "WEB1", true),
            ("web?", "web", false),
            ("*.example.com", "a.example.com", true),
            ("web[0-9]", "web5", true),
            ("web[!0-9]", "web5", false),
            ("w[", "w[", true),
            (r"w\*", "w*", true),
            (r"w\*", "wx", false),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxbxx", false),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
