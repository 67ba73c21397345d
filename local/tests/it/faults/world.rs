//! The whole system on one machine, with a proxy in front of S3 and one in front of DynamoDB; and next to it the same
//! system without proxies, which provides the right answers.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use reelspan::space::MediaKey;
use reelspan::store::{CONTAINER_INDEX, Sequencer, Stores, create_tables};
use reelspan_local::s3::MEDIA_BUCKET;
use reelspan_testkit::aws::database_at;
use reelspan_testkit::media;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::proxy::{Proxy, Service};
use super::requests::{Answer, Asked, Ended, Media};
use crate::harness::{self, Local};

/// Files of `samples/`, and their durations in seconds.
const SAMPLES: [(&str, u64); 12] = [
    ("counter.mp4", 40),
    ("counter-fragmented.mp4", 40),
    ("counter-open-gop.mp4", 20),
    ("counter.mov", 12),
    ("counter.webm", 40),
    ("two-audio.mp4", 20),
    ("tone.m4a", 40),
    ("chapters.mkv", 11),
    ("formats/constant.mp3", 12),
    ("formats/vorbis.ogg", 12),
    ("formats/plain.flv", 4),
    ("formats/h264.ts", 8),
];

/// The two systems, and the files in both.
pub struct World {
    pub media: Vec<Media>,
    /// The paths of playlists and segments.
    pub streams: Vec<String>,
    pub s3: Proxy,
    pub dynamodb: Proxy,
    quiet: Router,
    at: std::net::SocketAddr,
    client: Client<HttpConnector, Body>,
    _local: Local,
    _folder: TempDir,
}

impl World {
    /// Stores and indexes the files without faults; then this many thousandths of the answers are faulty.
    pub async fn start(rate: u64, seed: u64) -> Self {
        let (local, folder) = Local::fresh().await;
        let (tables_at, config) = database_at().await;
        create_tables(&config).await.unwrap();
        let s3_config = local.client.config().to_builder();
        let quiet = Stores::new(s3_config.clone(), config.clone(), MEDIA_BUCKET, CONTAINER_INDEX.name);
        let mut media = Vec::new();
        for (name, seconds) in SAMPLES {
            let path = format!("{}/../samples/{name}", env!("CARGO_MANIFEST_DIR"));
            media.push((format!("demo/{name}"), seconds, std::fs::read(path).unwrap()));
        }
        // Long enough for its tracks to need several GETs.
        media.push(("demo/long.webm".to_owned(), 300, media::webm(13, 1500, 2).to_vec()));
        let mut kept = Vec::new();
        for (key, seconds, bytes) in media {
            kept.push(Media { key: key.clone(), seconds, length: bytes.len() as u64 });
            local.put(&key, bytes).await;
            let media = key.parse::<MediaKey>().unwrap();
            let report = reelspan_indexer::index(&quiet, &media, Sequencer::default()).await.unwrap();
            assert_eq!(report.outcome, reelspan_indexer::IndexingOutcome::Indexed, "{key}");
        }

        let s3 = Proxy::start(Service::S3, local.endpoint["http://".len()..].parse().unwrap(), rate, seed).await;
        let dynamodb = Proxy::start(Service::DynamoDb, tables_at, rate, seed + 1).await;
        let s3_config = s3_config.endpoint_url(format!("http://{}", s3.at));
        let config = config.endpoint_url(format!("http://{}", dynamodb.at));
        let spoilt = Stores::new(s3_config, config, MEDIA_BUCKET, CONTAINER_INDEX.name);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        harness::make_open(&quiet, "demo").await;
        let router = harness::fragments(spoilt);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let client = Client::builder(TokioExecutor::new()).pool_idle_timeout(Duration::from_secs(5)).build_http();
        let quiet = harness::fragments(quiet);
        let streams = streams(&quiet, &kept).await;
        Self { media: kept, streams, s3, dynamodb, quiet, at, client, _local: local, _folder: folder }
    }

    /// The right answer.
    pub async fn right(&self, asked: &Asked) -> Answer {
        let response = self.quiet.clone().oneshot(request(asked, String::new())).await.unwrap();
        let (head, body) = response.into_parts();
        Answer::new(&head, to_bytes(body, usize::MAX).await.unwrap())
    }

    /// The outcome with faulty services.
    pub async fn ask(&self, asked: &Asked) -> Ended {
        let response = self.client.request(request(asked, format!("http://{}", self.at))).await.unwrap();
        let (head, mut body) = Response::into_parts(response);
        let mut bytes = BytesMut::new();
        loop {
            match body.frame().await {
                Some(Ok(frame)) => bytes.extend_from_slice(&frame.into_data().unwrap_or_else(|_| Bytes::new())),
                Some(Err(_)) => return Ended::Broken { so_far: bytes.freeze() },
                None => return Ended::Whole(Answer::new(&head, bytes.freeze())),
            }
        }
    }
}

/// What the playlists of these files name, of the whole and of a part.
async fn streams(quiet: &Router, media: &[Media]) -> Vec<String> {
    let mut found = Vec::new();
    for Media { key, seconds, .. } in media {
        for part in [String::new(), format!("t={}.5,{}/", seconds / 4, seconds / 2)] {
            let mut lists =
                vec![format!("/media/{key}/~/{part}master.m3u8"), format!("/media/{key}/~/{part}manifest.mpd")];
            while let Some(list) = lists.pop() {
                let asked = Asked { method: "GET", target: list.clone(), ..Asked::default() };
                let answer = quiet.clone().oneshot(request(&asked, String::new())).await.unwrap();
                let text = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
                let text = String::from_utf8_lossy(&text).into_owned();
                let folder = list.rsplit_once('/').unwrap().0.to_owned();
                let quoted = text.split("URI=\"").skip(1).filter_map(|rest| rest.split('"').next());
                let plain = text.lines().filter(|line| line.contains('.') && !line.starts_with(['#', '<']));
                let named: Vec<String> = if text.starts_with("#EXTM3U") {
                    quoted.chain(plain).map(|name| format!("{folder}/{name}")).collect()
                } else {
                    Vec::new()
                };
                let (further, segments) = named.into_iter().partition::<Vec<_>, _>(|name| name.contains(".m3u8"));
                lists.extend(further);
                found.extend(segments);
                found.push(list);
            }
        }
    }
    assert!(found.len() > 200, "{} playlists and segments", found.len());
    found
}

fn request(asked: &Asked, base: String) -> Request<Body> {
    let mut request = Request::builder().method(asked.method).uri(base + &asked.target);
    if let Some(range) = &asked.range {
        request = request.header("range", range);
    }
    if asked.redirect {
        request = request.header("accept-range-redirect", "bytes");
    }
    request.body(Body::empty()).unwrap()
}
