//! Values as sources print them: JSON that is sometimes text and sometimes a number, times in three forms.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::Value;

/// A scalar as text; `None` for null, lists and objects.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(if *yes { "1" } else { "0" }.to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The member at a path of names, each also looked for whole (`user.name` as one key).
pub fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if let Some(found) = value.get(path) {
        return (!found.is_null()).then_some(found);
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let (head, tail) = path.split_at(dot);
        at(value.get(head)?, tail.trim_start_matches('.'))
    })
}

/// The scalar at a path as text without white space around it; `None` when it is empty too.
pub fn text_at(value: &Value, path: &str) -> Option<String> {
    let text = text(at(value, path)?)?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// A whole number, also one printed with a fraction (`1745971200.0`).
pub fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    let whole = text
        .split_once('.')
        .map_or(text, |(whole, rest)| if rest.bytes().all(|b| b.is_ascii_digit()) { whole } else { text });
    whole.parse().ok()
}

/// An id of a user or group.
pub fn id(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}

/// An instant in seconds since the epoch, greater than 0: seconds, milliseconds, RFC 3339, or `2026-01-31 12:00:00`
/// (also with slashes, also a day alone), which is taken as UTC.
pub fn instant(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(number) = number(text) {
        // Seconds reach this bound in the year 5138.
        let seconds = if number > 100_000_000_000 { number / 1000 } else { number };
        return (seconds > 0).then_some(seconds);
    }
    let seconds = match text.parse::<Timestamp>() {
        Ok(at) => at.as_second(),
        Err(_) => {
            let plain = text.replace('/', "-");
            plain.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second()
        }
    };
    (seconds > 0).then_some(seconds)
}

/// A day as shadow(5) counts it: the number itself, seconds since the epoch, or a date.
pub fn day(text: &str) -> Option<i64> {
    match number(text) {
        // No day of a password reaches the year 2700, and no second since 1970-01-04 stays below.
        Some(days @ 0..=266_000) => Some(days),
        Some(seconds) if seconds > 0 => Some(instant(text)? / 86_400),
        Some(_) => None,
        None => Some(instant(text)? / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_nested_or_flat() {
        let both =
            json!({"user": {"name": "a", "group": {"id": 5}}, "user.shell": "/bin/sh", "x": null, "l": [1]});
        assert_eq!(text_at(&both, "user.name").as_deref(), Some("a"));
        assert_eq!(text_at(&both, "user.group.id").as_deref(), Some("5"));
        assert_eq!(text_at(&both, "user.shell").as_deref(), Some("/bin/sh"));
        assert_eq!(
            (text_at(&both, "x"), text_at(&both, "l"), text_at(&both, "user.none")),
            (None, None, None)
        );
        let half = json!({"user": {"password.status": "locked"}});
        assert_eq!(text_at(&half, "user.password.status").as_deref(), Some("locked"));
    }

    #[test]
    fn times() {
        let day_one = Some(1_767_225_600);
        for form in [
            "1767225600",
            "1767225600000",
            "1767225600.0",
            "2026-01-01T00:00:00Z",
            "2026/01/01 00:00:00",
            "2026-01-01",
        ] {
            assert_eq!(instant(form), day_one, "{form}");
        }
        assert_eq!((instant("0"), instant("-1"), instant("never"), instant("")), (None, None, None, None));
        assert_eq!(
            (day("20454"), day("1767225600"), day("2026-01-01")),
            (Some(20_454), Some(20_454), Some(20_454))
        );
        assert_eq!((day("-1"), day("x"), day("0")), (None, None, Some(0)));
    }
}
