//! Hives of accounts as the writer makes them.

use super::{Node, put, wide};

pub const DAY: i64 = 864_000_000_000;

/// A FILETIME of so many days since 1970.
pub fn filetime(day: i64) -> i64 {
    (day * 86_400 + 11_644_473_600) * 10_000_000
}

/// An account to write.
#[derive(Debug, Clone)]
pub struct User {
    pub rid: u32,
    /// The number in its record.
    pub forged: u32,
    pub name: String,
    pub full_name: String,
    pub comment: String,
    pub acb: u16,
    pub last_login: i64,
    pub password_set: i64,
    pub expires: i64,
    /// Stands where the password hashes are.
    pub secret: Vec<u8>,
}

impl User {
    pub fn new(rid: u32, name: &str) -> Self {
        User {
            rid,
            forged: rid,
            name: name.to_owned(),
            full_name: String::new(),
            comment: String::new(),
            acb: 0x10,
            last_login: 0,
            password_set: filetime(20_000),
            expires: i64::MAX,
            secret: wide("SECRET-HASH"),
        }
    }

    fn f(&self) -> Vec<u8> {
        let mut f = vec![0; 80];
        for (at, ticks) in [(8, self.last_login), (24, self.password_set), (32, self.expires)] {
            f[at..at + 8].copy_from_slice(&ticks.to_le_bytes());
        }
        put(&mut f, 48, self.forged as usize);
        put(&mut f, 52, 513);
        f[56..58].copy_from_slice(&self.acb.to_le_bytes());
        f
    }

    fn v(&self) -> Vec<u8> {
        let mut head = vec![0; 0xCC];
        let mut tail = Vec::new();
        let texts = [(0x0C, &self.name), (0x18, &self.full_name), (0x24, &self.comment)];
        let texts = texts.map(|(entry, text)| (entry, wide(text)));
        let secrets = [0x9C, 0xA8, 0xB4, 0xC0].map(|entry| (entry, self.secret.clone()));
        for (entry, bytes) in texts.into_iter().chain(secrets) {
            put(&mut head, entry, tail.len());
            put(&mut head, entry + 4, bytes.len());
            tail.extend(bytes);
            tail.resize(tail.len().next_multiple_of(4), 0);
        }
        head.extend(tail);
        head
    }
}

pub fn sid(parts: &[u32]) -> Vec<u8> {
    let mut bytes = vec![1, u8::try_from(parts.len()).unwrap(), 0, 0, 0, 0, 0, 5];
    bytes.extend(parts.iter().flat_map(|part| part.to_le_bytes()));
    bytes
}

pub const MACHINE: [u32; 4] = [21, 11, 22, 33];

/// The identifier of an account of this machine.
pub fn member(rid: u32) -> Vec<u8> {
    sid(&[21, 11, 22, 33, rid])
}

pub fn alias(rid: u32, name: &str, members: &[Vec<u8>]) -> Node {
    let (mut c, list) = (vec![0; 0x34], members.concat());
    let name = wide(name);
    put(&mut c, 0x14, name.len());
    put(&mut c, 0x28, name.len());
    put(&mut c, 0x2C, list.len());
    put(&mut c, 0x30, members.len());
    c.extend(name);
    c.extend(list);
    Node::new(&format!("{rid:08X}")).value("C", 3, &c)
}

/// The tree of a SAM hive with these users, administrators and guests, and 42 days of life for passwords.
pub fn tree(users: &[User], administrators: &[Vec<u8>], guests: &[Vec<u8>]) -> Node {
    let mut list = Node::new("Users");
    for user in users {
        let key = Node::new(&format!("{:08X}", user.rid));
        list = list.key(key.value("F", 3, &user.f()).value("V", 3, &user.v()));
    }
    // The type of the default value of a name is the number of the account.
    let name = |user: &User| Node::new(&user.name).value("", user.rid, &[]);
    let names = users.iter().fold(Node::new("Names"), |names, user| names.key(name(user)));
    let mut policy = vec![0; 104];
    policy[24..32].copy_from_slice(&(-42 * DAY).to_le_bytes());
    // The first entry of the table is the machine's identifier.
    let mut v = vec![0; 0xF8];
    put(&mut v, 0x0C, 0xC8);
    put(&mut v, 0x10, 24);
    v.extend(sid(&MACHINE));
    let account = Node::new("Account").value("F", 3, &policy).value("V", 3, &v).key(list.key(names));
    let aliases = Node::new("Aliases")
        .key(alias(544, "Administrators", administrators))
        .key(alias(545, "Users", &[sid(&[4]), sid(&[11])]))
        .key(alias(546, "Guests", guests));
    let builtin = Node::new("Builtin").key(aliases);
    let domains = Node::new("Domains").key(account).key(builtin);
    Node::new("ROOT").key(Node::new("SAM").key(domains))
}
