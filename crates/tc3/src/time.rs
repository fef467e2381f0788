//! The instant of a request: its text, its window and its UTC date.

use crate::Error;

/// Largest accepted distance between timestamp and clock, in seconds, either way; this distance itself is accepted.
pub const MAX_SKEW_SECONDS: i64 = 300;

/// Reads `X-TC-Timestamp` or `Timestamp`: decimal seconds since 1970-01-01 UTC, 1 to 11 digits, no sign.
///
/// # Errors
/// [`Error::InvalidTimestamp`].
pub fn parse_timestamp(text: &[u8]) -> Result<i64, Error> {
    let text = text.trim_ascii();
    // A leading zero would not survive into the string to sign, so it is refused here rather than failing there.
    let plain =
        matches!(text, [b'1'..=b'9', rest @ ..] if rest.len() < 11 && rest.iter().all(u8::is_ascii_digit));
    if !plain {
        return Err(Error::InvalidTimestamp);
    }
    std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()).ok_or(Error::InvalidTimestamp)
}

/// Refuses a timestamp more than [`MAX_SKEW_SECONDS`] away from `now`; both in seconds since 1970-01-01 UTC.
///
/// # Errors
/// [`Error::SignatureExpire`].
pub fn check_window(timestamp: i64, now: i64) -> Result<(), Error> {
    let seconds = now.saturating_sub(timestamp);
    if seconds.unsigned_abs() > MAX_SKEW_SECONDS.unsigned_abs() {
        return Err(Error::SignatureExpire { seconds });
    }
    Ok(())
}

/// The UTC date of an instant as `YYYY-MM-DD`; `None` outside the years that can be written like that.
pub fn utc_date(timestamp: i64) -> Option<String> {
    let instant = jiff::Timestamp::from_second(timestamp).ok()?;
    let date = jiff::tz::Offset::UTC.to_datetime(instant).date();
    (date.year() >= 0).then(|| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_is_five_minutes_inclusive() {
        for now in [-300, -299, 0, 299, 300] {
            assert_eq!(check_window(1000, 1000 + now), Ok(()));
        }
        assert_eq!(check_window(1000, 1301), Err(Error::SignatureExpire { seconds: 301 }));
        assert_eq!(check_window(1000, 699), Err(Error::SignatureExpire { seconds: -301 }));
        assert!(check_window(i64::MIN, i64::MAX).is_err());
        assert!(check_window(i64::MAX, i64::MIN).is_err());
    }

    #[test]
    fn timestamps_are_plain_seconds() {
        assert_eq!(parse_timestamp(b"1751500800"), Ok(1_751_500_800));
        assert_eq!(parse_timestamp(b" 1 "), Ok(1));
        for bad in ["", "0", "01", "-1", "+1", "1.0", "1e9", "123456789012", "x", "１"] {
            assert_eq!(parse_timestamp(bad.as_bytes()), Err(Error::InvalidTimestamp), "{bad}");
        }
    }

    #[test]
    fn dates_change_at_utc_midnight() {
        assert_eq!(utc_date(1_751_500_799).as_deref(), Some("2025-07-02"));
        assert_eq!(utc_date(1_751_500_800).as_deref(), Some("2025-07-03"));
        assert_eq!(utc_date(99_999_999_999).as_deref(), Some("5138-11-16"));
        assert_eq!(utc_date(i64::MAX), None);
    }
}
