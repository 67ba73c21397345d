#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;

use super::{ContentId, MediaKey, SpaceId, respelled};

#[test]
fn a_space_is_named_as_duracloud_names_it() {
    let longest = "a".repeat(42);
    for name in ["abc", "a-b", "a.b", "a1.b2", "films", "films-2016.uk", "a.b.c", "taskforce", longest.as_str()] {
        assert_eq!(SpaceId::parse(name).map(|space| space.to_string()), Ok(name.to_owned()));
    }
    let too_long = "a".repeat(43);
    for name in [
        "",
        "ab",
        "1abc",
        "-abc",
        ".abc",
        "abc-",
        "a..b",
        "a-.b",
        "a.-b",
        "abc.1",
        "abc.1x",
        "Abc",
        "a_b",
        "a b",
        "a/b",
        "äbc",
        "192.168.1.1",
        "spaces",
        "stores",
        "acl",
        "task",
        "aux",
        "abc\n",
        too_long.as_str(),
    ] {
        assert!(SpaceId::parse(name).is_err(), "{name:?} was taken");
    }
}

#[test]
fn a_content_is_named_by_anything_that_stays_in_its_space() {
    let longest = "x".repeat(1024);
    for name in
        ["x", "a/b/c.mp4", "a b", "ä/ö.webm", "...", "a/.hidden", "a..b", "a//b", "x%2f..", "日本", longest.as_str()]
    {
        assert!(ContentId::parse(name).is_ok(), "{name:?} was refused");
    }
    let (too_long, too_long_encoded) = ("x".repeat(1025), "ä".repeat(171));
    for name in [
        "",
        ".",
        "..",
        "../x",
        "a/../b",
        "a/..",
        "a/./b",
        "what?",
        "a\\b",
        "a\0b",
        "a\nb",
        "\u{7f}",
        "\u{85}",
        "\u{fffe}",
        too_long.as_str(),
        too_long_encoded.as_str(),
    ] {
        assert!(ContentId::parse(name).is_err(), "{name:?} was taken");
    }
}

#[test]
fn a_key_ends_its_space_at_the_first_slash() {
    let key: MediaKey = "films/1999/a b.mp4".parse().unwrap();
    assert_eq!((key.space().as_str(), key.content().as_str()), ("films", "1999/a b.mp4"));
    assert_eq!(key.to_path(), "films/1999/a%20b.mp4");
    for text in ["films", "films/", "/a.mp4", "Films/a.mp4", &format!("films/{}", "x".repeat(1019))] {
        assert!(text.parse::<MediaKey>().is_err(), "{text:?} was taken");
    }
    assert!(format!("films/{}", "x".repeat(1018)).parse::<MediaKey>().is_ok());
}

proptest! {
    #[test]
    fn a_key_survives_being_written_and_read(space in "[a-z][a-z0-9]{2,20}", content in "\\PC{1,60}") {
        if let Ok(key) = format!("{space}/{content}").parse::<MediaKey>() {
            prop_assert_eq!(key.to_string().parse::<MediaKey>(), Ok(key.clone()));
            let path = key.to_path();
            let decoded = percent_encoding::percent_decode_str(&path).decode_utf8().unwrap();
            prop_assert_eq!(&decoded, &key.to_string());
            prop_assert_eq!(respelled(&decoded), path);
        }
    }
}
