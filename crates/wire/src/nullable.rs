//! A response field with three states. The vendor's clients tell "left out" from `null` only in raw JSON, but there
//! the difference means something: not asked for, or asked for and without value.

use serde::{Serialize, Serializer};

/// A response field that may be left out, `null` or a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nullable<T> {
    /// Not in the answer at all.
    #[default]
    Absent,
    /// In the answer as `null`.
    Null,
    /// In the answer with a value.
    Value(T),
}

impl<T> Nullable<T> {
    /// The value, converted: `Nullable::value("text")` for a text field.
    pub fn value(value: impl Into<T>) -> Self {
        Self::Value(value.into())
    }

    /// The value, or `null` when there is none.
    pub fn or_null(value: Option<impl Into<T>>) -> Self {
        value.map_or(Self::Null, |value| Self::Value(value.into()))
    }

    /// The value, or nothing at all when there is none.
    pub fn or_absent(value: Option<impl Into<T>>) -> Self {
        value.map_or(Self::Absent, |value| Self::Value(value.into()))
    }

    /// Whether the field is left out; serde asks this.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<T> From<T> for Nullable<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T: Serialize> Serialize for Nullable<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}
