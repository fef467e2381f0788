//! The instant of `expiry-time`: `YYYYMMDD[HHMM[SS]][Z]` as seconds since the epoch.

/// Seconds since the epoch; `None` when sshd would refuse the text. Without a `Z` sshd takes the host's time zone,
/// which is not known here: UTC is taken, so the instant may be off by up to 14 hours.
pub(super) fn instant(text: &str) -> Option<i64> {
    let upper = text.to_ascii_uppercase();
    let digits = upper.strip_suffix("UTC").or_else(|| upper.strip_suffix('Z')).unwrap_or(&upper);
    if ![8, 12, 14].contains(&digits.len()) || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let field = |from: usize, len: usize| match digits.get(from..from + len) {
        Some(text) => text.parse::<i64>().ok(),
        None => Some(0),
    };
    let (year, month, day) = (field(0, 4)?, field(4, 2)?, field(6, 2)?);
    let (hour, minute, second) = (field(8, 2)?, field(10, 2)?, field(12, 2)?);
    let sound = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour <= 23
        && minute <= 59
        && second <= 60
        && year >= 1970;
    sound.then(|| days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second).filter(|&at| at > 0)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; days past the month's end run over, as in timegm(3).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants() {
        for (text, expected) in [
            ("20260101", Some(1_767_225_600)),
            ("20260101Z", Some(1_767_225_600)),
            ("202601010100utc", Some(1_767_229_200)),
            ("20240229235959Z", Some(1_709_251_199)),
            ("19700101", None),
            ("2026010", None),
            ("20261301", None),
            ("20260101000", None),
            ("2026x101", None),
            ("", None),
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
    }
}
