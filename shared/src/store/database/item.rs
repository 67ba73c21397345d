//! Items: attributes by name. The kinds of values are those of DynamoDB that the stores use.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// A string.
    Text(String),
    /// A whole number.
    Number(i128),
    /// A number with a fraction, in digits.
    Decimal(String),
    /// Bytes.
    Binary(Bytes),
    /// True or false.
    Flag(bool),
    /// Values in order.
    List(Vec<Value>),
    /// Values by name.
    Map(Item),
}

/// An item, or a map in one: attributes by name, few enough to be looked for one after the other.
#[derive(Clone, Debug, Default, Eq, Serialize, Deserialize)]
pub struct Item(Vec<(Cow<'static, str>, Value)>);

impl Value {
    /// The string, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number, if it is one, and of this type.
    #[must_use]
    pub fn as_number<T: TryFrom<i128>>(&self) -> Option<T> {
        if let Self::Number(number) = self { T::try_from(*number).ok() } else { None }
    }

    /// The bytes, if it is binary.
    #[must_use]
    pub const fn as_binary(&self) -> Option<&Bytes> {
        if let Self::Binary(bytes) = self { Some(bytes) } else { None }
    }

    /// Whether it is true, if it is a flag.
    #[must_use]
    pub const fn as_flag(&self) -> Option<bool> {
        if let Self::Flag(flag) = self { Some(*flag) } else { None }
    }

    /// The values, if it is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(values) = self { Some(values) } else { None }
    }

    /// The attributes, if it is a map.
    #[must_use]
    pub const fn as_map(&self) -> Option<&Item> {
        if let Self::Map(item) = self { Some(item) } else { None }
    }

    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A whole number.
    pub fn number(number: impl Into<i128>) -> Self {
        Self::Number(number.into())
    }

    /// Bytes, copied.
    #[must_use]
    pub fn binary(bytes: &[u8]) -> Self {
        Self::Binary(Bytes::copy_from_slice(bytes))
    }

    /// About how much memory it takes, in bytes.
    fn memory(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Text(text) | Self::Decimal(text) => text.len(),
                Self::Binary(bytes) => bytes.len(),
                Self::List(values) => values.iter().map(Self::memory).sum(),
                Self::Map(item) => item.memory(),
                Self::Number(_) | Self::Flag(_) => 0,
            }
    }
}

impl Item {
    /// An item without attributes.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of an attribute.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// The value at a path: names of maps and of the attribute in the last, with periods between them.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Value> {
        match path.split_once('.') {
            None => self.get(path),
            Some((map, rest)) => self.get(map)?.as_map()?.at(rest),
        }
    }

    /// Sets an attribute.
    pub fn insert(&mut self, name: impl Into<Cow<'static, str>>, value: Value) {
        let name = name.into();
        match self.0.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Removes an attribute, and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let place = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.swap_remove(place).1)
    }

    /// The attributes and their values, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// About how much memory it takes, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.0.iter().map(|(name, value)| 24 + name.len() + value.memory()).sum::<usize>()
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl<N: Into<Cow<'static, str>>> FromIterator<(N, Value)> for Item {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(attributes: I) -> Self {
        let mut item = Self::new();
        attributes.into_iter().for_each(|(name, value)| item.insert(name, value));
        item
    }
}

impl<N: Into<Cow<'static, str>>, const LENGTH: usize> From<[(N, Value); LENGTH]> for Item {
    fn from(attributes: [(N, Value); LENGTH]) -> Self {
        attributes.into_iter().collect()
    }
}

impl IntoIterator for Item {
    type Item = (Cow<'static, str>, Value);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
