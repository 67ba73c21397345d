//! What all distributions share is made once: two origin access controls, the policies, the viewer-request function. What was
//! made is noted beside the keys ([`crate::space::commons`]), so that in general nothing of this costs a call. What is not
//! noted is looked for by its name before it is made: a call may have died in between.

use aws_sdk_cloudfront::primitives::Blob;
use aws_sdk_cloudfront::types::{
    CachePolicyType, FunctionConfig, FunctionRuntime, FunctionStage, OriginAccessControlConfig,
    OriginAccessControlOriginTypes, OriginAccessControlSigningBehaviors, OriginAccessControlSigningProtocols,
    OriginRequestPolicyType, ResponseHeadersPolicyType,
};
use ring::digest::{SHA256, digest};
use std::collections::btree_map::Entry;

use super::error::{Error, of};
use super::{Distributions, policies};
use crate::space::commons::Commons;
use crate::store::SpacesTable;

/// The viewer-request function.
pub const VIEWER_REQUEST: &str = include_str!("../../../functions/edge/viewer-request.js");
/// Counts the changes of what is made here: what a distribution uses is not changed, but made anew beside it.
const VERSION: u32 = 1;

/// What was made, by CloudFront's names for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// The origin access control of the media bucket.
    pub media_access: String,
    /// The origin access control of function URLs.
    pub function_access: String,
    /// The cache policy.
    pub cache: String,
    /// The origin request policy of media.
    pub requests: String,
    /// The origin request policy of cookies.
    pub cookie_requests: String,
    /// The response headers policy of some origins.
    pub answers: String,
    /// The ARN of the viewer-request function.
    pub function: String,
    /// The key group, where there is one already.
    pub keys: Option<String>,
}

/// Under what the key group is noted.
pub(super) const KEY_GROUP: &str = "key-group";

/// Something that is made once.
enum Thing<'a> {
    Access(OriginAccessControlOriginTypes),
    Cache,
    Requests,
    CookieRequests,
    Answers(&'a [String]),
    Function,
}

impl Thing<'_> {
    /// What it is noted under, and ends its name.
    fn name(&self) -> String {
        match self {
            Self::Access(OriginAccessControlOriginTypes::S3) => format!("media-{VERSION}"),
            Self::Access(_) => format!("functions-{VERSION}"),
            Self::Cache => format!("cache-{VERSION}"),
            Self::Requests => format!("requests-{VERSION}"),
            Self::CookieRequests => format!("cookies-{VERSION}"),
            Self::Answers([]) => format!("answers-{VERSION}"),
            Self::Answers(origins) => format!("answers-{VERSION}-{}", hash(&origins.join("\n"))),
            Self::Function => format!("viewer-request-{}", hash(VIEWER_REQUEST)),
        }
    }
}

/// Some digits that are others for another text.
fn hash(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    digest.as_ref().iter().take(6).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

impl Distributions {
    /// What distributions share whose answers pages of these origins may read; makes what is not there yet.
    pub async fn shared(&self, table: &SpacesTable, origins: &[String]) -> Result<Made, Error> {
        let mut sorted = origins.to_vec();
        sorted.sort();
        sorted.dedup();
        let read = table.commons().await?;
        if let Some(made) = noted(&read, &sorted) {
            return Ok(made);
        }
        // One at a time, as far as this process reaches; beyond it CloudFront lets nothing have another's name.
        let making = self.making.lock().await;
        loop {
            let mut commons = table.commons().await?;
            for thing in things(&sorted) {
                if let Entry::Vacant(place) = commons.made.entry(thing.name()) {
                    let name = self.named(place.key());
                    place.insert(self.find_or_make(&thing, &name).await?);
                }
            }
            commons.version += 1;
            if table.set_commons(&commons).await? {
                drop(making);
                return noted(&commons, &sorted)
                    .ok_or_else(|| Error::cloudfront("something was made and is not noted"));
            }
        }
    }

    /// The name of something of this installation's.
    pub(super) fn named(&self, name: &str) -> String {
        format!("{}-{name}", self.settings.name)
    }

    async fn find_or_make(&self, thing: &Thing<'_>, name: &str) -> Result<String, Error> {
        if let Thing::Function = thing {
            return self.function(name).await;
        }
        if let Some(found) = self.find(thing, name).await? {
            return Ok(found);
        }
        match self.make(thing, name).await {
            // Another was quicker.
            Err(Error::Exists) => self.find(thing, name).await?.ok_or(Error::Exists),
            made => made,
        }
    }

    /// What has this name.
    async fn find(&self, thing: &Thing<'_>, name: &str) -> Result<Option<String>, Error> {
        let client = &self.client;
        let mut marker = None;
        loop {
            let (names, next) = match thing {
                Thing::Access(_) => {
                    let list = client.list_origin_access_controls().set_marker(marker).send().await.map_err(of)?;
                    let list = list.origin_access_control_list;
                    let next = list.as_ref().and_then(|list| list.next_marker.clone());
                    let items = list.and_then(|list| list.items).unwrap_or_default();
                    (items.into_iter().map(|item| (item.name, item.id)).collect::<Vec<_>>(), next)
                }
                Thing::Cache => {
                    let list = client.list_cache_policies().r#type(CachePolicyType::Custom).set_marker(marker);
                    let list = list.send().await.map_err(of)?.cache_policy_list;
                    let next = list.as_ref().and_then(|list| list.next_marker.clone());
                    let policies = list.and_then(|list| list.items).unwrap_or_default().into_iter();
                    let policies = policies.filter_map(|item| item.cache_policy);
                    (policies.filter_map(|policy| Some((policy.cache_policy_config?.name, policy.id))).collect(), next)
                }
                Thing::Requests | Thing::CookieRequests => {
                    let list = client.list_origin_request_policies().r#type(OriginRequestPolicyType::Custom);
                    let list = list.set_marker(marker).send().await.map_err(of)?.origin_request_policy_list;
                    let next = list.as_ref().and_then(|list| list.next_marker.clone());
                    let policies = list.and_then(|list| list.items).unwrap_or_default().into_iter();
                    let policies = policies.filter_map(|item| item.origin_request_policy);
                    let named =
                        policies.filter_map(|policy| Some((policy.origin_request_policy_config?.name, policy.id)));
                    (named.collect(), next)
                }
                Thing::Answers(_) => {
                    let list = client.list_response_headers_policies().r#type(ResponseHeadersPolicyType::Custom);
                    let list = list.set_marker(marker).send().await.map_err(of)?.response_headers_policy_list;
                    let next = list.as_ref().and_then(|list| list.next_marker.clone());
                    let policies = list.and_then(|list| list.items).unwrap_or_default().into_iter();
                    let policies = policies.filter_map(|item| item.response_headers_policy);
                    let named =
                        policies.filter_map(|policy| Some((policy.response_headers_policy_config?.name, policy.id)));
                    (named.collect(), next)
                }
                Thing::Function => return Ok(None),
            };
            if let Some((_, id)) = names.into_iter().find(|(found, _)| found == name) {
                return Ok(Some(id));
            }
            marker = next.filter(|next| !next.is_empty());
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    async fn make(&self, thing: &Thing<'_>, name: &str) -> Result<String, Error> {
        let client = &self.client;
        let unnamed = || Error::cloudfront(format!("{name} was made without an id"));
        match thing {
            Thing::Access(kind) => {
                let config = OriginAccessControlConfig::builder()
                    .name(name)
                    .signing_protocol(OriginAccessControlSigningProtocols::Sigv4)
                    .signing_behavior(OriginAccessControlSigningBehaviors::Always)
                    .origin_access_control_origin_type(kind.clone())
                    .build()?;
                let made = client.create_origin_access_control().origin_access_control_config(config).send().await;
                made.map_err(of)?.origin_access_control.map(|made| made.id).ok_or_else(unnamed)
            }
            Thing::Cache => {
                let made = client.create_cache_policy().cache_policy_config(policies::cache(name)?).send().await;
                made.map_err(of)?.cache_policy.map(|made| made.id).ok_or_else(unnamed)
            }
            Thing::Requests | Thing::CookieRequests => {
                let config = match thing {
                    Thing::Requests => policies::requests(name)?,
                    _ => policies::cookie_requests(name)?,
                };
                let made = client.create_origin_request_policy().origin_request_policy_config(config).send().await;
                made.map_err(of)?.origin_request_policy.map(|made| made.id).ok_or_else(unnamed)
            }
            Thing::Answers(origins) => {
                let config = policies::answers(name, origins)?;
                let made = client.create_response_headers_policy().response_headers_policy_config(config).send().await;
                made.map_err(of)?.response_headers_policy.map(|made| made.id).ok_or_else(unnamed)
            }
            Thing::Function => Err(unnamed()),
        }
    }

    /// The viewer-request function: made if need be, and live. Its name changes with its code, so that a distribution goes over
    /// to new code as a whole, and not before it is there.
    async fn function(&self, name: &str) -> Result<String, Error> {
        let client = &self.client;
        let config = FunctionConfig::builder()
            .comment("Sends fragments to the fragments function")
            .runtime(FunctionRuntime::CloudfrontJs20)
            .build()?;
        let made = client.create_function().name(name).function_config(config);
        match made.function_code(Blob::new(VIEWER_REQUEST)).send().await.map_err(of) {
            Ok(_) | Err(Error::Exists) => {}
            Err(error) => return Err(error),
        }
        let described = client.describe_function().name(name).stage(FunctionStage::Development).send().await;
        let described = described.map_err(of)?;
        let etag = described.e_tag.ok_or_else(|| Error::cloudfront(format!("{name} has no ETag")))?;
        let live = client.publish_function().name(name).if_match(etag).send().await.map_err(of)?;
        let metadata = live.function_summary.and_then(|summary| summary.function_metadata);
        metadata.map(|live| live.function_arn).ok_or_else(|| Error::cloudfront(format!("{name} has no ARN")))
    }
}

fn things(origins: &[String]) -> [Thing<'_>; 7] {
    [
        Thing::Access(OriginAccessControlOriginTypes::S3),
        Thing::Access(OriginAccessControlOriginTypes::Lambda),
        Thing::Cache,
        Thing::Requests,
        Thing::CookieRequests,
        Thing::Answers(origins),
        Thing::Function,
    ]
}

/// What was made for distributions whose answers pages of these origins may read, where all of it is noted.
fn noted(commons: &Commons, origins: &[String]) -> Option<Made> {
    let noted = |thing: &Thing<'_>| commons.made.get(&thing.name()).cloned();
    Some(Made {
        media_access: noted(&Thing::Access(OriginAccessControlOriginTypes::S3))?,
        function_access: noted(&Thing::Access(OriginAccessControlOriginTypes::Lambda))?,
        cache: noted(&Thing::Cache)?,
        requests: noted(&Thing::Requests)?,
        cookie_requests: noted(&Thing::CookieRequests)?,
        answers: noted(&Thing::Answers(origins))?,
        function: noted(&Thing::Function)?,
        keys: commons.made.get(KEY_GROUP).cloned(),
    })
}
