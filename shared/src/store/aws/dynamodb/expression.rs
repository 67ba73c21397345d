//! Expressions: conditions, updates and projections as DynamoDB writes them. Every name and every value has a placeholder, because
//! many names are reserved words. (*Amazon DynamoDB Developer Guide*, Expression attribute names and values.)

use std::collections::HashMap;
use std::ops::RangeInclusive;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::attribute;
use crate::store::database::{Condition, Value};

type ExpressionNames = HashMap<String, String>;
type ExpressionValues = HashMap<String, AttributeValue>;

/// The placeholders of one request.
#[derive(Debug, Default)]
pub(super) struct Placeholders {
    names: ExpressionNames,
    values: ExpressionValues,
}

/// A condition with its placeholders.
#[derive(Debug, Default)]
pub(super) struct Expression {
    pub text: Option<String>,
    pub names: Option<ExpressionNames>,
    pub values: Option<ExpressionValues>,
}

impl Expression {
    /// A condition, if there is one.
    pub fn condition(condition: Option<&Condition>) -> Self {
        let mut attributes = Placeholders::default();
        let text = condition.map(|condition| attributes.condition(condition));
        let (names, values) = attributes.both();
        Self { text, names, values }
    }

    /// The update that sets these attributes, and its condition, whose placeholders are those of both.
    pub fn update(set: Vec<(&'static str, Option<Value>)>, condition: Option<&Condition>) -> (String, Self) {
        let mut attributes = Placeholders::default();
        let text = condition.map(|condition| attributes.condition(condition));
        let (mut sets, mut removes) = (Vec::new(), Vec::new());
        for (name, value) in set {
            let name = attributes.name(name);
            match value {
                Some(value) => sets.push(format!("{name} = {}", attributes.value(attribute(value)))),
                None => removes.push(name),
            }
        }
        let clauses = [("SET", sets), ("REMOVE", removes)].into_iter().filter(|(_, list)| !list.is_empty());
        let clauses: Vec<_> = clauses.map(|(verb, list)| format!("{verb} {}", list.join(", "))).collect();
        let (names, values) = attributes.both();
        (clauses.join(" "), Self { text, names, values })
    }
}

impl Placeholders {
    /// The placeholder of a name.
    pub fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#{name}");
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    /// The placeholder of a string.
    fn text(&mut self, text: &str) -> String {
        self.value(AttributeValue::S(text.to_owned()))
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    fn path(&mut self, path: &str) -> String {
        path.split('.').map(|name| self.name(name)).collect::<Vec<_>>().join(".")
    }

    /// A condition.
    pub fn condition(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::Exists(path) => format!("attribute_exists({})", self.path(path)),
            Condition::Missing(path) => format!("attribute_not_exists({})", self.path(path)),
            Condition::Is(path, value) => format!("{} = {}", self.path(path), self.value(attribute(value.clone()))),
            Condition::IsNot(path, value) => format!("{} <> {}", self.path(path), self.value(attribute(value.clone()))),
            Condition::AtMost(path, limit) => format!("{} <= {}", self.path(path), self.text(limit)),
            Condition::BeginsWith(path, prefix) => format!("begins_with({}, {})", self.path(path), self.text(prefix)),
            Condition::All(all) => self.joined(all, " AND "),
            Condition::Any(any) => self.joined(any, " OR "),
        }
    }

    fn joined(&mut self, conditions: &[Condition], operator: &str) -> String {
        let each: Vec<_> = conditions.iter().map(|condition| format!("({})", self.condition(condition))).collect();
        each.join(operator)
    }

    /// The condition that the partition key has this value, and the sort key is between these.
    pub fn between(&mut self, partition: (&str, &str), sort: (&str, &RangeInclusive<String>)) -> String {
        let (of, at) = (self.name(partition.0), self.name(sort.0));
        let [partition, first, last] =
            [partition.1, sort.1.start().as_str(), sort.1.end().as_str()].map(|text| self.text(text));
        format!("{of} = {partition} AND {at} BETWEEN {first} AND {last}")
    }

    /// A projection.
    pub fn projection(&mut self, names: &[&str]) -> String {
        names.iter().map(|name| self.name(name)).collect::<Vec<_>>().join(", ")
    }

    /// The names, if there are any: DynamoDB refuses empty lists.
    pub fn names(self) -> Option<ExpressionNames> {
        self.both().0
    }

    /// The names and the values, each if there are any.
    pub fn both(self) -> (Option<ExpressionNames>, Option<ExpressionValues>) {
        let Self { names, values } = self;
        (Some(names).filter(|names| !names.is_empty()), Some(values).filter(|values| !values.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_written_with_placeholders() {
        let not_later = Condition::Any(vec![
            Condition::Missing("page"),
            Condition::AtMost("sequencer", "0A".to_owned()),
            Condition::All(vec![Condition::Is("streaming.version", Value::number(3)), Condition::Exists("state")]),
        ]);
        let expression = Expression::condition(Some(&not_later));
        let text = "(attribute_not_exists(#page)) OR (#sequencer <= :v0) OR ((#streaming.#version = :v1) AND \
                    (attribute_exists(#state)))";
        assert_eq!(expression.text.as_deref(), Some(text));
        let values = [(":v0", AttributeValue::S("0A".to_owned())), (":v1", AttributeValue::N("3".to_owned()))];
        assert_eq!(expression.values, Some(values.map(|(name, value)| (name.to_owned(), value)).into()));
        assert_eq!(expression.names.map_or(0, |names| names.len()), 5);
    }

    #[test]
    fn an_update_sets_and_removes() {
        let set = vec![("acl", Some(Value::text("a"))), ("streaming", None), ("state", Some(Value::Flag(true)))];
        let (update, condition) = Expression::update(set, Some(&Condition::Exists("space")));
        assert_eq!(update, "SET #acl = :v0, #state = :v1 REMOVE #streaming");
        assert_eq!(condition.text.as_deref(), Some("attribute_exists(#space)"));
        assert_eq!(condition.names.map_or(0, |names| names.len()), 4);
    }
}
