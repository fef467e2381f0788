//! Invented people, the same ones each time, so that a second run finds them unchanged.

use serde_json::{Value, json};

use crate::{
    client::{Client, OWN},
    error::{CliError, Context},
    output::progress::{Unit, bar},
};

const BATCH: u32 = 5000;
const GIVEN: [&str; 16] = [
    "Ann", "Bo", "Chen", "Dana", "Emil", "Fang", "Greta", "Hugo", "Ines", "Jun", "Kofi", "Lea", "Mei",
    "Nils", "Olga", "Pablo",
];
const FAMILY: [&str; 15] = [
    "Adler", "Brook", "Castro", "Deng", "Eriksen", "Falk", "Garcia", "Huang", "Ito", "Jansen", "Kim",
    "Lindt", "Mensah", "Novak", "Okafor",
];

/// Imports `count` people.
pub fn import(client: &Client, count: u32) -> Result<(), CliError> {
    let progress = bar("inventing people", Unit::Rows, Some(count.into()));
    for start in (0..count).step_by(BATCH as usize) {
        let users: Vec<Value> = (start..count.min(start.saturating_add(BATCH))).map(person).collect();
        client
            .call(OWN, "ImportUsers", &json!({"Users": users}))
            .doing("could not import the invented people")?;
        progress.inc(users.len() as u64);
    }
    progress.finish_and_clear();
    Ok(())
}

/// One person. The address is of a domain reserved for examples (RFC 2606); the number is made up.
fn person(number: u32) -> Value {
    let pick =
        |names: &[&'static str], n: u32| names.get(n as usize % names.len()).copied().unwrap_or_default();
    let given = pick(&GIVEN, number);
    // Sixteen and fifteen have no common divisor, so all pairs come up.
    let family = pick(&FAMILY, number);
    let name = format!("{}.{}{number}", given.to_lowercase(), family.to_lowercase());
    json!({
        "UserName": name,
        "DisplayName": format!("{given} {family}"),
        "Email": format!("{name}@example.com"),
        "Phone": format!("+86-199{number:08}"),
        "Status": match number % 20 {
            7 => "FREEZE",
            13 => "NOT_ENABLED",
            _ => "NORMAL",
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::people::columns::Column;

    #[test]
    fn invented_people_are_different_and_acceptable() {
        let people: Vec<Value> = (0..2000).map(person).collect();
        for column in Column::UNIQUE.into_iter().filter(|c| *c != Column::UserId) {
            let values: HashSet<&str> = people.iter().map(|p| p[column.name()].as_str().unwrap()).collect();
            assert_eq!(values.len(), people.len(), "{column:?}");
        }
        for column in Column::ALL {
            for person in &people {
                let cell = person[column.name()].as_str().unwrap_or_default();
                assert_eq!(column.complaint(cell), None, "{column:?} {cell}");
            }
        }
    }
}
