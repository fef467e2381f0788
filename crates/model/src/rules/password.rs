//! Rules of passwords and their days (shadow(5), read as pam_unix reads it). All arithmetic saturates, since the
//! numbers come from a file anybody may have written.

use crate::{
    Day,
    account::Password,
    facts::{HashClass, PasswordFacts},
};

/// The last day a date can be printed for: 9999-12-31.
const LAST_DAY: i64 = 2_932_896;
/// Maximum ages from here on are the custom for "never" (chage(1) and passwd(1) print them so).
const NEVER: i64 = 10_000;

/// The state of the password, without the day.
///
/// Expired from the day after last change + maximum age, or at once when the last change is 0. In the warning period
/// when at most `warn` days are left. A warning period of 0 is none (shadow(5)).
pub fn password(row: &PasswordFacts) -> Password {
    match row.class {
        HashClass::Unknown => return Password::Unknown,
        HashClass::LockedWithHash | HashClass::LockedNever | HashClass::NoPassword => {
            return Password::Locked;
        }
        HashClass::Usable | HashClass::Empty => {}
    }
    if row.last_change == Some(0) {
        return Password::Usable { expired_from: Some(Day::MIN), warn_from: None };
    }
    let Some(due) = last_day(row) else {
        return Password::Usable { expired_from: None, warn_from: None };
    };
    let expired_from = clamp(due.saturating_add(1));
    let warn = row.warn.filter(|&days| days > 0);
    let warn_from = warn.map(|days| clamp(due.saturating_sub(days)).min(expired_from));
    Password::Usable { expired_from: Some(expired_from), warn_from }
}

/// Last day of the password's life; `None` when ageing is off (an empty or negative field) or it must be changed now.
fn last_day(row: &PasswordFacts) -> Option<i64> {
    let changed = row.last_change.filter(|&day| day > 0)?;
    let max = row.max.filter(|&days| days >= 0)?;
    Some(changed.saturating_add(max))
}

/// First day on which PAM denies the account whatever the credential: field 8 itself, or the day after the inactivity
/// period has passed, whichever comes first. Field 8 of 0 is expired, empty and -1 are never.
pub(super) fn expires(row: &PasswordFacts) -> Option<Day> {
    let expiry = row.expire.filter(|&day| day != -1);
    let inactivity = row.inactive.filter(|&days| days >= 0);
    let inactive_from =
        last_day(row).zip(inactivity).map(|(due, days)| due.saturating_add(days).saturating_add(1));
    expiry.into_iter().chain(inactive_from).min().map(clamp)
}

/// Day on which the account expires by field 8, for printing; `None` is never.
pub fn disable_day(row: &PasswordFacts) -> Option<Day> {
    row.expire.filter(|&day| day != -1).and_then(printable)
}

/// Day of the last change; `None` when it is not kept, unknown, or "must be changed".
pub(super) fn changed_day(row: &PasswordFacts) -> Option<Day> {
    row.last_change.filter(|&day| day > 0).and_then(printable)
}

/// Last day of the password's life, for printing; `None` also for ages that mean "never" by custom.
pub(super) fn due_day(row: &PasswordFacts) -> Option<Day> {
    row.max.filter(|&days| days < NEVER)?;
    last_day(row).and_then(printable)
}

/// Days after expiry until the account locks; -1 never; `None` unknown.
pub(super) fn lock_days(row: &PasswordFacts) -> Option<i32> {
    if row.class == HashClass::Unknown {
        return None;
    }
    Some(row.inactive.filter(|&days| days >= 0).map_or(-1, clamp))
}

/// Days of warning before the password expires; 0 for none and for unknown. login.defs is no fallback: it only
/// matters when an account is made.
pub fn warn_days(row: &PasswordFacts) -> u32 {
    row.warn.and_then(|days| u32::try_from(days.min(i64::from(i32::MAX))).ok()).unwrap_or(0)
}

/// Whether its owner may change the password on `today`; `None` unknown. Not if the minimum age exceeds the maximum
/// (shadow(5)), nor before the minimum age is over.
pub fn change_allowed(row: &PasswordFacts, today: Day) -> Option<bool> {
    if row.class == HashClass::Unknown {
        return None;
    }
    let Some(min) = row.min.filter(|&days| days > 0) else { return Some(true) };
    if row.max.is_some_and(|max| max >= 0 && min > max) {
        return Some(false);
    }
    let changed = row.last_change.filter(|&day| day > 0);
    Some(changed.is_none_or(|day| i64::from(today) >= day.saturating_add(min)))
}

fn clamp(day: i64) -> Day {
    // Both bounds fit, so the conversion cannot fail.
    Day::try_from(day.clamp(i64::from(Day::MIN), i64::from(Day::MAX))).unwrap_or(Day::MAX)
}

fn printable(day: i64) -> Option<Day> {
    (0..=LAST_DAY).contains(&day).then(|| clamp(day))
}
