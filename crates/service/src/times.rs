//! Times as the host-account service prints them: `YYYY-MM-DD HH:MM:SS` in the server's zone, without zone;
//! empty when there is none. Days of shadow(5) print as the start of that UTC day.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use jiff::{Timestamp, tz::TimeZone};
use model::{Day, Millis};

/// A printed time. ASCII.
pub type Text = [u8; 19];

/// Instants whose local time has a year of four digits whatever the zone, a few days short of the ends of the years 1
/// and 9999: what lies outside goes the slow way.
const PLAIN: Range<i64> = -62_135_000_000..253_402_000_000;
/// Stretches of time that are remembered; a zone has two a year.
const KNOWN: usize = 1024;

/// Prints instants in one zone. Asking a zone for its offset is slow, so it remembers each stretch of time without a
/// change of offset that it came across.
pub struct Calendar<'z> {
    zone: &'z TimeZone,
    last: Cell<Stretch>,
    known: RefCell<Vec<Stretch>>,
}

/// Seconds since the epoch from `from` up to but not including `until`, and their distance from UTC.
#[derive(Clone, Copy)]
struct Stretch {
    from: i64,
    until: i64,
    offset: i64,
}

impl<'z> Calendar<'z> {
    /// A calendar that knows nothing yet.
    pub fn new(zone: &'z TimeZone) -> Self {
        let nothing = Stretch { from: 0, until: 0, offset: 0 };
        Calendar { zone, last: Cell::new(nothing), known: RefCell::default() }
    }

    /// Prints seconds since the epoch; `None` for what no calendar can show.
    #[inline]
    pub fn seconds(&self, at: i64) -> Option<Text> {
        if PLAIN.contains(&at) {
            return Some(print(at + self.offset(at)));
        }
        let instant = Timestamp::from_second(at).ok()?;
        Some(print_far(self.zone.to_offset(instant).to_datetime(instant)))
    }

    /// Prints milliseconds since the epoch.
    pub fn millis(&self, at: Millis) -> Option<Text> {
        self.seconds(at.div_euclid(1000))
    }

    /// Distance of the zone from UTC in seconds, at an instant in [`PLAIN`].
    fn offset(&self, at: i64) -> i64 {
        let last = self.last.get();
        if last.from <= at && at < last.until {
            return last.offset;
        }
        let stretch = self.find(at);
        self.last.set(stretch);
        stretch.offset
    }

    fn find(&self, at: i64) -> Stretch {
        let mut known = self.known.borrow_mut();
        let place = known.partition_point(|stretch| stretch.until <= at);
        if let Some(stretch) = known.get(place).filter(|stretch| stretch.from <= at) {
            return *stretch;
        }
        let stretch = self.ask(at);
        if known.len() < KNOWN {
            known.insert(place, stretch);
        }
        stretch
    }

    fn ask(&self, at: i64) -> Stretch {
        let instant = Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH);
        // A change at this very second counts as before it.
        let behind = Timestamp::from_second(at + 1).unwrap_or(instant);
        let from = self.zone.preceding(behind).next().map(|change| change.timestamp().as_second());
        let until = self.zone.following(instant).next().map(|change| change.timestamp().as_second());
        Stretch {
            from: from.unwrap_or(i64::MIN),
            until: until.unwrap_or(i64::MAX),
            offset: i64::from(self.zone.to_offset(instant).seconds()),
        }
    }
}

/// The instants of the civil day that `now` is in, in `zone`; none for what no calendar can show.
pub fn today(now: Millis, zone: &TimeZone) -> Range<Millis> {
    let day = || -> Result<_, jiff::Error> {
        let start = Timestamp::from_millisecond(now)?.to_zoned(zone.clone()).start_of_day()?;
        let end = start.tomorrow()?.start_of_day()?;
        Ok(start.timestamp().as_millisecond()..end.timestamp().as_millisecond())
    };
    day().unwrap_or_default()
}

/// Reads an instant: RFC 3339, or `YYYY-MM-DD[ HH:MM[:SS]]` in the zone. What a zone has twice is the first of both.
pub fn parse(text: &str, zone: &TimeZone) -> Option<Millis> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_millisecond());
    }
    // A civil time is taken as it stands only when there is nothing behind it that would be dropped.
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"-: T".contains(&b)) && text.len() <= 19;
    let civil = text.parse::<jiff::civil::DateTime>().ok().filter(|_| plain)?;
    Some(civil.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

/// Prints the start of a day, which has no better precision: `2026-01-31 00:00:00`. `None` for what no calendar can
/// show.
#[inline]
pub fn day(day: Day) -> Option<Text> {
    let at = i64::from(day) * 86_400;
    if PLAIN.contains(&at) {
        return Some(print(at));
    }
    let instant = Timestamp::from_second(at).ok()?;
    Some(print_far(jiff::tz::Offset::UTC.to_datetime(instant)))
}

/// A printed time as text; empty when there is none.
pub fn text(time: Option<Text>) -> String {
    time.map(|time| String::from_utf8_lossy(&time).into_owned()).unwrap_or_default()
}

/// Prints seconds of local time since the start of 1970, within the years 1 to 9999.
fn print(local: i64) -> Text {
    let (year, month, day) = civil(local.div_euclid(86_400));
    let second = local.rem_euclid(86_400).unsigned_abs() as u32;
    fields([year, month, day, second / 3600, second / 60 % 60, second % 60])
}

/// Year, month and day of a day after 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms"); the
/// year is counted from March inside.
fn civil(day: i64) -> (u32, u32, u32) {
    // Within the years 1 to 9999 this is positive and far from the end of 32 bits.
    let day = (day + 719_468).unsigned_abs() as u32;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    (year + era * 400 + u32::from(month <= 2), month, of_year - (153 * march + 2) / 5 + 1)
}

/// Years before the first print as 0000.
fn print_far(t: jiff::civil::DateTime) -> Text {
    let year = t.year().clamp(0, 9999).unsigned_abs();
    let rest = [t.month(), t.day(), t.hour(), t.minute(), t.second()].map(|n| u32::from(n.unsigned_abs()));
    let [month, day, hour, minute, second] = rest;
    fields([year.into(), month, day, hour, minute, second])
}

fn fields([year, month, day, hour, minute, second]: [u32; 6]) -> Text {
    let mut text = *b"0000-00-00 00:00:00";
    let pairs = [(0, year / 100), (2, year), (5, month), (8, day), (11, hour), (14, minute), (17, second)];
    for (place, value) in pairs {
        text[place] = b'0' + (value / 10 % 10) as u8;
        text[place + 1] = b'0' + (value % 10) as u8;
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(at: i64, zone: &TimeZone) -> String {
        text(Calendar::new(zone).seconds(at))
    }

    #[test]
    fn prints_in_the_zone() {
        let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
        assert_eq!(seconds(0, &TimeZone::UTC), "1970-01-01 00:00:00");
        assert_eq!(seconds(1_751_500_799, &shanghai), "2025-07-03 07:59:59");
        assert_eq!(text(day(20_000)), "2024-10-04 00:00:00");
        assert_eq!(text(day(Day::MAX)), "");
        assert_eq!(seconds(i64::MAX, &TimeZone::UTC), "");
        assert_eq!(seconds(-70_000_000_000, &TimeZone::UTC), "0000-10-15 19:33:20");
        // 2025-07-03 in Shanghai.
        assert_eq!(today(1_751_500_799_000, &shanghai), 1_751_472_000_000..1_751_558_400_000);
        assert!(today(i64::MAX, &shanghai).is_empty());
    }

    #[test]
    fn reads_what_it_prints() {
        let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
        let at = 1_751_500_799_000;
        for text in [
            "2025-07-03 07:59:59",
            "2025-07-03T07:59:59",
            "2025-07-02T23:59:59Z",
            "2025-07-03T07:59:59+08:00",
            "2025-07-02T23:59:59.000+0000",
        ] {
            assert_eq!(parse(text, &shanghai), Some(at), "{text}");
        }
        assert_eq!(parse("2025-07-03", &shanghai), Some(1_751_472_000_000));
        for bad in ["", "now", "2025-13-01", "2025-07-03 25:00:00", "1751500799"] {
            assert_eq!(parse(bad, &shanghai), None, "{bad}");
        }
    }

    #[test]
    fn every_day_is_jiffs() {
        let first = jiff::civil::date(1, 1, 15);
        for number in 0..3_651_000 {
            let day = i64::from(number) - 719_148;
            let instant = Timestamp::from_second(day * 86_400).unwrap();
            if number % 97 == 0 || number < 1000 {
                let expected = jiff::tz::Offset::UTC.to_datetime(instant);
                assert!(expected.date() >= first);
                assert_eq!(
                    text(super::day(Day::try_from(day).unwrap())),
                    expected.strftime("%Y-%m-%d %H:%M:%S").to_string()
                );
            }
        }
    }

    proptest! {
        /// One calendar, many instants in any order: each as the zone alone would have it.
        #[test]
        fn like_jiff(
            name in prop::sample::select(vec!["UTC", "Asia/Shanghai", "America/New_York", "Europe/Dublin", "Australia/Lord_Howe"]),
            instants in prop::collection::vec(prop_oneof![
                3 => 0..2_500_000_000i64,
                1 => -62_135_000_000..253_402_000_000i64,
                // Around a change of each of them.
                1 => 1_698_541_190..1_698_541_210i64,
                1 => 1_699_163_990..1_699_164_010i64,
            ], 1..40),
        ) {
            let zone = TimeZone::get(name).unwrap();
            let calendar = Calendar::new(&zone);
            for at in instants {
                let local = Timestamp::from_second(at).unwrap().to_zoned(zone.clone());
                let expected = local.strftime("%Y-%m-%d %H:%M:%S").to_string();
                prop_assert_eq!(text(calendar.seconds(at)), expected);
            }
        }
    }
}
