//! The policies that all distributions share: what tells two cached answers apart, what an origin is told of a request, and
//! what is added to an answer (*CloudFront Developer Guide*, "Use policies").

use aws_sdk_cloudfront::error::BuildError;
use aws_sdk_cloudfront::types::{
    CachePolicyConfig, CachePolicyCookieBehavior, CachePolicyCookiesConfig, CachePolicyHeaderBehavior,
    CachePolicyHeadersConfig, CachePolicyQueryStringBehavior, CachePolicyQueryStringsConfig, Headers,
    OriginRequestPolicyConfig, OriginRequestPolicyCookieBehavior, OriginRequestPolicyCookiesConfig,
    OriginRequestPolicyHeaderBehavior, OriginRequestPolicyHeadersConfig, OriginRequestPolicyQueryStringBehavior,
    OriginRequestPolicyQueryStringsConfig, ParametersInCacheKeyAndForwardedToOrigin, QueryStringNames,
    ResponseHeadersPolicyAccessControlAllowHeaders, ResponseHeadersPolicyAccessControlAllowMethods,
    ResponseHeadersPolicyAccessControlAllowMethodsValues as Methods, ResponseHeadersPolicyAccessControlAllowOrigins,
    ResponseHeadersPolicyAccessControlExposeHeaders, ResponseHeadersPolicyConfig, ResponseHeadersPolicyCorsConfig,
};

/// The header in which the viewer-request function hands over a `Range` whose unit CloudFront does not know.
pub const RANGE: &str = "x-reelspan-range";
/// The dimensions of a fragment that change the answer.
const DIMENSIONS: [&str; 3] = ["t", "track", "id"];

/// How long an answer is kept that says nothing of it, in seconds: a day. What is replaced is invalidated.
const KEPT: i64 = 24 * 60 * 60;
/// The longest that one is kept, whatever it says: a year.
const KEPT_AT_MOST: i64 = 365 * KEPT;

/// What an origin is told beside that: the conditions that CloudFront does not judge by itself, and what a preflight asks.
/// Never the viewer's `Host`, which S3 and Lambda would look up.
const TOLD: [&str; 7] = [
    "accept-range-redirect",
    "access-control-request-headers",
    "access-control-request-method",
    "if-match",
    "if-range",
    "if-unmodified-since",
    "origin",
];

/// What a page may send.
const ALLOWED: [&str; 7] = [
    "accept-range-redirect",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
];
/// What a page may read: as the fragments function exposes it.
const EXPOSED: [&str; 10] = [
    "accept-ranges",
    "content-length",
    "content-range",
    "content-range-mapping",
    "etag",
    "last-modified",
    "location",
    "range-redirect",
    "retry-after",
    "x-media-fragment",
];
/// How long a browser may remember what a page may do, in seconds.
const PREFLIGHT: i32 = 24 * 60 * 60;

/// What tells two answers apart: the dimensions, and the range in a unit of ours. Nothing is compressed: media are already.
pub(super) fn cache(name: &str) -> Result<CachePolicyConfig, BuildError> {
    let key = ParametersInCacheKeyAndForwardedToOrigin::builder()
        .enable_accept_encoding_gzip(false)
        .enable_accept_encoding_brotli(false)
        .headers_config(
            CachePolicyHeadersConfig::builder()
                .header_behavior(CachePolicyHeaderBehavior::Whitelist)
                .headers(headers(&[RANGE])?)
                .build()?,
        )
        .cookies_config(CachePolicyCookiesConfig::builder().cookie_behavior(CachePolicyCookieBehavior::None).build()?)
        .query_strings_config(
            CachePolicyQueryStringsConfig::builder()
                .query_string_behavior(CachePolicyQueryStringBehavior::Whitelist)
                .query_strings(names(&DIMENSIONS)?)
                .build()?,
        )
        .build()?;
    CachePolicyConfig::builder()
        .name(name)
        .comment("By the dimensions of a media fragment")
        .min_ttl(0)
        .default_ttl(KEPT)
        .max_ttl(KEPT_AT_MOST)
        .parameters_in_cache_key_and_forwarded_to_origin(key)
        .build()
}

/// What the origins of media are told of a request.
pub(super) fn requests(name: &str) -> Result<OriginRequestPolicyConfig, BuildError> {
    let told = OriginRequestPolicyHeadersConfig::builder()
        .header_behavior(OriginRequestPolicyHeaderBehavior::Whitelist)
        .headers(headers(&TOLD)?);
    let none = OriginRequestPolicyQueryStringsConfig::builder()
        .query_string_behavior(OriginRequestPolicyQueryStringBehavior::None);
    to_origin(name, "Conditions and preflights", told.build()?, none.build()?)
}

/// What the origin of cookies is told: the token, and nothing else.
pub(super) fn cookie_requests(name: &str) -> Result<OriginRequestPolicyConfig, BuildError> {
    let none = OriginRequestPolicyHeadersConfig::builder().header_behavior(OriginRequestPolicyHeaderBehavior::None);
    let token = OriginRequestPolicyQueryStringsConfig::builder()
        .query_string_behavior(OriginRequestPolicyQueryStringBehavior::Whitelist)
        .query_strings(names(&["token"])?);
    to_origin(name, "The token that cookies are set for", none.build()?, token.build()?)
}

fn to_origin(
    name: &str,
    comment: &str,
    headers: OriginRequestPolicyHeadersConfig,
    query: OriginRequestPolicyQueryStringsConfig,
) -> Result<OriginRequestPolicyConfig, BuildError> {
    let cookies = OriginRequestPolicyCookiesConfig::builder().cookie_behavior(OriginRequestPolicyCookieBehavior::None);
    OriginRequestPolicyConfig::builder()
        .name(name)
        .comment(comment)
        .headers_config(headers)
        .cookies_config(cookies.build()?)
        .query_strings_config(query)
        .build()
}

/// What is added to an answer: which pages may read it, all of them where no origins are named. Only pages of named origins may
/// come with cookies, as a browser takes no `*` with them (Fetch §3.2.5).
pub(super) fn answers(name: &str, origins: &[String]) -> Result<ResponseHeadersPolicyConfig, BuildError> {
    let any = ["*".to_owned()];
    let origins = if origins.is_empty() { &any[..] } else { origins };
    let cors = ResponseHeadersPolicyCorsConfig::builder()
        .access_control_allow_origins(
            ResponseHeadersPolicyAccessControlAllowOrigins::builder()
                .quantity(quantity(origins))
                .set_items(Some(origins.to_vec()))
                .build()?,
        )
        .access_control_allow_headers(
            ResponseHeadersPolicyAccessControlAllowHeaders::builder()
                .quantity(quantity(&ALLOWED))
                .set_items(Some(texts(&ALLOWED)))
                .build()?,
        )
        .access_control_allow_methods(
            ResponseHeadersPolicyAccessControlAllowMethods::builder()
                .quantity(3)
                .items(Methods::Get)
                .items(Methods::Head)
                .items(Methods::Options)
                .build()?,
        )
        .access_control_expose_headers(
            ResponseHeadersPolicyAccessControlExposeHeaders::builder()
                .quantity(quantity(&EXPOSED))
                .set_items(Some(texts(&EXPOSED)))
                .build()?,
        )
        .access_control_allow_credentials(origins != any)
        .access_control_max_age_sec(PREFLIGHT)
        .origin_override(true)
        .build()?;
    ResponseHeadersPolicyConfig::builder().name(name).comment("Which pages may read").cors_config(cors).build()
}

fn headers(names: &[&str]) -> Result<Headers, BuildError> {
    Headers::builder().quantity(quantity(names)).set_items(Some(texts(names))).build()
}

fn names(names: &[&str]) -> Result<QueryStringNames, BuildError> {
    QueryStringNames::builder().quantity(quantity(names)).set_items(Some(texts(names))).build()
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// How many there are: CloudFront wants lists counted.
pub(super) fn quantity<T>(items: &[T]) -> i32 {
    i32::try_from(items.len()).unwrap_or(i32::MAX)
}
