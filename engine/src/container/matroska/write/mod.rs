//! The write half: a selection as a complete file. Its elements are in the order that suits players best (RFC 9559
//! §25): SeekHead, Info, Tracks, Cues, and then the clusters, with the blocks of the original.
//!
//! All sizes are known before a byte is read, so the segment and its clusters have correct ones.

mod clusters;
mod cues;

use self::clusters::Clusters;
use self::cues::Cues;
use super::header::APP;
use super::{KeptBlocks, ebml, ids};
use crate::container::draft::Draft;
use crate::container::order::InOrder;
use crate::container::{Error, Selected, Selection, Written};
use crate::index::{self, Outline};
use crate::media::splice::Splice;
use crate::media::{Run, Setup, Ticks, Timescale, Track};

/// Writes a selection as a complete file; see [`super::write`].
pub fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error> {
    let mut tracks = Vec::with_capacity(selection.tracks.len());
    for selected in &selection.tracks {
        let track = outline.tracks.get(selected.track);
        let track =
            track.ok_or_else(|| mismatch(format!("no track {} in {}", selected.track, outline.tracks.len())))?;
        tracks.push(track);
    }
    let Some(timescale) = tracks.first().map(|track| track.timescale) else {
        return Err(mismatch("a selection without a track".to_owned()));
    };

    let zero = timescale.ticks(selection.given.start());
    let mut clusters = Clusters::new(&selection.elements, zero);
    let mut cues = Cues::for_tracks(&selection.tracks, &tracks);
    for (at, run) in InOrder::new(&selection.tracks) {
        let Some(track) = tracks.get(at) else { continue };
        let block = OriginalBlock::of(&run);
        let place = clusters.put(&block)?;
        cues.offer(track, &block, place);
    }
    let (clusters, places) = clusters.finish();

    // Pictures after the end may be included because others refer to them, and a subtitle may last longer.
    let duration = end(&selection.tracks).min(timescale.ticks(selection.given.end())) - zero;
    let mut splice = Splice::new();
    head(outline, &tracks, timescale, duration, &cues.thinned(), clusters.len())?.append_to(&mut splice);
    let setup = 0..splice.len();
    clusters.append_to(&mut splice);
    let elements = places.iter().map(|place| setup.end + place.start..setup.end + place.end).collect();
    Ok(Written { splice, setup, elements })
}

/// The end of the sample that is presented last, which may be anywhere.
fn end(tracks: &[Selected]) -> Ticks {
    let runs = tracks.iter().flat_map(|track| &track.runs);
    runs.map(|run| run.decode_end() + run.composition).max().unwrap_or(Ticks::ZERO)
}

/// One SimpleBlock or BlockGroup of the original.
#[derive(Clone, Copy, Debug)]
pub struct OriginalBlock {
    /// Its offset and size.
    pub offset: u64,
    pub size: u64,
    /// The offset of its relative timestamp.
    pub header: u64,
    /// Its presentation time in the original.
    pub presentation: Ticks,
    /// Whether decoding can begin at it.
    pub sync: bool,
}

impl OriginalBlock {
    /// The only sample of a run.
    fn of(run: &Run) -> Self {
        Self {
            offset: run.offset,
            size: u64::from(run.size),
            header: u64::from(KeptBlocks::of(run).timestamp),
            presentation: run.presentation(),
            sync: run.sync,
        }
    }
}

/// Everything before the clusters, which have this total size.
fn head(
    outline: &Outline,
    tracks: &[&Track],
    timescale: Timescale,
    duration: Ticks,
    cues: &Cues,
    clusters: u64,
) -> Result<Draft, Error> {
    let Some(Setup::Inline(ebml_header)) = outline.setup.first() else {
        return Err(mismatch("no EBML header in the outline".to_owned()));
    };
    let inline = |track: &&Track| if let Setup::Inline(entry) = &track.setup { entry.len() } else { 0 };
    let room = 256 + ebml_header.len() + tracks.iter().map(inline).sum::<usize>();
    let mut head = Draft::with_capacity(room.saturating_add(usize::try_from(cues.len()).unwrap_or(0)));
    head.made().extend_from_slice(ebml_header);
    ebml::put_id(head.made(), ids::SEGMENT);
    let size_at = head.made_len();
    head.made().extend(ebml::wide_size(0));
    let start = head.len();

    let info = info(timescale, duration);
    let entries = tracks.iter().map(|track| track.setup.len()).sum();
    let info_at = seek_head_length(cues);
    let tracks_at = info_at + info.len() as u64;
    let cues_at = tracks_at + 4 + ebml::size_length(entries) as u64 + entries;
    seek_head(head.made(), info_at, tracks_at, (!cues.is_empty()).then_some(cues_at));
    head.made().extend_from_slice(&info);
    ebml::put_id(head.made(), ids::TRACKS);
    ebml::put_size(head.made(), entries);
    for track in tracks {
        match &track.setup {
            Setup::Inline(entry) => head.made().extend_from_slice(entry),
            Setup::At(range) => head.source(range.clone()),
        }
    }
    cues.write(head.made(), cues_at + cues.len());
    head.fill(size_at, ebml::wide_size(head.len() - start + clusters));
    Ok(head)
}

/// Info (RFC 9559 §5.1.2): the original's timescale, and the cut's duration.
#[allow(clippy::cast_precision_loss, reason = "ticks are below 2^53")]
fn info(timescale: Timescale, duration: Ticks) -> Vec<u8> {
    let nanoseconds = u64::try_from(timescale.time(Ticks(1)).0).unwrap_or(1_000_000);
    let mut data = Vec::with_capacity(48);
    ebml::put_uint(&mut data, ids::TIMESTAMP_SCALE, nanoseconds);
    ebml::put_bytes(&mut data, ids::DURATION, &(duration.0.max(0) as f64).to_be_bytes());
    ebml::put_bytes(&mut data, ids::MUXING_APP, APP.as_bytes());
    ebml::put_bytes(&mut data, ids::WRITING_APP, APP.as_bytes());
    let mut info = Vec::with_capacity(data.len() + ebml::MAX_HEADER);
    ebml::put_bytes(&mut info, ids::INFO, &data);
    info
}

/// The size of a Seek element: it names a four-byte ID, and a position in eight bytes, so that its length does not
/// depend on the position.
const SEEK: u64 = 3 + 3 + 4 + 3 + 8;

fn seek_head_length(cues: &Cues) -> u64 {
    4 + 1 + SEEK * if cues.is_empty() { 2 } else { 3 }
}

/// SeekHead (RFC 9559 §5.1.1): where in the segment the other elements are.
fn seek_head(out: &mut Vec<u8>, info: u64, tracks: u64, cues: Option<u64>) {
    ebml::put_id(out, ids::SEEK_HEAD);
    ebml::put_size(out, SEEK * if cues.is_some() { 3 } else { 2 });
    let places = [(ids::INFO, Some(info)), (ids::TRACKS, Some(tracks)), (ids::CUES, cues)];
    for (id, position) in places.into_iter().filter_map(|(id, position)| Some((id, position?))) {
        ebml::put_id(out, ids::SEEK);
        ebml::put_size(out, SEEK - 3);
        ebml::put_bytes(out, ids::SEEK_ID, &id.to_be_bytes());
        ebml::put_wide_uint(out, ids::SEEK_POSITION, position);
    }
}

/// The pages, the outline and the selection are inconsistent.
pub fn mismatch(what: String) -> Error {
    Error::Index(index::InvalidIndex(what))
}
