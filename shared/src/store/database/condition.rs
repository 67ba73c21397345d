//! Conditions on an item, as DynamoDB has them (*Amazon DynamoDB Developer Guide*, Condition and filter expressions).

use super::{Item, Value};

/// A condition on an item. A path names an attribute, or one in a map: `streaming.version`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The attribute exists.
    Exists(&'static str),
    /// The attribute, or the whole item, does not exist.
    Missing(&'static str),
    /// The attribute has this value.
    Is(&'static str, Value),
    /// The attribute has another value.
    IsNot(&'static str, Value),
    /// The attribute is a string that is not after this one, in the order of their bytes.
    AtMost(&'static str, String),
    /// The attribute is a string that begins with this one.
    BeginsWith(&'static str, String),
    /// All of these hold.
    All(Vec<Self>),
    /// One of these holds.
    Any(Vec<Self>),
}

impl Condition {
    /// Whether it holds for an item, or for none.
    #[must_use]
    pub fn holds(&self, item: Option<&Item>) -> bool {
        let at = |path: &str| item.and_then(|item| item.at(path));
        let text = |path: &str| at(path).and_then(Value::as_text);
        match self {
            Self::Exists(path) => at(path).is_some(),
            Self::Missing(path) => at(path).is_none(),
            Self::Is(path, value) => at(path) == Some(value),
            Self::IsNot(path, value) => at(path) != Some(value),
            Self::AtMost(path, limit) => text(path).is_some_and(|text| text <= limit.as_str()),
            Self::BeginsWith(path, prefix) => text(path).is_some_and(|text| text.starts_with(prefix.as_str())),
            Self::All(all) => all.iter().all(|condition| condition.holds(item)),
            Self::Any(any) => any.iter().any(|condition| condition.holds(item)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_judged_by_the_item_as_it_is() {
        let version = Item::from([("version", Value::number(3))]);
        let item = Item::from([("a", Value::text("b")), ("streaming", Value::Map(version))]);
        let is = |path, text: &str| Condition::Is(path, Value::text(text));
        let cases = [
            (Condition::Exists("a"), true, false),
            (Condition::Exists("c"), false, false),
            (Condition::Missing("a"), false, true),
            (Condition::Missing("c"), true, true),
            (is("a", "b"), true, false),
            (is("a", "c"), false, false),
            (Condition::Is("streaming.version", Value::number(3)), true, false),
            (Condition::Is("streaming.version", Value::number(4)), false, false),
            (Condition::Is("a.version", Value::number(3)), false, false),
            (Condition::IsNot("a", Value::text("c")), true, true),
            (Condition::IsNot("a", Value::text("b")), false, true),
            (Condition::AtMost("a", "b".to_owned()), true, false),
            (Condition::AtMost("a", "a".to_owned()), false, false),
            (Condition::AtMost("streaming", "b".to_owned()), false, false),
            (Condition::BeginsWith("a", String::new()), true, false),
            (Condition::BeginsWith("a", "bc".to_owned()), false, false),
            (Condition::All(vec![is("a", "b"), Condition::Exists("c")]), false, false),
            (Condition::Any(vec![is("a", "b"), Condition::Exists("c")]), true, false),
            (Condition::All(vec![]), true, true),
            (Condition::Any(vec![]), false, false),
        ];
        for (condition, of_it, of_none) in cases {
            assert_eq!((condition.holds(Some(&item)), condition.holds(None)), (of_it, of_none), "{condition:?}");
        }
    }
}
