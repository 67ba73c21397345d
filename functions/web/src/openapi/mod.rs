//! `/openapi.json`: the HTTP interface of the whole server as `OpenAPI` 3.1 (<https://spec.openapis.org/oas/v3.1.1.html>).
//!
//! Each tag has a file here with its paths. `responses` of a file are what all its operations answer besides their own, and a
//! response that is a name stands for the one of that name in the components. `tests/test_openapi.py` compares the paths with
//! the routes of all functions and of `template.yaml`, and the answers with what the document says.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use reelspan::http::protection::{self, Embedding};
use serde_json::{Map, Value, json};

/// What does not depend on a tag.
const BASE: &str = include_str!("base.json");
/// The tags, in the order in which tools show them.
const TAGS: [&str; 9] = [
    include_str!("spaces.json"),
    include_str!("contents.json"),
    include_str!("uploads.json"),
    include_str!("streaming.json"),
    include_str!("signing.json"),
    include_str!("accounts.json"),
    include_str!("admin.json"),
    include_str!("media.json"),
    include_str!("pages.json"),
];
/// What an item of a path has besides operations (`OpenAPI` §4.8.9.1).
const NO_OPERATIONS: [&str; 2] = ["parameters", "x-reelspan-where"];

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// Answers with the document. Tools of any site may read it.
pub async fn openapi() -> Response {
    let fields = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache"), (ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    let mut response = (fields, DOCUMENT.as_str()).into_response();
    protection::written(response.headers_mut(), Embedding::AnySite);
    response
}

/// The document. The files are part of the program, and a test reads them all, so nothing is ever missing.
fn document() -> Value {
    let mut document = read(BASE);
    let (mut tags, mut paths, mut schemas) = (Vec::new(), Map::new(), members(&mut document, "/components/schemas"));
    for tag in TAGS {
        let mut tag = read(tag);
        let described = tag.pointer_mut("/tag").map(Value::take).unwrap_or_default();
        let common = members(&mut tag, "/responses");
        for (path, mut item) in members(&mut tag, "/paths") {
            let members = item.as_object_mut().into_iter().flatten();
            for (_, operation) in members.filter(|(member, _)| !NO_OPERATIONS.contains(&member.as_str())) {
                let own = self::members(operation, "/responses");
                if let Some(operation) = operation.as_object_mut() {
                    operation.insert("tags".to_owned(), json!([described.get("name")]));
                    operation.insert("responses".to_owned(), responses(&common, own));
                }
            }
            paths.insert(path, item);
        }
        schemas.extend(members(&mut tag, "/schemas"));
        tags.push(described);
    }
    if let Some(components) = document.pointer_mut("/components").and_then(Value::as_object_mut) {
        components.insert("schemas".to_owned(), schemas.into());
    }
    if let Some(info) = document.pointer_mut("/info").and_then(Value::as_object_mut) {
        info.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
    }
    if let Some(document) = document.as_object_mut() {
        document.extend([("tags".to_owned(), tags.into()), ("paths".to_owned(), paths.into())]);
    }
    document
}

/// What an operation answers, by status.
fn responses(common: &Map<String, Value>, own: Map<String, Value>) -> Value {
    let all = common.clone().into_iter().chain(own);
    let referred = all.map(|(status, response)| match response {
        Value::String(name) => (status, json!({ "$ref": format!("#/components/responses/{name}") })),
        response => (status, response),
    });
    referred.collect()
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// Takes the members of the object at this pointer.
fn members(value: &mut Value, pointer: &str) -> Map<String, Value> {
    match value.pointer_mut(pointer).map(Value::take) {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_is_read_and_every_reference_leads_somewhere() {
        for text in TAGS.iter().chain([&BASE]) {
            serde_json::from_str::<Value>(text).unwrap();
        }
        let document = document();
        let mut looked = vec![&document];
        while let Some(value) = looked.pop() {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
            }
            match value {
                Value::Object(members) => looked.extend(members.values()),
                Value::Array(values) => looked.extend(values),
                _ => {}
            }
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_a_tag_and_answers() {
        let document = document();
        let mut names = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                if !NO_OPERATIONS.contains(&method.as_str()) {
                    assert!(names.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
                    assert!(operation["summary"].is_string() && operation["tags"][0].is_string(), "{method} {path}");
                    assert!(!operation["responses"].as_object().unwrap().is_empty(), "{method} {path}");
                }
            }
        }
        assert!(names.len() > 40 && document["tags"].as_array().unwrap().len() == TAGS.len());
    }
}
