//! group(5) and gshadow(5). gshadow only adds passwords and administrators; its members should equal group's, so a
//! difference is reported and never merged.

use std::collections::{BTreeSet, HashMap};

use super::lines::{GROUP_LINE_LIMIT, Notes, Parsed, fields, id, rows};

/// One row of group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line, from 1.
    pub line: u32,
    /// Name, never empty.
    pub name: Vec<u8>,
    /// Group id.
    pub gid: u32,
    /// Names of the members, empty ones left out.
    pub members: Vec<Vec<u8>>,
}

/// One row of gshadow. The password is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowRow {
    /// Line, from 1.
    pub line: u32,
    /// Group name.
    pub name: Vec<u8>,
    /// Names of the members.
    pub members: Vec<Vec<u8>>,
}

/// Parses group.
pub fn parse(path: &str, bytes: &[u8]) -> Parsed<Row> {
    let mut parsed = Parsed::new();
    for (line, text) in rows(path, bytes, GROUP_LINE_LIMIT, &mut parsed) {
        match row(line, text) {
            Ok(row) => parsed.rows.push(row),
            Err(message) => parsed.skip(path, line, message),
        }
    }
    parsed
}

fn row(line: u32, text: &[u8]) -> Result<Row, &'static str> {
    let [name, _password, gid, list] = fields::<4>(text, 3).ok_or("not four fields")?;
    if name.is_empty() || name.len() > model::facts::Limits::NAME {
        return Err("name is empty or too long");
    }
    let gid = id(gid).ok_or("group id is not a number")?;
    Ok(Row { line, name: name.to_vec(), gid, members: members(list) })
}

/// Parses gshadow.
pub fn parse_shadow(path: &str, bytes: &[u8]) -> Parsed<ShadowRow> {
    let mut parsed = Parsed::new();
    for (line, text) in rows(path, bytes, GROUP_LINE_LIMIT, &mut parsed) {
        match fields::<4>(text, 4) {
            Some([name, _, _, list]) if !name.is_empty() => {
                parsed.rows.push(ShadowRow { line, name: name.to_vec(), members: members(list) });
            }
            _ => parsed.skip(path, line, "not four fields"),
        }
    }
    parsed
}

fn members(list: &[u8]) -> Vec<Vec<u8>> {
    list.split(|&b| b == b',')
        .map(<[u8]>::trim_ascii_start)
        .filter(|m| !m.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

/// Notes each group whose members differ between the two files.
pub fn compare(groups: &[Row], path: &str, shadow: &[ShadowRow]) -> Notes {
    let mut notes = Notes::default();
    let mut by_name: HashMap<&[u8], &Row> = HashMap::new();
    for group in groups {
        by_name.entry(&group.name).or_insert(group);
    }
    for row in shadow {
        let name = String::from_utf8_lossy(&row.name);
        match by_name.get(row.name.as_slice()) {
            None => notes.at(path, row.line, format_args!("group {name} is not in group")),
            Some(group) if set(&group.members) != set(&row.members) => {
                notes.at(path, row.line, format_args!("members of {name} differ from group"));
            }
            Some(_) => {}
        }
    }
    notes
}

fn set(members: &[Vec<u8>]) -> BTreeSet<&[u8]> {
    members.iter().map(Vec::as_slice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_differences() {
        let groups = parse("/etc/group", b"ops:x:1100:bob,dave, ,\nroot:x:0:\nbad:x:y:\nshort\n+:::\n");
        assert_eq!(groups.rows.len(), 2);
        assert_eq!(groups.rows[0].members, [b"bob".to_vec(), b"dave".to_vec()]);
        assert_eq!(groups.notes.clone().into_lines().len(), 3);
        let shadow = parse_shadow("/etc/gshadow", b"ops:!::dave,bob\nroot:*::bob\nghost:!::\n:x::\n");
        let notes = compare(&groups.rows, "/etc/gshadow", &shadow.rows).into_lines();
        assert_eq!(
            notes,
            [
                "/etc/gshadow:2 members of root differ from group",
                "/etc/gshadow:3 group ghost is not in group"
            ]
        );
        assert!(shadow.malformed);
    }
}
