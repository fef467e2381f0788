//! The two login filters: days or seconds in a zone, both ends included.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::RefusalKind;
use crate::accounts::LAST_LOGIN;
use crate::{Filter, Test};

/// Seconds since 1970 between which the last login has to lie; several filters narrow it.
#[derive(Debug, Default)]
pub(super) struct Logins {
    first: Option<i64>,
    last: Option<i64>,
}

/// What one value says.
enum When {
    Day(Date),
    Second(DateTime),
}

impl Logins {
    /// Adds a `LoginTimeStart` filter.
    pub(super) fn start(&mut self, values: &[&str], zone: &TimeZone) -> Result<(), RefusalKind> {
        let at = match when(values)? {
            When::Day(day) => day.to_datetime(jiff::civil::Time::midnight()),
            When::Second(second) => second,
        };
        // Where the clock is set back the earlier of the two instants is the wider reading; a time that the clock
        // skips is taken where it would have been.
        let start = seconds(zone.to_ambiguous_timestamp(at).compatible());
        self.first = self.first.max(Some(start));
        self.check()
    }

    /// Adds a `LoginTimeEnd` filter: a day counts to its end.
    pub(super) fn end(&mut self, values: &[&str], zone: &TimeZone) -> Result<(), RefusalKind> {
        let end = match when(values)? {
            When::Day(day) => day.tomorrow().map_or(i64::MAX, |next| {
                let midnight = next.to_datetime(jiff::civil::Time::midnight());
                seconds(zone.to_ambiguous_timestamp(midnight).compatible()).saturating_sub(1)
            }),
            When::Second(second) => seconds(zone.to_ambiguous_timestamp(second).later()),
        };
        self.last = Some(self.last.map_or(end, |last| last.min(end)));
        self.check()
    }

    fn check(&self) -> Result<(), RefusalKind> {
        match (self.first, self.last) {
            (Some(first), Some(last)) if first > last => Err(RefusalKind::DateRange),
            _ => Ok(()),
        }
    }

    /// The condition; accounts that never logged in fail it as soon as there is one.
    pub(super) fn filter(&self) -> Filter {
        if self.first.is_none() && self.last.is_none() {
            return Filter::All;
        }
        let (first, last) = (self.first.unwrap_or(i64::MIN), self.last.unwrap_or(i64::MAX));
        Filter::test(LAST_LOGIN, Test::IntRange(first, last))
    }
}

/// Seconds since 1970. Only the last day of the year 9999 has no timestamp: it is later than everything.
fn seconds(timestamp: Result<Timestamp, jiff::Error>) -> i64 {
    timestamp.map_or(i64::MAX, Timestamp::as_second)
}

/// Reads the single value `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`.
fn when(values: &[&str]) -> Result<When, RefusalKind> {
    let [value] = values else { return Err(RefusalKind::DateRange) };
    let value = value.trim();
    let (day, clock) = match value.split_once(' ') {
        Some((day, clock)) => (day, Some(clock)),
        None => (value, None),
    };
    let day = fixed(day, b"0000-00-00").and_then(|[y, m, d]| {
        Date::new(i16::try_from(y).ok()?, i8::try_from(m).ok()?, i8::try_from(d).ok()?).ok()
    });
    let day = day.ok_or(RefusalKind::DateRange)?;
    let Some(clock) = clock else { return Ok(When::Day(day)) };
    let clock = fixed(clock, b"00:00:00").and_then(|[h, m, s]| {
        jiff::civil::Time::new(i8::try_from(h).ok()?, i8::try_from(m).ok()?, i8::try_from(s).ok()?, 0).ok()
    });
    clock.map(|clock| When::Second(day.to_datetime(clock))).ok_or(RefusalKind::DateRange)
}

/// The three numbers of a text that has digits where `shape` has zeros and else the characters of `shape`.
fn fixed(text: &str, shape: &[u8]) -> Option<[i32; 3]> {
    let fits = text.len() == shape.len()
        && text.bytes().zip(shape).all(|(b, &s)| if s == b'0' { b.is_ascii_digit() } else { b == s });
    let mut numbers = text.split(['-', ':']).map(|n| n.parse().ok());
    let mut next = || numbers.next().flatten();
    if fits { Some([next()?, next()?, next()?]) } else { None }
}
