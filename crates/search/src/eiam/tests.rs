//! What each member makes of each form.

use proptest::prelude::*;

use super::*;
use crate::Row;

struct Someone {
    name: &'static str,
    phone: Option<&'static str>,
    created: i64,
}

impl Row for Someone {
    fn text(&self, field: Field) -> Option<&str> {
        match field {
            people::USER_ID => Some("Id-77"),
            people::USER_NAME => Some(self.name),
            people::PHONE => self.phone,
            people::STATUS => Some("NORMAL"),
            _ => None,
        }
    }

    fn int(&self, field: Field) -> Option<i64> {
        (field == people::CREATED).then_some(self.created)
    }
}

const ALICE: Someone = Someone { name: "Alice", phone: None, created: 1_610_531_047_182 };

fn finds(member: Member, value: &str, row: &Someone) -> bool {
    condition(member, value).unwrap_or_else(|e| panic!("{value}: {e}")).matches(row)
}

fn kind(member: Member, value: &str) -> RefusalKind {
    let refusal = condition(member, value).expect_err(value);
    assert_eq!(refusal.member, member);
    refusal.kind
}

#[test]
fn user_names() {
    let table = [
        ("", true),
        ("\"Alice\"", true),
        ("\"alice\"", false),
        ("\"\"", false),
        ("aLI*", true),
        ("lice*", false),
        ("*", true),
        ("LIC", true),
        ("bob", false),
        ("[Alice,Alice]", true),
        ("{Alice,Alice]", false),
        ("[B,A]", false),
        ("[A,B]", true),
        ("[a,z]", false),
        ("[*,*]", true),
        ("[,]", true),
        ("{20,*]", false),
    ];
    for (value, expected) in table {
        assert_eq!(finds(Member::UserName, value, &ALICE), expected, "{value}");
    }
}

#[test]
fn ranges_of_numbers_compare_as_numbers() {
    let number = |name| Someone { name, phone: None, created: 0 };
    assert!(finds(Member::UserName, "{20,*]", &number("100")));
    assert!(finds(Member::UserName, "{20,]", &number("21")));
    assert!(!finds(Member::UserName, "{20,]", &number("20")));
    assert!(!finds(Member::UserName, "[1,20]", &number("100")));
    assert!(finds(Member::UserName, "[1,a]", &number("100")), "one bound is text: by code point");
}

#[test]
fn nobody_and_people_without_a_phone() {
    let with = Someone { name: "x", phone: Some("20"), created: 0 };
    assert!(finds(Member::Phone, "\"\"", &ALICE));
    assert!(!finds(Member::Phone, "\"\"", &with));
    assert!(!finds(Member::Phone, "*", &ALICE));
    assert!(finds(Member::Phone, "[19,21]", &with));
    assert_eq!(condition(Member::UserName, "\"\""), Ok(Filter::None));
    assert_eq!(condition(Member::Keyword, "\"\""), Ok(Filter::None));
}

#[test]
fn keywords_look_at_name_and_id() {
    for value in ["alice", "d-7", "ID*", "\"Id-77\"", "*"] {
        assert!(finds(Member::Keyword, value, &ALICE), "{value}");
    }
    assert!(!finds(Member::Keyword, "\"id-77\"", &ALICE));
    assert_eq!(kind(Member::Keyword, "[a,b]"), RefusalKind::Illegal);
}

#[test]
fn states() {
    assert!(finds(Member::Status, "NORMAL", &ALICE));
    assert!(finds(Member::Status, "\"NORMAL\"", &ALICE));
    assert!(finds(Member::Status, "norm*", &ALICE));
    assert!(finds(Member::Status, "*", &ALICE));
    assert!(!finds(Member::Status, "LOCKED", &ALICE));
    for value in ["normal", "GONE", "\"\"", "[A,B]", "N*M"] {
        assert_eq!(kind(Member::Status, value), RefusalKind::Illegal, "{value}");
    }
}

#[test]
fn times() {
    let now = "2021-01-13T09:44:07.182+0000";
    for value in [
        now.to_owned(),
        format!("\"{now}\""),
        format!("[{now},{now}]"),
        "{2021-01-13,2021-01-14}".into(),
        "[2021-01-13,]".into(),
        "[*,*]".into(),
    ] {
        assert!(finds(Member::CreationTime, &value, &ALICE), "{value}");
    }
    assert!(!finds(Member::CreationTime, &format!("{{{now},*]"), &ALICE));
    assert!(!finds(Member::CreationTime, &format!("[*,{now}}}"), &ALICE));
    for value in ["2021*", "*", "soon", "[soon,*]", "[*,2021-02-30]", "\"\"", "1610531047182"] {
        assert_eq!(kind(Member::CreationTime, value), RefusalKind::TimeIllegal, "{value}");
    }
    assert_eq!(kind(Member::LastUpdateTime, "[2021-01-13"), RefusalKind::Illegal, "brackets come first");
}

#[test]
fn lengths() {
    let name = "n".repeat(64);
    assert!(condition(Member::UserName, &name).is_ok());
    assert!(condition(Member::UserName, &format!("\"{name}\"")).is_ok(), "marks do not count");
    assert_eq!(kind(Member::UserName, &format!("{name}n")), RefusalKind::Illegal);
    assert_eq!(kind(Member::UserName, &format!("{name}n*")), RefusalKind::Illegal);
    assert!(condition(Member::UserName, &"张".repeat(64)).is_ok(), "characters, not bytes");
    assert_eq!(kind(Member::Keyword, &"k".repeat(513)), RefusalKind::Illegal);
}

#[test]
fn conditions_join_with_and_and_syntax_comes_before_times() {
    let both = conditions([(Member::UserName, "ali"), (Member::Status, "NORMAL")]).expect("fine");
    assert!(both.matches(&ALICE));
    let other = conditions([(Member::UserName, "ali"), (Member::Status, "LOCKED")]).expect("fine");
    assert!(!other.matches(&ALICE));
    assert_eq!(conditions([]), Ok(Filter::All));
    assert_eq!(conditions([(Member::Email, " ")]), Ok(Filter::All));
    let refusal =
        conditions([(Member::CreationTime, "soon"), (Member::Keyword, "a*b")]).expect_err("two mistakes");
    assert_eq!((refusal.member, refusal.kind), (Member::Keyword, RefusalKind::Illegal));
}

proptest! {
    #[test]
    fn filters_stay_within_bounds(value: String, marks in "[\\[{\"]?[a0-9*,]{0,6}[\\]}\"*]?") {
        for member in Member::ALL {
            for value in [&value, &marks] {
                if let Ok(filter) = condition(member, value) {
                    prop_assert_eq!(filter.check(), Ok(()));
                    filter.matches(&ALICE);
                }
            }
        }
    }
}
