//! `reelspan verify URL`: checks whether a server serves media fragments as the protocol says. It does for any server,
//! over the network, what the validator of the W3C's working group did: it fetches a resource as a whole, then again in
//! pieces, by byte ranges, by stretches of time and by tracks, lays each set of pieces at the offsets that the answers
//! declare, and compares bit by bit.
//! | check | what holds if it passes |
//! | --- | --- |
//! | `whole` | 200, a true `Content-Length`, `Content-Type`, a strong `ETag`, `Accept-Ranges` |
//! | `whole-again` | the same request gives the same bytes and the same `ETag` |
//! | `bytes` | consecutive byte ranges of random sizes, joined, are the whole |
//! | `bytes-open`, `bytes-last` | `bytes=K-` begins at K, `bytes=-K` is the last K |
//! | `bytes-several` | all of several ranges in one request arrive, and each part names its range |
//! | `bytes-behind` | a range behind the end is 416, with the length |
//! | `time` | consecutive stretches of time, `t:npt=A-B`: 206, or 416 where the file has nothing; `Content-Range` and `Content-Range-Mapping` agree; the returned time contains the requested time; the bytes are the whole's |
//! | `time-cover` | together they contain every byte of every sample |
//! | `time-setup`, `setup` | `t:npt=A-B;include-setup` includes the setup, `include-setup` returns only the setup |
//! | `time-empty`, `time-reversed`, `time-behind` | `3-3`, `7-3` and stretches behind the end are 416 |
//! | `track` | the same as `time` for every track, `track=NAME` |
//! | `track-cover` | each contains all of its samples, and so all tracks together all samples |
//! | `track-time` | the same in consecutive stretches of time, `track=NAME;t:npt=A-B` |
//! | `track-unknown` | an unknown track is 416 |
//! | `redirect-time`, `redirect-track` | `Accept-Range-Redirect: bytes`: 307, and plain bytes from there are the same |
//! | `query-time` | `?t=A,B`: 200, a complete file, as long as promised |
//! | `query-bytes`, `query-again` | its byte ranges, joined, are that file; requesting it again returns the same |
//! | `query-track` | `?track=NAME`: a complete file of only that track |
//!
//! Each of them *passed* or *failed*; or it is *not offered*, if the server does not know the unit and returns the
//! whole, as HTTP requires (RFC 9110 §14.2); or *not run*, if it had nothing to check: an earlier check failed, or the
//! engine does not know the structure of the file's format.
//! A stream of HLS or DASH, of which the URL of the playlist or manifest is given, is checked otherwise: all of its segments are
//! fetched, and read as any file of fragmented MP4.
//!
//! | check | what holds if it passes |
//! | --- | --- |
//! | `lists` | every rendition has segments, none longer than the target duration |
//! | `durations` | a segment lasts as long as is listed, up to a millisecond; sound of a part, up to three frames more or less |
//! | `gapless` | a sample begins when the one before it ends, in every segment, and at every period of DASH; behind a discontinuity of HLS, time stamps may begin anew |
//! | `sync` | every segment begins with a sync sample |
//! | `aligned` | the segments of all renditions begin at the same instants, up to one frame of sound; where the configuration changes, up to half a second more |
//! | `originals` | the samples of a rendition are those of a track of the stored file, bit for bit: none missing, none twice; of a part, some of them |
//!
//! | file | |
//! | --- | --- |
//! | `client`, `connector`, `body` | requests, and answers as they come |
//! | `ranges`, `mapping`, `multipart` | what answers say, parsed strictly |
//! | `whole`, `laid` | all bytes in a temporary file, and a 206 laid over them |
//! | `media`, `random` | which bytes are media; where to cut |
//! | `subject`, `checks` | what is verified, and how |
//! | `stream` | a stream, and how it is verified |
//! | `verdict`, `report` | the results |

pub(crate) mod body;
mod checked;
mod checks;
pub(crate) mod client;
mod connector;
mod mapping;
mod media;
mod multipart;
pub(crate) mod random;
pub(crate) mod ranges;
mod report;
mod stream;
mod subject;
pub(crate) mod verdict;
mod whole;

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use http::StatusCode;

use self::client::{Client, ClientRequest};
use self::media::MediaStructure;
use self::report::VerifyReport;
use self::stream::VerifiedStream;
use self::subject::Subject;
use self::verdict::{Stop, Violation};
use self::whole::WholeResource;
use crate::CommandError;

/// What to verify, and how.
#[derive(Debug, Args)]
pub struct VerifyOptions {
    /// Media files, playlists of HLS or manifests of DASH on a server; what is fetched is kept in temporary files meanwhile
    #[arg(required = true, value_name = "URL")]
    urls: Vec<String>,
    /// Into how many pieces each file is divided
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    pieces: u16,
    /// Seed of the random positions: the same seed, the same requests [default: another each time]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Require that every check passes
    #[arg(long)]
    strict: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Verifies, and prints the report.
///
/// # Errors
///
/// [`CommandError::Setup`] if a resource could not be fetched, [`CommandError::Failed`] if a check failed or, strictly, did not pass.
pub fn run(options: &VerifyOptions) -> Result<(), CommandError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CommandError::failed("starting"))?;
    runtime.block_on(verify(options, io::stdout().lock()))
}

/// Verifies, and writes the report.
///
/// # Errors
///
/// As those of [`run`].
async fn verify(options: &VerifyOptions, out: impl Write) -> Result<(), CommandError> {
    // An invalid URL is a mistake of the caller, and is reported before any request is sent.
    let urls = options.urls.iter().map(|url| client::url(url)).collect::<Result<Vec<_>, _>>()?;
    let mut report = VerifyReport::new(out, options.json);
    let (mut violated, mut missed) = (0, None);
    for url in &urls {
        let seed = options.seed.unwrap_or_else(now);
        match fetch(url, usize::from(options.pieces), seed).await {
            Ok(found) => {
                match found {
                    Reached::File(fetched) => file(&mut report, url, seed, &fetched).await?,
                    Reached::Stream(fetched) => stream(&mut report, url, &fetched)?,
                }
                violated += usize::from(!report.end()?.conforms(options.strict));
            }
            Err(why) => {
                report.not_begun(url, &why)?;
                missed.get_or_insert(format!("{url}: {why}"));
            }
        }
    }
    report.finish()?;
    match (missed, violated) {
        (Some(missed), _) => Err(CommandError::Setup(missed)),
        (None, 0) => Ok(()),
        (None, count) => Err(CommandError::Failed(format!("{count} of {} do not conform", urls.len()))),
    }
}

/// What a URL leads to; the inner error is a whole that broke off.
enum Reached {
    File(Result<Box<Subject>, Stop>),
    Stream(Box<Result<VerifiedStream, Stop>>),
}

async fn file(
    report: &mut VerifyReport<impl Write>,
    url: &str,
    seed: u64,
    fetched: &Result<Box<Subject>, Stop>,
) -> Result<(), CommandError> {
    report.begin(url, seed, fetched.as_deref().ok())?;
    for (at, check) in checks::ALL.iter().enumerate() {
        let verdict = match fetched {
            Ok(subject) => (check.run)(subject).await,
            Err(broken) => Err(unfetched(at, broken)),
        };
        report.done(check.name, check.rule, &verdict)?;
    }
    Ok(())
}

fn stream(
    report: &mut VerifyReport<impl Write>,
    url: &str,
    fetched: &Result<VerifiedStream, Stop>,
) -> Result<(), CommandError> {
    report.begin_stream(url, fetched.as_ref().ok())?;
    for (at, check) in stream::ALL.iter().enumerate() {
        let verdict = match fetched {
            Ok(stream) => (check.run)(stream),
            Err(broken) => Err(unfetched(at, broken)),
        };
        report.done(check.name, check.rule, &verdict)?;
    }
    Ok(())
}

/// The first check says what was wrong with the whole.
fn unfetched(at: usize, broken: &Stop) -> Stop {
    if at == 0 { broken.clone() } else { Stop::NotRun("the whole could not be fetched".to_owned()) }
}

/// Fetches a resource and reads its structure.
///
/// # Errors
///
/// Why there is nothing to verify: no server, or an answer that is not 200.
async fn fetch(url: &str, pieces: usize, seed: u64) -> Result<Reached, String> {
    let client = Client::new();
    let answer = match client.send(&ClientRequest::get(url)).await {
        Ok(answer) => answer,
        Err(Stop::Violated(Violation { came, .. }) | Stop::Ignored(Violation { came, .. })) => return Err(came),
        Err(Stop::NotRun(why)) => return Err(why),
    };
    if answer.status != StatusCode::OK {
        return Err(answer.status.to_string());
    }
    match WholeResource::of(answer).await {
        Ok(whole) => {
            if let Some(kind) = stream::ManifestKind::of(url, whole.mime()) {
                return Ok(Reached::Stream(Box::new(VerifiedStream::of(&client, url, kind, &whole).await)));
            }
            let media = MediaStructure::of(whole.path()).await;
            Ok(Reached::File(Ok(Box::new(Subject::new(client, url.to_owned(), (whole, media), pieces, seed)))))
        }
        Err(Stop::NotRun(why)) => Err(why),
        Err(broken) => Ok(Reached::File(Err(broken))),
    }
}

/// A default seed: short, because people type it again.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::from(since.subsec_micros())
}
