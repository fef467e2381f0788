//! The compact form of what the rules made of a host: its state and its accounts, with texts that can be borrowed
//! from the bytes. Positional, so it is good for one version of the rules only; facts outlive it.
//!
//! First byte: [`rules::VERSION`]. Then host, privilege, problems, digest, resources and accounts, as postcard writes them.

use model::facts::{Evidence, Privilege};
use model::{Account, Contact, Host, HostEntry, HostState, Millis, Resources, rules};
use serde::Deserialize;

use crate::StoreError;

/// A host read from its compact form.
#[derive(Debug)]
pub(crate) struct Rows<T> {
    host: Host,
    privilege: Privilege,
    problems: Vec<(String, Evidence)>,
    digest: [u8; 16],
    resources: Resources,
    accounts: Vec<Account<T>>,
}

type Written<'a> =
    (u8, &'a Host, Privilege, &'a [(String, Evidence)], &'a [u8; 16], Resources, &'a [Account]);
type Read<T> = (Host, Privilege, Vec<(String, Evidence)>, [u8; 16], Resources, Vec<Account<T>>);

/// The compact form of a host.
pub(crate) fn encode(entry: &HostEntry) -> Result<Vec<u8>, StoreError> {
    let HostState { host, privilege, problems, digest, resources, .. } = &*entry.state;
    let all: Written<'_> = (rules::VERSION, host, *privilege, problems, digest, *resources, &entry.accounts);
    postcard::to_stdvec(&all).map_err(|e| StoreError::Engine(Box::new(e)))
}

/// The host, or what is wrong with the bytes. `T` is how texts of accounts are held: `&str` borrows them.
pub(crate) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<Rows<T>, String> {
    let rest = match bytes.split_first() {
        Some((&rules::VERSION, rest)) => rest,
        Some((version, _)) => return Err(format!("made by version {version} of the rules")),
        None => return Err("empty".to_owned()),
    };
    let (all, rest): (Read<T>, _) = postcard::take_from_bytes(rest).map_err(|e| e.to_string())?;
    if !rest.is_empty() {
        return Err(format!("{} bytes too many", rest.len()));
    }
    let (host, privilege, problems, digest, resources, accounts) = all;
    Ok(Rows { host, privilege, problems, digest, resources, accounts })
}

impl<T> Rows<T> {
    /// State and accounts apart, with what is kept elsewhere.
    pub(crate) fn into_parts(self, first_report: Millis, contact: Contact) -> (HostState, Vec<Account<T>>) {
        let Self { host, privilege, problems, digest, resources, accounts } = self;
        (HostState { host, first_report, contact, privilege, problems, resources, digest }, accounts)
    }
}

#[cfg(test)]
mod tests {
    use model::Usage;
    use model::account::{LoginType, Password, Uid, UserType};
    use proptest::option::of;
    use proptest::prelude::*;

    use super::*;

    fn password() -> impl Strategy<Value = Password> {
        prop_oneof![
            Just(Password::Unknown),
            Just(Password::Locked),
            any::<(Option<i32>, Option<i32>)>()
                .prop_map(|(expired_from, warn_from)| Password::Usable { expired_from, warn_from }),
        ]
    }

    fn account() -> impl Strategy<Value = Account> {
        let uid = prop_oneof![any::<u32>().prop_map(Uid::Number), ".{0,9}".prop_map(Uid::Sid)];
        let login = of(prop_oneof![Just(LoginType::None), Just(LoginType::Key), Just(LoginType::Both)]);
        let kind = of(prop_oneof![Just(UserType::Guest), Just(UserType::Administrator)]);
        let texts = (".{0,9}", ".{0,9}", ".{0,9}");
        let flags = any::<(Option<bool>, Option<bool>, Option<bool>, bool, Option<bool>, bool)>();
        let numbers =
            any::<(Option<u32>, Option<i32>, Option<i32>, Option<i32>, Option<i32>, Option<i64>, i64)>();
        (uid, login, kind, texts, flags, numbers, password()).prop_map(
            |(uid, login_type, user_type, (name, home, shell), flags, numbers, password)| {
                let (is_root, is_sudo, ssh_login, shell_login, is_domain, disabled) = flags;
                let (gid, expires, changed, due, lock, last_login, first_seen) = numbers;
                Account {
                    name,
                    uid,
                    gid,
                    home,
                    shell,
                    is_root,
                    is_sudo,
                    login_type,
                    ssh_login,
                    shell_login,
                    user_type,
                    is_domain,
                    disabled,
                    expires,
                    password,
                    password_changed: changed,
                    password_due: due,
                    password_lock_days: lock,
                    last_login,
                    first_seen,
                }
            },
        )
    }

    fn entry() -> impl Strategy<Value = HostEntry> {
        let evidence = prop_oneof![
            Just(Evidence::Ok),
            Just(Evidence::Absent),
            Just(Evidence::Torn),
            Just(Evidence::NotCollected)
        ];
        let privilege = prop_oneof![Just(Privilege::Root), Just(Privilege::Partial), Just(Privilege::None)];
        let problems = prop::collection::vec((".{0,9}", evidence), 0..4);
        let accounts = prop::collection::vec(account(), 0..6);
        (".{0,9}", ".{0,9}", any::<(u8, bool, [u8; 16], i64)>(), privilege, problems, accounts).prop_map(
            |(quuid, name, (network_type, windows, digest, first_report), privilege, problems, accounts)| {
                let host = Host { quuid, name, network_type, windows, ..Host::default() };
                let contact = Contact::new(5, 4);
                let usage = Usage { at: first_report, load: Some(digest[0].into()), ..Usage::default() };
                let resources = Resources { cpus: Some(digest[1].into()), usage, ..Resources::default() };
                HostEntry {
                    state: HostState { host, first_report, contact, privilege, problems, resources, digest }
                        .into(),
                    accounts,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn reads_what_it_wrote(entry in entry()) {
            let bytes = encode(&entry).unwrap();
            let (state, accounts) =
                decode(&bytes).unwrap().into_parts(entry.state.first_report, Contact::new(5, 4));
            prop_assert_eq!(&state, &*entry.state);
            prop_assert_eq!(accounts, entry.accounts.iter().map(Account::view).collect::<Vec<_>>());
        }

        #[test]
        fn damage_is_an_error_or_another_host(entry in entry(), cut: prop::sample::Index, flip: u8) {
            let mut bytes = encode(&entry).unwrap();
            let at = cut.index(bytes.len());
            prop_assert!(decode::<&str>(&bytes[..at]).is_err(), "a part is no host");
            bytes[at] ^= flip;
            let _any = decode::<&str>(&bytes);
        }

        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _any = decode::<&str>(&[&[rules::VERSION], bytes.as_slice()].concat());
        }
    }

    #[test]
    fn another_version_is_not_read() {
        let mut bytes = encode(&HostEntry::default()).unwrap();
        let other = rules::VERSION.wrapping_add(1);
        bytes[0] = other;
        assert!(decode::<String>(&bytes).unwrap_err().contains(&format!("version {other}")));
    }
}
