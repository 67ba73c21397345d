//! A CloudFront KeyValueStore (*CloudFront Developer Guide*, "Amazon CloudFront KeyValueStore"; *API Reference*,
//! `cloudfront-keyvaluestore` of 2022-07-26).

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_cloudfrontkeyvaluestore::Client;
use aws_sdk_cloudfrontkeyvaluestore::config::{self, http::HttpResponse};
use aws_sdk_cloudfrontkeyvaluestore::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_cloudfrontkeyvaluestore::types::{DeleteKeyRequestListItem, PutKeyRequestListItem};

use super::{KeyChanges, KeyValueStore, StoreVersion};
use crate::EdgeError;
use crate::error::CLOUDFRONT;

/// A CloudFront KeyValueStore.
#[derive(Clone, Debug)]
pub struct CloudFrontStore {
    client: Client,
    arn: String,
}

impl CloudFrontStore {
    /// The store with this ARN, with a client of this configuration.
    #[must_use]
    pub fn new(config: config::Builder, arn: impl Into<String>) -> Self {
        Self { client: Client::from_conf(config.build()), arn: arn.into() }
    }
}

#[async_trait]
impl KeyValueStore for CloudFrontStore {
    async fn version(&self) -> Result<StoreVersion, EdgeError> {
        let described = self.client.describe_key_value_store().kvs_arn(&self.arn).send().await.map_err(of)?;
        Ok(StoreVersion(described.e_tag))
    }

    async fn get(&self, key: &str) -> Result<Option<String>, EdgeError> {
        match self.client.get_key().kvs_arn(&self.arn).key(key).send().await {
            Ok(found) => Ok(Some(found.value)),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(of(error)),
        }
    }

    async fn all(&self) -> Result<BTreeMap<String, String>, EdgeError> {
        let mut items = self.client.list_keys().kvs_arn(&self.arn).into_paginator().items().send();
        let mut values = BTreeMap::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(of)?;
            values.insert(item.key, item.value);
        }
        Ok(values)
    }

    async fn update(&self, version: &StoreVersion, changes: &KeyChanges) -> Result<StoreVersion, EdgeError> {
        let mut update = self.client.update_keys().kvs_arn(&self.arn).if_match(&version.0);
        for (key, value) in changes {
            update = match value {
                Some(value) => update.puts(built(PutKeyRequestListItem::builder().key(key).value(value).build())?),
                None => update.deletes(built(DeleteKeyRequestListItem::builder().key(key).build())?),
            };
        }
        Ok(StoreVersion(update.send().await.map_err(of)?.e_tag))
    }
}

fn built<T>(item: Result<T, aws_sdk_cloudfrontkeyvaluestore::error::BuildError>) -> Result<T, EdgeError> {
    item.map_err(|error| EdgeError::Service(error.to_string()))
}

fn of<E>(error: SdkError<E, HttpResponse>) -> EdgeError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default() {
        "ConflictException" => EdgeError::Conflict,
        "ServiceQuotaExceededException" => EdgeError::Full(
            "the key value store of the edges is full: it holds 5 MB, some 50 000 spaces; disable-streaming for spaces that \
             need none, or set fewer allowedOrigins"
                .to_owned(),
        ),
        "ThrottlingException" | "TooManyRequestsException" | "Throttling" => EdgeError::Throttled(CLOUDFRONT),
        _ => EdgeError::Service(DisplayErrorContext(error).to_string()),
    }
}
