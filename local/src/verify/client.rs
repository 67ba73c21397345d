//! The HTTP client of `reelspan verify`, `smoke` and `doctor`: requests that print as the `curl` line that repeats them, and
//! answers whose bodies are read while they arrive.
//!
//! It requests only what the caller says: no ranges of its own, no compression (`Accept-Encoding: identity`), one
//! connection. It follows redirects, as every media client does, unless they are the requested answer
//! (`Range-Redirect`).

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, LOCATION, USER_AGENT};
use http::{HeaderMap, Method, StatusCode, Uri};
use http_body_util::{BodyDataStream, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;

use super::body::BodyReader;
use super::connector::Connector;
use super::verdict::{Stop, Violation};
use crate::CommandError;

/// The header field by which a client accepts a redirect to a byte range.
pub const ACCEPT_RANGE_REDIRECT: &str = "accept-range-redirect";
/// The header field with the bytes to request after a redirect.
pub const RANGE_REDIRECT: &str = "range-redirect";
/// The header field that says which time and tracks the bytes of an answer contain.
pub const CONTENT_RANGE_MAPPING: &str = "content-range-mapping";

/// How long a connection may take, and how long a server may be silent.
const CONNECT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_mins(1);

/// The media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// How many bytes of a body are shown.
const SHOWN: usize = 400;

/// How many redirects are followed for one request.
const HOPS: usize = 5;

/// One request.
#[derive(Clone)]
pub struct ClientRequest {
    method: Method,
    url: String,
    content: Bytes,
    fields: Vec<(Cow<'static, str>, String)>,
    /// The name of the user, and the value of `Authorization`.
    user: Option<(String, String)>,
    stays: bool,
}

impl ClientRequest {
    /// A request for the whole resource.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    /// A request with this method.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), content: Bytes::new(), fields: Vec::new(), user: None, stays: false }
    }

    /// A POST with the content of a form.
    pub fn post(url: impl Into<String>, form: String) -> Self {
        Self::new(Method::POST, url).content(form).field("content-type", FORM)
    }

    /// Sets the body.
    pub fn content(mut self, content: impl Into<Bytes>) -> Self {
        self.content = content.into();
        self
    }

    /// Adds a header field.
    pub fn field(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Authenticates the request as this user, to the server of the URL and to no other that it redirects to. `authorization` is
    /// not shown.
    pub fn user(mut self, name: &str, authorization: &str) -> Self {
        self.user = Some((name.to_owned(), authorization.to_owned()));
        self
    }

    /// Takes redirects as answers, and does not follow them.
    pub fn without_redirects(mut self) -> Self {
        self.stays = true;
        self
    }

    /// Adds a `Range`, with this value.
    pub fn range(self, value: impl Into<String>) -> Self {
        self.field("range", value)
    }

    /// The URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server did not do what the standard says.
    pub fn violated(&self, expected: impl Into<String>, came: impl Into<String>) -> Stop {
        Stop::Violated(Violation { request: self.to_string(), expected: expected.into(), came: came.into() })
    }
}

impl fmt::Debug for ClientRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// The request as a line for a shell.
impl fmt::Display for ClientRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.method {
            Method::HEAD => write!(out, "curl -s -I")?,
            _ => write!(out, "curl -s -D - -o part")?,
        }
        if ![Method::GET, Method::HEAD].contains(&self.method) {
            write!(out, " -X {}", self.method)?;
        }
        if self.url.contains("/.") || self.url.contains("%2e") {
            write!(out, " --path-as-is")?;
        }
        if let Some((name, _)) = &self.user {
            write!(out, " -u {}", quoted(name))?;
        }
        for (name, value) in &self.fields {
            let name: Vec<String> = name.split('-').map(capital).collect();
            write!(out, " -H {}", quoted(&format!("{}: {value}", name.join("-"))))?;
        }
        match std::str::from_utf8(&self.content) {
            Ok("") => {}
            Ok(text) if text.len() <= SHOWN => write!(out, " -d {}", quoted(text))?,
            _ => write!(out, " --data-binary @FILE")?,
        }
        write!(out, " {}", quoted(&self.url))
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// An answer whose body has not been read.
#[derive(Debug)]
pub struct UnreadAnswer {
    /// The request.
    pub request: ClientRequest,
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: BodyReader,
}

impl UnreadAnswer {
    /// A header field's value, if it exists and is text.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A header field for a report: `Name: value`, or a note that it is missing.
    pub fn shown(&self, name: &str) -> String {
        let title: Vec<String> = name.split('-').map(capital).collect();
        let title = title.join("-");
        match self.field(name) {
            Some(value) => format!("{title}: {value}"),
            None => format!("no {title}"),
        }
    }

    /// The server did not do what the standard says.
    pub fn violated(&self, expected: impl Into<String>, came: impl Into<String>) -> Stop {
        self.request.violated(expected, came)
    }

    /// Violated unless the answer has this status.
    pub fn expect(&self, status: StatusCode) -> Result<(), Stop> {
        if self.status == status { Ok(()) } else { Err(self.violated(status.to_string(), self.status.to_string())) }
    }
}

type Over<C> = legacy::Client<C, Full<Bytes>>;
type Secure = Over<HttpsConnector<Connector>>;

/// A client for any server.
#[derive(Debug)]
pub struct Client {
    connector: Connector,
    plain: Over<Connector>,
    /// Created when first needed: a machine without root certificates can still reach a server without TLS.
    secure: OnceLock<Result<Secure, String>>,
}

impl Client {
    /// Creates a client.
    pub fn new() -> Self {
        Self::connecting(&[])
    }

    /// Creates a client that connects to another address than a name has: to the second of a pair for URLs whose host, with its
    /// port if it has one, is the first.
    pub fn connecting(to: &[(String, http::uri::Authority)]) -> Self {
        let connector = Connector::new(CONNECT, Arc::from(to));
        let plain = legacy::Client::builder(TokioExecutor::new()).build(connector.clone());
        Self { connector, plain, secure: OnceLock::new() }
    }

    /// Sends a request, and waits for the head of the answer.
    ///
    /// # Errors
    ///
    /// [`Stop::Violated`] if no answer comes: the connection is refused or breaks, or the server is silent for a
    /// minute.
    pub async fn send(&self, request: &ClientRequest) -> Result<UnreadAnswer, Stop> {
        let mut url = request.url.clone();
        let redirects_are_answers =
            request.stays || request.fields.iter().any(|(name, _)| *name == ACCEPT_RANGE_REDIRECT);
        for _ in 0..=HOPS {
            let answer = self.once(&url, request).await.map_err(|why| request.violated("an answer", why))?;
            let moved = answer.status.is_redirection() && answer.status != StatusCode::NOT_MODIFIED;
            match answer.field(LOCATION.as_str()) {
                Some(location) if moved && !redirects_are_answers => url = join(&url, location),
                _ => return Ok(answer),
            }
        }
        Err(request.violated("an answer", format!("more than {HOPS} redirects, the last to {url}")))
    }

    async fn once(&self, url: &str, request: &ClientRequest) -> Result<UnreadAnswer, String> {
        let uri: Uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
        let secure = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        let here = request.url.parse::<Uri>().is_ok_and(|first| first.authority() == uri.authority());
        let mut built = http::Request::builder()
            .method(request.method.clone())
            .uri(uri)
            .header(USER_AGENT, concat!("reelspan-verify/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT_ENCODING, "identity");
        for (name, value) in &request.fields {
            built = built.header(name.as_ref(), value);
        }
        if let Some((_, authorization)) = request.user.as_ref().filter(|_| here) {
            built = built.header(AUTHORIZATION, authorization);
        }
        let built = built.body(Full::from(request.content.clone())).map_err(|error| error.to_string())?;
        let sent = if secure {
            let client = self.secure.get_or_init(|| secure_client(&self.connector));
            client.as_ref().map_err(Clone::clone)?.request(built)
        } else {
            self.plain.request(built)
        };
        let answer =
            tokio::time::timeout(SILENCE, sent).await.map_err(|_| silent())?.map_err(|error| causes(&error))?;
        let (head, body) = answer.into_parts();
        let chunks = futures::stream::unfold(BodyDataStream::new(body), async |mut body| {
            let chunk = match tokio::time::timeout(SILENCE, body.next()).await {
                Ok(chunk) => chunk?.map_err(|error| causes(&error)),
                Err(_) => Err(silent()),
            };
            Some((chunk, body))
        });
        Ok(UnreadAnswer {
            request: request.clone(),
            status: head.status,
            headers: head.headers,
            body: BodyReader::new(chunks),
        })
    }
}

fn secure_client(connector: &Connector) -> Result<Secure, String> {
    let tls = HttpsConnectorBuilder::new().with_native_roots().map_err(|error| format!("TLS: {error}"))?;
    let connector = tls.https_or_http().enable_http1().wrap_connector(connector.clone());
    Ok(legacy::Client::builder(TokioExecutor::new()).build(connector))
}

fn silent() -> String {
    format!("nothing for {} seconds", SILENCE.as_secs())
}

/// An error with all its causes: the first says little ("client error"), the last is what a person can act on.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Checks that a URL can be requested, and removes its fragment, which is never sent to a server.
///
/// # Errors
///
/// [`CommandError::Setup`] if it is not a URL of `http` or `https`.
pub fn url(text: &str) -> Result<String, CommandError> {
    let text = text.split_once('#').map_or(text, |(url, _)| url);
    let uri: Uri = text.parse().map_err(|error| CommandError::Setup(format!("{text}: {error}")))?;
    match (uri.scheme_str(), uri.authority()) {
        (Some("http" | "https"), Some(_)) => Ok(text.to_owned()),
        _ => Err(CommandError::Setup(format!("{text}: not an http or https URL"))),
    }
}

/// Resolves a reference against a base URL (RFC 3986 §5.2); `Location` supports these four forms.
pub fn join(base: &str, reference: &str) -> String {
    let (scheme, rest) = base.split_once("://").unwrap_or(("http", base));
    let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    if reference.contains("://") {
        reference.to_owned()
    } else if reference.starts_with("//") {
        format!("{scheme}:{reference}")
    } else if reference.starts_with('/') {
        format!("{scheme}://{authority}{reference}")
    } else {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{reference}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_prints_as_the_line_that_repeats_it() {
        let request = ClientRequest::get("http://a/it's.mp4").range("t:npt=3-7").field(ACCEPT_RANGE_REDIRECT, "bytes");
        assert_eq!(
            request.to_string(),
            r"curl -s -D - -o part -H 'Range: t:npt=3-7' -H 'Accept-Range-Redirect: bytes' 'http://a/it'\''s.mp4'"
        );
    }

    #[test]
    fn a_password_is_not_shown() {
        let request =
            ClientRequest::new(Method::PUT, "http://a/%2e%2e/b").user("alice", "Basic c2VjcmV0").content("{}");
        for shown in [request.to_string(), format!("{request:?}")] {
            assert_eq!(shown, "curl -s -D - -o part -X PUT --path-as-is -u 'alice' -d '{}' 'http://a/%2e%2e/b'");
        }
        let head = ClientRequest::new(Method::HEAD, "http://a/b").content(vec![0xff]);
        assert_eq!(head.to_string(), "curl -s -I --data-binary @FILE 'http://a/b'");
    }

    #[test]
    fn a_location_is_seen_from_where_it_was_said() {
        for (base, reference, meant) in [
            ("http://a:1/x/y.mp4?t=1", "https://b/z", "https://b/z"),
            ("https://a/x/y.mp4", "//b/z", "https://b/z"),
            ("http://a:1/x/y.mp4?t=1/2", "/z?t=1", "http://a:1/z?t=1"),
            ("http://a:1/x/y.mp4?t=1/2", "z", "http://a:1/x/z"),
            ("http://a:1", "z", "http://a:1/z"),
            ("http://a:1?t=/", "z", "http://a:1/z"),
        ] {
            assert_eq!(join(base, reference), meant);
        }
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        assert_eq!(url("http://a/b?t=1#t=2").unwrap(), "http://a/b?t=1");
        for text in ["", "a.mp4", "/a/b", "ftp://a/b", "http://", "http://a b/"] {
            assert!(matches!(url(text), Err(CommandError::Setup(_))), "{text}");
        }
    }
}
