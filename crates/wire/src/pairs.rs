//! Query strings and forms: decoding the pairs, and folding flattened names (`Filters.0.Values.1=root`) back into a
//! tree.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::value::{MAX_DEPTH, Value};
use crate::{Code, Error};

/// Splits and decodes `a=1&b=%20`; `+` is a blank. Order is kept, names are unique afterwards.
///
/// Written by hand because the usual libraries let malformed escapes and bad UTF-8 pass silently; here the decoded
/// text is also what the signature is computed from.
///
/// # Errors
/// `InvalidParameter` for a pair without `=`, a malformed escape, text that is not UTF-8 or a name sent twice.
pub fn parse(raw: &[u8]) -> Result<Vec<(String, String)>, Error> {
    let mut pairs = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for pair in raw.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let Some(equals) = pair.iter().position(|byte| *byte == b'=') else {
            // The vendor's wording, spelling included.
            return Err(Error::new(Code::InvalidParameter)
                .detail("Url key and value should be splited by `=`", "URL 参数的名称和值应以 `=` 分隔"));
        };
        let (name, value) = pair.split_at(equals);
        let name = decode(name)?;
        let value = decode(value.get(1..).unwrap_or_default())?;
        if !seen.insert(name.clone()) {
            return Err(Error::new(Code::InvalidParameter)
                .field(name)
                .detail("it was sent twice", "重复出现"));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Percent-decodes one name or value.
fn decode(raw: &[u8]) -> Result<String, Error> {
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let (high, low) = (bytes.next().and_then(hex_digit), bytes.next().and_then(hex_digit));
                let (Some(high), Some(low)) = (high, low) else { return Err(malformed()) };
                out.push(high * 16 + low);
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8(out).map_err(|_| malformed())
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| digit.try_into().ok())
}

fn malformed() -> Error {
    Error::new(Code::InvalidParameter)
        .detail("a pair is not percent-encoded UTF-8", "参数不是合法的百分号编码 UTF-8 文本")
}

/// A node on the way back to a tree: what has children is a list when all their names are indexes.
enum Node {
    Leaf(String),
    Branch(BTreeMap<String, Node>),
}

/// Folds flattened names back into a tree.
///
/// # Errors
/// `InvalidParameter` when a name is both a value and a parent, has an empty part or more than 16 parts.
pub(crate) fn unflatten<'a>(
    pairs: impl Iterator<Item = &'a (String, String)>,
) -> Result<BTreeMap<String, Value>, Error> {
    let mut root = BTreeMap::new();
    for (name, value) in pairs {
        insert(&mut root, name, value).map_err(|error| error.field(name.clone()))?;
    }
    Ok(root.into_iter().map(|(name, node)| (name, node.into_value())).collect())
}

fn insert(mut branch: &mut BTreeMap<String, Node>, name: &str, value: &str) -> Result<(), Error> {
    let contradiction =
        || Error::new(Code::InvalidParameter).detail("it is both a value and a structure", "既是值又是结构");
    let mut parts = name.split('.').peekable();
    for depth in 0.. {
        let Some(part) = parts.next() else { break };
        if part.is_empty() || depth >= MAX_DEPTH {
            return Err(
                Error::new(Code::InvalidParameter).detail("the name is malformed", "参数名称格式错误")
            );
        }
        let entry = branch.entry(part.to_owned());
        if parts.peek().is_none() {
            match entry {
                Entry::Vacant(slot) => slot.insert(Node::Leaf(value.to_owned())),
                Entry::Occupied(_) => return Err(contradiction()),
            };
            return Ok(());
        }
        branch = match entry.or_insert_with(|| Node::Branch(BTreeMap::new())) {
            Node::Branch(children) => children,
            Node::Leaf(_) => return Err(contradiction()),
        };
    }
    Ok(())
}

impl Node {
    fn into_value(self) -> Value {
        let children = match self {
            Node::Leaf(text) => return Value::Text(text),
            Node::Branch(children) => children,
        };
        if !children.keys().all(|name| index(name).is_some()) {
            return Value::Object(
                children.into_iter().map(|(name, node)| (name, node.into_value())).collect(),
            );
        }
        // `.2` before `.10`; a gap is an entry that was null or empty on the client's side.
        let mut items: Vec<_> =
            children.into_iter().filter_map(|(name, node)| Some((index(&name)?, node))).collect();
        items.sort_unstable_by_key(|(index, _)| *index);
        Value::List(items.into_iter().map(|(_, node)| node.into_value()).collect())
    }
}

/// A list index in its one spelling: up to nine digits, no leading zero.
fn index(name: &str) -> Option<u32> {
    let canonical = name == "0" || !name.starts_with('0');
    (canonical && name.len() <= 9 && name.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| name.parse().ok())?
}
