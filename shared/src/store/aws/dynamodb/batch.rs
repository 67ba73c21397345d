//! Batches of DynamoDB, retried until nothing of them is left unprocessed.
//!
//! If a table is throttled, or an answer would be larger than 16 MB, DynamoDB processes a part of a batch and returns
//! the rest, which the SDK does not retry because it is not an error.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{KeysAndAttributes, PutRequest, WriteRequest};
use futures::{StreamExt, TryStreamExt, stream};

use super::item::Attributes;
use super::of_dynamodb;
use crate::store::StoreError;
use crate::store::error::DYNAMODB;
use crate::store::retry::Backoff;

/// The maximum number of items in a `BatchWriteItem`.
const WRITES: usize = 25;
/// How many batches are written at a time.
const AT_ONCE: usize = 4;
/// How often a batch is retried without any progress.
const ATTEMPTS: u32 = 8;

/// The existing items of these tables (at most 100 in all), by table.
pub(super) async fn get(
    client: &Client,
    mut wanted: HashMap<String, KeysAndAttributes>,
) -> Result<HashMap<String, Vec<Attributes>>, StoreError> {
    let mut items: HashMap<String, Vec<Attributes>> = HashMap::with_capacity(wanted.len());
    let mut backoff = Backoff::new(ATTEMPTS);
    loop {
        let answer = client.batch_get_item().set_request_items(Some(wanted)).send().await;
        let answer = answer.map_err(|error| of_dynamodb(&error))?;
        for (table, got) in answer.responses.unwrap_or_default() {
            if !got.is_empty() {
                backoff = Backoff::new(ATTEMPTS);
            }
            items.entry(table).or_default().extend(got);
        }
        wanted = answer.unprocessed_keys.unwrap_or_default();
        wanted.retain(|_, left| !left.keys().is_empty());
        if wanted.is_empty() {
            return Ok(items);
        }
        if !backoff.pause().await {
            return Err(StoreError::Throttled(DYNAMODB));
        }
    }
}

/// Puts these items.
pub(super) async fn put_all(client: &Client, table: &str, mut items: Vec<Attributes>) -> Result<(), StoreError> {
    let mut batches = Vec::with_capacity(items.len().div_ceil(WRITES));
    while !items.is_empty() {
        let rest = items.split_off(items.len().min(WRITES));
        batches.push(put(client, table, std::mem::replace(&mut items, rest)));
    }
    stream::iter(batches).buffer_unordered(AT_ONCE).try_collect().await
}

/// Puts these items, at most [`WRITES`].
async fn put(client: &Client, table: &str, items: Vec<Attributes>) -> Result<(), StoreError> {
    let mut wanted = Vec::with_capacity(items.len());
    for item in items {
        let put = PutRequest::builder().set_item(Some(item)).build();
        let put = put.map_err(StoreError::dynamodb)?;
        wanted.push(WriteRequest::builder().put_request(put).build());
    }
    let mut backoff = Backoff::new(ATTEMPTS);
    while !wanted.is_empty() {
        let before = wanted.len();
        let answer = client.batch_write_item().request_items(table, wanted).send().await;
        wanted = rest(answer.map_err(|error| of_dynamodb(&error))?.unprocessed_items, table).unwrap_or_default();
        if wanted.len() < before {
            backoff = Backoff::new(ATTEMPTS);
        }
        if !wanted.is_empty() && !backoff.pause().await {
            return Err(StoreError::Throttled(DYNAMODB));
        }
    }
    Ok(())
}

/// The unprocessed part for this table.
fn rest<T>(unprocessed: Option<HashMap<String, T>>, table: &str) -> Option<T> {
    unprocessed.and_then(|mut tables| tables.remove(table))
}
