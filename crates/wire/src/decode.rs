//! From a parameter tree to a request type. One walk over the whole request collects the first unknown name, the
//! first wrong type and the first missing parameter; the worst of them, in this order, is the answer. So the verdict
//! does not depend on where in the request the mistakes are.
//!
//! Lenient on purpose, because official examples and form parameters are: explicit `null` is absent, scalars may be
//! text that parses cleanly, integers may stand where text is wanted, nulls inside lists are dropped.

use std::collections::BTreeMap;

use crate::value::Value;
use crate::{Code, Error, Secret};

/// A request type or a struct inside one; implemented by generated code.
pub trait Decode: Default {
    /// Takes its members out of the reader.
    #[doc(hidden)]
    fn read(reader: &mut ObjectReader<'_, '_>) -> Self;
}

/// Decodes a whole request.
pub(crate) fn decode<T: Decode>(members: BTreeMap<String, Value>) -> Result<T, Error> {
    let mut findings = Findings::default();
    let request = read_object(members, Path::ROOT, &mut findings);
    match findings.worst() {
        None => Ok(request),
        Some(error) => Err(error),
    }
}

/// The members of one object, taken out one by one; what is left at the end is unknown.
pub struct ObjectReader<'p, 'f> {
    members: BTreeMap<String, Value>,
    path: Path<'p>,
    findings: &'f mut Findings,
}

impl ObjectReader<'_, '_> {
    /// A member that has to be there.
    pub(crate) fn required<T: FromValue + Default>(&mut self, name: &'static str) -> T {
        self.optional(name).unwrap_or_else(|| {
            self.findings.missing(self.path.member(name));
            T::default()
        })
    }

    /// A member that may be absent or `null`. One of a wrong type reads as its default, with a finding.
    pub(crate) fn optional<T: FromValue + Default>(&mut self, name: &'static str) -> Option<T> {
        let value = self.members.remove(name).filter(|value| !value.is_null())?;
        let path = self.path.member(name);
        Some(T::from_value(value, path, self.findings).unwrap_or_else(|expected| {
            self.findings.wrong_type(path, expected);
            T::default()
        }))
    }

    fn finish(self) {
        if let Some(name) = self.members.keys().next() {
            self.findings.unknown(self.path.member(name));
        }
    }
}

fn read_object<T: Decode>(members: BTreeMap<String, Value>, path: Path<'_>, findings: &mut Findings) -> T {
    let mut reader = ObjectReader { members, path, findings };
    let object = T::read(&mut reader);
    reader.finish();
    object
}

/// What a value was expected to be, in both languages.
#[derive(Clone, Copy)]
pub(crate) struct Expected(&'static str, &'static str);

/// A type a value can become; `Err` says what was expected instead.
pub(crate) trait FromValue: Sized {
    fn from_value(value: Value, path: Path<'_>, findings: &mut Findings) -> Result<Self, Expected>;
}

impl FromValue for String {
    fn from_value(value: Value, _: Path<'_>, _: &mut Findings) -> Result<Self, Expected> {
        match value {
            Value::Text(text) => Ok(text),
            Value::Integer(number) => Ok(number.to_string()),
            _ => Err(Expected("expected text", "应为字符串")),
        }
    }
}

impl FromValue for Secret {
    fn from_value(value: Value, path: Path<'_>, findings: &mut Findings) -> Result<Self, Expected> {
        String::from_value(value, path, findings).map(Secret::new)
    }
}

impl FromValue for u64 {
    fn from_value(value: Value, _: Path<'_>, _: &mut Findings) -> Result<Self, Expected> {
        integer(&value)
            .and_then(|number| number.try_into().ok())
            .ok_or(Expected("expected an unsigned integer", "应为无符号整数"))
    }
}

impl FromValue for i64 {
    fn from_value(value: Value, _: Path<'_>, _: &mut Findings) -> Result<Self, Expected> {
        integer(&value)
            .and_then(|number| number.try_into().ok())
            .ok_or(Expected("expected an integer", "应为整数"))
    }
}

impl FromValue for bool {
    fn from_value(value: Value, _: Path<'_>, _: &mut Findings) -> Result<Self, Expected> {
        match &value {
            Value::Bool(value) => Ok(*value),
            Value::Integer(1) => Ok(true),
            Value::Integer(0) => Ok(false),
            // `True` and `False` are what the Python SDK puts into forms, `1` and `0` what PHP may.
            Value::Text(text) if matches!(text.as_str(), "true" | "True" | "1") => Ok(true),
            Value::Text(text) if matches!(text.as_str(), "false" | "False" | "0") => Ok(false),
            _ => Err(Expected("expected true or false", "应为布尔值")),
        }
    }
}

/// An integer, also as text of digits with an optional minus.
fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Text(text) if !text.starts_with('+') => text.parse().ok(),
        _ => None,
    }
}

impl<T: Decode> FromValue for T {
    fn from_value(value: Value, path: Path<'_>, findings: &mut Findings) -> Result<Self, Expected> {
        match value {
            Value::Object(members) => Ok(read_object(members, path, findings)),
            _ => Err(Expected("expected an object", "应为对象")),
        }
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(value: Value, path: Path<'_>, findings: &mut Findings) -> Result<Self, Expected> {
        let Value::List(items) = value else { return Err(Expected("expected a list", "应为数组")) };
        let mut list = Vec::with_capacity(items.len().min(1024));
        for (index, item) in items.into_iter().enumerate() {
            // Official examples contain `[null]`.
            if item.is_null() {
                continue;
            }
            let path = path.item(index);
            match T::from_value(item, path, findings) {
                Ok(item) => list.push(item),
                Err(expected) => findings.wrong_type(path, expected),
            }
        }
        Ok(list)
    }
}

/// Where in the request a value stands; becomes text only when something is wrong with it.
#[derive(Clone, Copy)]
pub(crate) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Member(&'p str),
    Item(usize),
}

impl<'p> Path<'p> {
    const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    fn member(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Member(name) }
    }

    fn item(&'p self, index: usize) -> Path<'p> {
        Path { parent: Some(self), step: Step::Item(index) }
    }
}

/// `Filters.0.Values`. Names a client made up are cut: they come back in the message.
impl std::fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if !matches!(parent.step, Step::Root) {
                f.write_str(".")?;
            }
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Member(name) => {
                f.write_str(name.get(..name.floor_char_boundary(MAX_NAME)).unwrap_or_default())
            }
            Step::Item(index) => write!(f, "{index}"),
        }
    }
}

/// Longest name shown in a message, in bytes.
const MAX_NAME: usize = 128;

/// The first finding of each class.
#[derive(Default)]
pub(crate) struct Findings {
    unknown: Option<Error>,
    wrong_type: Option<Error>,
    missing: Option<Error>,
}

impl Findings {
    fn unknown(&mut self, path: Path<'_>) {
        self.unknown.get_or_insert_with(|| Error::new(Code::UnknownParameter).field(path.to_string()));
    }

    fn wrong_type(&mut self, path: Path<'_>, Expected(en, zh): Expected) {
        self.wrong_type
            .get_or_insert_with(|| Error::new(Code::InvalidParameter).field(path.to_string()).detail(en, zh));
    }

    fn missing(&mut self, path: Path<'_>) {
        self.missing.get_or_insert_with(|| Error::new(Code::MissingParameter).field(path.to_string()));
    }

    fn worst(self) -> Option<Error> {
        self.unknown.or(self.wrong_type).or(self.missing)
    }
}
