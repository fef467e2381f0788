//! A running Windows: what its network management functions answer, turned into the same report as hives give. The
//! calls themselves are behind [`Api`]; everything that has a meaning is here and is tested with recorded answers.

use model::{
    Millis,
    facts::{Address, Evidence, HostReport, Limits, Section, section},
};

use crate::{
    Account, Flags, Groups, Policy, Sid, State,
    groups::{ADMINISTRATORS, GUESTS},
    report::{Found, report, section_of},
    software::Product,
    time::DAY,
};

#[cfg(windows)]
mod folder;
#[cfg(windows)]
mod host;
#[cfg(windows)]
mod net;

#[cfg(windows)]
pub use folder::make_private;

/// "For ever" in times and spans of these functions.
pub const FOREVER: u32 = u32::MAX;
/// Most accounts of one group that are kept.
const MAX_GROUPS: usize = 4_096;

/// A call that failed, with the number Windows gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{call} failed with error {code}")]
pub struct NetError {
    /// Name of the function.
    pub call: &'static str,
    /// Its answer.
    pub code: u32,
}

impl NetError {
    /// Access is denied.
    pub const ACCESS_DENIED: u32 = 5;
    /// The level of information is not known.
    pub const INVALID_LEVEL: u32 = 124;

    fn evidence(self) -> Evidence {
        if self.code == Self::ACCESS_DENIED { Evidence::Denied } else { Evidence::NotCollected }
    }
}

/// What is taken of USER_INFO_3, its numbers as they come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserInfo {
    /// Name, as little-endian UTF-16.
    pub name: Vec<u8>,
    /// Full name.
    pub full_name: String,
    /// Comment.
    pub comment: String,
    /// Home folder.
    pub home: String,
    /// `UF_*` bits.
    pub flags: u32,
    /// Seconds since the password was set.
    pub password_age: u32,
    /// Not 0 when the password has expired or must be changed.
    pub password_expired: u32,
    /// Seconds since 1970 of the last login, 0 for never.
    pub last_logon: u32,
    /// Seconds since 1970 after which the account has expired, [`FOREVER`] for never.
    pub expires: u32,
    /// Number in the machine's domain.
    pub rid: u32,
    /// Number of the primary group.
    pub primary_group: u32,
}

/// How much a system tells of its accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Users {
    /// Everything.
    Full(Vec<UserInfo>),
    /// Only names, as little-endian UTF-16: systems that imitate Windows answer no more.
    Names(Vec<Vec<u8>>),
}

/// What is asked of a running Windows.
pub trait Api {
    /// Local accounts (NetUserEnum).
    ///
    /// # Errors
    /// When the system refuses.
    fn users(&self) -> Result<Users, NetError>;
    /// The machine's identifier in its binary form (NetUserModalsGet 2).
    ///
    /// # Errors
    /// When the system refuses.
    fn machine(&self) -> Result<Vec<u8>, NetError>;
    /// Names of the local groups, as little-endian UTF-16 (NetLocalGroupEnum).
    ///
    /// # Errors
    /// When the system refuses.
    fn groups(&self) -> Result<Vec<Vec<u8>>, NetError>;
    /// Security identifiers of the members of a local group (NetLocalGroupGetMembers 0).
    ///
    /// # Errors
    /// When the system refuses.
    fn members(&self, group: &[u8]) -> Result<Vec<Vec<u8>>, NetError>;
    /// Name of a group of the built-in domain in the language of the system (LookupAccountSid).
    ///
    /// # Errors
    /// When the system refuses.
    fn builtin_name(&self, rid: u32) -> Result<Vec<u8>, NetError>;
    /// Longest and shortest life of passwords in seconds (NetUserModalsGet 0).
    ///
    /// # Errors
    /// When the system refuses.
    fn password_ages(&self) -> Result<(u32, u32), NetError>;
    /// Name of the host, name and version of the system, addresses.
    fn host(&self) -> (String, Product, Vec<Address>);
    /// The number a system gives itself when it is set up (MachineGuid).
    fn machine_guid(&self) -> Option<String>;
    /// Folders of profiles by security identifier.
    fn profile(&self, sid: &str) -> Option<String>;
}

/// What to report.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Host name to report instead of the one found.
    pub hostname: Option<String>,
    /// Host id to report instead of one made from the machine's identifier.
    pub quuid: Option<String>,
    /// Instant to report as the time of collection, in milliseconds.
    pub now: Millis,
}

/// Looks at the running system.
///
/// # Errors
/// When it does not list its accounts.
#[cfg(windows)]
pub fn scan(options: &Options) -> Result<HostReport, NetError> {
    collect(&host::Running, options)
}

/// Looks at a system through its functions.
///
/// # Errors
/// When it does not list its accounts: a report without them would say that they are gone.
pub fn collect(api: &impl Api, options: &Options) -> Result<HostReport, NetError> {
    let users = api.users()?;
    let now = options.now.div_euclid(1000);
    let (mut accounts, mut listed) = match users {
        Users::Full(users) => (
            users.iter().map(|user| account(user, now)).collect::<Vec<_>>(),
            section_of(Evidence::Ok, Vec::new()),
        ),
        Users::Names(names) => (
            names.iter().map(|name| named(name)).collect(),
            section_of(Evidence::NotCollected, vec!["NetUserEnum: only names are told".to_owned()]),
        ),
    };
    let mut dropped = Vec::new();
    accounts.retain(|account| {
        let fits = (1..=Limits::NAME).contains(&account.name.shown.len());
        if !fits {
            dropped
                .push(format!("NetUserEnum: an account without name or with one too long: {}", account.rid));
        }
        fits
    });
    listed.notes.extend(dropped);
    let (groups, groups_seen) = groups(api);
    let (policy, policy_seen) = policy(api);
    let (machine, guid) = machine(api, &mut listed);
    if let Some(machine) = &machine {
        for account in &mut accounts {
            let folder = account.sid(Some(machine)).and_then(|sid| api.profile(&sid.to_string()));
            account.home = folder.unwrap_or_else(|| std::mem::take(&mut account.home));
        }
    }
    let (hostname, product, addresses) = api.host();
    let found = Found {
        hostname: options.hostname.clone().unwrap_or(hostname),
        quuid: options.quuid.clone(),
        product,
        addresses,
        machine,
        policy,
        accounts,
        groups,
        now: Some(options.now),
    };
    let sections =
        vec![(section::NET_USERS, listed), (section::GROUP, groups_seen), (section::NET_POLICY, policy_seen)];
    let mut report = report(found, sections, section::NET_USERS);
    if let Some(guid) = guid {
        report.host.machine_id = guid;
    }
    Ok(report)
}

/// The 32 hexadecimal digits of a GUID.
fn digits(guid: &str) -> Option<String> {
    let digits: String = guid.chars().filter(|c| !"{}-".contains(*c)).collect();
    let fit = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    fit.then(|| digits.to_ascii_lowercase())
}

fn named(name: &[u8]) -> Account {
    Account { name: crate::Name::from_utf16(name), ..Account::default() }
}

fn account(user: &UserInfo, now: i64) -> Account {
    let seconds = |at: u32| (at != 0 && at != FOREVER).then_some(i64::from(at));
    let set = now.saturating_sub(user.password_age.into());
    // A password that was never set has an age since 1970 or none at all, and counts as expired.
    let never_set = set < DAY || (user.password_age == 0 && user.password_expired != 0);
    Account {
        rid: user.rid,
        name: crate::Name::from_utf16(&user.name),
        full_name: user.full_name.clone(),
        comment: user.comment.clone(),
        home: user.home.clone(),
        state: Some(State {
            flags: Flags::from_uf(user.flags),
            effective_rid: user.rid,
            primary_group: Some(user.primary_group),
            last_login: seconds(user.last_logon),
            password_set: (!never_set).then_some(set),
            expires: seconds(user.expires),
        }),
    }
}

/// Members of all local groups. Which of them are Administrators and Guests is asked by number, since their names
/// differ with the language of the system.
fn groups(api: &impl Api) -> (Groups, Section) {
    let mut groups = Groups::default();
    let mut notes = Vec::new();
    let mut evidence = Evidence::Ok;
    let mut failed = |error: NetError, group: &[u8]| {
        if evidence != Evidence::Denied {
            evidence = error.evidence();
        }
        notes.push(format!("{} {error}", crate::text::utf16(group)));
    };
    let mut builtin = Vec::new();
    for rid in [ADMINISTRATORS, GUESTS] {
        match api.builtin_name(rid) {
            Ok(name) => builtin.push((name, Some(rid))),
            Err(error) => failed(error, &[]),
        }
    }
    let others = api.groups().unwrap_or_else(|error| {
        failed(error, &[]);
        Vec::new()
    });
    let others = others.into_iter().filter(|name| builtin.iter().all(|(known, _)| known != name));
    let others: Vec<_> = others.map(|name| (name, None)).take(MAX_GROUPS).collect();
    for (name, rid) in builtin.into_iter().chain(others) {
        match api.members(&name) {
            Ok(members) => {
                let members = members.iter().filter_map(|sid| Sid::parse(sid).map(|(sid, _)| sid)).collect();
                groups.add(&crate::text::utf16(&name), rid, members);
            }
            Err(error) => failed(error, &name),
        }
    }
    (groups, section_of(evidence, notes))
}

fn policy(api: &impl Api) -> (Option<Policy>, Section) {
    let days = |seconds: u32| (seconds != FOREVER && seconds > 0).then_some(i64::from(seconds) / DAY);
    match api.password_ages() {
        Ok((max, min)) => {
            (Some(Policy { max_days: days(max), min_days: days(min) }), section_of(Evidence::Ok, Vec::new()))
        }
        Err(error) => (None, section_of(error.evidence(), vec![error.to_string()])),
    }
}

/// The identifier of the machine, without which no account has one. Systems that imitate Windows have none but zeros,
/// and are told from others by their GUID. Where the answer is refused that is not asked for, or the host would be
/// another one as soon as there is an answer.
fn machine(api: &impl Api, listed: &mut Section) -> (Option<Sid>, Option<String>) {
    let mut guid = None;
    let (error, note) = match api.machine() {
        Ok(sid) => match Sid::parse(&sid) {
            Some((machine, _)) if machine.machine_id().is_some() => return (Some(machine), None),
            _ => {
                guid = api.machine_guid().and_then(|guid| digits(&guid));
                (Evidence::Malformed, "NetUserModalsGet: not the identifier of a machine".to_owned())
            }
        },
        Err(error) => (error.evidence(), error.to_string()),
    };
    if listed.evidence == Evidence::Ok {
        listed.evidence = error;
    }
    listed.notes.push(note);
    (None, guid)
}

#[cfg(test)]
mod tests;
