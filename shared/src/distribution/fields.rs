//! A distribution's configuration as a flat list of fields, so that what is can be compared with what is wanted. Only what
//! [`Wanted`](super::Wanted) decides is in it: what CloudFront fills in, and what a person added, is no difference.

use std::collections::BTreeMap;
use std::fmt::Debug;

use aws_sdk_cloudfront::types::{
    AllowedMethods, CacheBehavior, CacheBehaviors, CustomErrorResponses, DefaultCacheBehavior, DistributionConfig,
    FunctionAssociations, Origin, TrustedKeyGroups,
};

/// A field that is not as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which: `origin media path`.
    pub field: String,
    /// What it is to be; none where it is not to be there.
    pub wanted: Option<String>,
    /// What it is.
    pub found: Option<String>,
}

/// The fields in which one is not as the other.
#[must_use]
pub fn differences(wanted: &DistributionConfig, found: &DistributionConfig) -> Vec<Difference> {
    let (wanted, mut found) = (fields(wanted), fields(found));
    let mut all: Vec<_> = wanted
        .into_iter()
        .map(|(field, wanted)| Difference { found: found.remove(&field), field, wanted: Some(wanted) })
        .collect();
    all.extend(found.into_iter().map(|(field, found)| Difference { field, wanted: None, found: Some(found) }));
    all.retain(|difference| difference.wanted != difference.found);
    all
}

/// Fields by their names.
#[derive(Default)]
struct Fields {
    prefix: String,
    all: BTreeMap<String, String>,
}

impl Fields {
    /// Notes a value; nothing, and an empty text, are no value.
    fn put(&mut self, name: &str, value: impl Debug) {
        let value = format!("{value:?}");
        if !matches!(value.as_str(), "None" | "Some(\"\")" | "\"\"") {
            self.all.insert(format!("{}{name}", self.prefix), value);
        }
    }

    fn origin(&mut self, origin: &Origin) {
        self.prefix = format!("origin {} ", origin.id);
        self.put("domain", &origin.domain_name);
        self.put("path", &origin.origin_path);
        self.put("access control", &origin.origin_access_control_id);
        self.put("is S3", origin.s3_origin_config.is_some());
        if let Some(custom) = &origin.custom_origin_config {
            self.put("protocol", &custom.origin_protocol_policy);
            self.put("HTTPS port", custom.https_port);
            self.put("TLS", custom.origin_ssl_protocols.as_ref().map(|protocols| &protocols.items));
            self.put("read timeout", custom.origin_read_timeout);
        }
    }

    fn media(&mut self, behaviour: &DefaultCacheBehavior) {
        "behaviour of media ".clone_into(&mut self.prefix);
        self.put("origin", &behaviour.target_origin_id);
        self.put("protocol", &behaviour.viewer_protocol_policy);
        self.methods(behaviour.allowed_methods.as_ref());
        self.put("compress", behaviour.compress.unwrap_or_default());
        self.functions(behaviour.function_associations.as_ref());
        self.keys(behaviour.trusted_key_groups.as_ref());
        self.put("cache policy", &behaviour.cache_policy_id);
        self.put("origin request policy", &behaviour.origin_request_policy_id);
        self.put("response headers policy", &behaviour.response_headers_policy_id);
    }

    fn behaviour(&mut self, behaviour: &CacheBehavior) {
        self.prefix = format!("behaviour of {} ", behaviour.path_pattern);
        self.put("origin", &behaviour.target_origin_id);
        self.put("protocol", &behaviour.viewer_protocol_policy);
        self.methods(behaviour.allowed_methods.as_ref());
        self.put("compress", behaviour.compress.unwrap_or_default());
        self.functions(behaviour.function_associations.as_ref());
        self.keys(behaviour.trusted_key_groups.as_ref());
        self.put("cache policy", &behaviour.cache_policy_id);
        self.put("origin request policy", &behaviour.origin_request_policy_id);
        self.put("response headers policy", &behaviour.response_headers_policy_id);
    }

    fn methods(&mut self, methods: Option<&AllowedMethods>) {
        self.put("methods", methods.map(|methods| sorted(methods.items.iter().map(ToString::to_string))));
        let kept = methods.and_then(|methods| methods.cached_methods.as_ref());
        self.put("kept methods", kept.map(|kept| sorted(kept.items.iter().map(ToString::to_string))));
    }

    fn functions(&mut self, functions: Option<&FunctionAssociations>) {
        for function in functions.into_iter().flat_map(FunctionAssociations::items) {
            self.put(&format!("function at {}", function.event_type), &function.function_arn);
        }
    }

    fn keys(&mut self, keys: Option<&TrustedKeyGroups>) {
        let groups = keys.filter(|keys| keys.enabled).and_then(|keys| keys.items.clone());
        self.put("trusted key groups", groups.filter(|groups| !groups.is_empty()));
    }
}

fn fields(config: &DistributionConfig) -> BTreeMap<String, String> {
    let mut fields = Fields::default();
    fields.put("reference", &config.caller_reference);
    fields.put("comment", &config.comment);
    fields.put("enabled", config.enabled);
    fields.put("price class", &config.price_class);
    fields.put("HTTP", &config.http_version);
    fields.put("IPv6", config.is_ipv6_enabled);
    for refusal in config.custom_error_responses.iter().flat_map(CustomErrorResponses::items) {
        fields.put(&format!("kept after {}", refusal.error_code), refusal.error_caching_min_ttl);
    }
    for origin in config.origins.iter().flat_map(|origins| &origins.items) {
        fields.origin(origin);
    }
    if let Some(behaviour) = &config.default_cache_behavior {
        fields.media(behaviour);
    }
    for behaviour in config.cache_behaviors.iter().flat_map(CacheBehaviors::items) {
        fields.behaviour(behaviour);
    }
    fields.all
}

/// CloudFront keeps lists in an order of its own.
fn sorted(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut items: Vec<_> = items.collect();
    items.sort();
    items
}
