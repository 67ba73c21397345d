//! A space that streams, and the addresses of what is in it.

use http::Uri;
use serde_json::json;

use super::api::ApiClient;
use super::names::{PLAIN, encoded};
use crate::verify::verdict::Stop;

/// A space that streams.
#[derive(Debug)]
pub struct StreamedSpace<'a> {
    /// The API.
    pub api: &'a ApiClient<'a>,
    /// The space.
    pub space: &'a str,
    /// Whether every request needs a signature.
    pub is_secure: bool,
    /// The URL of the space where it streams, without a slash at the end.
    pub base: String,
}

impl<'a> StreamedSpace<'a> {
    /// A space whose streaming is on.
    pub async fn of(api: &'a ApiClient<'a>, space: &'a str, is_secure: bool) -> Result<Self, Stop> {
        let url = if is_secure { api.signed_url(space, PLAIN).await? } else { api.stream_url(space, PLAIN).await? };
        let path = url.split_once('?').map_or(url.as_str(), |(path, _)| path);
        let base = path.strip_suffix(&format!("/{PLAIN}"));
        let base = base.ok_or_else(|| Stop::NotRun(format!("the path of {url} does not end with the name")))?;
        Ok(Self { api, space, is_secure, base: base.to_owned() })
    }

    /// The URL below which all spaces of the host are.
    pub fn root(&self) -> &str {
        self.base.rsplit_once('/').map_or(&self.base, |(root, _)| root)
    }

    /// The path of the space at its host.
    pub fn label(&self) -> &str {
        self.base.rsplit_once('/').map_or("", |(_, label)| label)
    }

    /// The path of [`StreamedSpace::base`].
    pub fn path(&self) -> String {
        self.base.parse::<Uri>().map(|uri| uri.path().to_owned()).unwrap_or_default()
    }

    /// The URL of a content, or of this fragment of it, by which a viewer may request it.
    pub async fn url(&self, name: &str, fragment: &str) -> Result<String, Stop> {
        if self.is_secure {
            let part = (!fragment.is_empty()).then_some(fragment);
            return self.api.signed(json!({ "spaceId": self.space, "contentId": name, "fragment": part })).await;
        }
        let url = self.api.stream_url(self.space, name).await?;
        Ok(if fragment.is_empty() { url } else { format!("{url}?{fragment}") })
    }

    /// The URL of the HLS or DASH of a content, or of this fragment of it.
    pub async fn stream(&self, name: &str, form: &str, fragment: &str) -> Result<String, Stop> {
        let part = (!fragment.is_empty()).then_some(fragment);
        let parameters = json!({ "spaceId": self.space, "contentId": name, "form": form, "fragment": part });
        if self.is_secure {
            return self.api.signed(parameters).await;
        }
        self.api.task("get-url", parameters).await?.text("streamUrl")
    }

    /// The URL of a content, without any signature.
    pub fn unsigned(&self, name: &str) -> String {
        format!("{}/{}", self.base, encoded(name))
    }
}
