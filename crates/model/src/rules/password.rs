//! Rules of passwords and their days (shadow(5), read as pam_unix reads it). All arithmetic saturates, since the
//! numbers come from a file anybody may have written.

use crate::{
    Day,
    account::Password,
    facts::{HashClass, HostFacts, PasswordFacts},
};

/// The last day a date can be printed for: 9999-12-31.
const LAST_DAY: i64 = 2_932_896;
/// Maximum ages from here on are the custom for "never" (chage(1) and passwd(1) print them so).
const NEVER: i64 = 10_000;

/// The state of the password, without the day.
///
/// Expired when the last day (last change + maximum age) is over, from PAM 1.6 on already on that day, and at once when
/// the last change is 0. In the warning period when at most `warn` days are left. A warning period of 0 is none
/// (shadow(5)).
pub(super) fn password(row: &PasswordFacts, pam: Pam) -> Password {
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
    let Some(due) = pam.last_day(row) else {
        return Password::Usable { expired_from: None, warn_from: None };
    };
    let expired_from = clamp(pam.over(due));
    let warn = row.warn.filter(|&days| days > 0);
    let warn_from = warn.map(|days| clamp(due.saturating_sub(days)).min(expired_from));
    Password::Usable { expired_from: Some(expired_from), warn_from }
}

/// How the host's PAM counts days, as far as its release tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pam {
    /// Not known: the last day is still good, and an empty last change turns ageing off, as shadow(5) has it.
    Unknown,
    /// Before 1.6: the last day is still good; an empty last change is day -1.
    Before16,
    /// 1.6 and later: the last day is over already; an empty last change turns ageing off.
    From16,
}

/// Distributions with the first release that has PAM 1.6 or later. Those between two known ones are left out.
const RELEASES: [(&str, u32, u32); 9] = [
    ("debian", 12, 13),
    ("ubuntu", 24, 26),
    ("fedora", 39, 40),
    ("rhel", 9, 10),
    ("centos", 9, 10),
    ("almalinux", 9, 10),
    ("rocky", 9, 10),
    ("ol", 9, 10),
    ("amzn", 2023, u32::MAX),
];

impl Pam {
    /// By os-release(5) of the host.
    pub(super) fn of(host: &HostFacts) -> Pam {
        let Some((_, older, newer)) = RELEASES.iter().find(|(id, ..)| *id == host.os_id) else {
            return Pam::Unknown;
        };
        let digits = host.os_version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        match digits.parse::<u32>() {
            Ok(version) if version <= *older => Pam::Before16,
            Ok(version) if version >= *newer => Pam::From16,
            _ => Pam::Unknown,
        }
    }

    /// First day on which something with this last day is over.
    fn over(self, last: i64) -> i64 {
        if self == Pam::From16 { last } else { last.saturating_add(1) }
    }

    /// Last day of the password's life, as [`last_day`].
    fn last_day(self, row: &PasswordFacts) -> Option<i64> {
        if self == Pam::Before16 && row.last_change.is_none() {
            return Some(row.max.filter(|&days| days >= 0)?.saturating_sub(1));
        }
        last_day(row)
    }
}

/// Last day of the password's life; `None` when ageing is off (an empty or negative field) or it must be changed now.
fn last_day(row: &PasswordFacts) -> Option<i64> {
    let changed = row.last_change.filter(|&day| day > 0)?;
    let max = row.max.filter(|&days| days >= 0)?;
    Some(changed.saturating_add(max))
}

/// First day on which PAM denies the account whatever the credential: field 8 itself, or that on which the inactivity
/// period has passed, whichever comes first. Field 8 of 0 is expired, empty and -1 are never.
pub(super) fn expires(row: &PasswordFacts, pam: Pam) -> Option<Day> {
    let expiry = row.expire.filter(|&day| day != -1);
    let inactivity = row.inactive.filter(|&days| days >= 0);
    let inactive_from =
        pam.last_day(row).zip(inactivity).map(|(due, days)| pam.over(due.saturating_add(days)));
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
