//! Amazon DynamoDB, by its SDK.

mod batch;
mod expression;
mod item;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, KeysAndAttributes, Put, Select, TransactWriteItem, Update};

use self::expression::{Expression, Placeholders};
use self::item::{attributes, item, key};
use super::calls::Counter;
use super::clients::{retries, timeouts};
use super::error::of_dynamodb;
use crate::store::StoreError;
use crate::store::database::{
    Condition, Database, Get, IndexQuery, Item, ItemChange, ItemCount, PrimaryKey, Query, TableName, Write,
};
use crate::telemetry::Service;

/// The tables of an account.
#[derive(Clone, Debug)]
pub struct DynamoDb {
    client: Client,
    counter: Counter,
}

impl DynamoDb {
    /// The tables behind a client of this configuration.
    #[must_use]
    pub fn new(config: config::Builder) -> Self {
        let counter = Counter::new(Service::DynamoDb);
        let mut config = config.timeout_config(timeouts()).retry_config(retries());
        config.push_interceptor(counter.interceptor());
        Self { client: Client::from_conf(config.build()), counter }
    }

    /// A query, but for what is asked of it beside the keys.
    fn queried(&self, query: &Query<'_>) -> (QueryFluentBuilder, Placeholders) {
        let mut names = Placeholders::default();
        let Query { table, partition, sorts, .. } = query;
        let keys = names.between((table.partition, partition), (table.sort.unwrap_or_default(), sorts));
        let request = self.client.query().table_name(table.name.as_ref()).consistent_read(query.consistent);
        let request = request.key_condition_expression(keys);
        let only = query.only.as_ref().map(|only| names.condition(only));
        (request.set_filter_expression(only), names)
    }

    async fn transact(&self, writes: Vec<Write<'_>>) -> Result<bool, StoreError> {
        let items = writes.into_iter().map(transacted).collect::<Result<_, _>>()?;
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(is_in_the_way) => Ok(false),
            Err(error) => Err(of_dynamodb(&error)),
        }
    }
}

#[async_trait]
impl Database for DynamoDb {
    fn calls(&self) -> u64 {
        self.counter.count()
    }

    async fn get(&self, wanted: &[Get<'_>]) -> Result<Vec<Vec<Arc<Item>>>, StoreError> {
        let mut requests = HashMap::with_capacity(wanted.len());
        for get in wanted {
            let keys = get.keys.iter().map(|wanted| key(get.table, wanted)).collect();
            let mut names = Placeholders::default();
            let projection = get.attributes.map(|attributes| names.projection(attributes));
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(get.consistent)
                .set_projection_expression(projection)
                .set_expression_attribute_names(names.names())
                .build()
                .map_err(StoreError::dynamodb)?;
            requests.insert(get.table.name.to_string(), keys);
        }
        let mut found = batch::get(&self.client, requests).await?;
        let of = |get: &Get<'_>| found.remove(get.table.name.as_ref()).unwrap_or_default();
        Ok(wanted.iter().map(of).map(|items| items.into_iter().map(|found| Arc::new(item(found))).collect()).collect())
    }

    async fn get_one(&self, table: &TableName, at: PrimaryKey) -> Result<Option<Arc<Item>>, StoreError> {
        let request = self.client.get_item().table_name(table.name.as_ref()).set_key(Some(key(table, &at)));
        let answer = request.consistent_read(true).send().await.map_err(|error| of_dynamodb(&error))?;
        Ok(answer.item.map(|found| Arc::new(item(found))))
    }

    async fn query(&self, query: &Query<'_>) -> Result<Vec<Arc<Item>>, StoreError> {
        let (request, mut names) = self.queried(query);
        let request = request.set_projection_expression(query.attributes.map(|wanted| names.projection(wanted)));
        let (names, values) = names.both();
        let request = request.set_expression_attribute_names(names).set_expression_attribute_values(values);
        let mut found = request.into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(next) = found.next().await {
            items.push(Arc::new(item(next.map_err(|error| of_dynamodb(&error))?)));
        }
        Ok(items)
    }

    async fn list(&self, query: &IndexQuery<'_>) -> Result<Vec<Arc<Item>>, StoreError> {
        let IndexQuery { table, index, partition, sorts, most } = query;
        let mut names = Placeholders::default();
        let keys = names.between((index.partition, partition), (index.sort, sorts));
        let (names, values) = names.both();
        let request = self.client.query().table_name(table.name.as_ref()).index_name(index.name);
        let request = request.key_condition_expression(keys).set_expression_attribute_names(names);
        let limit = i32::try_from(*most).unwrap_or(i32::MAX);
        let request = request.set_expression_attribute_values(values).limit(limit);
        let mut found = request.into_paginator().items().send();
        let mut items = Vec::new();
        // An answer ends after a megabyte, or after as many items as are wanted.
        while items.len() < *most {
            let Some(next) = found.next().await else { break };
            items.push(Arc::new(item(next.map_err(|error| of_dynamodb(&error))?)));
        }
        Ok(items)
    }

    async fn count(&self, query: &Query<'_>) -> Result<ItemCount, StoreError> {
        let (request, names) = self.queried(query);
        let (names, values) = names.both();
        let request = request.set_expression_attribute_names(names).set_expression_attribute_values(values);
        let mut answers = request.select(Select::Count).into_paginator().send();
        let mut count = ItemCount::default();
        while let Some(answer) = answers.next().await {
            let answer = answer.map_err(|error| of_dynamodb(&error))?;
            count.matching += u64::try_from(answer.count).unwrap_or_default();
            count.all += u64::try_from(answer.scanned_count).unwrap_or_default();
        }
        Ok(count)
    }

    async fn scan(
        &self,
        table: &TableName,
        only: Option<&Condition>,
        wanted: Option<&'static [&'static str]>,
    ) -> Result<Vec<Arc<Item>>, StoreError> {
        let mut names = Placeholders::default();
        let scan = self.client.scan().table_name(table.name.as_ref()).consistent_read(true);
        let scan = scan.set_filter_expression(only.map(|only| names.condition(only)));
        let scan = scan.set_projection_expression(wanted.map(|wanted| names.projection(wanted)));
        let (names, values) = names.both();
        let scan = scan.set_expression_attribute_names(names).set_expression_attribute_values(values);
        let mut found = scan.into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(next) = found.next().await {
            items.push(Arc::new(item(next.map_err(|error| of_dynamodb(&error))?)));
        }
        Ok(items)
    }

    async fn put_all(&self, table: &TableName, items: Vec<Item>) -> Result<(), StoreError> {
        batch::put_all(&self.client, &table.name, items.into_iter().map(attributes).collect()).await
    }

    async fn write(&self, mut writes: Vec<Write<'_>>) -> Result<bool, StoreError> {
        if writes.len() != 1 {
            return self.transact(writes).await;
        }
        let Some(Write { table, change, only_if }) = writes.pop() else { return Ok(true) };
        let name = table.name.as_ref();
        let condition = Expression::condition(only_if.as_ref());
        match change {
            ItemChange::Put(item) => {
                let put = self.client.put_item().table_name(name).set_item(Some(attributes(item)));
                let put = put.set_condition_expression(condition.text).set_expression_attribute_names(condition.names);
                done(put.set_expression_attribute_values(condition.values).send().await)
            }
            ItemChange::Delete(at) => {
                let delete = self.client.delete_item().table_name(name).set_key(Some(key(table, &at)));
                let delete = delete.set_condition_expression(condition.text);
                let delete = delete.set_expression_attribute_names(condition.names);
                done(delete.set_expression_attribute_values(condition.values).send().await)
            }
            ItemChange::Update(at, set) => {
                let (update, condition) = Expression::update(set, only_if.as_ref());
                let request = self.client.update_item().table_name(name).set_key(Some(key(table, &at)));
                let request = request.update_expression(update).set_condition_expression(condition.text);
                let request = request.set_expression_attribute_names(condition.names);
                done(request.set_expression_attribute_values(condition.values).send().await)
            }
            change @ ItemChange::Check(_) => self.transact(vec![Write { table, change, only_if }]).await,
        }
    }
}

/// A write as a part of a transaction.
fn transacted(write: Write<'_>) -> Result<TransactWriteItem, StoreError> {
    let Write { table, change, only_if } = write;
    let name = table.name.as_ref();
    let condition = Expression::condition(only_if.as_ref());
    let item = TransactWriteItem::builder();
    Ok(match change {
        ItemChange::Put(new) => item.put(
            Put::builder()
                .table_name(name)
                .set_item(Some(attributes(new)))
                .set_condition_expression(condition.text)
                .set_expression_attribute_names(condition.names)
                .set_expression_attribute_values(condition.values)
                .build()
                .map_err(StoreError::dynamodb)?,
        ),
        ItemChange::Delete(at) => item.delete(
            Delete::builder()
                .table_name(name)
                .set_key(Some(key(table, &at)))
                .set_condition_expression(condition.text)
                .set_expression_attribute_names(condition.names)
                .set_expression_attribute_values(condition.values)
                .build()
                .map_err(StoreError::dynamodb)?,
        ),
        ItemChange::Update(at, set) => {
            let (update, condition) = Expression::update(set, only_if.as_ref());
            item.update(
                Update::builder()
                    .table_name(name)
                    .set_key(Some(key(table, &at)))
                    .update_expression(update)
                    .set_condition_expression(condition.text)
                    .set_expression_attribute_names(condition.names)
                    .set_expression_attribute_values(condition.values)
                    .build()
                    .map_err(StoreError::dynamodb)?,
            )
        }
        ItemChange::Check(at) => item.condition_check(
            ConditionCheck::builder()
                .table_name(name)
                .set_key(Some(key(table, &at)))
                .set_condition_expression(condition.text)
                .set_expression_attribute_names(condition.names)
                .set_expression_attribute_values(condition.values)
                .build()
                .map_err(StoreError::dynamodb)?,
        ),
    }
    .build())
}

/// Whether a conditional write was done: `false` if its condition did not hold.
fn done<T, E>(written: Result<T, SdkError<E>>) -> Result<bool, StoreError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    const IN_THE_WAY: [&str; 2] = ["ConditionalCheckFailedException", "TransactionConflictException"];
    match written {
        Ok(_) => Ok(true),
        Err(error) if error.code().is_some_and(|code| IN_THE_WAY.contains(&code)) => Ok(false),
        Err(error) => Err(of_dynamodb(&error)),
    }
}

/// Whether a transaction failed because of its conditions, or because others write the same items.
fn is_in_the_way(error: &TransactWriteItemsError) -> bool {
    const IN_THE_WAY: [&str; 2] = ["ConditionalCheckFailed", "TransactionConflict"];
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            let mut codes = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
            codes.any(|code| IN_THE_WAY.contains(&code))
        }
        error => error.code() == Some("TransactionInProgressException"),
    }
}
