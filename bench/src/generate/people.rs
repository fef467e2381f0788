//! The workforce: people with unique names, phones and addresses, nine in ten of them in the normal state.

use jiff::Timestamp;
use model::{Millis, Person, PersonStatus};

use super::names::{MOST, Names};
use super::{BEGIN, Draw, END};

/// Columns of the import file.
pub const CSV_HEADER: &str =
    "UserName,DisplayName,Phone,Email,Status,Description,CreationTime,LastUpdateTime,LastLoginTime,UserId";
/// Organisation nodes people are spread over.
const UNITS: u64 = 5_000;

/// Makes people.
pub struct People {
    names: Names,
}

impl People {
    /// Prepares the names.
    pub fn new() -> Self {
        People { names: Names::new() }
    }

    /// User name of person `index`.
    pub fn user_name(&self, index: u64) -> String {
        self.names.user_name(index)
    }

    /// Person `index`, below 10,000,019.
    pub fn person(&self, index: u64) -> Person {
        let draw = Draw::new(1, index);
        let user_name = self.user_name(index);
        let created = draw.between(2, BEGIN * 1000, END * 1000);
        let unit = draw.below(6, UNITS);
        Person {
            id: draw.uuid(1).hyphenated().to_string(),
            display_name: self.names.display_name(index),
            phone: Some(phone(index, draw)),
            email: Some(format!("{user_name}@corp{}.example", draw.below(5, 50))),
            user_name,
            status: status(draw),
            description: Some(format!("employee {index} of unit {unit}")),
            created,
            updated: draw.between(3, created, END * 1000),
            last_login: draw.chance(8, 88).then(|| draw.between(9, created, END * 1000)),
            group_ids: Vec::new(),
            org_node: format!("unit-{unit:04}"),
            secondary_org_nodes: Vec::new(),
            data_source: "IMPORT".into(),
            expires: None,
            activated: None,
            password_needs_reset: false,
            password_hash: None,
            administrator: false,
        }
    }
}

fn phone(index: u64, draw: Draw) -> String {
    let unique = (index % MOST * 3_141_593 + 77) % MOST;
    format!("+861{:02}{unique:08}", 30 + draw.below(4, 70))
}

fn status(draw: Draw) -> PersonStatus {
    match draw.below(7, 100) {
        0..=89 => PersonStatus::Normal,
        90..=95 => PersonStatus::Freeze,
        96..=97 => PersonStatus::Locked,
        _ => PersonStatus::NotEnabled,
    }
}

/// One line of the import file; no value of this data needs quotes.
pub fn csv_line(person: &Person) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        person.user_name.clone(),
        person.display_name.clone(),
        text(&person.phone),
        text(&person.email),
        person.status.as_str().to_owned(),
        text(&person.description),
        time(person.created),
        time(person.updated),
        person.last_login.map(time).unwrap_or_default(),
        person.id.clone(),
    ]
    .join(",")
}

/// `2021-01-13T09:44:07.182+0000`, the vendor's form.
pub fn time(instant: Millis) -> String {
    let instant = Timestamp::from_millisecond(instant).unwrap_or(Timestamp::UNIX_EPOCH);
    instant.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn people_are_unique_and_stable() {
        let people = People::new();
        let some: Vec<Person> = (0..20_000).map(|index| people.person(index)).collect();
        let columns: [fn(&Person) -> Option<&String>; 4] =
            [|p| Some(&p.id), |p| Some(&p.user_name), |p| p.phone.as_ref(), |p| p.email.as_ref()];
        for column in columns {
            assert_eq!(some.iter().map(column).collect::<HashSet<_>>().len(), some.len());
        }
        let normal = some.iter().filter(|p| p.status == PersonStatus::Normal).count();
        assert!((17_700..18_300).contains(&normal), "{normal}");
        assert!(some.iter().all(|p| p.created <= p.updated && p.user_name.len() <= 32));
        assert_eq!(some[7], people.person(7));
        assert_eq!(csv_line(&some[0]).split(',').count(), CSV_HEADER.split(',').count());
        assert_eq!(time(1_610_531_047_182), "2021-01-13T09:44:07.182+0000");
    }
}
