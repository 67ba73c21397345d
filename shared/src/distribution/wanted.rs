//! What a distribution is to be: three origins, which are the space's prefix of the media bucket, the fragments function, and the
//! function that sets cookies; a behaviour for media and one for `/cookies`.
//!
//! What is wanted is a value of our own; it is laid over what a distribution is, so that what a person has added to it by hand (a
//! domain name of one's own, a firewall, logs) stays.

use aws_sdk_cloudfront::error::BuildError;
use aws_sdk_cloudfront::types::builders::OriginBuilder;
use aws_sdk_cloudfront::types::{
    Aliases, AllowedMethods, CacheBehavior, CacheBehaviors, CachedMethods, CustomErrorResponse, CustomErrorResponses,
    CustomHeaders, CustomOriginConfig, DefaultCacheBehavior, DistributionConfig, EventType, FunctionAssociation,
    FunctionAssociations, GeoRestriction, GeoRestrictionType, HttpVersion, Method, Origin, OriginProtocolPolicy,
    OriginShield, OriginSslProtocols, Origins, PriceClass, Restrictions, S3OriginConfig, SslProtocol, Tag, Tags,
    TrustedKeyGroups, ViewerCertificate, ViewerProtocolPolicy,
};

use super::policies::quantity;
use super::settings::Installation;
use super::shared::Made;
use crate::space::SpaceId;
use crate::space::streaming::{Kind, Streaming, StreamingStatus};

/// The origin of plain bytes: the space's prefix of the media bucket.
pub const MEDIA: &str = "media";
/// The origin of fragments; the viewer-request function selects it by this name.
pub const FRAGMENTS: &str = "fragments";
/// The origin that sets cookies.
pub const COOKIES: &str = "cookies";
/// Where cookies are set, which no content can be streamed from.
pub const COOKIES_PATH: &str = "/cookies";
/// The tag that says which space a distribution streams.
pub const TAG: &str = "reelspan:space";

/// CloudFront's own policy `CachingDisabled`.
const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
/// How long a function may take until it answers, in seconds: the most that CloudFront waits without being asked for more.
const READ_TIMEOUT: i32 = 60;
/// Refusals that are not kept: what is not there, or not to be had yet, may be in a moment.
const NOT_KEPT: [i32; 4] = [403, 404, 416, 503];

/// How CloudFront reaches an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginSettings {
    /// Its host.
    pub domain: String,
    /// What its paths begin with.
    pub path: String,
    /// By which origin access control CloudFront signs its requests to it.
    pub access: String,
}

/// What a distribution is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// By what it is asked for: CloudFront makes one for each.
    pub reference: String,
    /// What it says of itself.
    pub comment: String,
    /// The space that it streams.
    pub space: SpaceId,
    /// Whether it serves.
    pub enabled: bool,
    /// From which edges.
    pub price: PriceClass,
    /// Whether it is reached over IPv6 too. Not where signatures let in: their policies know addresses of IPv4 alone.
    pub ipv6: bool,
    /// Plain bytes.
    pub media: OriginSettings,
    /// Fragments.
    pub fragments: OriginSettings,
    /// Cookies.
    pub cookies: OriginSettings,
    /// What tells cached answers apart.
    pub cache: String,
    /// What origins are told.
    pub requests: String,
    /// What the origin of cookies is told.
    pub cookie_requests: String,
    /// What is added to answers.
    pub answers: String,
    /// The viewer-request function.
    pub function: String,
    /// Whose signatures let in; none where anybody is.
    pub keys: Option<String>,
}

impl Wanted {
    /// What streams a space in this way, with what all of them share.
    #[must_use]
    pub fn new(space: &SpaceId, streaming: &Streaming, settings: &Installation, made: &Made) -> Self {
        let origin = |domain: &str, path: String, access: &str| OriginSettings {
            domain: domain.to_owned(),
            path,
            access: access.to_owned(),
        };
        let secure = streaming.kind == Kind::Secure;
        Self {
            reference: reference(settings, space, streaming),
            comment: format!("{} streams {space}", settings.name),
            space: space.clone(),
            enabled: streaming.status == StreamingStatus::On,
            price: settings.price.clone(),
            ipv6: !secure,
            media: origin(&settings.media, format!("/{space}"), &made.media_access),
            fragments: origin(&settings.fragments, format!("/media/{space}"), &made.function_access),
            cookies: origin(&settings.cookies, String::new(), &made.function_access),
            cache: made.cache.clone(),
            requests: made.requests.clone(),
            cookie_requests: made.cookie_requests.clone(),
            answers: made.answers.clone(),
            function: made.function.clone(),
            keys: made.keys.clone().filter(|_| secure),
        }
    }

    /// A new distribution.
    pub fn config(&self) -> Result<DistributionConfig, BuildError> {
        let bare = DistributionConfig::builder()
            .caller_reference(&self.reference)
            .comment(&self.comment)
            .enabled(self.enabled)
            .origins(self.origins()?)
            .default_cache_behavior(self.behaviour()?)
            .aliases(Aliases::builder().quantity(0).build()?)
            .default_root_object("")
            .web_acl_id("")
            .viewer_certificate(ViewerCertificate::builder().cloud_front_default_certificate(true).build())
            .restrictions(
                Restrictions::builder()
                    .geo_restriction(
                        GeoRestriction::builder().restriction_type(GeoRestrictionType::None).quantity(0).build()?,
                    )
                    .build(),
            )
            .build()?;
        self.over(bare)
    }

    /// A distribution as it is, with what is wanted of it.
    pub fn over(&self, mut config: DistributionConfig) -> Result<DistributionConfig, BuildError> {
        config.enabled = self.enabled;
        self.comment.clone_into(&mut config.comment);
        config.origins = Some(self.origins()?);
        config.default_cache_behavior = Some(self.behaviour()?);
        config.cache_behaviors = Some(CacheBehaviors::builder().quantity(1).items(self.cookie_behaviour()?).build()?);
        config.custom_error_responses = Some(not_kept()?);
        config.price_class = Some(self.price.clone());
        config.http_version = Some(HttpVersion::Http2and3);
        config.is_ipv6_enabled = Some(self.ipv6);
        Ok(config)
    }

    /// Which space it streams.
    pub fn tags(&self) -> Result<Tags, BuildError> {
        Ok(Tags::builder().items(Tag::builder().key(TAG).value(self.space.as_str()).build()?).build())
    }

    fn origins(&self) -> Result<Origins, BuildError> {
        let bucket = S3OriginConfig::builder().origin_access_identity("").build();
        let origins = [
            self.media.origin(MEDIA)?.s3_origin_config(bucket).build()?,
            self.fragments.origin(FRAGMENTS)?.custom_origin_config(function_url()?).build()?,
            self.cookies.origin(COOKIES)?.custom_origin_config(function_url()?).build()?,
        ];
        Origins::builder().quantity(quantity(&origins)).set_items(Some(origins.to_vec())).build()
    }

    fn behaviour(&self) -> Result<DefaultCacheBehavior, BuildError> {
        let function = FunctionAssociation::builder().function_arn(&self.function).event_type(EventType::ViewerRequest);
        let functions = FunctionAssociations::builder().quantity(1).items(function.build()?).build()?;
        let keys = TrustedKeyGroups::builder()
            .enabled(self.keys.is_some())
            .quantity(i32::from(self.keys.is_some()))
            .set_items(self.keys.clone().map(|keys| vec![keys]));
        DefaultCacheBehavior::builder()
            .target_origin_id(MEDIA)
            // What is asked for over HTTP is refused rather than redirected: its signature would have been read by then.
            .viewer_protocol_policy(ViewerProtocolPolicy::HttpsOnly)
            .allowed_methods(methods(&[Method::Head, Method::Get, Method::Options])?)
            .compress(false)
            .smooth_streaming(false)
            .field_level_encryption_id("")
            .function_associations(functions)
            .trusted_key_groups(keys.build()?)
            .cache_policy_id(&self.cache)
            .origin_request_policy_id(&self.requests)
            .response_headers_policy_id(&self.answers)
            .build()
    }

    fn cookie_behaviour(&self) -> Result<CacheBehavior, BuildError> {
        CacheBehavior::builder()
            .path_pattern(COOKIES_PATH)
            .target_origin_id(COOKIES)
            .viewer_protocol_policy(ViewerProtocolPolicy::HttpsOnly)
            .allowed_methods(methods(&[Method::Head, Method::Get])?)
            .compress(false)
            .smooth_streaming(false)
            .field_level_encryption_id("")
            .trusted_key_groups(TrustedKeyGroups::builder().enabled(false).quantity(0).build()?)
            .cache_policy_id(CACHING_DISABLED)
            .origin_request_policy_id(&self.cookie_requests)
            .build()
    }
}

/// What a distribution is asked for by.
#[must_use]
pub(super) fn reference(settings: &Installation, space: &SpaceId, streaming: &Streaming) -> String {
    format!("{}/{space}/{}", settings.name, streaming.reference)
}

impl OriginSettings {
    fn origin(&self, id: &str) -> Result<OriginBuilder, BuildError> {
        let origin = Origin::builder()
            .id(id)
            .domain_name(&self.domain)
            .origin_path(&self.path)
            .origin_access_control_id(&self.access)
            .custom_headers(CustomHeaders::builder().quantity(0).build()?)
            .connection_attempts(3)
            .connection_timeout(10)
            .origin_shield(OriginShield::builder().enabled(false).build()?);
        Ok(origin)
    }
}

fn function_url() -> Result<CustomOriginConfig, BuildError> {
    CustomOriginConfig::builder()
        .http_port(80)
        .https_port(443)
        .origin_protocol_policy(OriginProtocolPolicy::HttpsOnly)
        .origin_ssl_protocols(OriginSslProtocols::builder().quantity(1).items(SslProtocol::TlSv12).build()?)
        .origin_read_timeout(READ_TIMEOUT)
        .origin_keepalive_timeout(5)
        .build()
}

/// These, of which answers to GET and HEAD are kept.
fn methods(allowed: &[Method]) -> Result<AllowedMethods, BuildError> {
    let kept = CachedMethods::builder().quantity(2).items(Method::Head).items(Method::Get).build()?;
    AllowedMethods::builder().quantity(quantity(allowed)).set_items(Some(allowed.to_vec())).cached_methods(kept).build()
}

fn not_kept() -> Result<CustomErrorResponses, BuildError> {
    let refusals =
        NOT_KEPT.map(|status| CustomErrorResponse::builder().error_code(status).error_caching_min_ttl(0).build());
    let refusals = refusals.into_iter().collect::<Result<Vec<_>, _>>()?;
    CustomErrorResponses::builder().quantity(quantity(&refusals)).set_items(Some(refusals)).build()
}
