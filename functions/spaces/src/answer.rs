//! Answers in DuraCloud's form: plain text, XML, and properties as header fields.

use std::fmt::Write;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reelspan::http::markup::escaped;
use reelspan::store::Md5;

use crate::request::PREFIX;

/// The MD5 of a content, hexadecimal in DuraCloud.
pub const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

/// The characters of an extended parameter that are not encoded: RFC 8187 §3.2.1 (attr-char).
const ATTRIBUTE: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// 200 with XML.
pub fn xml(text: String) -> Response {
    ([(CONTENT_TYPE, "application/xml"), (CACHE_CONTROL, "no-store")], text).into_response()
}

/// 201: created.
pub fn created(location: &str, md5: Option<Md5>) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    let headers = response.headers_mut();
    set(headers, LOCATION, location);
    if let Some(md5) = md5 {
        set(headers, CONTENT_MD5, &md5.to_string());
        set(headers, ETAG, &format!("\"{md5}\""));
    }
    response
}

/// An element with a list of text elements.
pub fn list<'a>(open: &str, item: &str, texts: impl IntoIterator<Item = &'a str>, close: &str) -> String {
    let mut out = open.to_owned();
    for text in texts {
        let _ = write!(out, "<{item}>{}</{item}>", escaped(text));
    }
    out.push_str(close);
    out
}

/// Sets a field, unless the value is invalid there: objects stored without this API may have any value.
pub fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        headers.insert(name, value);
    }
}

/// Adds a property.
pub fn property(headers: &mut HeaderMap, name: &str, value: &str) {
    if let Ok(name) = HeaderName::try_from(format!("{PREFIX}{name}")) {
        set(headers, name, value);
    }
}

/// `Content-Disposition` to save a content as a file (RFC 6266), named like its last segment.
pub fn disposition(content: &str) -> String {
    let name = content.rsplit('/').find(|segment| !segment.is_empty()).unwrap_or(content);
    let plain: String = name
        .chars()
        .map(|letter| if letter.is_ascii() && !matches!(letter, '"' | '%') { letter } else { '_' })
        .collect();
    if plain == name {
        format!("attachment; filename=\"{plain}\"")
    } else {
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, &ATTRIBUTE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_well_formed_whatever_it_is_of() {
        let names = ["a&b", "<item>", "\"q\"", "ä/日"];
        assert_eq!(
            list("<space id=\"films\">", "item", names, "</space>"),
            "<space id=\"films\"><item>a&amp;b</item><item>&lt;item&gt;</item><item>&quot;q&quot;</item><item>ä/日</item></space>"
        );
    }

    #[test]
    fn a_file_is_named_as_the_content_s_last_segment() {
        for (content, value) in [
            ("a/b c.mp4", "attachment; filename=\"b c.mp4\""),
            ("a/", "attachment; filename=\"a\""),
            ("ä.mp4", "attachment; filename=\"_.mp4\"; filename*=UTF-8''%C3%A4.mp4"),
            ("a\"b", "attachment; filename=\"a_b\"; filename*=UTF-8''a%22b"),
        ] {
            assert_eq!(disposition(content), value);
        }
    }
}
