//! Tasks: DuraCloud's operations besides storing. Body and answer are JSON, the answer as `text/plain`; numbers and
//! booleans may be strings. A browser has to send the body as `application/json`, which the form of a page cannot do
//! (Fetch §2.2.2). DuraCloud's clients send `text/xml`, `curl -d` sends `application/x-www-form-urlencoded`, and from
//! them any type is accepted.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use reelspan::http::media_type::MediaType;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::RestError;
use crate::cross_site::is_of_browser;

/// All tasks, of all functions.
pub const TASKS: [&str; 15] = [
    "abort-upload",
    "complete-upload",
    "delete-hls",
    "delete-streaming",
    "disable-hls",
    "disable-streaming",
    "enable-hls",
    "enable-streaming",
    "get-signed-cookies-url",
    "get-signed-url",
    "get-upload-parts",
    "get-upload-url",
    "get-url",
    "get-url-hls",
    "rotate-signing-key",
];

/// The longest body of a task in bytes: enough for the `ETag`s of a thousand parts.
const LONGEST: usize = 256 << 10;

/// Parses the body of a task.
///
/// # Errors
///
/// [`RestError::MediaType`] if a browser sends another type than JSON; [`RestError::Bad`] if the body is not what the task
/// expects.
pub async fn body<T: DeserializeOwned>(request: Request) -> Result<T, RestError> {
    if is_of_browser(request.headers()) {
        is_json(request.headers())?;
    }
    let bytes = to_bytes(request.into_body(), LONGEST).await.map_err(|error| RestError::Bad(error.to_string()))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| RestError::Bad(format!("the body is not what the task expects: {error}")))
}

fn is_json(headers: &HeaderMap) -> Result<(), RestError> {
    let sent = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let parsed = sent.as_deref().and_then(|text| MediaType::parse(text).ok());
    if parsed.is_some_and(|media_type| media_type.essence() == "application/json") {
        return Ok(());
    }
    Err(RestError::MediaType(sent.map_or_else(|| "of no media type".to_owned(), |sent| format!("{sent:?}"))))
}

/// 200 with a sentence, or with the answer of a task.
#[must_use]
pub fn said(text: String) -> Response {
    // Without a charset: DuraCloud's clients compare the whole type.
    ([(CONTENT_TYPE, "text/plain"), (CACHE_CONTROL, "no-store")], text).into_response()
}

/// A number that may be written as a string, as DuraCloud's clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Number")]
pub struct LenientNumber(pub u64);

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(u64),
    Text(String),
}

impl TryFrom<Number> for LenientNumber {
    type Error = std::num::ParseIntError;

    fn try_from(number: Number) -> Result<Self, Self::Error> {
        match number {
            Number::Number(number) => Ok(Self(number)),
            Number::Text(text) => text.trim().parse().map(Self),
        }
    }
}

/// A boolean that may be written as a string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Boolean")]
pub struct Flag(pub bool);

#[derive(Deserialize)]
#[serde(untagged)]
enum Boolean {
    Boolean(bool),
    Text(String),
}

impl TryFrom<Boolean> for Flag {
    type Error = std::str::ParseBoolError;

    fn try_from(boolean: Boolean) -> Result<Self, Self::Error> {
        match boolean {
            Boolean::Boolean(boolean) => Ok(Self(boolean)),
            Boolean::Text(text) => text.trim().to_ascii_lowercase().parse().map(Self),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::body::Body;
    use serde_json::Value;

    use super::*;

    #[tokio::test]
    async fn a_browser_sends_json_and_a_program_what_it_likes() {
        let browsers =
            [("origin", "http://127.0.0.1:8080"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-site", "same-origin")];
        let types = [
            (None, false),
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("text/xml"), false),
            (Some("text/plain"), false),
            (Some("application/x-www-form-urlencoded"), false),
            (Some("text/plain, application/json"), false),
            (Some("text/plain; a=application/json"), false),
        ];
        for (media_type, json) in types {
            for browser in browsers.map(Some).into_iter().chain([None]) {
                let mut request = Request::builder();
                for (name, value) in media_type.map(|value| ("content-type", value)).into_iter().chain(browser) {
                    request = request.header(name, value);
                }
                let read = body::<Value>(request.body(Body::from("{}")).unwrap()).await;
                assert_eq!(read.is_ok(), json || browser.is_none(), "{media_type:?} {browser:?}");
                assert!(!matches!(read, Err(ref error) if !matches!(error, RestError::MediaType(_))));
            }
        }
    }

    #[test]
    fn numbers_and_booleans_may_stand_in_strings() {
        for (json, number) in [("480", Some(480)), ("\" 480 \"", Some(480)), ("-1", None), ("\"many\"", None)] {
            assert_eq!(
                serde_json::from_str::<LenientNumber>(json).ok().map(|LenientNumber(number)| number),
                number,
                "{json}"
            );
        }
        for (json, flag) in [("true", Some(true)), ("\"True\"", Some(true)), ("\"false\"", Some(false)), ("1", None)] {
            assert_eq!(serde_json::from_str::<Flag>(json).ok().map(|Flag(flag)| flag), flag, "{json}");
        }
    }
}
