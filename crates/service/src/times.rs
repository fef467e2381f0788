//! Times as the host-account service prints them: `YYYY-MM-DD HH:MM:SS` in the server's zone, without zone;
//! empty when there is none. Days of shadow(5) print as the start of that UTC day.

use jiff::{Timestamp, tz::TimeZone};
use model::Day;

/// Prints seconds since the epoch in `zone`; empty for what no calendar can show.
pub fn seconds(at: i64, zone: &TimeZone) -> String {
    let Ok(instant) = Timestamp::from_second(at) else { return String::new() };
    date_time(zone.to_offset(instant).to_datetime(instant))
}

/// Prints milliseconds since the epoch in `zone`.
pub fn millis(at: i64, zone: &TimeZone) -> String {
    seconds(at.div_euclid(1000), zone)
}

/// Prints the start of a day, which has no better precision: `2026-01-31 00:00:00`.
pub fn day(day: Day) -> String {
    seconds(i64::from(day) * 86_400, &TimeZone::UTC)
}

/// The civil day of an instant in `zone`, as a number that can be compared.
pub fn civil_day(at_millis: i64, zone: &TimeZone) -> i64 {
    let Ok(instant) = Timestamp::from_millisecond(at_millis) else { return i64::MIN };
    let offset = i64::from(zone.to_offset(instant).seconds());
    (at_millis.div_euclid(1000) + offset).div_euclid(86_400)
}

fn date_time(t: jiff::civil::DateTime) -> String {
    let mut out = String::with_capacity(19);
    let year = t.year().clamp(0, 9999).unsigned_abs();
    push2(&mut out, year / 100);
    push2(&mut out, year % 100);
    for (mark, value) in
        [('-', t.month()), ('-', t.day()), (' ', t.hour()), (':', t.minute()), (':', t.second())]
    {
        out.push(mark);
        push2(&mut out, value.unsigned_abs().into());
    }
    out
}

fn push2(out: &mut String, value: u16) {
    let digit = |n: u16| char::from(b'0' + u8::try_from(n % 10).unwrap_or(0));
    out.push(digit(value / 10));
    out.push(digit(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_in_the_zone() {
        let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
        assert_eq!(seconds(0, &TimeZone::UTC), "1970-01-01 00:00:00");
        assert_eq!(seconds(1_751_500_799, &shanghai), "2025-07-03 07:59:59");
        assert_eq!(day(20_000), "2024-10-04 00:00:00");
        assert_eq!(seconds(i64::MAX, &TimeZone::UTC), "");
        assert_eq!(civil_day(0, &shanghai), 0);
        assert_eq!(civil_day(16 * 3_600_000, &shanghai), 1);
    }
}
