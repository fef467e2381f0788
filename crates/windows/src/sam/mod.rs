//! The security account manager's hive: users, local groups, password policy and the machine's identifier. Of a user's
//! V value only name, full name, comment and home folder are read, never the entries of password hashes; of the
//! account domain's F value only the ages, never its keys.

use model::facts::Limits;

use crate::{
    Account, Groups, Policy, Sid,
    bytes::{array, i64_at, usize_at},
    hive::{Hive, HiveError, Key},
    time,
};

mod alias;
mod user;

use user::Source;

/// Where users, groups and policy are.
const ACCOUNT: &str = r"SAM\Domains\Account";
/// Where the built-in groups are.
const BUILTIN: &str = r"SAM\Domains\Builtin";

/// Where the content of the account domain's V value begins.
const MACHINE: usize = 0x30;

/// What the hive says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sam {
    /// The machine's identifier; `None` when it could not be read.
    pub machine: Option<Sid>,
    /// Password policy; `None` when it could not be read.
    pub policy: Option<Policy>,
    /// Accounts in the order of their numbers' keys.
    pub accounts: Vec<Account>,
    /// Members of local groups.
    pub groups: Groups,
    /// What could not be read or is odd about the accounts: some may be missing.
    pub account_notes: Vec<String>,
    /// The same about groups and policy.
    pub other_notes: Vec<String>,
}

/// Reads the hive.
///
/// # Errors
/// When the list of users is not to be found; everything else that is missing is noted.
pub fn read(hive: Hive<'_>) -> Result<Sam, HiveError> {
    let users = hive.key(&format!(r"{ACCOUNT}\Users"))?;
    let users = users.ok_or(HiveError::Cell { offset: 0, what: "no users: not the hive of accounts" })?;
    let mut sam = Sam::default();
    domain(hive, &mut sam);
    for (domain, builtin) in [(BUILTIN, true), (ACCOUNT, false)] {
        if let Err(error) = alias::read(hive, domain, builtin, &mut sam) {
            sam.other_notes.push(format!(r"{domain}\Aliases {error}"));
        }
    }
    if !sam.groups.is_complete() {
        sam.other_notes.push("members of Administrators or Guests are not known".to_owned());
    }
    accounts(&users, &mut sam);
    Ok(sam)
}

/// Policy and machine identifier.
fn domain(hive: Hive<'_>, sam: &mut Sam) {
    let value = |name| {
        let value = hive.key(ACCOUNT).ok()??.value(name).ok()??;
        value.data().ok()
    };
    sam.machine = value("V").and_then(|v| machine(&v));
    sam.policy = value("F").and_then(|f| policy(&f));
    for (missing, what) in [(sam.machine.is_none(), "machine identifier"), (sam.policy.is_none(), "policy")] {
        if missing {
            sam.other_notes.push(format!("{ACCOUNT} the {what} could not be read"));
        }
    }
}

/// The first entry of the table at the beginning of V: the identifier, whose place is counted from the table's end.
fn machine(v: &[u8]) -> Option<Sid> {
    let (place, length) = usize_at(v, 0x0C).zip(usize_at(v, 0x10))?;
    let bytes = v.get(MACHINE.checked_add(place)?..)?.get(..length)?;
    Sid::parse(bytes).map(|(sid, _)| sid).filter(|sid| sid.machine_id().is_some())
}

fn policy(f: &[u8]) -> Option<Policy> {
    let span = |at| i64_at(f, at).map(time::days_of_span);
    Some(Policy { max_days: span(24)?, min_days: span(32)? })
}

fn accounts(users: &Key<'_>, sam: &mut Sam) {
    let mut seen = std::collections::HashSet::new();
    for key in users.subkeys() {
        if sam.accounts.len() >= Limits::ACCOUNTS {
            sam.account_notes.push(format!("more than {} accounts", Limits::ACCOUNTS));
            break;
        }
        let account = key.map_err(|e| e.to_string()).and_then(|key| match number(&key) {
            Some(rid) => account(&key, rid).map(Some),
            // The list of names beside the numbers, and whatever else is no account.
            None => Ok(None),
        });
        match account {
            Ok(Some(account)) if seen.insert(account.rid) => {
                note_forgery(&account, &mut sam.account_notes);
                sam.accounts.push(account);
            }
            Ok(Some(account)) => sam.account_notes.push(format!("Users:{:08X} occurs twice", account.rid)),
            Ok(None) => {}
            Err(error) => sam.account_notes.push(format!("Users: {error}")),
        }
    }
}

/// A key of eight hexadecimal digits.
fn number(key: &Key<'_>) -> Option<u32> {
    let name = key.name();
    (name.len() == 8 && name.bytes().all(|b| b.is_ascii_hexdigit()))
        .then(|| u32::from_str_radix(name, 16).ok())
        .flatten()
}

fn account(key: &Key<'_>, rid: u32) -> Result<Account, String> {
    let value = |name| key.value(name).and_then(|value| value.map(|value| value.data()).transpose());
    let named = |what: &str| format!("{:08X} {what}", rid);
    let v = value("V").map_err(|e| named(&e.to_string()))?.ok_or_else(|| named("has no V value"))?;
    let texts = user::texts(&Whole(&v)).ok_or_else(|| named("has a V value that makes no sense"))?;
    if texts.name.shown.is_empty() || texts.name.shown.len() > Limits::NAME {
        return Err(named("has no name, or one that is too long"));
    }
    let state = value("F").ok().flatten().and_then(|f| user::state(&f));
    Ok(Account {
        rid,
        name: texts.name,
        full_name: texts.full_name,
        comment: texts.comment,
        home: texts.home,
        state,
    })
}

/// A number in F that is not the account's own gives it another one's rights: a known way to hide an administrator.
fn note_forgery(account: &Account, notes: &mut Vec<String>) {
    match &account.state {
        Some(state) if state.effective_rid != account.rid => notes.push(format!(
            "Users:{:08X} logs on as number {}: its record was forged",
            account.rid, state.effective_rid
        )),
        None => notes.push(format!("Users:{:08X} has no readable F value", account.rid)),
        Some(_) => {}
    }
}

/// Bytes that are there as a whole.
struct Whole<'a>(&'a [u8]);

impl Source for Whole<'_> {
    fn range(&self, at: usize, length: usize) -> Option<&[u8]> {
        self.0.get(at..at.checked_add(length)?)
    }
}

/// A number at a place of a value, without looking at anything else of it.
fn number_at(source: &impl Source, at: usize) -> Option<usize> {
    let four = array::<4>(source.range(at, 4)?, 0)?;
    usize::try_from(u32::from_le_bytes(four)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_where_the_table_says() {
        let mut v = vec![0; 0x38];
        (v[0x0C], v[0x10]) = (8, 24);
        v.extend([1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
        assert_eq!(machine(&v).unwrap().to_string(), "S-1-5-21-1-2-3");
        v[0x0C] = 9;
        assert_eq!(machine(&v), None);
        (v[0x0C], v[0x38 + 8]) = (8, 32);
        assert_eq!(machine(&v), None, "of another kind");
        assert_eq!(machine(&[1, 4, 0]), None);
    }
}
