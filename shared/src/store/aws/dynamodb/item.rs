//! Items as the SDK has them.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;

use crate::store::database::{Item, PrimaryKey, TableName, Value};

/// An item's attributes by name.
pub(super) type Attributes = HashMap<String, AttributeValue>;

/// The primary key of an item.
pub(super) fn key(table: &TableName, key: &PrimaryKey) -> Attributes {
    let partition = (table.partition.to_owned(), AttributeValue::S(key.partition.clone()));
    let sort = table.sort.zip(key.sort.clone()).map(|(name, sort)| (name.to_owned(), AttributeValue::S(sort)));
    std::iter::once(partition).chain(sort).collect()
}

/// An item for the SDK.
pub(super) fn attributes(item: Item) -> Attributes {
    item.into_iter().map(|(name, value)| (name.into_owned(), attribute(value))).collect()
}

/// A value for the SDK.
pub(super) fn attribute(value: Value) -> AttributeValue {
    match value {
        Value::Text(text) => AttributeValue::S(text),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::Decimal(number) => AttributeValue::N(number),
        Value::Binary(bytes) => AttributeValue::B(Blob::new(Vec::from(bytes))),
        Value::Flag(flag) => AttributeValue::Bool(flag),
        Value::List(values) => AttributeValue::L(values.into_iter().map(attribute).collect()),
        Value::Map(item) => AttributeValue::M(attributes(item)),
    }
}

/// An item of the SDK.
pub(super) fn item(attributes: Attributes) -> Item {
    attributes.into_iter().map(|(name, found)| (Cow::Owned(name), value(found))).collect()
}

/// The stores write no other kinds: such a value becomes a string, which no reader takes for what it expects.
fn value(attribute: AttributeValue) -> Value {
    match attribute {
        AttributeValue::S(text) => Value::Text(text),
        AttributeValue::N(number) => number.parse().map_or(Value::Decimal(number), Value::Number),
        AttributeValue::B(bytes) => Value::Binary(Bytes::from(bytes.into_inner())),
        AttributeValue::Bool(flag) => Value::Flag(flag),
        AttributeValue::L(values) => Value::List(values.into_iter().map(value).collect()),
        AttributeValue::M(attributes) => Value::Map(item(attributes)),
        other => Value::Text(format!("{other:?}")),
    }
}
