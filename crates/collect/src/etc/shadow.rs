//! shadow(5).

use model::facts::{Evidence, HashClass, PasswordFacts};

use super::{
    hash::classify,
    lines::{LINE_LIMIT, Parsed, days, rows},
    passwd,
};

/// One row of shadow, without the hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line, from 1.
    pub line: u32,
    /// Account name.
    pub name: Vec<u8>,
    /// Class, algorithm and days.
    pub facts: PasswordFacts,
}

/// Parses shadow. A row with a day that is no number keeps the other days and has no class, with a note: glibc passes
/// over it, so that no login by it succeeds, while passwd(1) and chage(1) may still read it.
pub fn parse(path: &str, bytes: &[u8]) -> Parsed<Row> {
    let mut parsed = Parsed::new();
    for (line, text) in rows(path, bytes, LINE_LIMIT, &mut parsed) {
        let fields: Vec<&[u8]> = text.split(|&b| b == b':').collect();
        match fields.as_slice() {
            [name, hash, numbers @ ..] if whole(numbers) && !name.is_empty() => {
                let (facts, sound) = facts(hash, numbers);
                if !sound {
                    parsed.skip(path, line, "a day is not a number");
                }
                parsed.rows.push(Row { line, name: name.to_vec(), facts });
            }
            _ => parsed.skip(path, line, "not nine fields"),
        }
    }
    parsed
}

/// Whether the C library takes a row with these fields: all of them, or up to the maximum age as of old, or without
/// the last one. It does not take one that ends where a field would begin.
fn whole(numbers: &[&[u8]]) -> bool {
    match numbers {
        [_, _, _, _, _, _, _] => true,
        [_, _, last] | [_, _, _, _, _, last] => !last.is_empty(),
        [_, _, _, blanks] => blanks.trim_ascii_start().is_empty(),
        _ => false,
    }
}

fn facts(hash: &[u8], numbers: &[&[u8]]) -> (PasswordFacts, bool) {
    let mut sound = true;
    let mut number = |index: usize| {
        let field = numbers.get(index).copied().unwrap_or_default();
        // White space before the fourth one is passed over first, so that it may be blank.
        let parsed = days(if index == 3 { field.trim_ascii_start() } else { field });
        sound &= parsed.is_ok();
        parsed.unwrap_or(None)
    };
    let (class, algorithm) = classify(hash);
    // The last field is for nothing, but it has to be a number too.
    let _reserved = number(6);
    let facts = PasswordFacts {
        evidence: Evidence::Ok,
        class,
        algorithm: algorithm.map(str::to_owned),
        last_change: number(0),
        min: number(1),
        max: number(2),
        warn: number(3),
        inactive: number(4),
        expire: number(5),
        in_passwd: false,
    };
    if sound {
        return (facts, true);
    }
    let (evidence, class) = (Evidence::Malformed, HashClass::Unknown);
    (PasswordFacts { evidence, class, algorithm: None, ..facts }, false)
}

/// The password facts of an account: passwd's own field unless it is `x`, else the shadow row, else unknown for the
/// reason shadow as a whole has.
pub fn password_of(row: &passwd::Row, shadow: Option<&Row>, source: Evidence) -> PasswordFacts {
    if row.password != b"x" {
        let (class, algorithm) = classify(&row.password);
        let algorithm = algorithm.map(str::to_owned);
        return PasswordFacts {
            evidence: Evidence::Ok,
            class,
            algorithm,
            in_passwd: true,
            ..PasswordFacts::default()
        };
    }
    match shadow {
        Some(row) => row.facts.clone(),
        None => {
            let evidence = if source == Evidence::Ok { Evidence::Absent } else { source };
            PasswordFacts { evidence, class: HashClass::Unknown, ..PasswordFacts::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_days() {
        let parsed =
            parse("/etc/shadow", b"a:$6$s$h:19000:0:99999:7:3:1:\nb:!*:::::1::\nc:*:x:0:1:2:3::\nd:x\n");
        assert_eq!(parsed.rows.len(), 3);
        let a = &parsed.rows[0].facts;
        assert_eq!(
            (a.last_change, a.max, a.inactive, a.expire),
            (Some(19_000), Some(99_999), Some(3), Some(1))
        );
        let b = &parsed.rows[1].facts;
        assert_eq!((b.class, b.last_change, b.inactive), (HashClass::LockedNever, None, Some(1)));
        let c = &parsed.rows[2].facts;
        assert_eq!((c.evidence, c.last_change, c.max), (Evidence::Malformed, None, Some(1)));
        assert_eq!(c.class, HashClass::Unknown);
        assert_eq!(parsed.notes.into_lines().len(), 2);
    }

    #[test]
    fn shorter_rows() {
        for (row, taken) in [
            ("a:*:1:2:3", true),
            ("a:*:1:2:3:", true),
            ("a:*:1:2:3: ", true),
            ("a:*:1:2:3: :::", true),
            ("a:*:1:2:", false),
            ("a:*:1:2", false),
            ("a:*:1:2:3:4", false),
            ("a:*:1:2:3:4:5:", false),
            ("a:*:1:2:3:4:5:6", true),
            ("a:*:1:2:3:4:5:6:", true),
            ("a:*:1: :3::::", false),
        ] {
            let found = parse("s", row.as_bytes());
            let sound = found.rows.iter().filter(|row| row.facts.evidence == Evidence::Ok).count();
            assert_eq!(sound, usize::from(taken), "{row}");
        }
    }

    #[test]
    fn passwd_field_first() {
        let row = |field: &str| passwd::parse("p", format!("a:{field}:1:1:::").as_bytes()).rows.remove(0);
        let shadow = parse("s", b"a:$6$s$h:1:2:3:4:::\n").rows.remove(0);
        let inline = password_of(&row("ab0123456789."), Some(&shadow), Evidence::Ok);
        assert_eq!((inline.class, inline.in_passwd, inline.last_change), (HashClass::Usable, true, None));
        assert_eq!(password_of(&row(""), Some(&shadow), Evidence::Ok).class, HashClass::Empty);
        assert_eq!(password_of(&row("x"), Some(&shadow), Evidence::Ok), shadow.facts);
        let missing = password_of(&row("x"), None, Evidence::Ok);
        assert_eq!((missing.class, missing.evidence), (HashClass::Unknown, Evidence::Absent));
        assert_eq!(password_of(&row("x"), None, Evidence::Denied).evidence, Evidence::Denied);
    }
}
