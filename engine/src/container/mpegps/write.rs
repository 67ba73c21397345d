//! The write half: the system header of the selected streams (ISO/IEC 13818-1 §2.5.3.5), and the unchanged packs of the
//! selected samples in file order. A packet that also contains bytes of other samples, at the beginning or end of a
//! cut, gets a new header with the time stamps of the first sample that begins in the rest of it.

use std::ops::Range;

use bytes::BufMut;

use super::layout::{self, PACK, PesEntry};
use super::pack::Owner;
use super::program::PsProgram;
use super::system;
use crate::container::draft::Draft;
use crate::container::mpeg::clock::stamps;
use crate::container::mpeg::outline::{beginning, mismatch, unpack};
use crate::container::mpeg::pes::put_times;
use crate::container::{Error, Extents, Selection, Written};
use crate::index::{Outline, RunCursor};
use crate::media::splice::Splice;

/// `MPEG_program_end_code`.
const END: [u8; 4] = [0, 0, 1, 0xB9];
/// The size of the shortest packet header with a time stamp, which is longer than any without, apart from stuffing.
const TIMED: u64 = 11;

/// Writes a selection as a complete file; see [`super::MpegPs`].
pub fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error> {
    let program: PsProgram = unpack(outline.setup.first())?;
    let mut cursors = Vec::with_capacity(selection.tracks.len());
    for selected in &selection.tracks {
        let track = outline.tracks.get(selected.track).ok_or_else(|| mismatch("no such track"))?;
        let owner = unpack(Some(&track.setup))?;
        cursors.push(PsCursor {
            number: layout::stream(selected.track),
            owner,
            runs: selected.runs.cursor(),
            begun: 0,
        });
    }
    let owners: Vec<Owner> = cursors.iter().map(|cursor| cursor.owner).collect();
    let headers = [system::of(&program.system, &owners), program.map.clone()].concat();

    let mut output = PsOutput {
        draft: Draft::default(),
        headers,
        setup: 0,
        elements: Extents::default(),
        start: None,
        begun: false,
        pack: None,
    };
    let mut done = 0;
    for element in selection.elements.iter() {
        output.element();
        // Elements overlap, and agree about the packets in both.
        for entry in layout::unpack(&element.kept, element.offset) {
            if entry.offset < done {
                continue;
            }
            done = entry.end();
            if entry.shape.stream == PACK {
                output.pack = Some(entry.offset..entry.end());
            } else if let Some(cursor) = cursors.iter_mut().find(|cursor| cursor.number == entry.shape.stream) {
                if entry.shape.pack > 0 {
                    output.pack = Some(entry.offset..entry.packet());
                }
                cursor.packet(&program, &entry, &mut output)?;
                output.draft.fits()?;
            }
        }
    }
    if cursors.iter_mut().any(|cursor| !cursor.runs.is_done()) {
        return Err(mismatch("samples that lie in no element"));
    }
    if program.ended {
        output.draft.made().extend_from_slice(&END);
    }
    output.end_element();
    let PsOutput { draft, setup, elements, .. } = output;
    let mut splice = Splice::new();
    draft.append_to(&mut splice);
    Ok(Written { splice, setup: 0..setup, elements })
}

/// The file being written.
struct PsOutput {
    draft: Draft,
    /// The headers after the first pack header.
    headers: Vec<u8>,
    /// The end of those headers.
    setup: u64,
    /// The extents of the selected parts of the elements, each up to the next; and the beginning of the last.
    elements: Extents,
    start: Option<u64>,
    /// Some of the current element is written.
    begun: bool,
    /// The current pack's header, until it is written.
    pack: Option<Range<u64>>,
}

impl PsOutput {
    /// Another element begins, or the file ends.
    const fn element(&mut self) {
        self.begun = false;
    }

    /// Ends the element that was last written to.
    fn end_element(&mut self) {
        if let Some(start) = self.start.take() {
            self.elements.push(start.max(self.setup)..self.draft.len());
        }
    }

    /// A packet follows.
    fn begin(&mut self) {
        if !std::mem::replace(&mut self.begun, true) {
            self.end_element();
            self.start = Some(self.draft.len());
        }
        if let Some(pack) = self.pack.take() {
            self.draft.source(pack);
        }
        if self.setup == 0 {
            self.draft.made().append(&mut self.headers);
            self.setup = self.draft.len();
        }
    }
}

/// The samples of a selected track that are not written yet.
struct PsCursor<'a> {
    /// Its number in the layout.
    number: u8,
    owner: Owner,
    runs: RunCursor<'a>,
    /// The samples before this offset are written.
    begun: u64,
}

impl PsCursor<'_> {
    /// Writes the part of a packet that belongs to the samples.
    fn packet(&mut self, program: &PsProgram, entry: &PesEntry, output: &mut PsOutput) -> Result<(), Error> {
        let data = entry.data()..entry.end();
        let is_first = self.begun == 0;
        let mut parts: Vec<Range<u64>> = Vec::new();
        let mut first = None;
        let mut begin = 0_u32;
        while let Some(run) = self.runs.peek() {
            let bytes = run.bytes();
            if bytes.start >= data.end {
                break;
            }
            if bytes.end > data.start {
                let part = bytes.start.max(data.start)..bytes.end.min(data.end);
                let (sample, count) = beginning(run, &data);
                if first.is_none() {
                    first = sample.map(|run| (run.offset - part.start + length(&parts), run));
                }
                begin += count;
                self.begun = part.end;
                match parts.last_mut() {
                    Some(last) if last.end == part.start => last.end = part.end,
                    _ => parts.push(part),
                }
            }
            if bytes.end > data.end {
                break;
            }
            if self.begun < bytes.end {
                return Err(mismatch("a sample that begins in no packet"));
            }
            self.runs.advance();
        }
        if parts.is_empty() {
            return Ok(());
        }
        output.begin();
        let substream = self.owner.header() as u64;
        let times = first.as_ref().and_then(|(_, run)| stamps(&program.clocks, run));
        if parts.len() == 1 && parts.first() == Some(&data) {
            // The first packet must say its time, if there is room for that.
            let room = u64::from(entry.shape.data) + substream < u64::from(u16::MAX) - 2 * TIMED;
            let untimed = is_first && times.is_some() && u64::from(entry.shape.header) < TIMED + substream && room;
            let mut start = entry.packet();
            if untimed {
                self.header(program, times, length(&parts), output.draft.made())?;
                start = data.start.saturating_sub(substream);
            }
            output.draft.source(start..entry.end());
            return Ok(());
        }
        let pointer = first.map_or(0, |(before, _)| before + 1);
        self.header(program, times, length(&parts), output.draft.made())?;
        if substream > 0 {
            let made = output.draft.made();
            made.put_u8(self.owner.substream);
            made.put_u8(u8::try_from(begin).unwrap_or(u8::MAX));
            made.put_u16(u16::try_from(pointer).unwrap_or(0));
        }
        for part in parts {
            output.draft.source(part);
        }
        Ok(())
    }

    /// The header of a packet with this number of bytes of data after the substream's header.
    fn header(
        &self,
        program: &PsProgram,
        times: Option<(u64, u64)>,
        data: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let mut stamps = Vec::with_capacity(10);
        if let Some(times) = times {
            let alone = times.0 == times.1;
            put_times(&mut stamps, 2, times);
            if !program.old {
                let flags = if alone { 0x80 } else { 0xC0 };
                stamps.splice(0..0, [0x80, flags, if alone { 5 } else { 10 }]);
            }
        } else if program.old {
            stamps.push(0x0F);
        } else {
            stamps.extend([0x80, 0, 0]);
        }
        let length = stamps.len() as u64 + self.owner.header() as u64 + data;
        let Ok(length) = u16::try_from(length) else { return Err(mismatch("a packet that is too long")) };
        out.extend([0, 0, 1, self.owner.stream]);
        out.put_u16(length);
        out.extend(stamps);
        Ok(())
    }
}

fn length(parts: &[Range<u64>]) -> u64 {
    parts.iter().map(|part| part.end - part.start).sum()
}
