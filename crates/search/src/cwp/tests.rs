//! Names, limits, values and dates of the filters. That states agree with the model is tested in the model.

use proptest::prelude::*;

use super::*;
use crate::Row;

struct Account {
    name: &'static str,
    windows: bool,
    uid: Option<i64>,
    login: Option<i64>,
}

impl Row for Account {
    fn text(&self, field: Field) -> Option<&str> {
        match field {
            accounts::NAME => Some(self.name),
            accounts::MACHINE_IP => Some("10.0.0.7"),
            accounts::WAN_IP => Some("1.2.3.4"),
            accounts::MACHINE_NAME => Some("VM-Web-1"),
            accounts::INSTANCE_ID => Some("ins-1"),
            accounts::OS_INFO => Some("Debian 12"),
            _ => None,
        }
    }

    fn int(&self, field: Field) -> Option<i64> {
        match field {
            accounts::WINDOWS => Some(self.windows.into()),
            accounts::UID => self.uid,
            accounts::LAST_LOGIN => self.login,
            accounts::IS_DOMAIN if self.windows => Some(2),
            accounts::IS_ROOT => Some(0),
            _ => None,
        }
    }
}

const LINUX: Account = Account { name: "Root", windows: false, uid: Some(0), login: Some(1_610_328_600) };
const WINDOWS_ONE: Account = Account { name: "Guest", windows: true, uid: None, login: None };

fn read(name: &str, values: &[&str], exact: bool) -> Result<Filter, RefusalKind> {
    let given = Given { name, values: values.iter().map(|v| Some(*v)).collect(), exact };
    filters(&[given], Context { today: 18_638, zone: &TimeZone::UTC }).map_err(|refusal| {
        assert_eq!(refusal.name, name);
        refusal.kind
    })
}

fn finds(name: &str, value: &str) -> bool {
    read(name, &[value], false).expect(name).matches(&LINUX)
}

#[test]
fn text_filters() {
    for (name, value) in [
        ("IP", "0.0"),
        ("MachineIp", "3.4"),
        ("MachineName", "web"),
        ("IpOrAlias", "vm-"),
        ("IpOrAlias", "10.0"),
        ("InstanceID", "ins-1"),
        ("Os", "Debian 12"),
        ("Name", "oo"),
        ("NameStrict", "Root"),
        ("OsType", "LINUX"),
        ("Uid", "0"),
        ("Uid", "000"),
    ] {
        assert!(finds(name, value), "{name} {value}");
    }
    for (name, value) in
        [("InstanceID", "ins"), ("Name", "root"), ("NameStrict", "oo"), ("OsType", "windows"), ("Gid", "0")]
    {
        assert!(!finds(name, value), "{name} {value}");
    }
}

#[test]
fn exact_match_compares_whole_texts() {
    for (name, part, whole) in
        [("IP", "0.0", "10.0.0.7"), ("Name", "oo", "Root"), ("MachineName", "vm-web-1", "VM-Web-1")]
    {
        assert!(!read(name, &[part], true).expect(name).matches(&LINUX), "{name}");
        assert!(read(name, &[whole], true).expect(name).matches(&LINUX), "{name}");
    }
}

#[test]
fn values_are_alternatives_and_filters_add_up() {
    assert!(read("Name", &["x", "oo"], false).expect("two").matches(&LINUX));
    let name = |value| Given { name: "Name", values: vec![Some(value)], exact: false };
    let context = Context { today: 0, zone: &TimeZone::UTC };
    assert!(filters(&[name("R"), name("t")], context).expect("two").matches(&LINUX));
    assert!(!filters(&[name("R"), name("x")], context).expect("two").matches(&LINUX));
    assert_eq!(filters(&[], context), Ok(Filter::All));
    assert!(filters(&vec![name("R"); 5], context).is_ok());
    let refusal = filters(&vec![name("R"); 6], context).expect_err("six");
    assert_eq!(refusal.kind, RefusalKind::TooManyFilters);
}

#[test]
fn mistakes() {
    use RefusalKind::{DateRange, EmptyValues, NotANumber, OutOfRange, TooManyValues, UnknownName};
    let table: [(&str, &[&str], RefusalKind); 22] = [
        ("name", &["x"], UnknownName),
        ("", &["x"], UnknownName),
        ("Quuid", &["x"], UnknownName),
        ("Name", &[], EmptyValues),
        ("Name", &["1", "2", "3", "4", "5", "6"], TooManyValues),
        ("Uid", &["root"], NotANumber),
        ("Uid", &["-1"], NotANumber),
        ("Uid", &[""], NotANumber),
        ("Status", &["1", "on"], NotANumber),
        ("Status", &["2"], OutOfRange),
        ("Status", &["999"], OutOfRange),
        ("ShellLoginStatus", &["999"], OutOfRange),
        ("LoginType", &["4"], OutOfRange),
        ("IsDomain", &["2"], OutOfRange),
        ("PasswordStatus", &["0"], OutOfRange),
        ("UserType", &["99999999999999999999999"], OutOfRange),
        ("OsType", &["beos"], OutOfRange),
        ("LoginTimeStart", &["yesterday"], DateRange),
        ("LoginTimeStart", &["2021-02-30"], DateRange),
        ("LoginTimeEnd", &["2021-1-1"], DateRange),
        ("LoginTimeEnd", &["2021-01-01T00:00:00"], DateRange),
        ("LoginTimeEnd", &["2021-01-01", "2021-01-02"], DateRange),
    ];
    for (name, values, kind) in table {
        assert_eq!(read(name, values, false), Err(kind), "{name} {values:?}");
    }
    let nulls = Given { name: "Name", values: vec![None, None], exact: false };
    let context = Context { today: 0, zone: &TimeZone::UTC };
    assert_eq!(filters(&[nulls], context).expect_err("nulls").kind, EmptyValues);
    let some = Given { name: "Name", values: vec![None, Some("oo")], exact: false };
    assert!(filters(&[some], context).expect("one value").matches(&LINUX));
}

#[test]
fn filters_for_one_system_never_match_the_other() {
    for (name, value) in [("IsRoot", "0"), ("LoginType", "999"), ("PasswordStatus", "999"), ("IsSudo", "999")]
    {
        assert!(!read(name, &[value], false).expect(name).matches(&WINDOWS_ONE), "{name}");
    }
    assert!(!finds("IsDomain", "0") && !finds("UserType", "999"));
    assert!(read("IsDomain", &["0"], false).expect("known").matches(&WINDOWS_ONE), "2 is no as well");
    assert!(read("IsRoot", &["0"], false).expect("known").matches(&LINUX));
}

/// The login of `LINUX` is at 2021-01-11 01:30:00 UTC.
fn between(start: Option<&str>, end: Option<&str>, zone: &str) -> Result<bool, RefusalKind> {
    let zone = TimeZone::posix(zone).expect("zone");
    let given: Vec<Given<'_>> = [("LoginTimeStart", start), ("LoginTimeEnd", end)]
        .into_iter()
        .filter_map(|(name, value)| Some(Given { name, values: vec![Some(value?)], exact: false }))
        .collect();
    let filter = filters(&given, Context { today: 0, zone: &zone }).map_err(|r| r.kind)?;
    assert!(!filter.matches(&WINDOWS_ONE), "never logged in");
    Ok(filter.matches(&LINUX))
}

#[test]
fn login_dates_include_both_ends_in_the_zone() {
    let day = Some("2021-01-11");
    assert_eq!(between(day, day, "UTC0"), Ok(true));
    assert_eq!(between(day, None, "UTC0"), Ok(true));
    assert_eq!(between(None, day, "UTC0"), Ok(true));
    assert_eq!(between(Some("2021-01-12"), None, "UTC0"), Ok(false));
    assert_eq!(between(None, Some("2021-01-10"), "UTC0"), Ok(false));
    assert_eq!(between(None, Some("2021-01-10"), "XXX5"), Ok(true), "still the 10th, five hours west");
    assert_eq!(between(Some("2021-01-11 01:30:00"), Some("2021-01-11 01:30:00"), "UTC0"), Ok(true));
    assert_eq!(between(Some("2021-01-11 01:30:01"), None, "UTC0"), Ok(false));
    assert_eq!(between(Some("2021-01-12"), day, "UTC0"), Err(RefusalKind::DateRange));
    assert_eq!(between(None, Some("9999-12-31"), "UTC0"), Ok(true), "a usual way to write no end");
    assert_eq!(between(Some("0000-01-01"), Some("9999-12-31"), "XXX-23"), Ok(true));
}

proptest! {
    #[test]
    fn never_panics(name in "[A-Za-z]{0,16}|Uid|Status|LoginTimeStart|LoginTimeEnd|IsRoot|OsType", values: Vec<String>, date in "[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9:]{8})?", exact: bool) {
        let context = Context { today: i32::MAX, zone: &TimeZone::UTC };
        for values in [values.iter().map(|v| Some(v.as_str())).collect(), vec![Some(date.as_str())]] {
            if let Ok(filter) = filters(&[Given { name: &name, values, exact }], context) {
                prop_assert_eq!(filter.check(), Ok(()));
                filter.matches(&LINUX);
            }
        }
    }
}
