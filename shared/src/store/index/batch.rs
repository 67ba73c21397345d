//! Batches of DynamoDB, tried again until nothing of them is left unprocessed.
//!
//! Where a table is throttled, or an answer would be larger than 16 MB, DynamoDB does a part of a batch and names the rest,
//! which is not an error that the SDK would retry.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{KeysAndAttributes, PutRequest, WriteRequest};

use super::item::Item;
use crate::store::Error;
use crate::store::error::{DYNAMODB, of_dynamodb};
use crate::store::retry::Backoff;

/// The most items that one `BatchGetItem` takes.
pub(super) const GETS: usize = 100;
/// The most items that one `BatchWriteItem` takes.
pub(super) const WRITES: usize = 25;
/// How often a batch is tried that has nothing processed of it.
const ATTEMPTS: u32 = 8;

/// Those of the items with these keys (at most [`GETS`]) that exist.
pub(super) async fn get(client: &Client, table: &str, keys: Vec<Item>, consistent: bool) -> Result<Vec<Item>, Error> {
    let mut items = Vec::with_capacity(keys.len());
    let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(consistent).build();
    let mut wanted = request.map_err(Error::dynamodb)?;
    let mut backoff = Backoff::new(ATTEMPTS);
    loop {
        let answer = client.batch_get_item().request_items(table, wanted).send().await;
        let answer = answer.map_err(|error| of_dynamodb(&error))?;
        let got = answer.responses.unwrap_or_default().remove(table).unwrap_or_default();
        if !got.is_empty() {
            backoff = Backoff::new(ATTEMPTS);
        }
        items.extend(got);
        match rest(answer.unprocessed_keys, table) {
            Some(left) if !left.keys().is_empty() => wanted = left,
            _ => return Ok(items),
        }
        if !backoff.pause().await {
            return Err(Error::Throttled(DYNAMODB));
        }
    }
}

/// Puts these items, at most [`WRITES`].
pub(super) async fn put(client: &Client, table: &str, items: Vec<Item>) -> Result<(), Error> {
    let mut wanted = Vec::with_capacity(items.len());
    for item in items {
        let put = PutRequest::builder().set_item(Some(item)).build();
        let put = put.map_err(Error::dynamodb)?;
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
            return Err(Error::Throttled(DYNAMODB));
        }
    }
    Ok(())
}

/// What was left unprocessed of the one table that was asked.
fn rest<T>(unprocessed: Option<HashMap<String, T>>, table: &str) -> Option<T> {
    unprocessed.and_then(|mut tables| tables.remove(table))
}
