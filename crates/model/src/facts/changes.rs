//! What differs between two reports of one host, so that a whole report need not travel for one changed account.
//! Pure: how changes are packed and sent is not here, nor whether the outcome is a good report ([`accept`](super::accept)).
//!
//! Only members that differ are named, of the report, its host, each account, and each section. Accounts are told as
//! steps that go through the places of the accounts before, so that order and even names that occur twice come out
//! exactly; each place can be used once, so that little text never makes a large report.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{AccountFacts, HostReport, Limits};

/// Bytes of the text of changes at most. Where there are more, a whole report is as good.
pub const CHANGES_MAX: usize = 4 << 20;

/// Members of a structure by name; null for one that is left out.
type Members = Map<String, Value>;

/// What turns one report of a host into another. In JSON, members that are left out change nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// Of the report itself.
    #[serde(skip_serializing_if = "Map::is_empty")]
    report: Members,
    /// Of the host.
    #[serde(skip_serializing_if = "Map::is_empty")]
    host: Members,
    /// Whole sections; null for one that is gone.
    #[serde(skip_serializing_if = "Map::is_empty")]
    sections: Members,
    /// How the list of accounts is made; left out when it is as before.
    #[serde(skip_serializing_if = "Option::is_none")]
    accounts: Option<Vec<Step>>,
}

/// The next accounts of the new list. Places count from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// Some that stood next to each other before.
    Keep {
        /// Place of the first.
        from: usize,
        /// How many.
        count: usize,
        /// How far their lines in the account file have moved: one row more or less moves all that follow.
        #[serde(default, skip_serializing_if = "super::is_default")]
        lines: i64,
    },
    /// One that has changed.
    Change {
        /// Its place before.
        from: usize,
        /// What is different.
        set: Members,
    },
    /// One that was not there.
    New(Members),
}

/// Why changes lead to no report.
#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    /// They speak of accounts that are not there, or of too many.
    #[error("they do not fit the report they are to change")]
    Unfit,
    /// What they say is not what a report can hold.
    #[error("they make no report: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl Changes {
    /// What makes `after` of `before`. The [`Moment`](super::Moment) of `before` does not matter: whoever has a report
    /// of that digest need not have that of the same moment.
    ///
    /// # Errors
    /// None for reports that came from JSON or from a collector.
    pub fn between(before: &HostReport, after: &HostReport) -> serde_json::Result<Changes> {
        let (mut old, new) = (Head::of(before)?, Head::of(after)?);
        old.forget_moment();
        Ok(Changes {
            report: difference(&old.report, new.report),
            host: difference(&old.host, new.host),
            sections: difference(&old.sections, new.sections),
            accounts: steps(&before.accounts, &after.accounts)?,
        })
    }

    /// The report these changes make of `before`.
    ///
    /// # Errors
    /// [`ChangesError`].
    pub fn apply(self, before: HostReport) -> Result<HostReport, ChangesError> {
        let mut head = Head::of(&before)?;
        head.forget_moment();
        overlay(&mut head.report, self.report);
        overlay(&mut head.host, self.host);
        overlay(&mut head.sections, self.sections);
        let accounts = match self.accounts {
            None => before.accounts,
            Some(steps) => walk(before.accounts, steps)?,
        };
        Ok(HostReport { accounts, ..head.into_report()? })
    }
}

/// A report without its accounts, as members.
struct Head {
    report: Members,
    host: Members,
    sections: Members,
}

impl Head {
    const HOST: &str = "host";
    const SECTIONS: &str = "sections";
    const ACCOUNTS: &str = "accounts";

    fn of(report: &HostReport) -> serde_json::Result<Head> {
        let HostReport { format, collected_at, collector, host, sections, accounts: _, repaired } = report;
        let mut report = members(&HostReport {
            format: *format,
            collected_at: *collected_at,
            collector: collector.clone(),
            repaired: *repaired,
            ..HostReport::default()
        })?;
        for part in [Self::HOST, Self::SECTIONS, Self::ACCOUNTS] {
            report.remove(part);
        }
        Ok(Head { report, host: members(host)?, sections: members(sections)? })
    }

    /// See [`Moment`](super::Moment).
    fn forget_moment(&mut self) {
        self.report.remove("collected_at");
        self.host.remove("usage");
    }

    fn into_report(self) -> serde_json::Result<HostReport> {
        let Head { mut report, host, sections } = self;
        report.insert(Self::HOST.to_owned(), Value::Object(host));
        report.insert(Self::SECTIONS.to_owned(), Value::Object(sections));
        report.remove(Self::ACCOUNTS);
        serde_json::from_value(Value::Object(report))
    }
}

fn members(of: &impl Serialize) -> serde_json::Result<Members> {
    match serde_json::to_value(of)? {
        Value::Object(members) => Ok(members),
        _ => Ok(Members::new()),
    }
}

/// The members of `after` that `before` does not have alike.
fn difference(before: &Members, mut after: Members) -> Members {
    let gone = before.iter().filter(|(name, value)| !value.is_null() && !after.contains_key(*name));
    let gone: Vec<_> = gone.map(|(name, _)| (name.clone(), Value::Null)).collect();
    after.retain(|name, value| before.get(name).unwrap_or(&Value::Null) != value);
    after.extend(gone);
    after
}

fn overlay(members: &mut Members, set: Members) {
    for (name, value) in set {
        if value.is_null() {
            members.remove(&name);
        } else {
            members.insert(name, value);
        }
    }
}

/// How the list `after` is made of the list `before`; `None` when they are alike.
fn steps(before: &[AccountFacts], after: &[AccountFacts]) -> serde_json::Result<Option<Vec<Step>>> {
    if before == after {
        return Ok(None);
    }
    let mut places = Places::of(before);
    let nobody = members(&AccountFacts::default())?;
    let mut steps = Vec::new();
    for account in after {
        let known = places.take(&account.name).and_then(|place| Some((place, before.get(place)?)));
        let Some((from, old)) = known else {
            steps.push(Step::New(difference(&nobody, members(account)?)));
            continue;
        };
        match moved(old, account) {
            Some(lines) => keep(&mut steps, from, lines),
            None => steps.push(Step::Change { from, set: difference(&members(old)?, members(account)?) }),
        }
    }
    Ok(Some(steps))
}

/// The places of accounts by name, in their order where a name occurs more than once.
struct Places<'a> {
    first: HashMap<&'a str, Option<usize>>,
    /// The next place with the name of the account at each place.
    next: Vec<Option<usize>>,
}

impl<'a> Places<'a> {
    fn of(accounts: &'a [AccountFacts]) -> Self {
        let mut first = HashMap::with_capacity(accounts.len());
        let backwards = accounts.iter().enumerate().rev();
        let mut next: Vec<_> = backwards
            .map(|(place, account)| first.insert(account.name.as_str(), Some(place)).flatten())
            .collect();
        next.reverse();
        Places { first, next }
    }

    fn take(&mut self, name: &str) -> Option<usize> {
        let first = self.first.get_mut(name)?;
        let place = (*first)?;
        *first = self.next.get(place).copied().flatten();
        Some(place)
    }
}

/// How far the line of an account has moved when nothing else of it is different.
fn moved(old: &AccountFacts, new: &AccountFacts) -> Option<i64> {
    match (old.line, new.line) {
        (Some(was), Some(is)) if was != is => {
            let there = AccountFacts { line: new.line, ..old.clone() };
            (there == *new).then(|| i64::from(is) - i64::from(was))
        }
        _ => (old == new).then_some(0),
    }
}

/// One more account that is kept.
fn keep(steps: &mut Vec<Step>, place: usize, moved: i64) {
    match steps.last_mut() {
        Some(Step::Keep { from, count, lines }) if *lines == moved && *from + *count == place => *count += 1,
        _ => steps.push(Step::Keep { from: place, count: 1, lines: moved }),
    }
}

/// The list that the steps make.
fn walk(before: Vec<AccountFacts>, steps: Vec<Step>) -> Result<Vec<AccountFacts>, ChangesError> {
    let mut before: Vec<Option<AccountFacts>> = before.into_iter().map(Some).collect();
    let mut after = Vec::with_capacity(before.len());
    for step in steps {
        match step {
            Step::Keep { from, count, lines } => {
                let end = from.checked_add(count).ok_or(ChangesError::Unfit)?;
                for place in before.get_mut(from..end).ok_or(ChangesError::Unfit)? {
                    let mut account = place.take().ok_or(ChangesError::Unfit)?;
                    move_line(&mut account, lines)?;
                    after.push(account);
                }
            }
            Step::Change { from, set } => {
                let account = before.get_mut(from).and_then(Option::take).ok_or(ChangesError::Unfit)?;
                after.push(changed(&account, set)?);
            }
            Step::New(set) => after.push(changed(&AccountFacts::default(), set)?),
        }
        if after.len() > Limits::ACCOUNTS {
            return Err(ChangesError::Unfit);
        }
    }
    Ok(after)
}

fn move_line(account: &mut AccountFacts, lines: i64) -> Result<(), ChangesError> {
    if lines != 0 {
        let was = account.line.ok_or(ChangesError::Unfit)?;
        let is = i64::from(was).checked_add(lines).and_then(|line| u32::try_from(line).ok());
        account.line = Some(is.ok_or(ChangesError::Unfit)?);
    }
    Ok(())
}

fn changed(account: &AccountFacts, set: Members) -> serde_json::Result<AccountFacts> {
    let mut members = members(account)?;
    overlay(&mut members, set);
    serde_json::from_value(Value::Object(members))
}

#[cfg(test)]
mod tests;
