//! A parameter tree, whatever it arrived as: JSON body, form, query or multipart. Bounded in depth and in the number
//! of values, so that a hostile body costs no more than a small multiple of its size.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::{Code, Error};

/// Deepest nesting; the contract needs four levels.
pub const MAX_DEPTH: usize = 16;
/// Most values in one request. The largest legitimate one, `ImportUsers`, has about 50 thousand.
pub const MAX_VALUES: usize = 250_000;

/// One parameter or a part of one. `BTreeMap`, so that error reports do not depend on the order of arrival.
#[derive(Clone, PartialEq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Value {
    /// JSON `null`: the same as absent.
    Null,
    /// JSON boolean.
    Bool(bool),
    /// JSON integer within 64 bits, signed or not.
    Integer(i128),
    /// Any other JSON number; nothing in the contract takes one.
    Fraction,
    /// A part of a multipart body that is no text; nothing in the contract takes one.
    Binary,
    /// JSON string, or any scalar of a form.
    Text(String),
    /// JSON array.
    List(Vec<Value>),
    /// JSON object.
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// Parses one JSON document.
    ///
    /// # Errors
    /// `InvalidParameter` when it is no JSON, nested too deep, holds too many values or names a member twice.
    pub(crate) fn from_json(json: &[u8]) -> Result<Value, Error> {
        Self::from_json_within(json, &mut { MAX_VALUES })
    }

    /// The same, counting against a budget of values that several documents share.
    pub(crate) fn from_json_within(json: &[u8], budget: &mut usize) -> Result<Value, Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let seed = Seed { depth: 0, budget };
        seed.deserialize(&mut deserializer)
            .and_then(|value| deserializer.end().map(|()| value))
            .map_err(|error| not_json(&error))
    }

    /// Whether it is JSON `null`.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
}

/// Parser messages quote no input, except for member names seen twice, which the visitor words itself.
fn not_json(error: &serde_json::Error) -> Error {
    Error::new(Code::InvalidParameter).detail(
        format!("the body is not acceptable JSON, {error}"),
        format!("请求体不是合法的 JSON（{error}）"),
    )
}

/// Deserialises one value at a depth, counting against a shared budget.
struct Seed<'b> {
    depth: usize,
    budget: &'b mut usize,
}

impl Seed<'_> {
    /// Steps into a list or object.
    fn deeper<E: serde::de::Error>(&self) -> Result<usize, E> {
        if self.depth >= MAX_DEPTH { Err(E::custom("nested too deep")) } else { Ok(self.depth + 1) }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        *self.budget = self.budget.checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Fraction)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Seed { depth, budget: self.budget })? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut object = BTreeMap::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Seed { depth, budget: self.budget })?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is named twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Value::from_json(nested(MAX_DEPTH).as_bytes()).is_ok());
        let error = Value::from_json(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
        assert_eq!(error.code(), Code::InvalidParameter);
        assert!(Value::from_json(&vec![b'['; 1 << 20]).is_err());
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert!(Value::from_json(many.as_bytes()).is_err());
    }

    #[test]
    fn members_named_twice_and_trailing_text_are_refused() {
        assert!(Value::from_json(br#"{"a":1,"a":2}"#).is_err());
        assert!(Value::from_json(br#"{"a":1} x"#).is_err());
        assert!(Value::from_json(b"\xff").is_err());
    }

    #[test]
    fn numbers_keep_their_kind() {
        let numbers = Value::from_json(b"[18446744073709551615,-9223372036854775808,1.0,1e3]").unwrap();
        let expected = [u64::MAX.into(), i64::MIN.into()].map(Value::Integer);
        let Value::List(list) = numbers else { panic!("a list") };
        assert_eq!(list[..2], expected);
        assert_eq!(list[2..], [Value::Fraction, Value::Fraction]);
    }
}
