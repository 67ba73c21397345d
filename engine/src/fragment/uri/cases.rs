//! The cases of the grammar in `cases.json`, which the tests of the TypeScript package `web/media-fragments` run too, so that
//! both read the same.

#![allow(clippy::unwrap_used)]

use serde::Deserialize;

use super::InvalidText;

/// A text that is not in a grammar: the byte at which it is wrong, and why.
pub type Wrong = (String, usize, String);

/// The tables, whose columns `cases.json` explains.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cases {
    pub fragments: Vec<(String, String, String)>,
    pub times: Vec<(String, String)>,
    pub not_times: Vec<Wrong>,
    pub tracks: Vec<(String, Vec<String>)>,
    pub empty: Vec<String>,
    pub ignored: Vec<(String, String, Option<usize>, Option<String>)>,
    pub areas: Vec<(String, String)>,
    pub not_areas: Vec<Wrong>,
    pub instants: Vec<(String, String, String)>,
    pub not_instants: Vec<Wrong>,
    pub positions: Vec<(String, String, i64)>,
    pub ranges: Vec<(String, String)>,
}

/// All of them.
pub fn cases() -> Cases {
    serde_json::from_str(include_str!("cases.json")).unwrap()
}

/// Asserts that a result is the error of a case.
#[track_caller]
pub fn assert_wrong<T: std::fmt::Debug>(result: Result<T, InvalidText>, (text, at, why): &Wrong) {
    let InvalidText { at: found, why: reason } = result.expect_err(text);
    assert_eq!((found, reason), (*at, why.as_str()), "{text:?}");
}
