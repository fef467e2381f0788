//! Recorded answers of the network management functions, and what they become.

use model::{
    Day,
    facts::{HashClass, WindowsKind},
    rules,
};

use super::*;

/// 2026-01-15T12:00:00Z.
const NOW: i64 = 1_768_478_400;

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn sid(parts: &[u32]) -> Vec<u8> {
    let mut bytes = vec![1, u8::try_from(parts.len()).unwrap(), 0, 0, 0, 0, 0, 5];
    bytes.extend(parts.iter().flat_map(|part| part.to_le_bytes()));
    bytes
}

/// A German Windows 11: four accounts, the way USER_INFO_3 has them.
struct Recorded {
    denied: bool,
    names_only: bool,
}

const WHOLE: Recorded = Recorded { denied: false, names_only: false };

impl Recorded {
    fn refuse(&self, call: &'static str) -> Result<(), NetError> {
        if self.denied { Err(NetError { call, code: NetError::ACCESS_DENIED }) } else { Ok(()) }
    }
}

fn user(name: &str, rid: u32, flags: u32) -> UserInfo {
    UserInfo {
        name: wide(name),
        rid,
        flags,
        primary_group: 513,
        expires: FOREVER,
        password_age: 10 * 86_400,
        ..UserInfo::default()
    }
}

impl Api for Recorded {
    fn users(&self) -> Result<Users, NetError> {
        if self.names_only {
            return Ok(Users::Names(vec![wide("root")]));
        }
        // UF_SCRIPT | UF_NORMAL_ACCOUNT is 0x201; the guest has UF_ACCOUNTDISABLE, UF_PASSWD_NOTREQD and
        // UF_PASSWD_CANT_CHANGE too.
        Ok(Users::Full(vec![
            UserInfo {
                last_logon: 1_768_400_000,
                comment: "Vordefiniert".into(),
                ..user("Administrator", 500, 0x1_0201)
            },
            UserInfo { password_age: 1_768_478_400, password_expired: 1, ..user("Gast", 501, 0x1_0263) },
            UserInfo { full_name: "Ann Ä".into(), expires: 1_768_521_600, ..user("ann", 1001, 0x211) },
            UserInfo { password_age: 0, password_expired: 1, ..user("neu", 1002, 0x201) },
        ]))
    }
    fn machine(&self) -> Result<Vec<u8>, NetError> {
        self.refuse("NetUserModalsGet")?;
        Ok(sid(&[21, 1, 2, 3]))
    }
    fn groups(&self) -> Result<Vec<Vec<u8>>, NetError> {
        Ok(["Administratoren", "Gäste", "Benutzer"].map(wide).to_vec())
    }
    fn members(&self, group: &[u8]) -> Result<Vec<Vec<u8>>, NetError> {
        self.refuse("NetLocalGroupGetMembers")?;
        Ok(match crate::text::utf16(group).as_str() {
            "Administratoren" => vec![sid(&[21, 1, 2, 3, 500]), sid(&[21, 7, 7, 7, 512])],
            "Gäste" => vec![sid(&[21, 1, 2, 3, 501])],
            "Benutzer" => vec![sid(&[4]), sid(&[11]), sid(&[21, 1, 2, 3, 1001])],
            other => panic!("{other} was not listed"),
        })
    }
    fn builtin_name(&self, rid: u32) -> Result<Vec<u8>, NetError> {
        Ok(wide(if rid == ADMINISTRATORS { "Administratoren" } else { "Gäste" }))
    }
    fn password_ages(&self) -> Result<(u32, u32), NetError> {
        self.refuse("NetUserModalsGet")?;
        Ok((42 * 86_400, 0))
    }
    fn host(&self) -> (String, Product, Vec<Address>) {
        (
            "rechner".into(),
            Product { name: "Windows 11 Pro".into(), version: "10.0.22631".into() },
            Vec::new(),
        )
    }
    fn machine_guid(&self) -> Option<String> {
        panic!("it has an identifier, or must not be told from others without")
    }
    fn profile(&self, sid: &str) -> Option<String> {
        (sid == "S-1-5-21-1-2-3-1001").then(|| r"C:\Users\ann".into())
    }
}

fn options() -> Options {
    Options { now: NOW * 1000 + 7, ..Options::default() }
}

#[test]
fn recorded_answers_become_the_report() {
    let report = collect(&WHOLE, &options()).unwrap();
    assert!(
        report.sections.values().all(|section| section.evidence == Evidence::Ok && section.notes.is_empty())
    );
    assert_eq!(report.host.machine_id, "00000015000000010000000200000003");
    let kinds: Vec<_> =
        report.accounts.iter().map(|a| (a.name.as_str(), a.windows.as_ref().unwrap().kind)).collect();
    assert_eq!(
        kinds,
        [
            ("Administrator", WindowsKind::Administrator),
            ("Gast", WindowsKind::Guest),
            ("ann", WindowsKind::Standard),
            ("neu", WindowsKind::Standard)
        ]
    );
    let [admin, guest, ann, new] = &report.accounts[..] else { panic!() };
    assert_eq!(admin.last_login.record.as_ref().unwrap().time, 1_768_400_000);
    assert_eq!((admin.gecos.as_str(), admin.password.max), ("Vordefiniert", None));
    let facts = guest.windows.as_ref().unwrap();
    assert_eq!((facts.enabled, facts.password_required), (Some(false), Some(false)));
    assert_eq!((guest.last_login.record.as_ref(), guest.password.last_change), (None, None));
    let facts = ann.windows.as_ref().unwrap();
    assert_eq!(
        (facts.locked_out, facts.enabled, facts.full_name.as_str()),
        (Some(true), Some(true), "Ann Ä")
    );
    assert_eq!((ann.home.as_str(), ann.groups.as_slice()), (r"C:\Users\ann", &["Benutzer".to_owned()][..]));
    assert_eq!((ann.password.class, ann.password.last_change), (HashClass::Unknown, Some(20_458)));
    assert_eq!(new.password.last_change, Some(0), "must be changed at the next login");
    let row = rules::account(ann, &report.host, 0);
    assert_eq!((row.uid.to_string().as_str(), row.is_domain), ("S-1-5-21-1-2-3-1001", Some(false)));
    assert_eq!((row.password_changed, row.password_due), (Some(20_458), Some(20_500)));
    // It expires at 2026-01-16T00:00:00Z.
    let on = |day: Day| row.states(day).enabled;
    assert_eq!((on(20_468), on(20_469)), (true, false));
}

#[test]
fn the_same_host_gives_the_same_report() {
    let at = |seconds: i64| {
        let mut report =
            collect(&WHOLE, &Options { now: (NOW + seconds) * 1000, ..Options::default() }).unwrap();
        report.collected_at = 0;
        report
    };
    assert_eq!(at(0), at(0));
}

#[test]
fn what_is_refused_is_unknown() {
    let report = collect(&Recorded { denied: true, ..WHOLE }, &options()).unwrap();
    assert_eq!(report.accounts.len(), 4);
    for section in [section::NET_USERS, section::GROUP, section::NET_POLICY] {
        assert_eq!(report.sections[section].evidence, Evidence::Denied, "{section}");
    }
    let ann = &report.accounts[2];
    assert_eq!((ann.windows.as_ref().unwrap().kind, ann.sid.as_ref()), (WindowsKind::Unknown, None));
    assert_eq!(ann.password.max, None);
}

#[test]
fn names_alone_leave_the_rest_unknown() {
    struct Names;
    impl Api for Names {
        fn users(&self) -> Result<Users, NetError> {
            Recorded { names_only: true, ..WHOLE }.users()
        }
        fn machine(&self) -> Result<Vec<u8>, NetError> {
            Ok(sid(&[21, 0, 0, 0]))
        }
        fn groups(&self) -> Result<Vec<Vec<u8>>, NetError> {
            Ok(Vec::new())
        }
        fn members(&self, _: &[u8]) -> Result<Vec<Vec<u8>>, NetError> {
            Ok(Vec::new())
        }
        fn builtin_name(&self, rid: u32) -> Result<Vec<u8>, NetError> {
            WHOLE.builtin_name(rid)
        }
        fn password_ages(&self) -> Result<(u32, u32), NetError> {
            Err(NetError { call: "NetUserModalsGet", code: 2140 })
        }
        fn host(&self) -> (String, Product, Vec<Address>) {
            Default::default()
        }
        fn machine_guid(&self) -> Option<String> {
            Some("{984BA3E4-29f7-4c8f-b59b-02d16d2f1d04}".into())
        }
        fn profile(&self, _: &str) -> Option<String> {
            None
        }
    }
    let report = collect(&Names, &options()).unwrap();
    let facts = report.accounts[0].windows.as_ref().unwrap();
    assert_eq!(
        (report.accounts[0].name.as_str(), facts.kind, facts.enabled),
        ("root", WindowsKind::Unknown, None)
    );
    assert_eq!(report.sections[section::NET_USERS].evidence, Evidence::NotCollected);
    assert_eq!(report.accounts[0].last_login.evidence, Evidence::NotCollected);
    assert_eq!(report.accounts[0].sid, None);
    assert_eq!(report.host.machine_id, "984ba3e429f74c8fb59b02d16d2f1d04");
}
