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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tree(raw: &str) -> Result<BTreeMap<String, Value>, Error> {
        unflatten(parse(raw.as_bytes())?.iter())
    }

    fn texts(list: &[&str]) -> Value {
        Value::List(list.iter().map(|text| Value::Text((*text).to_owned())).collect())
    }

    #[test]
    fn indexes_sort_as_numbers_and_gaps_are_absent() {
        let tree = tree("V.10=c&V.2=b&V.0=a").unwrap();
        assert_eq!(tree["V"], texts(&["a", "b", "c"]));
    }

    #[test]
    fn blanks_stars_and_utf8_are_decoded() {
        let pairs = parse(b"A=ali%2A+x%20*&%E5%BC%A0=%e4%b8%89&E=&=v&&").unwrap();
        let expected = [("A", "ali* x *"), ("张", "三"), ("E", ""), ("", "v")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn malformed_pairs_are_refused() {
        for raw in ["a", "a=1&b", "a=%", "a=%4", "a=%zz", "a=%+1", "a=%ff", "a=1&a=2", "a=1&%61=2"] {
            assert_eq!(parse(raw.as_bytes()).unwrap_err().code(), Code::InvalidParameter, "{raw}");
        }
        let error = parse(b"a").unwrap_err().message(crate::Lang::En);
        assert!(error.contains("Url key and value should be splited by `=`"), "{error}");
    }

    #[test]
    fn malformed_names_are_refused() {
        let deep = vec!["a"; MAX_DEPTH + 1].join(".") + "=1";
        for raw in ["a.=1", ".a=1", "=1", "a..b=1", "a=1&a.b=2", "a.b=1&a=2", "a.b=1&a.b.c=1", &deep] {
            assert_eq!(tree(raw).unwrap_err().code(), Code::InvalidParameter, "{raw}");
        }
        assert!(tree(&(vec!["a"; MAX_DEPTH].join(".") + "=1")).is_ok());
    }

    #[test]
    fn only_canonical_indexes_make_lists() {
        for raw in ["V.00=a", "V.01=a", "V.0=a&V.x=b", "V.1234567890=a", "V.-1=a"] {
            assert!(matches!(tree(raw).unwrap()["V"], Value::Object(_)), "{raw}");
        }
    }

    /// What the SDKs do: members by name, items by index, joined with dots.
    fn flatten(name: String, value: &Value, pairs: &mut Vec<(String, String)>) {
        match value {
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    flatten(format!("{name}.{index}"), item, pairs);
                }
            }
            Value::Object(members) => {
                for (member, value) in members {
                    flatten(format!("{name}.{member}"), value, pairs);
                }
            }
            Value::Text(text) => pairs.push((name, text.clone())),
            other => panic!("forms have no {other:?}"),
        }
    }

    fn any_form_value() -> impl Strategy<Value = Value> {
        any::<String>().prop_map(Value::Text).prop_recursive(4, 40, 12, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 1..13).prop_map(Value::List),
                proptest::collection::btree_map("[A-Za-z_ 张][A-Za-z0-9]{0,6}", inner, 1..5)
                    .prop_map(Value::Object),
            ]
        })
    }

    fn encode(text: &str) -> String {
        text.bytes().map(|byte| format!("%{byte:02X}")).collect()
    }

    proptest! {
        #[test]
        fn unflatten_undoes_flatten_in_any_order(
            tree in proptest::collection::btree_map("[A-Z][A-Za-z]{0,6}", any_form_value(), 0..5),
            seed in any::<u64>(),
        ) {
            let mut pairs = Vec::new();
            for (name, value) in &tree {
                flatten(name.clone(), value, &mut pairs);
            }
            // A cheap shuffle: the order of pairs must not matter.
            pairs.sort_by_key(|(name, _)| {
                name.bytes().fold(seed, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()).rotate_left(7))
            });
            let raw: Vec<_> = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
            prop_assert_eq!(super::unflatten(parse(raw.join("&").as_bytes()).unwrap().iter()).unwrap(), tree);
        }

        #[test]
        fn never_panics(raw in proptest::collection::vec(any::<u8>(), 0..200), text in "[A-C.0-9=&%+]{0,60}") {
            let _ = parse(&raw);
            let _ = tree(&text);
        }
    }
}
