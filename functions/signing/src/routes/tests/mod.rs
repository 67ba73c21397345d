//! What the tasks give, over an embedded DynamoDB.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod world;

use std::fs;
use std::path::Path;

use reelspan::cloudfront::now;
use reelspan::cloudfront::verify::{Evidence, SignatureRefusal, verify};
use reelspan::space::SpaceId;
use reelspan::streaming::Hosts;
use serde_json::{Value, json};

use self::world::{OPEN, SECURE, SPACES_THERE, World, in_minutes, text};

#[tokio::test]
async fn an_open_space_has_urls_that_stay() {
    let world = World::new().await;
    for key in ["open/lecture.mp4", "open/a b/ä#%.mp3", "open/*", "open/audiofile.mp3"] {
        world.store(key);
    }
    for (content, url) in [
        ("lecture.mp4", "https://open.cloudfront.net/open/lecture.mp4"),
        ("a b/ä#%.mp3", "https://open.cloudfront.net/open/a%20b/%C3%A4%23%25.mp3"),
        ("*", "https://open.cloudfront.net/open/%2A"),
        ("audiofile", "https://open.cloudfront.net/open/audiofile.mp3"),
    ] {
        for (task, form, below) in [
            ("get-url", "file", ""),
            ("get-url", "hls", "/~/master.m3u8"),
            ("get-url", "dash", "/~/manifest.mpd"),
            ("get-url-hls", "file", "/~/master.m3u8"),
        ] {
            let body = json!({"spaceId": "open", "contentId": content, "form": form});
            assert_eq!(world.given(task, body).await, format!("{url}{below}"));
        }
    }
    assert_eq!(world.aws.lock().unwrap().secret_read, 0);
}

#[tokio::test]
async fn one_machine_has_its_streams_below_a_path() {
    let mut world = World::new().await;
    world.signing.hosts = Hosts::below("http://127.0.0.1:8080/stream");
    world.store("open/a b.mp4");
    let url = world.given("get-url", json!({"spaceId": "open", "contentId": "a b.mp4"})).await;
    assert_eq!(url, "http://127.0.0.1:8080/stream/open/a%20b.mp4");
}

#[tokio::test]
async fn a_secure_space_has_urls_that_are_let_in_for_a_while() {
    let world = World::new().await;
    world.rotate("K1", 0).await;
    world.store("secure/a b.mp4");
    let base = world.base("secure").await;
    for (more, minutes, address) in [
        (json!({}), 480, None),
        (json!({"minutesToExpire": 1}), 1, None),
        (json!({"minutesToExpire": "10080", "ipAddress": ""}), 10_080, None),
        (json!({"ipAddress": "192.0.2.0/24"}), 480, Some("192.0.2.7")),
        (json!({"ipAddress": "192.0.2.7", "minutesToExpire": "30", "resourcePrefix": "mp4:"}), 30, Some("192.0.2.7")),
    ] {
        let mut body = json!({"spaceId": "secure", "contentId": "a b.mp4"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let url = world.given("get-signed-url", body).await;
        assert!(url.starts_with(&format!("{base}/a%20b.mp4?")), "{url}");
        // An address makes it a custom policy; without one the expiry is all there is.
        assert_eq!(url.contains("?Policy="), address.is_some());
        assert_eq!(world.ask(&url, now(), address).await, Ok(()));
        assert_eq!(world.ask(&url, in_minutes(minutes) - 10, address).await, Ok(()));
        assert_eq!(world.ask(&url, in_minutes(minutes), address).await, Err(SignatureRefusal::Expired));
        if address.is_some() {
            assert_eq!(world.ask(&url, now(), Some("198.51.100.1")).await, Err(SignatureRefusal::Address));
        }
        let other = url.replace("a%20b", "c");
        assert!(world.ask(&other, now(), address).await.is_err());
    }
    // The key was read once.
    assert_eq!(world.aws.lock().unwrap().secret_read, 1);
}

#[tokio::test]
async fn an_excerpt_is_signed_as_the_query_that_it_is() {
    let world = World::new().await;
    world.rotate("K1", 0).await;
    world.store_indexed("secure/sound.wav", true).await;
    world.store_indexed("open/sound.wav", true).await;
    world.store_indexed("secure/notes.pdf", false).await;
    world.store("secure/new.wav");
    let asked =
        |content: &str, fragment: &str| json!({"spaceId": "secure", "contentId": content, "fragment": fragment});
    let base = world.base("secure").await;
    for (fragment, query) in [("t=npt:0.2,0:00:00.5", "t=0.2,0.5"), ("track=audio&t=,0.5", "t=,0.5&track=audio")] {
        let url = world.given("get-signed-url", asked("sound", fragment)).await;
        assert!(url.starts_with(&format!("{base}/sound.wav?{query}&Expires=")), "{url}");
        assert_eq!(world.ask(&url, now(), None).await, Ok(()));
        for (part, other) in [("0.5", "0.6"), (&*format!("{query}&"), ""), ("Expires", "t=0&Expires")] {
            assert!(world.ask(&url.replacen(part, other, 1), now(), None).await.is_err(), "{url} {part}");
        }
        let open = json!({"spaceId": "open", "contentId": "sound", "fragment": fragment});
        assert_eq!(world.given("get-url", open).await, format!("https://open.cloudfront.net/open/sound.wav?{query}"));
    }
    for (content, fragment, status, why) in [
        ("sound.wav", "t=7,3", 400, "start is not before the end"),
        ("sound.wav", "t=1,2&colour=red", 400, "colour=red"),
        ("sound.wav", "", 400, "no part"),
        ("sound.wav", "xywh=1,1,1,1", 400, "xywh"),
        ("sound.wav", "track=video", 400, "track=video"),
        ("sound.wav", "t=0,0.5&id=chapter", 400, "id=chapter"),
        ("sound.wav", "t=smpte-25:0:00:00,0:00:01", 400, "smpte-25"),
        ("notes.pdf", "t=0,1", 400, "no media"),
        ("new.wav", "t=0,1", 503, "indexer"),
    ] {
        let (found, text) = world.task(Some("alice"), "get-signed-url", asked(content, fragment)).await;
        assert_eq!(found, status, "{content} {fragment}: {text}");
        assert!(text.contains(why), "{content} {fragment}: {text}");
    }
}

#[tokio::test]
async fn the_answer_says_what_a_signed_excerpt_discloses() {
    let world = World::new().await;
    world.rotate("K1", 0).await;
    world.store_indexed("secure/sound.wav", true).await;
    // It has a keyframe every two seconds.
    let film = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/counter.mp4");
    world.store_media("secure/film.mp4", fs::read(film).unwrap()).await;
    let body = |content: &str, fragment: &str, more: Value| {
        let mut body = json!({"spaceId": "secure", "contentId": content, "fragment": fragment});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (content, fragment, more, given) in [
        ("sound.wav", "t=0.2,0.5", json!({"strict": true, "maxLeadIn": 0}), Some("t=npt:0.2,0.5")),
        ("sound.wav", "track=audio", json!({"strict": "true"}), Some("t=npt:0,1&track=audio")),
        ("sound.wav", "t=5,6", json!({"strict": true}), None),
        ("film.mp4", "track=video&t=12,20", json!({"strict": true, "maxLeadIn": "0"}), Some("t=npt:12,20&track=video")),
        ("film.mp4", "track=video&t=13.5,20", json!({}), Some("t=npt:12,20&track=video")),
        ("film.mp4", "track=video&t=13.5,20", json!({"strict": true}), Some("t=npt:12,20&track=video")),
        ("film.mp4", "track=video&t=13.5,20", json!({"strict": false}), Some("t=npt:12,20&track=video")),
        (
            "film.mp4",
            "track=video&t=13.5,20",
            json!({"strict": true, "maxLeadIn": 1.5}),
            Some("t=npt:12,20&track=video"),
        ),
    ] {
        let answer = world.answered("get-signed-url", body(content, fragment, more.clone())).await;
        assert_eq!(answer.as_object().unwrap().get("given").unwrap().as_str(), given, "{content} {fragment} {more}");
    }
    for (fragment, more, status, why) in [
        ("t=13.5,20", json!({"strict": true, "maxLeadIn": 1.4}), 409, "1.5 seconds from before its start"),
        ("t=13.5,20", json!({"strict": true, "maxLeadIn": "0:01"}), 400, "maxLeadIn"),
        ("t=13.5,20", json!({"strict": true, "maxLeadIn": -1}), 400, "maxLeadIn"),
        ("t=13.5,20", json!({"strict": true, "maxLeadIn": null}), 200, "given"),
        ("t=13.5,20", json!({"maxLeadIn": 1}), 400, "strict"),
        ("t=13.5,20", json!({"strict": "perhaps"}), 400, "body"),
    ] {
        let (found, text) = world.task(Some("alice"), "get-signed-url", body("film.mp4", fragment, more.clone())).await;
        assert!(found == status && text.contains(why), "{fragment} {more}: {found} {text}");
    }
    // Of a whole file, and in an open space, there is nothing to say.
    let whole = world.answered("get-signed-url", json!({"spaceId": "secure", "contentId": "film.mp4"})).await;
    assert!(whole.get("given").is_none(), "{whole}");
}

#[tokio::test]
async fn a_url_costs_one_look_at_the_tables_and_none_at_the_bucket() {
    let world = World::new().await;
    world.rotate("K1", 0).await;
    let film = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/counter.mp4");
    for space in ["open", "secure"] {
        world.store_media(&format!("{space}/film.mp4"), fs::read(&film).unwrap()).await;
    }
    world.store("secure/new.mp4");
    for (task, content, fragment, dynamodb, s3) in [
        ("get-url", "film.mp4", None, 1, 0),
        ("get-url", "film.mp4", Some("t=13.5,20"), 1, 0),
        ("get-signed-url", "film.mp4", None, 1, 0),
        ("get-signed-url", "film.mp4", Some("track=video&t=13.5,20"), 1, 0),
        // Only the bucket knows which file is meant, and whether there is one that has no index yet.
        ("get-signed-url", "film", Some("t=13.5,20"), 2, 2),
        ("get-signed-url", "new.mp4", None, 1, 1),
    ] {
        let space = if task == "get-url" { "open" } else { "secure" };
        let before = world.signing.stores.calls();
        world.given(task, json!({"spaceId": space, "contentId": content, "fragment": fragment})).await;
        let calls = world.signing.stores.calls() - before;
        assert_eq!((calls.dynamodb, calls.s3), (dynamodb, s3), "{task} {content} {fragment:?}");
    }
}

#[tokio::test]
async fn a_name_without_its_extension_is_that_of_one_file_or_of_none() {
    let world = World::new().await;
    for key in
        ["film.mp4", "film.srt", "both.mp4", "both.flv", "both.mp3", "plain", "plain.mp3", "deep/a.ogg", "notes.txt"]
    {
        world.store(&format!("open/{key}"));
    }
    world.store("opened/film2.mp4");
    for (content, prefix, status, expected) in [
        ("film", "", 200, "/film.mp4"),
        ("film", "mp4:", 200, "/film.mp4"),
        ("film.mp4", "mp4:", 200, "/film.mp4"),
        ("film.srt", "", 200, "/film.srt"),
        ("plain", "mp3:", 200, "/plain\""),
        ("deep/a", "", 200, "/deep/a.ogg"),
        ("both", "flv:", 200, "/both.flv"),
        ("both", "", 409, "both.mp4, both.flv or both.mp3"),
        ("film", "flv:", 404, "film"),
        ("film2", "", 404, "film2"),
        ("notes", "", 404, "notes"),
        ("deep", "", 404, "deep"),
        ("fil", "", 404, "fil"),
        ("film", "ogg:", 400, "mp4:"),
        ("../film", "", 400, "'..'"),
        ("", "", 400, "empty"),
    ] {
        let body = json!({"spaceId": "open", "contentId": content, "resourcePrefix": prefix});
        let (found, text) = world.task(Some("alice"), "get-url", body).await;
        assert_eq!(found, status, "{prefix}{content}: {text}");
        assert!(text.contains(expected), "{prefix}{content}: {text}");
    }
}

#[tokio::test]
async fn a_space_that_does_not_stream_so_says_how_it_would() {
    let world = World::new().await;
    world.rotate("K1", 0).await;
    for space in SPACES_THERE {
        world.store(&format!("{space}/a.mp4"));
    }
    for (task, space, status, says) in [
        ("get-url", "secure", 400, "get-signed-url"),
        ("get-signed-url", "open", 400, "get-url"),
        ("get-signed-cookies-url", "open", 400, "get-url"),
        ("get-url", "off", 400, "enable-streaming"),
        ("get-signed-url", "off", 400, "enable-streaming"),
        ("get-signed-cookies-url", "off", 400, "enable-streaming"),
        ("get-url", "never", 400, "enable-streaming"),
        ("get-url-hls", "never", 400, "enable-streaming"),
        ("get-signed-url", "private", 403, "no READ"),
        ("get-signed-cookies-url", "private", 403, "no READ"),
        ("get-url", "nosuch", 404, "nosuch"),
        ("get-url", "No Space", 404, "No Space"),
    ] {
        let body = json!({"spaceId": space, "contentId": "a.mp4"});
        let (found, text) = world.task(Some("alice"), task, body.clone()).await;
        assert_eq!(found, status, "{task} {space}: {text}");
        assert!(text.contains(says), "{task} {space}: {text}");
        assert_eq!(world.task(None, task, body).await.0, 401, "{task} {space}");
    }
}

#[tokio::test]
async fn what_cannot_be_signed_is_refused_with_the_reason() {
    let world = World::new().await;
    world.rotate("K1", 0).await;
    world.store("secure/a.mp4");
    let whole = json!({"spaceId": "secure", "contentId": "a.mp4"});
    for (name, value, says) in [
        ("minutesToExpire", json!(0), "1 to 10080"),
        ("minutesToExpire", json!(10_081), "1 to 10080"),
        ("minutesToExpire", json!("18446744073709551615"), "1 to 10080"),
        ("minutesToExpire", json!(-1), "body"),
        ("minutesToExpire", json!("soon"), "body"),
        ("ipAddress", json!("2001:db8::1"), "IPv6"),
        ("ipAddress", json!("2001:db8::/32"), "IPv6"),
        ("ipAddress", json!("192.0.2.0/33"), "192.0.2.0/24"),
        ("ipAddress", json!("example.org"), "192.0.2.7"),
        ("spaceId", json!(7), "body"),
    ] {
        for task in ["get-signed-url", "get-signed-cookies-url"] {
            let mut body = whole.clone();
            body[name] = value.clone();
            let (status, text) = world.task(Some("alice"), task, body).await;
            assert!(status == 400 && text.contains(says), "{task} {name} {value}: {status} {text}");
        }
    }
    for redirect in ["/watch", "javascript:alert(1)", "//evil.example/", "https://evil.example/"] {
        let body = json!({"spaceId": "secure", "redirectUrl": redirect});
        let (status, text) = world.task(Some("alice"), "get-signed-cookies-url", body).await;
        assert!(status == 400 && text.contains("redirectUrl"), "{redirect}: {status} {text}");
    }
}

#[tokio::test]
async fn a_new_key_signs_at_once_and_none_signs_for_longer_than_it_is_trusted() {
    let world = World::new().await;
    world.store("secure/a.mp4");
    let body = json!({"spaceId": "secure", "contentId": "a.mp4"});
    assert_eq!(world.task(Some("alice"), "get-signed-url", body.clone()).await.0, 503);
    world.rotate("K1", 0).await;
    let first = world.given("get-signed-url", body.clone()).await;
    let old = world.aws.lock().unwrap().secret.clone();
    world.rotate("K2", in_minutes(60)).await;
    let second = world.given("get-signed-url", body.clone()).await;
    assert!(first.contains("Key-Pair-Id=K1") && second.contains("Key-Pair-Id=K2"));
    for url in [&first, &second] {
        assert_eq!(world.ask(url, now(), None).await, Ok(()));
    }
    // While the secret is behind the table, the key before signs, as long as it is trusted.
    world.rotate("K3", in_minutes(60)).await;
    world.aws.lock().unwrap().secret = old;
    let third = world.given("get-signed-url", body.clone()).await;
    assert!(third.contains("Key-Pair-Id=K1"));
    assert_eq!(world.ask(&third, in_minutes(59), None).await, Ok(()));
    let expires: i64 = third.split_once("Expires=").unwrap().1.split_once('&').unwrap().0.parse().unwrap();
    assert!((in_minutes(60) - 60..=in_minutes(60)).contains(&expires));
    // One that is not trusted at all signs nothing.
    let mut commons = world.commons().await;
    commons.keys.retain(|key| key.id != "K1");
    commons.version += 1;
    assert!(world.signing.table.set_commons(&commons).await.unwrap());
    let (status, text) = world.task(Some("alice"), "get-signed-url", body).await;
    assert!(status == 502 && !text.contains("K1"), "{status} {text}");
}

#[tokio::test]
async fn a_cookies_url_sets_cookies_that_open_the_space() {
    let mut world = World::new().await;
    world.rotate("K1", 0).await;
    let generation = world.streaming("secure").await.generation;
    for (hosts, base, path) in [
        (
            Hosts::new(OPEN, SECURE),
            format!("https://secure.cloudfront.net/secure~{generation}"),
            format!("/secure~{generation}"),
        ),
        (
            Hosts::below("http://127.0.0.1:8080/stream"),
            format!("http://127.0.0.1:8080/stream/secure~{generation}"),
            format!("/stream/secure~{generation}"),
        ),
    ] {
        world.signing.hosts = hosts;
        let page = "https://example.org/watch?film=1#t=20";
        let body = json!({"spaceId": "secure", "redirectUrl": page, "minutesToExpire": 5, "ipAddress": "192.0.2.7"});
        let url = world.given("get-signed-cookies-url", body).await;
        let query = url.strip_prefix(&world.signing.hosts.cookies()).unwrap();
        let response = world.cookies(query).await;
        assert_eq!((response.status().as_u16(), &response.headers()["location"]), (303, &page.parse().unwrap()));
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["referrer-policy"], "no-referrer");
        let mut sent = http::HeaderMap::new();
        for cookie in response.headers().get_all("set-cookie") {
            let (pair, attributes) = cookie.to_str().unwrap().split_once("; ").unwrap();
            assert_eq!(attributes, format!("Path={path}; Secure; HttpOnly; SameSite=None"));
            sent.append("cookie", pair.parse().unwrap());
        }
        let evidence = Evidence::from_cookies(&sent).unwrap().unwrap();
        let (keys, here) = (world.commons().await.keys, Some("192.0.2.7".parse().unwrap()));
        for url in ["/a.mp4", "/b/c.mp4?t=1,2", "/"] {
            assert_eq!(verify(&evidence, &format!("{base}{url}"), &keys, now(), here), Ok(()));
        }
        let at = |base: &str, now, here| verify(&evidence, &format!("{base}/a.mp4"), &keys, now, here);
        assert_eq!(at(&base, in_minutes(5), here), Err(SignatureRefusal::Expired));
        assert_eq!(at(&base, now(), None), Err(SignatureRefusal::Address));
        assert_eq!(at(&base.replace("/secure~", "/other~"), now(), here), Err(SignatureRefusal::Resource));
    }
}

#[tokio::test]
async fn without_a_page_to_go_to_cookies_are_just_set() {
    let world = World::new().await;
    world.rotate("K1", 0).await;
    let url = world.given("get-signed-cookies-url", json!({"spaceId": "secure"})).await;
    let response = world.cookies(url.strip_prefix("https://secure.cloudfront.net/~/cookies").unwrap()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 4);
}

#[tokio::test]
async fn a_token_for_an_earlier_space_of_the_same_name_sets_nothing() {
    let mut world = World::new().await;
    world.rotate("K1", 0).await;
    for hosts in [Hosts::new(OPEN, SECURE), Hosts::below("http://127.0.0.1:8080/stream")] {
        world.signing.hosts = hosts;
        let before = world.given("get-signed-cookies-url", json!({"spaceId": "secure"})).await;
        let query = |url: &str| format!("?{}", url.split_once('?').unwrap().1);
        assert_eq!(world.cookies(&query(&before)).await.status(), 200);
        world.set_up_anew("secure").await;
        assert_eq!(world.cookies(&query(&before)).await.status(), 403);
        let after = world.given("get-signed-cookies-url", json!({"spaceId": "secure"})).await;
        assert_eq!(world.cookies(&query(&after)).await.status(), 200);
    }
}

#[tokio::test]
async fn a_token_that_is_none_sets_nothing() {
    let world = World::new().await;
    world.rotate("K1", 0).await;
    let url = world.given("get-signed-cookies-url", json!({"spaceId": "secure"})).await;
    let query = url.split_once('?').unwrap().1;
    let (start, end) = query.split_at(query.len() - 20);
    let altered =
        format!("?{start}{}", if end.starts_with('A') { end.replacen('A', "B", 1) } else { format!("A{}", &end[1..]) });
    for query in ["", "?", "?token=", "?token=a.b.c", "?Token=x", &format!("?{query}&{query}"), &altered, "?token=%00"]
    {
        let response = world.cookies(query).await;
        assert_eq!(response.status(), 403, "{query}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{query}");
        assert_eq!(response.headers()["cache-control"], "no-store", "{query}");
        assert!(!response.headers().contains_key("set-cookie"), "{query}");
    }
    // Nor does one of a space that streams no more, or to anybody by now.
    let space = world.signing.table.get(&SpaceId::parse("secure").unwrap()).await.unwrap().unwrap();
    assert!(world.signing.table.set_streaming(&space.id, space.streaming.as_ref(), None).await.unwrap());
    let response = world.cookies(&format!("?{query}")).await;
    assert_eq!(response.status(), 403);
    let problem: Value = serde_json::from_str(&text(response).await).unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("secure"));
}
