//! passwd(5).

use super::lines::{LINE_LIMIT, Parsed, fields, id, rows};

/// One row of passwd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line, from 1.
    pub line: u32,
    /// Name, any bytes but colon and newline, never empty.
    pub name: Vec<u8>,
    /// The password field: `x` or, in old files, the hash itself.
    pub password: Vec<u8>,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Comment field.
    pub gecos: Vec<u8>,
    /// Home directory; `/` when the field is empty.
    pub home: Vec<u8>,
    /// Login shell; `/bin/sh` when the field is empty.
    pub shell: Vec<u8>,
}

/// Longest name kept, in bytes; what a report may carry.
const NAME_LIMIT: usize = model::facts::Limits::NAME;

/// Parses passwd. Duplicate names and ids are kept: which of them counts is for the reader to say.
pub fn parse(path: &str, bytes: &[u8]) -> Parsed<Row> {
    let mut parsed = Parsed::new();
    for (line, text) in rows(path, bytes, LINE_LIMIT, &mut parsed) {
        match row(line, text) {
            Ok(row) => parsed.rows.push(row),
            Err(message) => parsed.skip(path, line, message),
        }
    }
    parsed
}

fn row(line: u32, text: &[u8]) -> Result<Row, &'static str> {
    let [name, password, uid, gid, gecos, home, shell] = fields::<7>(text, 4).ok_or("not seven fields")?;
    if name.is_empty() || name.len() > NAME_LIMIT {
        return Err("name is empty or too long");
    }
    Ok(Row {
        line,
        name: name.to_vec(),
        password: password.to_vec(),
        uid: id(uid).ok_or("user id is not a number")?,
        gid: id(gid).ok_or("group id is not a number")?,
        gecos: gecos.to_vec(),
        home: or(home, b"/"),
        shell: or(shell, b"/bin/sh"),
    })
}

fn or(field: &[u8], default: &[u8]) -> Vec<u8> {
    if field.is_empty() { default } else { field }.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_lines_survive_as_notes() {
        let text = b"root:x:0:0:root:/root:/bin/bash\n\n# note\n+@net\nbad:x:1\nneg:x:-1:0:::\n:x:1:1:::\n\
            \xff\xfe:x:4294967294:7:::\ntoor::0:0::/r:/s\nmany:x:1:1::::\nend:x:1:1:a:b:c";
        let parsed = parse("/etc/passwd", text);
        let names: Vec<_> = parsed.rows.iter().map(|row| (row.line, row.name.as_slice())).collect();
        assert_eq!(names, [(1, &b"root"[..]), (8, b"\xff\xfe"), (9, b"toor"), (11, b"end")]);
        assert_eq!(
            (parsed.rows[1].home.as_slice(), parsed.rows[1].shell.as_slice()),
            (&b"/"[..], &b"/bin/sh"[..])
        );
        assert!(parsed.malformed);
        let notes = parsed.notes.into_lines();
        assert_eq!(notes.len(), 5, "{notes:?}");
        assert_eq!(notes[1], "/etc/passwd:5 not seven fields");
    }
}
