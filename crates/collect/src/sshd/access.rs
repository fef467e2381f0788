//! The allow and deny lists: DenyUsers, AllowUsers, DenyGroups, AllowGroups, in this order.

use super::effective::{Effective, Listed};
use super::evaluate::Subject;
use super::parse::Place;
use super::pattern;

/// What the lists say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Let in; the place of the entry that names the account, if a list is set.
    Yes(Option<Place>),
    /// Kept out by this keyword and line.
    No(&'static str, Place),
    /// Depends on where the connection comes from, because of this keyword and line.
    Conditional(&'static str, Place),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    No,
    /// `user@host` where the user fits.
    Perhaps,
}

/// Holds an account against the lists.
pub fn access(effective: &Effective, subject: Subject<'_>) -> Access {
    let mut perhaps: Option<(&'static str, Place)> = None;
    for entry in &effective.deny_users {
        match user_fits(&entry.pattern, subject.name) {
            Fit::Yes => return Access::No("DenyUsers", entry.place.clone()),
            Fit::Perhaps => perhaps = perhaps.or_else(|| Some(("DenyUsers", entry.place.clone()))),
            Fit::No => {}
        }
    }
    let mut by = None;
    if let Some(first) = effective.allow_users.first() {
        let fits = |wanted| {
            let fits = |entry: &&Listed| user_fits(&entry.pattern, subject.name) == wanted;
            effective.allow_users.iter().find(fits).map(|entry| entry.place.clone())
        };
        match (fits(Fit::Yes), fits(Fit::Perhaps)) {
            (Some(place), _) => by = Some(place),
            (None, Some(place)) => perhaps = perhaps.or(Some(("AllowUsers", place))),
            (None, None) => return Access::No("AllowUsers", first.place.clone()),
        }
    }
    let group_fits =
        |entry: &&Listed| subject.groups.iter().any(|group| pattern::matches(group, &entry.pattern));
    if let Some(entry) = effective.deny_groups.iter().find(group_fits) {
        return Access::No("DenyGroups", entry.place.clone());
    }
    if let Some(first) = effective.allow_groups.first() {
        match effective.allow_groups.iter().find(group_fits) {
            Some(entry) => by = by.or_else(|| Some(entry.place.clone())),
            None => return Access::No("AllowGroups", first.place.clone()),
        }
    }
    match perhaps {
        Some((keyword, place)) => Access::Conditional(keyword, place),
        None => Access::Yes(by),
    }
}

/// `user` or `user@hosts`, split at the first `@`.
fn user_fits(entry: &str, name: &str) -> Fit {
    match entry.split_once('@') {
        None if pattern::matches(name, entry) => Fit::Yes,
        Some((user, hosts)) if pattern::matches(name, user) => {
            if pattern::matches_all(hosts) {
                Fit::Yes
            } else {
                Fit::Perhaps
            }
        }
        _ => Fit::No,
    }
}
