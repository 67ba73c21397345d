//! A stream under verification: HLS (RFC 8216bis) or DASH (ISO/IEC 23009-1), of this server or any other. All segments of all
//! renditions are fetched. A header and the segments of a rendition that follow it, joined, are a fragmented MP4, which the engine reads
//! as it reads any file; the checks compare what it finds with the playlists, and with the stored file if that can be had. So are
//! segments of a transport stream, joined, and those of packed audio without their tags. A rendition has several such runs if its
//! configuration changes.

mod checks;
mod dash;
mod hls;
mod packed;
mod packets;

use std::io::Write;
use std::ops::Range;

use http::StatusCode;
use reelspan_engine::media::{Kind, Run, Time, Track};
use tempfile::{NamedTempFile, TempPath};

use super::client::{Client, ClientRequest};
use super::media::MediaStructure;
use super::verdict::{CheckResult, Stop};
use super::whole::WholeResource;

pub use checks::ALL;

/// The largest playlist that is read.
const LARGEST: u64 = 64 << 20;

/// What lists the segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestKind {
    /// Playlists.
    Hls,
    /// A manifest.
    Dash,
}

impl ManifestKind {
    /// What this resource is, by its type or its name; `None` if it is no stream.
    pub fn of(url: &str, mime: Option<&str>) -> Option<Self> {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        match mime.map(str::to_ascii_lowercase).as_deref() {
            Some("application/vnd.apple.mpegurl" | "application/x-mpegurl" | "audio/mpegurl" | "audio/x-mpegurl") => {
                Some(Self::Hls)
            }
            Some("application/dash+xml") => Some(Self::Dash),
            _ => match path.rsplit_once('.') {
                Some((_, "m3u8")) => Some(Self::Hls),
                Some((_, "mpd")) => Some(Self::Dash),
                _ => None,
            },
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hls => "HLS",
            Self::Dash => "DASH",
        }
    }
}

/// A check of a stream.
#[derive(Clone, Copy)]
pub struct StreamCheck {
    /// Its name in a report.
    pub name: &'static str,
    /// What holds if it passes.
    pub rule: &'static str,
    /// Runs it.
    pub run: fn(&VerifiedStream) -> CheckResult,
}

/// A segment as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSegment {
    /// Its URL.
    pub url: String,
    /// How long it lasts.
    pub duration: Time,
    /// The URL of its header, if it has one.
    pub header: Option<String>,
    /// Its period of DASH, or how many discontinuities of HLS are before it.
    pub period: usize,
    /// The time of the presentation at which its time stamps are zero; `None` behind a discontinuity of HLS, which does not say it.
    pub origin: Option<Time>,
}

/// A rendition as it is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedRendition {
    /// The URL of what lists it.
    pub url: String,
    /// Its segments.
    pub segments: Vec<ListedSegment>,
    /// The target duration in seconds, of HLS.
    pub target: Option<u64>,
}

/// A rendition, fetched.
#[derive(Debug)]
pub struct FetchedRendition {
    /// As it is listed.
    pub listing: ListedRendition,
    /// What is fetched of it, in order.
    segment_runs: Vec<SegmentRun>,
}

/// Segments in a row that have one header and belong to one period.
#[derive(Debug)]
struct SegmentRun {
    /// Which segments of the listing they are.
    segments: Range<usize>,
    /// Where each of them ends in the header and the segments, joined.
    ends: Vec<u64>,
    /// The time in the tag of each of them, if they are packed audio.
    stamps: Vec<Option<u64>>,
    /// Whether they have a header.
    has_header: bool,
    /// What they are, or why that is not known.
    media: Result<MediaStructure, String>,
    /// Keeps them.
    file: TempPath,
}

/// The samples of a run.
pub struct RunSamples<'a> {
    /// Their track.
    pub track: &'a Track,
    /// Each segment, with its position in the listing.
    pub segments: Vec<(usize, Vec<Run>)>,
    /// As [`ListedSegment::period`].
    pub period: usize,
    /// As [`ListedSegment::origin`].
    pub origin: Option<Time>,
}

/// A stored file and its structure, or why they cannot be had.
type StoredMedia = Result<(WholeResource, MediaStructure), String>;

/// A stream.
#[derive(Debug)]
pub struct VerifiedStream {
    /// What lists it.
    pub kind: ManifestKind,
    /// Its URL.
    pub url: String,
    /// Its renditions of pictures and sound; the first one leads.
    pub renditions: Vec<FetchedRendition>,
    /// The files that it was made from, or why one cannot be had: that of the URL first, then those of its variants, by their names.
    pub stored: Vec<(String, StoredMedia)>,
    /// Whether it is a part of that.
    pub is_part: bool,
}

impl VerifiedStream {
    /// Fetches all of a stream whose playlist or manifest is here.
    ///
    /// # Errors
    ///
    /// [`Stop`] if something that is listed does not come, or if the list is of a kind that is not read.
    pub async fn of(client: &Client, url: &str, kind: ManifestKind, list: &WholeResource) -> Result<Self, Stop> {
        let text = text(url, list)?;
        let listings = match kind {
            ManifestKind::Hls => hls::read(client, url, &text).await?,
            ManifestKind::Dash => dash::read(url, &text)?,
        };
        let mut renditions = Vec::with_capacity(listings.len());
        for listing in listings {
            renditions.push(FetchedRendition::of(client, listing).await?);
        }
        let derived = url.split_once("/~/");
        let mut stored = Vec::new();
        let mut names: Vec<&str> = vec![""];
        names.extend(renditions.iter().filter_map(|rendition| variant(&rendition.listing)));
        for name in names {
            if stored.iter().all(|(known, _)| known != name) {
                let found = match derived {
                    Some((content, _)) => stored_as(client, content, name).await,
                    None => Err("its URL does not say which file it was made from".to_owned()),
                };
                stored.push((name.to_owned(), found));
            }
        }
        let is_part = derived.is_some_and(|(_, below)| below.split('?').next().unwrap_or_default().contains('/'));
        Ok(Self { kind, url: url.to_owned(), renditions, stored, is_part })
    }

    /// The file that a rendition was made from.
    pub fn stored_of(&self, rendition: &FetchedRendition) -> Result<&(WholeResource, MediaStructure), Stop> {
        let name = variant(&rendition.listing).unwrap_or_default();
        let found = self.stored.iter().find(|(known, _)| known == name);
        let (_, found) = found.ok_or_else(|| Stop::NotRun("its file is not known".to_owned()))?;
        found.as_ref().map_err(|why| Stop::NotRun(why.clone()))
    }

    /// A line about it.
    pub fn about(&self) -> String {
        let segments: usize = self.renditions.iter().map(|rendition| rendition.listing.segments.len()).sum();
        let tracks =
            self.renditions.iter().map(|rendition| match rendition.segment_runs.first().map(SegmentRun::track) {
                Some(Ok((track, ..))) => format!("{} {}", track.kind.name(), track.codec),
                _ => "unknown".to_owned(),
            });
        format!("{}, {segments} segments, {}", self.kind.name(), tracks.collect::<Vec<_>>().join(", "))
    }
}

impl FetchedRendition {
    async fn of(client: &Client, listing: ListedRendition) -> Result<Self, Stop> {
        let belong = |one: &ListedSegment, next: &ListedSegment| one.header == next.header && one.period == next.period;
        let (mut first, mut segment_runs) = (0, Vec::new());
        for segments in listing.segments.chunk_by(belong) {
            segment_runs.push(SegmentRun::of(client, first, segments).await?);
            first += segments.len();
        }
        Ok(Self { listing, segment_runs })
    }

    /// Its samples, by runs.
    fn samples(&self) -> Result<Vec<RunSamples<'_>>, Stop> {
        self.segment_runs.iter().map(|segment_run| segment_run.samples(&self.listing)).collect()
    }

    /// Whether its segments are packets of a transport stream.
    fn is_packets(&self) -> bool {
        self.segment_runs.iter().any(SegmentRun::is_packets)
    }

    /// The request for a segment.
    fn request(&self, segment: usize) -> ClientRequest {
        ClientRequest::get(
            self.listing.segments.get(segment).map_or(&self.listing.url, |segment| &segment.url).as_str(),
        )
    }
}

/// Writes the beginning of a segment without its tag, and notes the time in that. Returns how many bytes were written.
fn untagged(begun: &[u8], stamps: &mut Vec<Option<u64>>, file: &mut NamedTempFile) -> std::io::Result<u64> {
    let (stamp, rest) = packed::split(begun);
    stamps.push(stamp);
    file.write_all(rest)?;
    Ok(rest.len() as u64)
}

impl SegmentRun {
    async fn of(client: &Client, first: usize, segments: &[ListedSegment]) -> Result<Self, Stop> {
        let kept = |error: std::io::Error| Stop::NotRun(format!("a temporary file: {error}"));
        let mut file = NamedTempFile::new().map_err(kept)?;
        let (mut length, mut ends) = (0, Vec::with_capacity(segments.len()));
        let mut stamps = Vec::new();
        let header = segments.first().and_then(|segment| segment.header.as_ref());
        for (url, is_header) in
            header.map(|url| (url, true)).into_iter().chain(segments.iter().map(|segment| (&segment.url, false)))
        {
            let request = ClientRequest::get(url.as_str());
            let mut answer = client.send(&request).await?;
            answer.expect(StatusCode::OK)?;
            // The beginning of a segment without a header, until the tag before its frames is known.
            let mut tagged = header.is_none().then(Vec::new);
            while let Some(chunk) =
                answer.body.some(u64::MAX).await.map_err(|why| request.violated("a whole body", why))?
            {
                if let Some(begun) = &mut tagged {
                    begun.extend_from_slice(&chunk);
                    if begun.len() >= packed::MOST {
                        length += untagged(&tagged.take().unwrap_or_default(), &mut stamps, &mut file).map_err(kept)?;
                    }
                } else {
                    length += chunk.len() as u64;
                    file.write_all(&chunk).map_err(kept)?;
                }
            }
            if let Some(all) = tagged {
                length += untagged(&all, &mut stamps, &mut file).map_err(kept)?;
            }
            if !is_header {
                ends.push(length);
            }
        }
        file.flush().map_err(kept)?;
        let media = MediaStructure::of(file.path()).await;
        let (segments, has_header) = (first..first + segments.len(), header.is_some());
        // There may be many: only their paths stay.
        Ok(Self { segments, ends, stamps, has_header, media, file: file.into_temp_path() })
    }

    /// Its track, the file that has it, and its place there: the only one, or that which leads in a transport stream.
    fn track(&self) -> Result<(&Track, &MediaStructure, usize), Stop> {
        let media = self.media.as_ref().map_err(|why| Stop::NotRun(why.clone()))?;
        let tracks = media.outline.tracks.as_slice();
        let leads = tracks.iter().position(|track| track.kind == Kind::Video).unwrap_or(0);
        match tracks.get(leads) {
            Some(track) if tracks.len() == 1 || self.is_packets() => Ok((track, media, leads)),
            _ => Err(Stop::NotRun(format!("a rendition has {} tracks, and not one", tracks.len()))),
        }
    }

    /// Whether its segments are packets of a transport stream.
    fn is_packets(&self) -> bool {
        let of_packets = |media: &MediaStructure| media.outline.mime.ends_with("/mp2t");
        !self.has_header && self.media.as_ref().is_ok_and(of_packets)
    }

    /// The streams of its packets that are tracks.
    fn pids(&self) -> Vec<u16> {
        let tracks = self.media.as_ref().map_or(&[][..], |media| &media.outline.tracks);
        tracks.iter().filter_map(|track| u16::try_from(track.id).ok()).collect()
    }

    /// The segment of the listing that has this byte.
    fn segment_at(&self, offset: u64) -> usize {
        self.segments.start + self.ends.partition_point(|end| *end <= offset)
    }

    fn samples(&self, listing: &ListedRendition) -> Result<RunSamples<'_>, Stop> {
        let (track, media, place) = self.track()?;
        let mut segments: Vec<_> = self.segments.clone().map(|at| (at, Vec::new())).collect();
        for sample in media.samples(place)? {
            let at = self.ends.partition_point(|end| *end <= sample.offset);
            if let Some((_, samples)) = segments.get_mut(at) {
                samples.push(sample);
            }
        }
        let first = listing.segments.get(self.segments.start);
        let (period, origin) = first.map_or((0, None), |first| (first.period, first.origin));
        Ok(RunSamples { track, segments, period, origin })
    }
}

fn text(url: &str, list: &WholeResource) -> Result<String, Stop> {
    if list.len() > LARGEST {
        return Err(Stop::NotRun(format!("a list of {} bytes is not read", list.len())));
    }
    std::fs::read_to_string(list.path()).map_err(|error| ClientRequest::get(url).violated("UTF-8", error.to_string()))
}

/// The name of the stored file of a rendition that is a variant of the content: as its URL has it, below `r` and a number.
fn variant(listing: &ListedRendition) -> Option<&str> {
    let url = listing.segments.first().map_or(&listing.url, |segment| &segment.url);
    let (_, below) = url.split_once("/~/")?;
    let (before, _) = below.split_once("/v-")?;
    let at = before.find('r').filter(|at| *at == 0 || before.get(at - 1..*at) == Some("/"))?;
    let (number, name) = before.get(at + 1..)?.split_once('/')?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some(name)
}

/// The content, or the variant of this name, which is stored in the same space: the URL does not say where the name of the space
/// ends, so it is looked for in all folders above the content.
async fn stored_as(client: &Client, content: &str, name: &str) -> StoredMedia {
    if name.is_empty() {
        return stored(client, content).await;
    }
    let host = content.find("://").map_or(0, |at| at + 3);
    let (mut above, mut found) = (content, Err("there is nothing above it".to_owned()));
    while let Some((folder, _)) = above.rsplit_once('/').filter(|(folder, _)| folder.len() > host) {
        found = stored(client, &format!("{folder}/{name}")).await;
        if found.is_ok() {
            break;
        }
        above = folder;
    }
    found
}

/// The content whose stream it is.
async fn stored(client: &Client, url: &str) -> StoredMedia {
    let why = |stop| match stop {
        Stop::Violated(violation) | Stop::Ignored(violation) => violation.came,
        Stop::NotRun(why) => why,
    };
    let answer = client.send(&ClientRequest::get(url)).await.map_err(why)?;
    if answer.status != StatusCode::OK {
        return Err(format!("the stored file is not to be had: {}", answer.status));
    }
    let whole = WholeResource::of(answer).await.map_err(why)?;
    let media = MediaStructure::of(whole.path()).await?;
    Ok((whole, media))
}
