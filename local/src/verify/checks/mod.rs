//! The checks, in the order in which they run. Each is a function: it sends requests, compares, and says in a few words
//! what it saw, or why it stopped.

mod bytes;
mod query;
mod redirect;
mod time;
mod tracks;
mod whole;

use super::subject::Check;

macro_rules! check {
    ($name:literal, $run:path, $rule:literal) => {
        Check { name: $name, rule: $rule, run: |subject| Box::pin($run(subject)) }
    };
}

/// All of them.
pub const ALL: &[Check] = &[
    check!("whole", whole::fields, "200, a true Content-Length, Content-Type, a strong ETag, Accept-Ranges"),
    check!("whole-again", whole::again, "the same request gives the same bytes and the same ETag"),
    check!("bytes", bytes::pieces, "consecutive byte ranges, joined, are the whole"),
    check!("bytes-open", bytes::open, "bytes=K- begins at K"),
    check!("bytes-last", bytes::last, "bytes=-K is the last K bytes"),
    check!("bytes-several", bytes::several, "several ranges in one request come as multipart/byteranges"),
    check!("bytes-behind", bytes::behind, "a range behind the end is 416, with the length"),
    check!("time", time::pieces, "consecutive stretches of time say which bytes they are and which time they hold"),
    check!("time-cover", time::cover, "together they hold every byte of media"),
    check!("time-setup", time::with_setup, ";include-setup adds what a player needs before any fragment"),
    check!("setup", time::setup, "include-setup alone gives just that"),
    check!("time-empty", time::empty, "an empty stretch of time (3-3) is 416"),
    check!("time-reversed", time::reversed, "a reversed stretch of time (7-3) is 416"),
    check!("time-behind", time::behind, "a stretch of time behind the end is 416"),
    check!("track", tracks::pieces, "every track says which bytes it is"),
    check!("track-cover", tracks::cover, "each track holds all of its media, and all tracks all media"),
    check!("track-time", tracks::with_time, "consecutive stretches of time of a track hold all of its media"),
    check!("track-unknown", tracks::unknown, "an unknown track is 416"),
    check!(
        "redirect-time",
        redirect::of_time,
        "Accept-Range-Redirect: bytes leads to the same bytes of a stretch of time"
    ),
    check!("redirect-track", redirect::of_track, "Accept-Range-Redirect: bytes leads to the same bytes of a track"),
    check!("query-time", query::time, "?t=A,B is a file of its own, as long as promised"),
    check!("query-bytes", query::bytes, "byte ranges of that file, joined, are that file"),
    check!("query-again", query::again, "it has the same bytes again"),
    check!("query-track", query::tracks, "?track=NAME is a file of that track alone"),
];
