//! Takes over the tables of a data folder of format 1, which kept them as DynamoDB's JSON in a file of its own (*Amazon DynamoDB
//! API Reference*, `AttributeValue`).

use std::{borrow::Cow, fs, io, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use reelspan::store::{Item, TABLES, TableName, Value};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use serde_json::Value as Json;

use super::put;
use crate::{CommandError, data::DataFolder};

/// Moves all items of the earlier file, if there is one, into the tables. If the process ends before the earlier file is removed,
/// the next one begins anew.
pub fn take_over(data: &DataFolder, to: &mut Connection) -> Result<(), CommandError> {
    let file = data.earlier_tables();
    if !file.exists() {
        return Ok(());
    }
    let about = || format!("{}, of an earlier version", file.display());
    let items = moved(&file, to).map_err(|error| CommandError::failed(about())(error))?;
    for ending in ["", "-wal", "-shm"] {
        let mut name = file.clone().into_os_string();
        name.push(ending);
        match fs::remove_file(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(CommandError::failed(about())(error)),
            _ => {}
        }
    }
    tracing::info!(items, "the tables of an earlier version were taken over");
    Ok(())
}

fn moved(file: &Path, to: &mut Connection) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
    let from = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let transaction = to.transaction()?;
    let mut count = 0;
    for table in TABLES {
        let there = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1";
        if from.query_row(there, [table.name], |_| Ok(())).optional()?.is_none() {
            continue;
        }
        let name = TableName::new(table.name, table.partition, table.sort);
        // The name is one of three.
        let mut rows = from.prepare(&format!("SELECT item_json FROM \"{}\"", table.name))?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let json: Json = serde_json::from_str(row.get_ref(0)?.as_str()?)?;
            let item = item(&json).ok_or_else(|| format!("an item of {} is damaged", table.name))?;
            put(&transaction, &name, &item)?;
            count += 1;
        }
    }
    transaction.commit()?;
    // On the disk before the earlier file goes.
    to.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(count)
}

/// An item of DynamoDB's JSON.
fn item(json: &Json) -> Option<Item> {
    json.as_object()?.iter().map(|(name, found)| Some((Cow::Owned(name.clone()), value(found)?))).collect()
}

fn value(json: &Json) -> Option<Value> {
    let (kind, found) = json.as_object()?.iter().next()?;
    Some(match kind.as_str() {
        "S" => Value::text(found.as_str()?),
        "N" => {
            let number = found.as_str()?;
            number.parse().map_or_else(|_| Value::Decimal(number.to_owned()), Value::Number)
        }
        "B" => Value::Binary(BASE64_STANDARD.decode(found.as_str()?).ok()?.into()),
        "BOOL" => Value::Flag(found.as_bool()?),
        "L" => Value::List(found.as_array()?.iter().map(value).collect::<Option<_>>()?),
        "M" => Value::Map(item(found)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_value_is_read() {
        let json = json!({
            "media": {"S": "films/a.mp4"}, "size": {"N": "18446744073709551615"}, "duration": {"N": "10.5"},
            "outline": {"B": "AQID"}, "deployed": {"BOOL": true}, "origins": {"L": [{"S": "a"}, {"N": "-1"}]},
            "acl": {"M": {"acl-a": {"S": "READ"}}},
        });
        let expected = Item::from([
            ("media", Value::text("films/a.mp4")),
            ("size", Value::number(u64::MAX)),
            ("duration", Value::Decimal("10.5".to_owned())),
            ("outline", Value::binary(&[1, 2, 3])),
            ("deployed", Value::Flag(true)),
            ("origins", Value::List(vec![Value::text("a"), Value::number(-1)])),
            ("acl", Value::Map(Item::from([("acl-a", Value::text("READ"))]))),
        ]);
        assert_eq!(item(&json).unwrap(), expected);
        for damaged in [json!({"a": {"NULL": true}}), json!({"a": {"B": "?"}}), json!({"a": 1}), json!([])] {
            assert_eq!(item(&damaged), None, "{damaged}");
        }
    }
}
