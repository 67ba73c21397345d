//! `reelspan verify` against a correct server, and against servers that break one rule each: exactly the check of that
//! rule must fail.

use std::process::{Command, Output};

use serde_json::Value;

use crate::fake::{self, Asked, Fake, Fault, Reply};

async fn verify(arguments: &[&str], urls: &[String]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reelspan"));
    command.args(["verify", "--seed", "4", "--pieces", "5"]).args(arguments).args(urls);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// The checks of a report with this outcome.
fn checks(report: &Value, outcome: &str) -> Vec<String> {
    let checks = report["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] == outcome);
    checks.map(|check| check["check"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_server_passes_every_check() {
    for sample in ["counter.webm", "counter.mp4", "counter-fragmented.mp4", "counter.mov", "two-audio.mp4"] {
        let url = Fake::of(sample).await.start().await;
        let done = verify(&["--strict"], &[url]).await;
        let text = String::from_utf8(done.stdout).unwrap();
        assert_eq!(done.status.code(), Some(0), "{sample}: {text}");
        assert!(text.ends_with("24 passed, 0 failed, 0 not offered, 0 not run\n\n"), "{sample}: {text}");
    }
}

/// A fault, when it occurs, and the check that detects it.
type Case = (&'static str, fn(&Asked) -> bool, Fault, &'static str);

const CASES: &[Case] = &[
    ("a weak ETag", |it| it.query.is_empty(), reply(weak), "whole"),
    ("no type", Asked::whole, reply(|it| it.remove("content-type")), "whole"),
    ("no Accept-Ranges", Asked::whole, reply(|it| it.remove("accept-ranges")), "whole"),
    ("no length", Asked::whole, reply(|it| it.remove("content-length")), "whole"),
    (
        "an ETag that changes",
        |it| it.whole() && it.before > 0,
        reply(|it| it.replace("etag", "\"", "\"x")),
        "whole-again",
    ),
    ("bytes that change", |it| it.whole() && it.before > 0, reply(Reply::flip), "whole-again"),
    ("a wrong byte", |it| it.range("bytes=0-", ""), reply(Reply::flip), "bytes"),
    ("another total", |it| it.range("bytes=0-", ""), reply(|it| it.replace("content-range", "/", "/1")), "bytes"),
    ("another ETag", |it| it.range("bytes=0-", ""), reply(|it| it.replace("etag", "\"", "\"x")), "bytes"),
    ("more than asked", |it| it.range("bytes=0-", ""), Fault::Ranges(|it| it[0].end += 1), "bytes"),
    ("a body too long", |it| it.range("bytes=0-", ""), reply(longer), "bytes"),
    ("a body too short", |it| it.range("bytes=0-", ""), reply(shorter), "bytes"),
    ("no Content-Range", |it| it.range("bytes=0-", ""), reply(|it| it.remove("content-range")), "bytes"),
    ("a later start", |it| it.range("bytes=", "-"), Fault::Ranges(|it| it[0].start += 1), "bytes-open"),
    ("an earlier start", |it| it.range("bytes=-", ""), Fault::Ranges(|it| it[0].start -= 1), "bytes-last"),
    (
        "a shifted part",
        several,
        reply(|it| swap(it, b"Content-Range: bytes 1", b"Content-Range: bytes 2")),
        "bytes-several",
    ),
    ("no last boundary", several, reply(|it| swap(it, b"--gap--", b"--gap\r\n")), "bytes-several"),
    ("another boundary", several, reply(|it| it.replace("content-type", "gap", "gaps")), "bytes-several"),
    ("another part", several, Fault::Ranges(|it| it[0] = 0..1), "bytes-several"),
    ("no length in a 416", behind, reply(|it| it.remove("content-range")), "bytes-behind"),
    ("a 404", behind, reply(|it| it.status = 404), "bytes-behind"),
    ("a wrong byte of time", last_time, reply(Reply::flip), "time"),
    ("no mapping", last_time, reply(|it| it.remove("content-range-mapping")), "time"),
    ("no grammar", last_time, reply(|it| it.replace("content-range-mapping", "=", ":")), "time"),
    ("other bytes mapped", last_time, reply(|it| it.replace("content-range-mapping", "bytes ", "bytes 1")), "time"),
    ("a shorter duration", last_time, reply(|it| it.replace("content-range-mapping", "/0-40", "/0-39")), "time"),
    ("a later time", last_time, reply(|it| it.replace("content-range-mapping", "t:npt ", "t:npt 1")), "time"),
    ("all of it", last_time, reply(|it| it.status = 200), "time"),
    ("a stretch that is said to hold nothing", last_time, reply(|it| it.status = 416), "time"),
    (
        "a stretch with its setup that is said to hold nothing",
        |it| it.range("t:", ";include-setup"),
        reply(|it| it.status = 416),
        "time-setup",
    ),
    ("a sample less at the end", last_time, Fault::Ranges(|it| it[0].end -= 1), "time-cover"),
    ("a sample less at a boundary", first_time, Fault::Ranges(|it| it[0].start += 2000), "time-cover"),
    ("no setup", |it| it.range("t:", ";include-setup"), Fault::Ranges(|it| *it = it.split_off(1)), "time-setup"),
    ("half a setup", |it| it.range("include-setup", ""), Fault::Ranges(|it| it[0].end /= 2), "setup"),
    ("a wrong setup", |it| it.range("include-setup", ""), reply(Reply::flip), "setup"),
    ("nothing as all", |it| it.range("t:npt=3-3", ""), reply(|it| it.status = 200), "time-empty"),
    ("backwards as all", |it| it.range("t:npt=7-3", ""), reply(|it| it.status = 200), "time-reversed"),
    (
        "another length",
        |it| it.range("t:npt=50", ""),
        reply(|it| it.replace("content-range", "/", "/1")),
        "time-behind",
    ),
    ("a wrong byte of a track", |it| it.range("track=1", "1"), reply(Reply::flip), "track"),
    (
        "no track mapped",
        |it| it.range("track=1", "1"),
        reply(|it| it.replace("content-range-mapping", "track 1", "x")),
        "track",
    ),
    ("a sample less of a track", |it| it.range("track=1", "1"), Fault::Ranges(|it| it[0].end -= 3000), "track-cover"),
    ("a sample less of both", |it| it.range("track=1;t:", "-"), Fault::Ranges(|it| it[0].end -= 3000), "track-time"),
    ("any track", |it| it.range("track=no", ""), reply(|it| it.status = 206), "track-unknown"),
    ("other bytes", redirect_of_time, reply(|it| it.replace("range-redirect", "bytes ", "bytes 1")), "redirect-time"),
    ("no Vary", redirect_of_time, reply(|it| it.remove("vary")), "redirect-time"),
    ("another place", redirect_of_time, reply(|it| it.replace("location", "film", "other")), "redirect-time"),
    ("another redirect", redirect_of_time, reply(|it| it.status = 302), "redirect-time"),
    (
        "no redirect",
        |it| it.redirect && it.range.starts_with("track"),
        reply(|it| it.remove("range-redirect")),
        "redirect-track",
    ),
    ("a promise", query_of_time, reply(|it| it.replace("x-media-fragment", ",", ",9")), "query-time"),
    ("half a file", query_of_time, reply(shorter_file), "query-time"),
    ("the original's ETag", query_of_time, reply(original_etag), "query-time"),
    ("bytes of another file", |it| !it.query.is_empty() && !it.range.is_empty(), reply(Reply::flip), "query-bytes"),
    ("another file", |it| query_of_time(it) && it.before > 0, reply(Reply::flip), "query-again"),
    ("another track", |it| it.query == "track=1", reply(|it| it.status = 500), "query-track"),
];

const fn reply(fault: fn(&mut Reply)) -> Fault {
    Fault::Reply(fault)
}

fn several(it: &Asked) -> bool {
    it.range("bytes=", "") && it.range.contains(',')
}

/// A range that begins at the end of the file.
fn behind(it: &Asked) -> bool {
    it.range("bytes=269628-", "")
}

/// The last of consecutive time ranges.
fn last_time(it: &Asked) -> bool {
    it.range("t:npt=", "-")
}

/// The first of consecutive time ranges, but not the request for the duration.
fn first_time(it: &Asked) -> bool {
    it.range("t:npt=0-", "") && it.range != "t:npt=0-1" && !it.range.contains(';')
}

fn redirect_of_time(it: &Asked) -> bool {
    it.redirect && it.range.starts_with("t:")
}

fn query_of_time(it: &Asked) -> bool {
    it.query.starts_with("t=") && it.range.is_empty()
}

fn weak(it: &mut Reply) {
    if let Some(etag) = it.fields.get_mut("etag") {
        etag.insert_str(0, "W/");
    }
}

fn original_etag(it: &mut Reply) {
    it.fields.insert("etag", fake::etag(""));
}

fn longer(it: &mut Reply) {
    it.body.push(0);
    it.fields.insert("content-length", it.body.len().to_string());
}

fn shorter(it: &mut Reply) {
    it.body.pop();
    it.fields.insert("content-length", it.body.len().to_string());
}

fn shorter_file(it: &mut Reply) {
    it.body.truncate(100);
    it.fields.insert("content-length", it.body.len().to_string());
}

/// Replaces the last occurrence of these bytes with others.
fn swap(it: &mut Reply, from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let at = it.body.windows(from.len()).rposition(|window| window == from).unwrap();
    it.body[at..at + to.len()].copy_from_slice(to);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_rule_is_found_by_its_check_and_by_no_other() {
    let mut wrong = Vec::new();
    for (what, when, fault, check) in CASES {
        let url = Fake::of("counter.webm").await.with(*when, *fault).start().await;
        let done = verify(&["--json"], &[url]).await;
        let report: Value = serde_json::from_slice(&done.stdout).unwrap();
        let (failed, ignored) = (checks(&report[0], "failed"), checks(&report[0], "not offered"));
        if done.status.code() != Some(1) || failed != [*check] || !ignored.is_empty() {
            wrong.push(format!("{what}: {failed:?} failed, {ignored:?} not offered, not {check}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_says_what_was_asked_what_was_expected_and_what_came() {
    let fault = reply(|it| it.replace("content-range", "269628", "1"));
    let url = Fake::of("counter.webm").await.with(behind, fault).start().await;
    let text = String::from_utf8(verify(&[], std::slice::from_ref(&url)).await.stdout).unwrap();
    let lines = [
        "failed       bytes-behind    a range behind the end is 416, with the length".to_owned(),
        format!("             request   curl -s -D - -o part -H 'Range: bytes=269628-269727' '{url}'"),
        "             expected  Content-Range: bytes */269628".to_owned(),
        "             came      Content-Range: bytes */1".to_owned(),
    ];
    assert!(text.contains(&lines.join("\n")), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_that_breaks_off_ends_it() {
    let fault = reply(|it| it.body.truncate(269_000));
    let url = Fake::of("counter.webm").await.with(Asked::whole, fault).start().await;
    let done = verify(&["--json"], &[url]).await;
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((done.status.code(), checks(&report[0], "failed")), (Some(1), vec!["whole".to_owned()]));
    assert_eq!(report[0]["not run"], 23);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_does_not_know_is_not_offered_and_only_strictly_wrong() {
    let other_units = |it: &Asked| !it.range.is_empty() && !it.range.starts_with("bytes");
    let url = [Fake::of("counter.webm").await.with(other_units, reply(|it| it.status = 200)).start().await];
    let done = verify(&["--json"], &url).await;
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((done.status.code(), checks(&report[0], "failed")), (Some(0), Vec::new()));
    for check in ["time", "time-cover", "time-setup", "setup", "time-empty", "track", "redirect-time"] {
        assert!(checks(&report[0], "not offered").contains(&check.to_owned()), "{check}");
    }
    assert_eq!(verify(&["--strict"], &url).await.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_may_give_less_of_a_byte_range_than_was_asked() {
    let sparing = Fault::Ranges(|it| {
        it.truncate(1);
        it[0].end = it[0].end.min(it[0].start + 20_000);
    });
    let url = Fake::of("counter.webm").await.with(|it| it.range.starts_with("bytes="), sparing).start().await;
    let done = verify(&["--json"], &[url]).await;
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(0), "{report:#}");
    assert_eq!(checks(&report[0], "not offered"), ["bytes-several"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_verified_ends_with_status_2() {
    let url = Fake::of("counter.webm").await.start().await;
    for (urls, why) in [
        (vec!["film.webm".to_owned()], "film.webm: not an http or https URL"),
        (vec![url.replace("film", "nosuch")], "404 Not Found"),
        (vec!["http://127.0.0.1:1/film".to_owned()], "refused"),
        (vec![url.clone(), url.replace("film", "nosuch")], "404 Not Found"),
    ] {
        let done = verify(&[], &urls).await;
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{urls:?}: {said}");
        assert!(said.contains(why) && said.lines().count() == 1, "{said}");
    }
}
