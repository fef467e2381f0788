//! Instants of Windows in seconds since 1970, and days of them.

/// Parts of a FILETIME in a second.
const TICKS: i64 = 10_000_000;
/// Seconds from 1601 to 1970.
const EPOCH: i64 = 11_644_473_600;
/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// A FILETIME in seconds since 1970; `None` for both ways to say never (0 and the greatest number), and for whatever
/// lies before 1970.
pub fn from_filetime(ticks: i64) -> Option<i64> {
    let seconds = (ticks / TICKS).checked_sub(EPOCH)?;
    (ticks != i64::MAX && seconds > 0).then_some(seconds)
}

/// Days of a span of time, which the registry keeps as a negative number; `None` for both ways to say without end.
pub fn days_of_span(ticks: i64) -> Option<i64> {
    ticks.checked_neg().filter(|span| *span > 0).map(|span| span / TICKS / DAY)
}

/// The day an instant lies in.
pub fn day(seconds: i64) -> i64 {
    seconds.div_euclid(DAY)
}

/// The first day that begins at or after an instant: from then on it is certain to have passed.
pub fn day_after(seconds: i64) -> i64 {
    seconds.saturating_add(DAY - 1).div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_is_no_time() {
        assert_eq!([0, i64::MAX, -1, i64::MIN, EPOCH * TICKS].map(from_filetime), [None; 5]);
        assert_eq!(from_filetime((EPOCH + 1) * TICKS + 9), Some(1));
        assert_eq!(from_filetime(129_347_632_920_000_000), Some(1_290_289_692));
    }

    #[test]
    fn spans_are_negative() {
        assert_eq!([0, i64::MIN, 5].map(days_of_span), [None; 3]);
        assert_eq!(days_of_span(-42 * DAY * TICKS), Some(42));
    }

    #[test]
    fn an_end_counts_from_the_first_whole_day() {
        assert_eq!([DAY, DAY + 1, 2 * DAY].map(day_after), [1, 2, 2]);
        assert_eq!([DAY - 1, DAY].map(day), [0, 1]);
    }
}
