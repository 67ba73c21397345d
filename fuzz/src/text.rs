//! Text from a request: media fragments, `Range` and the other header fields that the engine reads, and names. Parsed
//! text that is written and parsed again means the same, and parts of a representation lie within it.

use futures::executor::block_on;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use reelspan::http::conditional::Preconditions;
use reelspan::space::{ContentId, MediaKey, SpaceId, acl::Acl, properties::Properties};
use reelspan_engine::fragment::multipart::Multipart;
use reelspan_engine::fragment::range::{FragmentRange, RequestedRanges};
use reelspan_engine::fragment::resolve::{self, Ask, Cover, Cut, Meaning, Memory};
use reelspan_engine::fragment::uri::{self, Fragment};
use reelspan_engine::index::Outline;
use reelspan_engine::media::splice::Splice;

use reelspan::user::{Credentials, GroupName, Hash, UserName};

use crate::Interest;

/// The requested file: forty seconds of video and two tracks of audio, with chapters.
const FILE: &[u8] = include_bytes!("../../samples/chapters.mkv");

thread_local! {
    static INDEXED: (Outline, Memory) = {
        let mut pages = Memory::default();
        let file = bytes::Bytes::from_static(FILE);
        (block_on(reelspan_engine::container::index(&file, &mut pages)).expect("a sample"), pages)
    };
}

/// A media fragment in a query.
pub fn fragment(input: &[u8]) -> Interest {
    let Ok(text) = str::from_utf8(input) else { return Interest::Reject };
    let fragment = Fragment::parse(text);
    let written = fragment.to_string();
    let again = Fragment::parse(&written);
    // Times are written to the microsecond, so a shorter interval is written as an empty one.
    if again.ignored.is_empty() {
        assert_eq!(again.to_string(), written);
        assert_eq!((again.tracks, again.id, again.area), (fragment.tracks.clone(), fragment.id.clone(), fragment.area));
    } else {
        assert!(again.time.is_none() && again.ignored.len() == 1, "{written}");
    }
    if let Ok(decoded) = uri::decode(text) {
        assert_eq!(uri::decode(&uri::encode(&decoded).to_string()).as_deref(), Ok(&*decoded));
    }
    check_answers(&Ask::from(&fragment));
    Interest::Keep
}

/// A `Range` header field.
pub fn range(input: &[u8]) -> Interest {
    let Ok(text) = str::from_utf8(input) else { return Interest::Reject };
    let Some(asked) = RequestedRanges::parse(text) else { return Interest::Keep };
    let written = asked.to_string();
    let again = RequestedRanges::parse(&written).expect("what was written can be read");
    assert_eq!(again.to_string(), written);
    match asked {
        RequestedRanges::Bytes(ranges) => {
            for length in [0, 1, 100, FILE.len() as u64, u64::MAX] {
                let Ok(ranges) = ranges.of(length) else { continue };
                assert!(!ranges.is_empty() && ranges.len() <= 64);
                for (at, range) in ranges.iter().enumerate() {
                    assert!(range.start < range.end && range.end <= length, "{range:?} of {length}");
                    // The ranges do not touch.
                    assert!(ranges[..at].iter().all(|other| other.end < range.start || range.end < other.start));
                }
                let mut whole = Splice::new();
                whole.source(0..length);
                if length < u64::MAX {
                    let multipart = Multipart::new(&whole, &ranges, "video/webm", "boundary");
                    assert!(multipart.body.len() > ranges.iter().map(|range| range.end - range.start).sum());
                }
            }
        }
        RequestedRanges::Fragment(range) => {
            let again = FragmentRange::parse(&range.to_string()).expect("what was written can be read");
            assert_eq!(
                (&again.tracks, &again.id, again.include_setup),
                (&range.tracks, &range.id, range.include_setup)
            );
            check_answers(&Ask::from(&range));
        }
    }
    Interest::Keep
}

/// Parts of a file lie within it, whatever the request.
fn check_answers(ask: &Ask) {
    let guessed = resolve::guess(ask);
    assert!(guessed.is_empty() || guessed.end() - guessed.start() < 99, "{guessed:?}");
    INDEXED.with(|(outline, pages)| {
        let meaning = Meaning::of(ask, outline);
        match block_on(resolve::cut(outline, &mut &*pages, &meaning)).expect("a sound file") {
            Cut::Part(part) => {
                assert!(part.given.start() < part.given.end() && part.given.end() <= outline.duration);
                assert!(!part.file.splice.is_empty());
            }
            Cut::Original => assert!(meaning.is_all()),
            Cut::Outside => {}
        }
        if let Cover::Ranges { ranges, given } =
            block_on(resolve::cover(outline, &mut &*pages, &meaning)).expect("a sound file")
        {
            assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start));
            assert!(ranges.last().is_some_and(|last| last.end <= FILE.len() as u64));
            assert!(given.end() <= outline.duration);
        }
    });
}

/// Header fields: a request's conditions and credentials. Each line of the input is a field, after a letter that
/// selects it.
pub fn header(input: &[u8]) -> Interest {
    const FIELDS: [&str; 6] =
        ["if-match", "if-none-match", "if-range", "if-modified-since", "if-unmodified-since", "authorization"];
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        let Some((which, value)) = line.split_first() else { continue };
        let name = HeaderName::from_static(FIELDS[usize::from(*which) % FIELDS.len()]);
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    let conditions = Preconditions::read(&headers);
    for modified in [i64::MIN, 0, 1_459_879_151, i64::MAX] {
        let _ = (conditions.exist(), conditions.judge("\"tag\"", modified));
        let _ = conditions.range_applies("\"tag\"", modified);
    }
    if let Some(field) = headers.get("authorization")
        && let Ok(credentials) = Credentials::parse(field.as_bytes())
    {
        assert!(!credentials.name().contains(':'));
        assert!(!credentials.name().contains(char::is_control));
    }
    Interest::Keep
}

/// Names of spaces, contents, users and groups, access lists, properties and stored passwords.
pub fn name(input: &[u8]) -> Interest {
    let Ok(text) = str::from_utf8(input) else { return Interest::Reject };
    if let Ok(space) = SpaceId::parse(text) {
        assert_eq!(space.as_str(), text);
        assert!(!text.contains(['/', '%', '?', '#', '~', '_']) && !text.contains(".."));
    }
    if let Ok(content) = ContentId::parse(text) {
        let space = SpaceId::parse("films").expect("a name");
        if let Ok(key) = MediaKey::new(space, content) {
            check_key(&key);
        }
    }
    if let Ok(key) = text.parse::<MediaKey>() {
        check_key(&key);
    }
    if let Ok(user) = UserName::parse(text) {
        assert!(HeaderName::from_bytes(user.as_str().as_bytes()).is_ok());
    }
    if let Ok(group) = GroupName::parse(text) {
        assert!(HeaderName::from_bytes(group.as_str().as_bytes()).is_ok());
    }
    let pairs = || text.lines().filter_map(|line| line.split_once('='));
    if let Ok(acl) = Acl::of_fields(pairs()) {
        let fields: Vec<_> = acl.fields().collect();
        let again = Acl::of_fields(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        assert_eq!(again.expect("it was just written"), acl);
    }
    // Those with valid field names, as in a request.
    let fields = pairs().filter(|(name, _)| HeaderName::from_bytes(name.as_bytes()).is_ok());
    if let Ok(properties) = Properties::new(fields.map(|(name, value)| (name.to_owned(), value.to_owned()))) {
        let metadata: Vec<_> = properties.metadata().collect();
        for (name, value) in &metadata {
            assert!(HeaderName::from_bytes(name.as_bytes()).is_ok(), "{name:?}");
            assert!(HeaderValue::from_str(value).is_ok(), "{value:?}");
        }
        assert_eq!(Properties::of_metadata(metadata.iter().map(|(name, value)| (name, value))), properties);
    }
    if let Ok(hash) = Hash::parse(text) {
        assert!(Hash::parse(&hash.to_phc()).is_ok());
    }
    Interest::Keep
}

/// A key survives as text and as the path of a URL, and no part of the path leaves its space.
fn check_key(key: &MediaKey) {
    assert_eq!(key.to_string().parse().as_ref(), Ok(key));
    let path = key.to_path();
    assert!(path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\\\"<>".contains(&byte)), "{path}");
    assert!(path.split('/').all(|segment| !matches!(segment, "." | "..")), "{path}");
    let decoded = percent_decode_str(&path).decode_utf8().expect("it was just encoded");
    assert_eq!(decoded.parse().as_ref(), Ok(key));
}
