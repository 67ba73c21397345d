//! CloudFront on one machine: its API, the secrets that signing needs, and what viewers reach.
//!
//! The API of CloudFront and that of Secrets Manager are winterbaume's. The clients of the AWS SDKs reach them within the
//! process, as their transport, not over a port: a private key is in there. What is made is kept in the data folder (`kept`).
//!
//! A distribution is a path on the local server, `/stream/{space}/…`, which does what the distribution that was made would do:
//! `site` looks at its configuration, has the signature verified, sends the request to the origin that [`edge`] says, and adds
//! the header fields of its policy. Nothing is cached: the origins are as near.

pub mod edge;
mod kept;
mod origins;
mod site;

use std::sync::{Arc, PoisonError, RwLock};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudfront::config::SharedHttpClient;
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use reelspan::space::commons::TrustedKey;
use winterbaume_cloudfront::views::{DistributionView, PublicKeyView};
use winterbaume_cloudfront::{CloudFrontService, CloudFrontStateView};
use winterbaume_core::{MockAws, StatefulService};
use winterbaume_secretsmanager::SecretsManagerService;

use self::kept::Kept;
pub use self::origins::Origins;
pub use self::site::Site;
use crate::{Error, aws, data::Data, s3::REGION};

/// The secret of the key that signs; it is made with the first key.
pub const SIGNING_SECRET: &str = "reelspan-signing";

/// The two APIs, as clients reach them.
#[derive(Clone)]
pub struct CloudFront {
    http: SharedHttpClient,
    credentials: SharedCredentialsProvider,
    made: Made,
}

/// What has been made in CloudFront, as of the last change.
#[derive(Clone, Default)]
struct Made(Arc<RwLock<CloudFrontStateView>>);

/// Of a distribution what decides who is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// Whether it answers at all.
    pub enabled: bool,
    /// The keys that it trusts, where it asks for signatures.
    pub keys: Option<Vec<TrustedKey>>,
}

impl CloudFront {
    /// Opens what is kept in a data folder.
    pub async fn open(data: &Data) -> Result<Self, Error> {
        let made = Made::default();
        let cloudfront = CloudFrontService::new();
        let seen = made.clone();
        cloudfront.notifier().subscribe(move |_, _, view: &CloudFrontStateView| seen.set(view.clone()));
        let cloudfront = Kept::open(cloudfront, data.cloudfront()).await?;
        let secrets = Kept::open(SecretsManagerService::new(), data.secrets()).await?;
        let services = MockAws::builder().with_service(cloudfront).with_service(secrets).build();
        let credentials = SharedCredentialsProvider::new(aws::sdk(data.credentials()));
        Ok(Self { http: services.http_client(), credentials, made })
    }

    /// The configuration of a client of CloudFront.
    #[must_use]
    pub fn distributions(&self) -> aws_sdk_cloudfront::config::Builder {
        aws_sdk_cloudfront::config::Builder::from(&self.config())
    }

    /// The configuration of a client of Secrets Manager.
    #[must_use]
    pub fn secrets(&self) -> aws_sdk_secretsmanager::config::Builder {
        aws_sdk_secretsmanager::config::Builder::from(&self.config())
    }

    /// Who is let in to a distribution; none where there is none of this name.
    #[must_use]
    pub fn entrance(&self, distribution: &str) -> Option<Entrance> {
        let made = self.made.0.read().unwrap_or_else(PoisonError::into_inner);
        let distribution = made.distributions.get(distribution)?;
        let keys = groups(distribution).map(|groups| {
            let groups = groups.iter().filter_map(|group| made.key_groups.get(group));
            let keys = groups.flat_map(|group| &group.items).filter_map(|id| made.public_keys.get(id));
            keys.filter_map(trusted).collect()
        });
        Some(Entrance { enabled: distribution.enabled, keys })
    }

    fn config(&self) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .region(Region::new(REGION))
            .credentials_provider(self.credentials.clone())
            .build()
    }
}

impl std::fmt::Debug for CloudFront {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("CloudFront").finish_non_exhaustive()
    }
}

impl Made {
    fn set(&self, view: CloudFrontStateView) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = view;
    }
}

/// The key groups that a distribution trusts, where it asks for signatures.
fn groups(distribution: &DistributionView) -> Option<Vec<String>> {
    let behavior = &distribution.raw_config.as_ref()?.default_cache_behavior;
    let groups = behavior.trusted_key_groups.as_ref().filter(|groups| groups.enabled)?;
    Some(groups.items.as_ref().map(|list| list.items.clone()).unwrap_or_default())
}

/// A public key as verifying takes it: of the PEM what is between the lines (RFC 7468 §13).
fn trusted(key: &PublicKeyView) -> Option<TrustedKey> {
    let lines = key.encoded_key.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    let public = aws_smithy_types::base64::decode(lines.collect::<String>()).ok()?;
    Some(TrustedKey { id: key.id.clone(), public, until: None })
}

#[cfg(test)]
mod tests;
