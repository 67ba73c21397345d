//! What all distributions of one installation have of it: where its media and its functions are.

use std::env;

use aws_sdk_cloudfront::types::PriceClass;

/// What the distributions of an installation stand on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// What begins the name of everything that is made in CloudFront: an account may have several installations.
    pub name: String,
    /// The host of the media bucket: `reelspan-media-123456789012.s3.eu-west-1.amazonaws.com`.
    pub media: String,
    /// The host of the function URL of the fragments: `abc.lambda-url.eu-west-1.on.aws`.
    pub fragments: String,
    /// The host of the function URL of the signing function, which sets cookies.
    pub cookies: String,
    /// From which of CloudFront's edges is streamed.
    pub price: PriceClass,
}

/// A variable that the environment has to have, and has not.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {0} is not set")]
pub struct Unset(&'static str);

impl Installation {
    /// What the function's environment says: `STREAMING_NAME`, `MEDIA_DOMAIN`, `FRAGMENTS_URL`, `COOKIES_URL`, and
    /// `PRICE_CLASS` unless it is all edges.
    pub fn from_env() -> Result<Self, Unset> {
        let variable = |name| env::var(name).map_err(|_| Unset(name));
        Ok(Self {
            name: variable("STREAMING_NAME")?,
            media: variable("MEDIA_DOMAIN")?,
            fragments: host(&variable("FRAGMENTS_URL")?).to_owned(),
            cookies: host(&variable("COOKIES_URL")?).to_owned(),
            price: env::var("PRICE_CLASS").map_or(PriceClass::PriceClassAll, |class| PriceClass::from(class.as_str())),
        })
    }
}

/// The host of a URL: what a function URL is given as, an origin is not.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_function_url_is_what_an_origin_takes() {
        for url in ["https://abc.lambda-url.eu-west-1.on.aws/", "abc.lambda-url.eu-west-1.on.aws"] {
            assert_eq!(host(url), "abc.lambda-url.eu-west-1.on.aws");
        }
    }
}
