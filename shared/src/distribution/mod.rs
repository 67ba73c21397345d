//! The distributions of CloudFront, one a streamed space (*CloudFront API Reference*, 2020-05-31): made, changed, deleted, and
//! told what to forget.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `settings` | where the media and the functions of an installation are |
//! | `hosts` | where viewers reach what is streamed |
//! | `policies`, `shared` | what all distributions share, and how it is made once |
//! | `wanted`, `fields` | what a distribution is to be, and in what it differs from that |
//! | `secret` | the private key that signs |
//! | `keys` | the key group, and how its keys are replaced |
//! | `forget` | which paths are invalidated when objects change |
//!
//! Everything here can be broken off anywhere and begun again: what is made has a name, or a reference, by which it is found
//! again.

mod error;
mod fields;
mod forget;
mod hosts;
mod keys;
mod policies;
mod secret;
mod settings;
mod shared;
mod wanted;

use std::sync::Arc;

use aws_sdk_cloudfront::config as cloudfront;
use aws_sdk_cloudfront::types::{DistributionConfig, DistributionConfigWithTags};
use aws_sdk_cloudfront::{Client, types};
use tokio::sync::Mutex;

pub use error::Error;
pub use fields::{Difference, differences};
pub use forget::paths;
pub use hosts::Hosts;
pub use keys::Rotation;
pub use policies::RANGE;
pub use secret::{Keys, SigningSecret};
pub use settings::{Installation, Unset};
pub use shared::{Made, VIEWER_REQUEST};
pub use wanted::{COOKIES, COOKIES_PATH, FRAGMENTS, MEDIA, OriginSettings, TAG, Wanted};

use self::error::of;
use crate::space::SpaceId;
use crate::space::streaming::{Distribution, Streaming};
use crate::store::SpacesTable;

/// What CloudFront says of a distribution that it has brought to all edges.
const DEPLOYED: &str = "Deployed";

/// CloudFront, as an installation uses it.
#[derive(Clone, Debug)]
pub struct Distributions {
    client: Client,
    settings: Arc<Installation>,
    making: Arc<Mutex<()>>,
}

/// A distribution as it is.
#[derive(Clone, Debug)]
pub struct FoundDistribution {
    /// What it is known by.
    pub distribution: Distribution,
    /// What it is.
    pub config: Box<DistributionConfig>,
    /// Which version of that, for whoever changes it.
    etag: String,
}

impl Distributions {
    /// Those behind a client of this configuration, for an installation of these settings.
    #[must_use]
    pub fn new(config: cloudfront::Builder, settings: Installation) -> Self {
        Self { client: Client::from_conf(config.build()), settings: Arc::new(settings), making: Arc::default() }
    }

    /// What the distribution of a space is to be; makes what it shares with all others, where that is not there yet.
    pub async fn wanted(&self, table: &SpacesTable, space: &SpaceId, streaming: &Streaming) -> Result<Wanted, Error> {
        let made = self.shared(table, &streaming.origins).await?;
        Ok(Wanted::new(space, streaming, &self.settings, &made))
    }

    /// Makes a distribution; where it was made already, it is that one.
    pub async fn create(&self, wanted: &Wanted) -> Result<FoundDistribution, Error> {
        let config =
            DistributionConfigWithTags::builder().distribution_config(wanted.config()?).tags(wanted.tags()?).build();
        let create = self.client.create_distribution_with_tags().distribution_config_with_tags(config);
        match Box::pin(create.send()).await {
            Ok(made) => found(made.distribution, made.e_tag),
            Err(error) => match of(error) {
                Error::Exists => self.by_reference(&wanted.reference, &wanted.comment).await?.ok_or(Error::Exists),
                error => Err(error),
            },
        }
    }

    /// The distribution of this name, as it is; [`Error::Gone`] where there is none.
    pub async fn get(&self, id: &str) -> Result<FoundDistribution, Error> {
        let found_now = self.client.get_distribution().id(id).send().await.map_err(of)?;
        found(found_now.distribution, found_now.e_tag)
    }

    /// The distribution that a space was given, though it was not noted which it is.
    pub async fn lost(&self, space: &SpaceId, streaming: &Streaming) -> Result<Option<FoundDistribution>, Error> {
        let wanted = Wanted::new(space, streaming, &self.settings, &Made::default());
        self.by_reference(&wanted.reference, &wanted.comment).await
    }

    /// The list does not say by what a distribution was asked for, but what it says of itself; the local CloudFront leaves that
    /// out too.
    async fn by_reference(&self, reference: &str, comment: &str) -> Result<Option<FoundDistribution>, Error> {
        let mut all = self.client.list_distributions().into_paginator().send();
        while let Some(page) = all.next().await {
            let page = page.map_err(of)?.distribution_list.and_then(|list| list.items).unwrap_or_default();
            for summary in page.into_iter().filter(|summary| ["", comment].contains(&summary.comment.as_str())) {
                match self.get(&summary.id).await {
                    Ok(found) if found.config.caller_reference == reference => return Ok(Some(found)),
                    Ok(_) | Err(Error::Gone) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(None)
    }

    /// Brings a distribution to what it is to be, if it is not; says what is known of it then, and whether anything was changed.
    pub async fn bring(&self, found: FoundDistribution, wanted: &Wanted) -> Result<(Distribution, bool), Error> {
        let config = wanted.over((*found.config).clone())?;
        let different = differences(&config, &found.config);
        if different.is_empty() {
            return Ok((found.distribution, false));
        }
        tracing::info!(distribution = found.distribution.id, ?different, "a distribution is changed");
        Ok((self.replace(found, Box::new(config)).await?, true))
    }

    /// Has a distribution serve nobody, without another look at the rest of it.
    pub async fn disable(&self, found: FoundDistribution) -> Result<Distribution, Error> {
        let mut config = found.config.clone();
        config.enabled = false;
        self.replace(found, config).await
    }

    async fn replace(&self, found: FoundDistribution, config: Box<DistributionConfig>) -> Result<Distribution, Error> {
        let update = self.client.update_distribution().id(&found.distribution.id).if_match(&found.etag);
        let updated = Box::pin(update.distribution_config(*config).send()).await.map_err(of)?;
        Ok(self::found(updated.distribution, updated.e_tag)?.distribution)
    }

    /// Deletes a distribution, which has to be disabled and deployed.
    pub async fn delete(&self, found: &FoundDistribution) -> Result<(), Error> {
        let delete = self.client.delete_distribution().id(&found.distribution.id).if_match(&found.etag);
        match delete.send().await.map_err(of) {
            Ok(_) | Err(Error::Gone) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn found(distribution: Option<types::Distribution>, etag: Option<String>) -> Result<FoundDistribution, Error> {
    let missing = || Error::cloudfront("a distribution without its configuration, or its ETag");
    let distribution = distribution.ok_or_else(missing)?;
    Ok(FoundDistribution {
        config: Box::new(distribution.distribution_config.ok_or_else(missing)?),
        etag: etag.ok_or_else(missing)?,
        distribution: Distribution {
            id: distribution.id,
            host: distribution.domain_name,
            deployed: distribution.status == DEPLOYED,
        },
    })
}
