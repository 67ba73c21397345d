//! A minimal media fragment server. It answers from one file in memory as the protocol requires, or breaks one rule of
//! it when told to.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use reelspan::http;
use reelspan_engine::container;
use reelspan_engine::fragment::resolve::{self, Ask, Cover, Cut, Meaning, Memory};
use reelspan_engine::fragment::uri::{Fragment, TextScanner, npt};
use reelspan_engine::index::Outline;
use reelspan_engine::media::splice::{Piece, Splice};
use reelspan_engine::media::{Interval, Time};

/// The relevant parts of a request.
#[derive(Debug, Default)]
pub struct Asked {
    pub query: String,
    pub range: String,
    pub redirect: bool,
    /// How often the same was requested before.
    pub before: usize,
}

impl Asked {
    /// Whether it is for the whole original.
    pub fn whole(&self) -> bool {
        self.query.is_empty() && self.range.is_empty()
    }

    /// Whether it is for a range of the original with this beginning and end.
    pub fn range(&self, start: &str, end: &str) -> bool {
        self.query.is_empty() && !self.redirect && self.range.starts_with(start) && self.range.ends_with(end)
    }
}

/// An answer before it is sent.
#[derive(Debug, Default)]
pub struct Reply {
    pub status: u16,
    pub fields: BTreeMap<&'static str, String>,
    pub body: Vec<u8>,
}

impl Reply {
    /// Replaces a part of a header field.
    pub fn replace(&mut self, name: &'static str, from: &str, to: &str) {
        let value = self.fields.get_mut(name).unwrap_or_else(|| panic!("no {name}"));
        assert!(value.contains(from), "{name}: {value} has no {from}");
        *value = value.replacen(from, to, 1);
    }

    /// Removes a header field.
    pub fn remove(&mut self, name: &'static str) {
        assert!(self.fields.remove(name).is_some(), "no {name}");
    }

    /// Changes one byte of the body.
    pub fn flip(&mut self) {
        let middle = self.body.len() / 2;
        self.body[middle] ^= 1;
    }
}

/// A fault of the server.
#[derive(Clone, Copy)]
pub enum Fault {
    /// Nothing.
    None,
    /// It selects the wrong bytes, and describes them correctly.
    Ranges(fn(&mut Vec<Range<u64>>)),
    /// Its answer is wrong.
    Reply(fn(&mut Reply)),
}

/// A server of one file.
pub struct Fake {
    file: Bytes,
    mime: &'static str,
    outline: Outline,
    pages: Memory,
    /// Which requests are answered with a fault, and which fault.
    fault: (fn(&Asked) -> bool, Fault),
    asked: Mutex<HashMap<String, usize>>,
}

/// A representation: the original, or a cut of it.
struct Representation {
    bytes: Vec<u8>,
    fields: BTreeMap<&'static str, String>,
}

impl Fake {
    /// A correct server for one of the samples.
    pub async fn of(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples").join(name);
        let file = Bytes::from(std::fs::read(path).unwrap());
        let mut pages = Memory::default();
        let outline = container::index(&file, &mut pages).await.unwrap();
        let mime = if name.ends_with("webm") { "video/webm" } else { "video/mp4" };
        Self { file, mime, outline, pages, fault: (|_| false, Fault::None), asked: Mutex::default() }
    }

    /// With a fault in the answers to these requests.
    pub fn with(self, when: fn(&Asked) -> bool, fault: Fault) -> Self {
        Self { fault: (when, fault), ..self }
    }

    /// Starts the server, and returns the URL of the file.
    pub async fn start(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let app = Router::new().fallback(handle).with_state(Arc::new(self));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        format!("http://{at}/film")
    }

    async fn answer(&self, asked: &Asked) -> Reply {
        let whole = self.representation(&asked.query).await;
        let wrong = if (self.fault.0)(asked) { self.fault.1 } else { Fault::None };
        let mut reply = match self.selected(asked, &whole).await {
            None => Reply { status: 200, fields: whole.fields, body: whole.bytes },
            Some(None) => {
                let range = ("content-range", format!("bytes */{}", whole.bytes.len()));
                Reply { status: 416, fields: [range].into(), body: Vec::new() }
            }
            Some(Some((mut ranges, clauses))) => {
                if let Fault::Ranges(fault) = wrong {
                    fault(&mut ranges);
                }
                partial(whole, &ranges, clauses.as_deref(), asked.redirect)
            }
        };
        if let Fault::Reply(fault) = wrong {
            fault(&mut reply);
        }
        reply
    }

    async fn representation(&self, query: &str) -> Representation {
        let meaning = Meaning::of(&Ask::from(&Fragment::parse(query)), &self.outline);
        let cut = resolve::cut(&self.outline, &mut &self.pages, &meaning).await.unwrap();
        let (bytes, mime, given) = match cut {
            Cut::Part(part) => (self.bytes(&part.file.splice), part.mime, Some(part.given)),
            _ => (self.file.to_vec(), self.mime.to_owned(), None),
        };
        let mut fields = BTreeMap::from([
            ("accept-ranges", "bytes, t, track".to_owned()),
            ("content-length", bytes.len().to_string()),
            ("content-type", mime),
            ("etag", etag(query)),
        ]);
        fields.extend(given.map(|given| ("x-media-fragment", format!("t=npt:{given}"))));
        Representation { bytes, fields }
    }

    fn bytes(&self, splice: &Splice) -> Vec<u8> {
        let bytes = |piece: &Piece| match piece {
            Piece::Made(bytes) => bytes.clone(),
            Piece::Source(range) => self.file.slice(usize(range.start)..usize(range.end)),
        };
        splice.pieces().flat_map(|piece| bytes(&piece).to_vec()).collect()
    }

    /// The ranges that a `Range` selects, and the left side of their mapping; the inner `None` if it selects nothing.
    #[allow(clippy::option_option, reason = "no range, and none that can be given, are two things")]
    async fn selected(
        &self,
        asked: &Asked,
        whole: &Representation,
    ) -> Option<Option<(Vec<Range<u64>>, Option<String>)>> {
        let length = whole.bytes.len() as u64;
        if let Some(set) = asked.range.strip_prefix("bytes=") {
            let ranges: Vec<_> = set.split(',').filter_map(|range| byte_range(range, length)).collect();
            return Some((!ranges.is_empty()).then_some((ranges, None)));
        }
        let (mut ask, mut setup, mut clauses) = (Ask::default(), false, Vec::new());
        for clause in asked.range.split(';').filter(|clause| !clause.is_empty()) {
            if clause == "include-setup" {
                setup = true;
            } else if let Some(name) = clause.strip_prefix("track=") {
                ask.tracks.push(name.to_owned());
                clauses.push(format!("track {name}"));
            } else {
                let (start, end) = clause.strip_prefix("t:npt=")?.split_once('-')?;
                let end = if end.is_empty() { Time::MAX } else { time(end) };
                let Some(interval) = Interval::new(time(start), end) else { return Some(None) };
                ask.time = Some(interval.into());
            }
        }
        if asked.range.is_empty() {
            return None;
        }
        let mut selected = if setup { self.outline.setup_ranges.clone() } else { Vec::new() };
        if ask != Ask::default() {
            let meaning = Meaning::of(&ask, &self.outline);
            if !meaning.means_all_it_names() {
                return Some(None);
            }
            let cover = resolve::cover(&self.outline, &mut &self.pages, &meaning).await.unwrap();
            let Cover::Ranges { ranges, given, .. } = cover else { return Some(None) };
            selected.extend(ranges);
            if ask.time.is_some() {
                let end = given.end().min(self.outline.duration);
                clauses.push(format!("t:npt {}-{end}/0-{}", given.start(), self.outline.duration));
            }
        }
        clauses.extend(setup.then(|| "include-setup".to_owned()));
        Some(Some((selected, Some(clauses.join(";")))))
    }
}

/// The validator of the original (empty query) or of a cut.
pub fn etag(query: &str) -> String {
    http::etag::strong([query.as_bytes()])
}

/// A 206, or the redirect to it.
fn partial(whole: Representation, ranges: &[Range<u64>], clauses: Option<&str>, redirect: bool) -> Reply {
    let length = whole.bytes.len();
    let list: Vec<String> = ranges.iter().map(|range| format!("{}-{}", range.start, range.end - 1)).collect();
    let list = list.join(",");
    let mut fields = whole.fields;
    if let Some(clauses) = clauses {
        fields.insert("content-range-mapping", format!("{{ {clauses} }} = {{ bytes {list}/{length} }}"));
        fields.insert("vary", "Range, Accept-Range-Redirect".to_owned());
        if redirect {
            fields.insert("range-redirect", format!("bytes {list}"));
            fields.insert("location", "/film".to_owned());
            fields.insert("content-length", "0".to_owned());
            return Reply { status: 307, fields, body: Vec::new() };
        }
    }
    let slice = |range: &Range<u64>| &whole.bytes[usize(range.start)..usize(range.end)];
    let body = if let [range] = ranges {
        fields.insert("content-range", format!("bytes {list}/{length}"));
        slice(range).to_vec()
    } else {
        let mut body = Vec::new();
        for range in ranges {
            let mut head = "--gap\r\n".to_owned();
            write!(head, "Content-Range: bytes {}-{}/{length}\r\n\r\n", range.start, range.end - 1).unwrap();
            body.extend([head.as_bytes(), slice(range), b"\r\n"].concat());
        }
        body.extend(b"--gap--\r\n");
        fields.insert("content-type", "multipart/byteranges; boundary=gap".to_owned());
        body
    };
    fields.insert("content-length", body.len().to_string());
    Reply { status: 206, fields, body }
}

async fn handle(State(fake): State<Arc<Fake>>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let field = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let mut asked = Asked {
        query: head.uri.query().unwrap_or_default().to_owned(),
        range: field("range").unwrap_or_default(),
        redirect: field("accept-range-redirect").is_some(),
        before: 0,
    };
    {
        let mut counts = fake.asked.lock().unwrap();
        let count = counts.entry(format!("{asked:?}")).or_default();
        asked.before = *count;
        *count += 1;
    }
    if head.uri.path() != "/film" {
        return Response::builder().status(404).body(Body::empty()).unwrap();
    }
    let reply = fake.answer(&asked).await;
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.fields {
        response = response.header(*name, value);
    }
    // In chunks that end nowhere else anything ends.
    let chunks: Vec<_> = reply.body.chunks(4093).map(|chunk| Ok::<_, String>(Bytes::copy_from_slice(chunk))).collect();
    response.body(Body::from_stream(futures::stream::iter(chunks))).unwrap()
}

fn byte_range(range: &str, length: u64) -> Option<Range<u64>> {
    let number = |text: &str| text.parse::<u64>().ok();
    let (first, last) = range.split_once('-')?;
    let range = match (number(first), number(last)) {
        (Some(first), last) => first..last.map_or(length, |last| last + 1).min(length),
        (None, last) => length.saturating_sub(last?)..length,
    };
    (range.start < range.end).then_some(range)
}

fn time(text: &str) -> Time {
    npt::instant(&mut TextScanner::new(text)).unwrap()
}

fn usize(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}
