//! Public keys and the key group of CloudFront (*CloudFront API Reference* of 2020-05-31). Everything is found by its name,
//! which begins with that of the installation.

use async_trait::async_trait;
use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::config;
use aws_sdk_cloudfront::types::{KeyGroupConfig, PublicKeyConfig, PublicKeySummary};
use reelspan::cloudfront::key::SigningKey;

use super::{KeyGroup, hex};
use crate::EdgeError;
use crate::lambda::cloudfront::{CloudFrontFault, of, unnamed};

/// What CloudFront says about a distribution that all edges know.
const DEPLOYED: &str = "Deployed";

/// The key group of an installation.
#[derive(Clone, Debug)]
pub struct CloudFrontKeys {
    client: Client,
    name: String,
    distribution: Option<String>,
}

impl CloudFrontKeys {
    /// The key group of the installation with this name, which this distribution trusts. While the stack is being created,
    /// there is no distribution yet.
    #[must_use]
    pub fn new(config: config::Builder, name: impl Into<String>, distribution: Option<String>) -> Self {
        Self { client: Client::from_conf(config.build()), name: name.into(), distribution }
    }

    fn group_name(&self) -> String {
        format!("{}-keys", self.name)
    }

    /// The public keys of this installation.
    async fn public_keys(&self) -> Result<Vec<PublicKeySummary>, EdgeError> {
        let prefix = format!("{}-key-", self.name);
        let (mut keys, mut marker) = (Vec::new(), None);
        loop {
            let list = self.client.list_public_keys().set_marker(marker).send().await.map_err(of)?.public_key_list;
            marker = list.as_ref().and_then(|list| list.next_marker.clone()).filter(|next| !next.is_empty());
            keys.extend(list.and_then(|list| list.items).unwrap_or_default());
            if marker.is_none() {
                keys.retain(|key| key.name.starts_with(&prefix));
                return Ok(keys);
            }
        }
    }

    /// The id of the key group; `None` if there is none.
    async fn find_group(&self) -> Result<Option<String>, EdgeError> {
        let (name, mut marker) = (self.group_name(), None);
        loop {
            let list = self.client.list_key_groups().set_marker(marker).send().await.map_err(of)?.key_group_list;
            marker = list.as_ref().and_then(|list| list.next_marker.clone()).filter(|next| !next.is_empty());
            let groups = list.and_then(|list| list.items).unwrap_or_default().into_iter();
            let mut groups = groups.filter_map(|item| item.key_group);
            let named = groups.find(|group| group.key_group_config.as_ref().is_some_and(|config| config.name == name));
            if let Some(group) = named {
                return Ok(Some(group.id));
            }
            if marker.is_none() {
                return Ok(None);
            }
        }
    }
}

#[async_trait]
impl KeyGroup for CloudFrontKeys {
    async fn publish(&self, key: &SigningKey) -> Result<String, EdgeError> {
        let name = format!("{}-key-{}", self.name, hex(&key.public(), 8));
        let find = async || Ok::<_, EdgeError>(self.public_keys().await?.into_iter().find(|key| key.name == name));
        if let Some(found) = find().await? {
            return Ok(found.id);
        }
        let config = PublicKeyConfig::builder().caller_reference(&name).name(&name).encoded_key(key.public_pem());
        let config = config.build().map_err(|error| EdgeError::Service(error.to_string()))?;
        match self.client.create_public_key().public_key_config(config).send().await.map_err(of) {
            Ok(made) => Ok(made.public_key.ok_or_else(|| unnamed("a public key"))?.id),
            // Another caller was first.
            Err(CloudFrontFault::Exists) => Ok(find().await?.ok_or_else(|| unnamed("a public key"))?.id),
            Err(fault) => Err(fault.into()),
        }
    }

    async fn trust(&self, keys: &[String]) -> Result<String, EdgeError> {
        let config = || {
            let config = KeyGroupConfig::builder().name(self.group_name()).set_items(Some(keys.to_vec())).build();
            config.map_err(|error| EdgeError::Service(error.to_string()))
        };
        let id = match self.find_group().await? {
            Some(id) => id,
            None => match self.client.create_key_group().key_group_config(config()?).send().await.map_err(of) {
                Ok(made) => return Ok(made.key_group.ok_or_else(|| unnamed("a key group"))?.id),
                Err(CloudFrontFault::Exists) => self.find_group().await?.ok_or_else(|| unnamed("a key group"))?,
                Err(fault) => return Err(fault.into()),
            },
        };
        let found = self.client.get_key_group().id(&id).send().await.map_err(of)?;
        let trusted = found.key_group.and_then(|group| group.key_group_config).map(|config| config.items);
        if trusted.as_deref() != Some(keys) {
            let update = self.client.update_key_group().id(&id).set_if_match(found.e_tag).key_group_config(config()?);
            update.send().await.map_err(of)?;
        }
        Ok(id)
    }

    async fn is_deployed(&self) -> Result<bool, EdgeError> {
        let Some(id) = &self.distribution else { return Ok(true) };
        let found = self.client.get_distribution().id(id).send().await.map_err(of)?;
        Ok(found.distribution.is_some_and(|distribution| distribution.status == DEPLOYED))
    }

    async fn keep_only(&self, keys: &[String]) -> Result<(), EdgeError> {
        for key in self.public_keys().await?.into_iter().filter(|key| !keys.contains(&key.id)) {
            let found = match self.client.get_public_key().id(&key.id).send().await.map_err(of) {
                Ok(found) => found,
                Err(CloudFrontFault::Gone) => continue,
                Err(fault) => return Err(fault.into()),
            };
            let delete = self.client.delete_public_key().id(&key.id).set_if_match(found.e_tag);
            match delete.send().await.map_err(of) {
                Ok(_) | Err(CloudFrontFault::Gone) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        Ok(())
    }

    async fn delete(&self) -> Result<(), EdgeError> {
        if let Some(id) = self.find_group().await? {
            let found = self.client.get_key_group().id(&id).send().await.map_err(of)?;
            match self.client.delete_key_group().id(&id).set_if_match(found.e_tag).send().await.map_err(of) {
                Ok(_) | Err(CloudFrontFault::Gone) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        self.keep_only(&[]).await
    }
}
