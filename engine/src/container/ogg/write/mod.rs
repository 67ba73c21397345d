//! The write half: a selection as a complete file. For each link, first the header packets of each logical stream, on
//! separate pages, and then pages of packets in the order of the original: a page of the original that is completely
//! selected becomes a page of the cut with the same packets.

mod frames;
mod logical;
mod output;
mod piece;

use self::logical::LogicalStreamWriter;
use self::output::OggOutput;
use super::{OggSetup, codec};
use crate::container::{Error, Selected, Selection, Written};
use crate::index::{self, Outline};
use crate::media::splice::Splice;
use crate::media::{Interval, Time};

/// Writes a selection as a complete file; see [`super::write`].
pub fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error> {
    let mut writers = Vec::with_capacity(selection.tracks.len());
    for selected in selection.tracks.iter().filter(|selected| !selected.runs.is_empty()) {
        let track = outline.tracks.get(selected.track);
        let track =
            track.ok_or_else(|| mismatch(format!("no track {} in {}", selected.track, outline.tracks.len())))?;
        let OggSetup { link, headers } = OggSetup::unpack(track)?;
        writers.push((link, LogicalStreamWriter::new(track, selected, headers, &selection.elements)?));
    }
    writers.sort_by_key(|(link, _)| *link);
    let mut output = OggOutput::default();
    let mut setup = None;
    for link in writers.chunk_by_mut(|(one, _), (next, _)| one == next) {
        let mut writers: Vec<&mut LogicalStreamWriter<'_>> = link.iter_mut().map(|(_, writer)| writer).collect();
        if setup.is_some() {
            // Each link has its own time.
            let delay = writers.iter().map(|writer| writer.delay()).min().unwrap_or_default();
            for writer in &mut writers {
                writer.begin_sooner(delay);
            }
        }
        heads(&mut output, &mut writers);
        // The header pages of a later link stay with its first page: neither is useful without the other.
        setup.get_or_insert_with(|| output.end_setup());
        bodies(&mut output, &mut writers)?;
    }
    let mut splice = Splice::new();
    let elements = output.append_to(&mut splice);
    Ok(Written { splice, setup: 0..setup.unwrap_or(0), elements })
}

/// The interval that a cut of a selection plays. Vorbis that begins and ends within one packet cannot declare both, so
/// it begins with the packet.
pub fn plays(outline: &Outline, selection: &Selection) -> Interval {
    let begins = || {
        let [Selected { track, runs, segments }] = selection.tracks.as_slice() else { return None };
        let track = outline.tracks.get(*track).filter(|track| codec::trims_first_page(&track.codec))?;
        let (media, duration) = segments.iter().find_map(|segment| Some((segment.media?, segment.duration)))?;
        let packet = runs.iter().find(|run| run.decode_end() > media)?;
        let early = track.timescale.time(media) - track.timescale.time(packet.decode);
        (media + duration <= packet.decode_end() && early > Time::ZERO).then(|| selection.given.start() - early)
    };
    let given = selection.given;
    begins().and_then(|begins| Interval::new(begins.max(Time::ZERO), given.end())).unwrap_or(given)
}

/// The header packets: first the first one of each logical stream, each on a page that is marked as first (RFC 3533
/// §4).
fn heads(output: &mut OggOutput, writers: &mut [&mut LogicalStreamWriter<'_>]) {
    for writer in &mut *writers {
        writer.put_first_header(output);
    }
    for writer in writers {
        writer.put_other_headers(output);
    }
}

/// The pages of packets, in the order of the original.
fn bodies(output: &mut OggOutput, writers: &mut [&mut LogicalStreamWriter<'_>]) -> Result<(), Error> {
    let mut filling: Option<usize> = None;
    loop {
        let next = writers.iter().enumerate().filter_map(|(at, writer)| Some((writer.next()?, at))).min();
        let Some((_, at)) = next else { return Ok(()) };
        if let Some(writer) = filling.filter(|before| *before != at).and_then(|before| writers.get_mut(before)) {
            writer.end_page(output)?;
        }
        filling = Some(at);
        if let Some(writer) = writers.get_mut(at) {
            writer.put(output)?;
        }
    }
}

/// The pages, the outline and the selection are inconsistent.
fn mismatch(what: String) -> Error {
    Error::Index(index::InvalidIndex(what))
}
