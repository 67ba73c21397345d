//! The REST API, as one user.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::names::encoded;
use super::web::{Got, Web};
use crate::CommandError;
use crate::verify::client::{self, ClientRequest};
use crate::verify::verdict::Stop;

/// The path of the REST API.
const REST: &str = "/durastore";

/// The API, and who calls it.
pub struct ApiClient<'a> {
    /// The client.
    pub web: &'a Web,
    /// The URL of the server, without a slash at the end.
    pub url: String,
    name: String,
    authorization: String,
}

impl fmt::Debug for ApiClient<'_> {
    /// Without the password.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Api").field("url", &self.url).field("name", &self.name).finish_non_exhaustive()
    }
}

impl<'a> ApiClient<'a> {
    /// The API at this URL, which may be that of the server or of its REST API.
    ///
    /// # Errors
    ///
    /// If it is not a URL.
    pub fn new(web: &'a Web, url: &str, name: &str, password: &str) -> Result<Self, CommandError> {
        let url = client::url(url)?;
        let url = url.trim_end_matches('/');
        let url = url.strip_suffix(REST).unwrap_or(url).to_owned();
        let authorization = format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
        Ok(Self { web, url, name: name.to_owned(), authorization })
    }

    /// The URL of a content at `/media/`.
    pub fn media(&self, space: &str, name: &str) -> String {
        format!("{}/media/{space}/{}", self.url, encoded(name))
    }

    /// A request to a path of the API.
    pub fn request(&self, method: Method, path: &str) -> ClientRequest {
        ClientRequest::new(method, format!("{}{REST}/{path}", self.url))
            .user(&self.name, &self.authorization)
            .without_redirects()
    }

    /// The same for a content.
    pub fn content(&self, method: Method, space: &str, name: &str) -> ClientRequest {
        self.request(method, &format!("{space}/{}", encoded(name)))
    }

    /// Stores a content.
    pub async fn store(&self, space: &str, name: &str, body: Bytes) -> Result<Got, Stop> {
        let request = self.content(Method::PUT, space, name).content(body).field("content-type", "video/mp4");
        let got = self.web.ask(request).await?;
        got.status(201)?;
        Ok(got)
    }

    /// Copies a content.
    pub async fn copy(&self, from: (&str, &str), to: (&str, &str)) -> Result<(), Stop> {
        let source = format!("{}/{}", from.0, encoded(from.1));
        let request = self.content(Method::PUT, to.0, to.1).field("x-dura-meta-copy-source", source);
        self.web.ask(request).await?.status(201)?;
        Ok(())
    }

    /// Calls a task.
    pub async fn task(&self, name: &str, parameters: Value) -> Result<Got, Stop> {
        let request = self.request(Method::POST, &format!("task/{name}"));
        let request = request.content(parameters.to_string()).field("content-type", "application/json");
        let got = self.web.ask(request).await?;
        got.status(200)?;
        Ok(got)
    }

    /// The URL of a content where its space streams.
    pub async fn stream_url(&self, space: &str, name: &str) -> Result<String, Stop> {
        self.task("get-url", json!({ "spaceId": space, "contentId": name })).await?.text("streamUrl")
    }

    /// A signed URL of a content.
    pub async fn signed_url(&self, space: &str, name: &str) -> Result<String, Stop> {
        self.signed(json!({ "spaceId": space, "contentId": name })).await
    }

    /// A signed URL, as these parameters of the task say.
    pub async fn signed(&self, parameters: Value) -> Result<String, Stop> {
        self.task("get-signed-url", parameters).await?.text("signedUrl")
    }
}
