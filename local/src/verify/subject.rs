//! The resource under verification: what is known of it at the beginning, and what one check leaves for the next.

use futures::future::LocalBoxFuture;
use reelspan_engine::media::Time;
use tokio::sync::OnceCell;

use super::checked::CheckedAnswer;
use super::client::{Client, ClientRequest, UnreadAnswer};
use super::media::MediaStructure;
use super::random::RandomChoices;
use super::ranges::Ranges;
use super::verdict::{CheckResult, Stop};
use super::whole::WholeResource;

/// One check.
#[derive(Clone, Copy)]
pub struct Check {
    /// Its name in a report.
    pub name: &'static str,
    /// What holds if it passes.
    pub rule: &'static str,
    /// Runs it.
    pub run: for<'a> fn(&'a Subject) -> LocalBoxFuture<'a, CheckResult>,
}

/// A stretch of time to request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedTime {
    /// The first instant.
    pub start: Time,
    /// The first instant after it; `None`: to the end.
    pub end: Option<Time>,
}

/// In the syntax of `Range`: `10-20`.
impl std::fmt::Display for AskedTime {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}-", self.start)?;
        self.end.map_or(Ok(()), |end| write!(out, "{end}"))
    }
}

impl AskedTime {
    /// Consecutive stretches of time, at most `pieces`, from zero to the end, cut at random milliseconds.
    pub fn consecutive(random: &mut RandomChoices, pieces: usize, duration: Time) -> Vec<Self> {
        let cuts = random.cuts(pieces, milliseconds(duration)).into_iter().map(time);
        let starts: Vec<Time> = std::iter::once(Time::ZERO).chain(cuts).collect();
        let ends = starts.iter().skip(1).map(|end| Some(*end)).chain([None]);
        starts.iter().zip(ends).map(|(start, end)| Self { start: *start, end }).collect()
    }

    /// A stretch within the duration, at most half of it.
    pub fn within(random: &mut RandomChoices, duration: Time) -> Self {
        let all = milliseconds(duration);
        let start = random.below(all / 2);
        let length = (all / 20).max(1) + random.below(all * 2 / 5);
        Self { start: time(start), end: Some(time(start + length)) }
    }

    /// Its end, in a resource of this duration.
    pub fn end_of(self, duration: Time) -> Time {
        self.end.unwrap_or(duration).min(duration)
    }
}

const MILLISECOND: i64 = 1_000_000;

fn milliseconds(time: Time) -> u64 {
    u64::try_from(time.0 / MILLISECOND).unwrap_or(0)
}

fn time(milliseconds: u64) -> Time {
    Time(i64::try_from(milliseconds).unwrap_or(i64::MAX).saturating_mul(MILLISECOND))
}

/// A track as the server knows it, and the bytes that it returned for it.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its place in the index.
    pub place: usize,
    /// The name that the server accepted.
    pub name: String,
    /// The bytes.
    pub ranges: Ranges,
}

/// The resource under verification.
#[derive(Debug)]
pub struct Subject {
    /// The client.
    pub client: Client,
    /// The URL.
    pub url: String,
    /// Into how many pieces it is divided.
    pub pieces: usize,
    /// The seed of the random positions.
    pub seed: u64,
    /// All of it.
    pub whole: WholeResource,
    /// Its structure, or why it is unknown.
    pub media: Result<MediaStructure, String>,
    /// The bytes that consecutive stretches of time returned.
    pub by_time: OnceCell<Ranges>,
    /// The bytes that each track returned.
    pub by_track: OnceCell<Vec<Named>>,
    /// A fragment of it, requested by a query.
    pub cut: OnceCell<(ClientRequest, WholeResource)>,
    duration: OnceCell<Result<Time, Stop>>,
}

impl Subject {
    /// Creates the subject from a resource that has been fetched.
    pub fn new(
        client: Client,
        url: String,
        fetched: (WholeResource, Result<MediaStructure, String>),
        pieces: usize,
        seed: u64,
    ) -> Self {
        let (whole, media) = fetched;
        Self {
            client,
            url,
            pieces,
            seed,
            whole,
            media,
            by_time: OnceCell::new(),
            by_track: OnceCell::new(),
            cut: OnceCell::new(),
            duration: OnceCell::new(),
        }
    }

    /// A request for it.
    pub fn request(&self) -> ClientRequest {
        ClientRequest::get(&self.url)
    }

    /// Requests a range of it.
    pub async fn ask(&self, range: impl Into<String>) -> Result<UnreadAnswer, Stop> {
        self.client.send(&self.request().range(range)).await
    }

    /// Requests a range of it, and lays the answer over the whole.
    pub async fn lay(&self, range: impl Into<String>) -> Result<CheckedAnswer, Stop> {
        CheckedAnswer::over(&self.whole, self.ask(range).await?).await
    }

    /// Its structure, for checks that need it.
    pub fn media(&self) -> Result<&MediaStructure, Stop> {
        self.media.as_ref().map_err(|why| Stop::NotRun(format!("its structure is not known: {why}")))
    }

    /// Its duration: from the server's answer to a range of time, else from its structure.
    ///
    /// # Errors
    ///
    /// [`Stop::Ignored`] if the server does not support ranges of time.
    pub async fn duration(&self) -> Result<Time, Stop> {
        self.duration.get_or_init(|| self.find_duration()).await.clone()
    }

    async fn find_duration(&self) -> Result<Time, Stop> {
        let answer = self.ask("t:npt=0-1").await?;
        if answer.status == http::StatusCode::OK {
            return Err(CheckedAnswer::ignored(&answer));
        }
        let mapping = answer.field(super::client::CONTENT_RANGE_MAPPING).map(super::mapping::ParsedMapping::parse);
        let said = mapping.and_then(Result::ok).and_then(|mapping| mapping.time).and_then(|given| given.duration);
        let indexed = self.media.as_ref().ok().map(|media| media.outline.duration);
        said.or(indexed).filter(|duration| *duration > Time::ZERO).ok_or_else(|| {
            answer.violated("a Content-Range-Mapping that gives the duration", answer.shown("content-range-mapping"))
        })
    }

    /// Random numbers for a check.
    pub fn random(&self, check: &str) -> RandomChoices {
        RandomChoices::new(self.seed, check)
    }
}
