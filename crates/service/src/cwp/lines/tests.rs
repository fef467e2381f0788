//! Fast lines beside the cells they stand for.

use export::{LineWriter, RowWriter};
use jiff::tz::TimeZone;
use model::account::Password;
use model::{Account, Contact, Day, Host, UserType};
use proptest::prelude::*;

use super::*;
use crate::cwp::record::cells;

/// Texts as hosts may have them, and as attackers would.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z/_-]{0,12}", "[=+@\t\r\n\0＝－＠,\"'a -]{0,8}", any::<String>()]
}

fn host() -> impl Strategy<Value = HostState> {
    let texts = (text(), text(), text(), text(), text(), text(), text());
    let rest = (text(), 1..=3u8, 0..2_000_000_000_000i64);
    (texts, rest).prop_map(|((private_ip, wan_ip, name, os_info, uuid, quuid, instance_id), rest)| {
        let (network_name, network_type, updated) = rest;
        let windows = false;
        HostState {
            host: Host {
                quuid,
                uuid,
                name,
                private_ip,
                wan_ip,
                instance_id,
                network_type,
                network_name,
                windows,
                os_info,
            },
            contact: Contact::new(updated, updated),
            ..HostState::default()
        }
    })
}

fn password() -> impl Strategy<Value = Password> {
    let day = || prop::option::of(-10..30_000 as Day);
    prop_oneof![
        Just(Password::Unknown),
        Just(Password::Locked),
        (day(), day()).prop_map(|(expired_from, warn_from)| Password::Usable { expired_from, warn_from }),
    ]
}

fn account() -> impl Strategy<Value = Account> {
    let flag = || any::<Option<bool>>();
    let day = || prop::option::of(prop_oneof![9 => -800_000..3_000_000 as Day, 1 => any::<Day>()]);
    let login = [LoginType::None, LoginType::Key, LoginType::Password, LoginType::Both];
    let user = [UserType::Guest, UserType::Standard, UserType::Administrator];
    let uid = prop_oneof![any::<u32>().prop_map(Uid::Number), text().prop_map(Uid::Sid)];
    let texts = (text(), uid, any::<Option<u32>>(), text(), text());
    let flags = (flag(), flag(), flag(), any::<bool>(), flag(), any::<bool>());
    let codes = (
        prop::option::of(prop::sample::select(login.to_vec())),
        prop::option::of(prop::sample::select(user.to_vec())),
    );
    let codes = (codes, password(), prop::option::of(prop_oneof![-1..1100, any::<i32>()]));
    let today = 1_699_950_000_000..1_700_050_000_000i64;
    let seen = prop_oneof![Just(0), any::<i64>(), 0..2_000_000_000_000i64, today];
    let days = (day(), day(), day(), any::<Option<i64>>(), seen, prop::option::of(0..2_000_000_000i64));
    (texts, flags, codes, days).prop_map(|(texts, flags, codes, days)| Account {
        name: texts.0,
        uid: texts.1,
        gid: texts.2,
        home: texts.3,
        shell: texts.4,
        is_root: flags.0,
        is_sudo: flags.1,
        login_type: codes.0.0,
        ssh_login: flags.2,
        shell_login: flags.3,
        user_type: codes.0.1,
        is_domain: flags.4,
        disabled: flags.5,
        expires: days.0,
        password: codes.1,
        password_changed: days.1,
        password_due: days.2,
        password_lock_days: codes.2,
        last_login: days.5.or(days.3),
        first_seen: days.4,
    })
}

fn check(
    mut fast: LineWriter<Vec<u8>>,
    mut plain: LineWriter<Vec<u8>>,
    printer: &Printer<'_>,
    keep: usize,
    rows: &[(&HostState, &Account)],
) -> Result<(), TestCaseError> {
    fast.header(&COLUMNS).unwrap();
    plain.header(&COLUMNS).unwrap();
    let syntax = fast.syntax().clone();
    let mut lines = Lines::new(printer, &syntax, keep);
    for (host, account) in rows {
        fast.line(|out| lines.push(out, host, account.view())).unwrap();
        plain.row(&cells(&printer.record(host, &account.view()), &host.host)).unwrap();
    }
    fast.finish().unwrap();
    plain.finish().unwrap();
    let (fast, plain) = (fast.into_inner(), plain.into_inner());
    prop_assert_eq!(String::from_utf8_lossy(&fast), String::from_utf8_lossy(&plain));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever a host reports, the line is what the cells would have been.
    #[test]
    fn lines_are_the_cells(
        hosts in prop::collection::vec(host(), 1..4),
        accounts in prop::collection::vec((account(), any::<prop::sample::Index>()), 0..12),
        keep in prop::sample::select(vec![0, 300, 1 << 20]),
        zone in prop::sample::select(vec!["UTC", "Asia/Shanghai", "America/New_York"]),
    ) {
        let zone = TimeZone::get(zone).unwrap();
        let printer = Printer::new(1_700_000_000_000, 19_675, &zone);
        let rows: Vec<_> = accounts.iter().map(|(account, host)| (host.get(&hosts), account)).collect();
        check(LineWriter::csv(Vec::new()), LineWriter::csv(Vec::new()), &printer, keep, &rows)?;
        check(LineWriter::jsonl(Vec::new()), LineWriter::jsonl(Vec::new()), &printer, keep, &rows)?;
    }
}
