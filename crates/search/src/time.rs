//! Instants as the EIAM interface writes them. Reading takes several forms of ISO 8601; printing knows one, which
//! can be pasted back into a condition. Hand-written because every row of every answer prints two or three of them.

/// Milliseconds since 1970-01-01 UTC.
pub type Millis = i64;

const DAY: i64 = 86_400_000;
/// 0000-01-01T00:00:00.000Z, the first instant that has a printed form.
pub const FIRST: Millis = -62_167_219_200_000;
/// 9999-12-31T23:59:59.999Z, the last instant that has a printed form.
pub const LAST: Millis = 253_402_300_799_999;

/// A text is no time in one of the accepted forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time of the form YYYY-MM-DDTHH:MM:SS.mmm+0000")]
pub struct NotATime;

/// Reads `YYYY-MM-DD` (midnight UTC) or `YYYY-MM-DDTHH:MM[:SS[.f]]` with 1 to 9 fraction digits and the offset `Z`,
/// `+00`, `+0000` or `+00:00` (none is UTC). What lies below the millisecond is dropped.
///
/// ```
/// assert_eq!(search::time::parse_time("2021-01-13T09:44:07.182+0000"), Ok(1_610_531_047_182));
/// ```
pub fn parse_time(text: &str) -> Result<Millis, NotATime> {
    let mut rest = Cursor(text.as_bytes());
    let date = rest.date().ok_or(NotATime)?;
    if rest.0.is_empty() {
        return Ok(date);
    }
    let (clock, offset) = rest.clock().ok_or(NotATime)?;
    if rest.0.is_empty() { Ok(date + clock - offset) } else { Err(NotATime) }
}

/// Prints `YYYY-MM-DDTHH:MM:SS.mmm+0000`; instants outside the years 0000 to 9999 print as the nearest one inside.
pub fn print_time(time: Millis) -> String {
    time_bytes(time).iter().map(|&b| char::from(b)).collect()
}

/// The same as ASCII, for those who write many.
#[inline]
pub fn time_bytes(time: Millis) -> [u8; 28] {
    // Within the printed years a number of milliseconds is below 2^49, one of days below 2^22.
    let since = (time.clamp(FIRST, LAST) - FIRST).unsigned_abs();
    let (days, rest) = ((since / DAY.unsigned_abs()) as u32, (since % DAY.unsigned_abs()) as u32);
    let (year, month, day) = civil_from_days(days);
    let (seconds, millis) = (rest / 1000, rest % 1000);
    let mut out = *b"0000-00-00T00:00:00.000+0000";
    let pairs = [
        (0, year / 100),
        (2, year % 100),
        (5, month),
        (8, day),
        (11, seconds / 3600),
        (14, seconds / 60 % 60),
        (17, seconds % 60),
        (20, millis / 10),
    ];
    for (at, value) in pairs {
        let digits = PAIRS[value as usize % PAIRS.len()];
        (out[at], out[at + 1]) = (digits[0], digits[1]);
    }
    out[22] += (millis % 10) as u8;
    out
}

/// The digits of 0 to 99; 128 entries, so that any number masked to 7 bits is one of them.
const PAIRS: [[u8; 2]; 128] = {
    let (mut pairs, mut at) = ([[b'0'; 2]; 128], 0);
    while at < 100 {
        pairs[at] = [b'0' + at as u8 / 10, b'0' + at as u8 % 10];
        at += 1;
    }
    pairs
};

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
/// Algorithm: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a day counted from 0000-01-01 (civil_from_days of the same paper). Counts from 400 years
/// and two months before, so that nothing is negative.
#[inline]
fn civil_from_days(days: u32) -> (u32, u32, u32) {
    let days = days + 146_097 - 60;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u32::from(month <= 2) - 400;
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// What is left of the text.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    /// Takes `byte` if it comes next.
    fn eat(&mut self, byte: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        (*first == byte).then(|| self.0 = rest)
    }

    /// Takes exactly `count` digits as a number between `low` and `high`.
    fn number(&mut self, count: usize, low: i64, high: i64) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let value = digits
            .iter()
            .try_fold(0, |value, b| b.is_ascii_digit().then(|| value * 10 + i64::from(b - b'0')))?;
        self.0 = rest;
        (low..=high).contains(&value).then_some(value)
    }

    /// `YYYY-MM-DD`, as the instant of its midnight in UTC.
    fn date(&mut self) -> Option<Millis> {
        let year = self.number(4, 0, 9999)?;
        self.eat(b'-')?;
        let month = self.number(2, 1, 12)?;
        self.eat(b'-')?;
        let day = self.number(2, 1, days_in_month(year, month))?;
        Some(days_from_civil(year, month, day) * DAY)
    }

    /// `THH:MM[:SS[.f]]` and an offset, both in milliseconds.
    fn clock(&mut self) -> Option<(Millis, Millis)> {
        self.eat(b'T')?;
        let mut clock = self.number(2, 0, 23)? * 3_600_000;
        self.eat(b':')?;
        clock += self.number(2, 0, 59)? * 60_000;
        if self.eat(b':').is_some() {
            clock += self.number(2, 0, 59)? * 1000;
            if self.eat(b'.').is_some() {
                clock += self.fraction()?;
            }
        }
        Some((clock, self.offset()?))
    }

    /// One to nine digits behind the point, as milliseconds.
    fn fraction(&mut self) -> Option<Millis> {
        let count = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        if !(1..=9).contains(&count) {
            return None;
        }
        let value = self.number(count, 0, 999_999_999)?;
        Some(value * 10_i64.pow(9 - count as u32) / 1_000_000)
    }

    /// `Z`, `±HH`, `±HHMM`, `±HH:MM` or nothing.
    fn offset(&mut self) -> Option<Millis> {
        if self.0.is_empty() || self.eat(b'Z').is_some() {
            return Some(0);
        }
        let sign = if self.eat(b'+').is_some() { 1 } else { self.eat(b'-').map(|()| -1)? };
        let mut offset = self.number(2, 0, 23)? * 3_600_000;
        if !self.0.is_empty() {
            // The colon is optional.
            let _ = self.eat(b':');
            offset += self.number(2, 0, 59)? * 60_000;
        }
        Some(sign * offset)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, fmt::strtime};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_every_accepted_form() {
        let sample = 1_610_531_047_182;
        for text in [
            "2021-01-13T09:44:07.182+0000",
            "2021-01-13T09:44:07.182Z",
            "2021-01-13T09:44:07.182",
            "2021-01-13T09:44:07.182999999+00",
            "2021-01-13T17:44:07.182+08:00",
            "2021-01-13T17:44:07.182+0800",
            "2021-01-13T04:14:07.182-05:30",
        ] {
            assert_eq!(parse_time(text), Ok(sample), "{text}");
        }
        assert_eq!(parse_time("2021-01-13"), Ok(1_610_496_000_000));
        assert_eq!(parse_time("2021-01-13T00:00"), Ok(1_610_496_000_000));
        assert_eq!(parse_time("2021-01-13T00:00:01.5Z"), Ok(1_610_496_001_500));
        assert_eq!(parse_time("2024-02-29"), Ok(1_709_164_800_000));
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "1610531047182",
            "2021-01-13 09:44:07",
            "2021-01-13T09:44:07.182 0000",
            "2021/01/13",
            "2021-13-01",
            "2021-02-29",
            "1900-02-29",
            "2021-04-31",
            "2021-00-01",
            "2021-01-00",
            "2021-1-3",
            "2021-01-13T",
            "2021-01-13T9:44",
            "2021-01-13T24:00",
            "2021-01-13T23:60",
            "2021-01-13T23:59:60",
            "2021-01-13T09:44:07.",
            "2021-01-13T09:44:07.1234567890",
            "2021-01-13T09:44:07+",
            "2021-01-13T09:44:07+8",
            "2021-01-13T09:44:07+24:00",
            "2021-01-13T09:44:07+00:0",
            "2021-01-13T09:44:07z",
            "2021-01-13t09:44:07Z",
            "2021-01-13Z",
            " 2021-01-13",
            "+2021-01-13",
            "２０２１-01-13",
        ] {
            assert_eq!(parse_time(text), Err(NotATime), "{text}");
        }
    }

    #[test]
    fn prints_beyond_the_calendar_as_its_ends() {
        assert_eq!(print_time(i64::MIN), "0000-01-01T00:00:00.000+0000");
        assert_eq!(print_time(i64::MAX), "9999-12-31T23:59:59.999+0000");
    }

    proptest! {
        #[test]
        fn printed_times_read_back(time in FIRST..=LAST) {
            prop_assert_eq!(parse_time(&print_time(time)), Ok(time));
        }

        #[test]
        fn prints_what_jiff_prints(time in FIRST..=253_402_200_000_000) {
            let stamp = Timestamp::from_millisecond(time).expect("in range");
            let expected = strtime::format("%Y-%m-%dT%H:%M:%S.%3f+0000", stamp).expect("formats");
            prop_assert_eq!(print_time(time), expected);
        }

        #[test]
        fn never_panics(text: String, tail in "[0-9TZ:.+-]{0,40}") {
            let _ = parse_time(&text);
            let _ = parse_time(&tail);
            let _ = parse_time(&format!("2021-01-13T09:44{tail}"));
        }
    }
}
