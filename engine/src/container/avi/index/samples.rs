//! From chunks to samples, which are added to the index in file order: each as soon as its presentation time is known.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::shown::AviReordering;
use crate::container::Error;
use crate::container::avi::header::{AviStream, ChunkUnit};
use crate::container::avi::picture::AviPicture;
use crate::container::avi::riff::{HEADER, HEADER_BYTES, RiffChunk};
use crate::index::Builder;
use crate::media::{Private, Run, Ticks};

/// How many chunks may wait for the presentation time of a picture. Sixteen pictures do, with the sound between them.
const MAX_WAITING: usize = 4096;

/// A stream and its progress.
#[derive(Serialize, Deserialize)]
struct StreamReader {
    stream: AviStream,
    /// The time of the next sample.
    decode: Ticks,
    /// Whether it has no sample yet.
    empty: bool,
    /// How many bytes of an incomplete unit there were, if units have many bytes: chunks need not end with one.
    over: u32,
    /// The presentation order of its pictures; `None` if it is the decode order.
    shown: Option<AviReordering>,
}

impl StreamReader {
    /// The duration of this many further bytes, if a unit has `unit` bytes.
    fn lasting(&mut self, bytes: u32, unit: u32) -> Ticks {
        let ticks =
            |bytes: u64| self.stream.scale.0.saturating_mul(i64::try_from(bytes).unwrap_or(i64::MAX)) / i64::from(unit);
        let (before, after) = (u64::from(self.over), u64::from(self.over) + u64::from(bytes));
        let lasts = Ticks(ticks(after) - ticks(before));
        self.over = u32::try_from(after % u64::from(unit)).unwrap_or(0);
        lasts
    }
}

/// A chunk that waits itself, or for those before it.
#[derive(Serialize, Deserialize)]
struct WaitingChunk {
    /// The offset of its header, and the end of its data.
    offset: u64,
    end: u64,
    place: usize,
    run: Run,
    /// Whether its presentation time is known.
    known: bool,
}

/// The samples of all streams while they are added to the index.
#[derive(Serialize, Deserialize)]
pub struct ChunkSamples {
    readers: Vec<StreamReader>,
    waiting: VecDeque<WaitingChunk>,
    /// How many have been added after waiting.
    gone: u64,
}

impl ChunkSamples {
    /// For these streams; with `read`, all frames are read anyway, otherwise only as many as necessary.
    pub fn new(streams: Vec<AviStream>, read: bool) -> Self {
        let reader = |mut stream: AviStream| {
            let shown = stream.pictures.take().map(|pictures| AviReordering::new(pictures, read));
            StreamReader { decode: stream.start, stream, empty: true, over: 0, shown }
        };
        Self { readers: streams.into_iter().map(reader).collect(), waiting: VecDeque::new(), gone: 0 }
    }

    /// Whether the first bytes of this chunk are needed.
    pub fn looks_at(&self, chunk: RiffChunk) -> bool {
        chunk.stream().and_then(|number| self.readers.get(number)).is_some_and(|reader| reader.shown.is_some())
    }

    /// Takes the chunk of data at this offset, whose first bytes are `frame`. `key`: whether decoding can begin there,
    /// by an index.
    pub fn put(
        &mut self,
        offset: u64,
        chunk: RiffChunk,
        key: Option<bool>,
        frame: &[u8],
        builder: &mut Builder,
    ) -> Result<(), Error> {
        let reader = chunk.stream().and_then(|number| self.readers.get_mut(number));
        let Some((reader, place)) =
            reader.and_then(|reader| Some((reader.stream.place?, reader)).map(|(place, reader)| (reader, place)))
        else {
            return Ok(());
        };
        let scale = reader.stream.scale;
        let (size, count, duration) = match reader.stream.unit {
            ChunkUnit::Chunk => (chunk.size, 1, scale),
            ChunkUnit::Frames(longest) => (chunk.size, 1, scale.times(i64::from(chunk.size.div_ceil(longest)))),
            ChunkUnit::Bytes(unit) => (chunk.size, 1, reader.lasting(chunk.size, unit)),
            ChunkUnit::Blocks(block) => (block, chunk.size / block, scale),
        };
        let decode = reader.decode;
        if chunk.size > 0 || reader.stream.unit == ChunkUnit::Chunk {
            reader.decode += duration.times(i64::from(count));
        }
        // A chunk without data is a dropped frame: the previous one stays visible.
        if chunk.size == 0 || count == 0 {
            return Ok(());
        }
        let mut run = Run {
            decode,
            composition: Ticks::ZERO,
            duration,
            offset: offset + HEADER as u64,
            size,
            count,
            sync: key.unwrap_or_else(|| reader.stream.coding.is_key(frame, reader.empty)),
            disposable: false,
            private: Private::NONE,
        };
        reader.empty = false;
        if let Some(shown) = &mut reader.shown {
            let picture = shown.take(frame, self.gone + self.waiting.len() as u64, decode);
            // The plane that replaces a packed I picture has its type, and could be mistaken for it.
            run.sync &= picture != AviPicture::Between;
        }
        let end = run.offset + u64::from(chunk.size);
        self.waiting.push_back(WaitingChunk { offset, end, place, known: reader.shown.is_none(), run });
        self.settle(false, builder)
    }

    /// Sets the presentation times of waiting chunks as far as they are known, or, with `all`, of all; and adds those
    /// to the index that need not wait any longer.
    fn settle(&mut self, all: bool, builder: &mut Builder) -> Result<(), Error> {
        let all = all || self.waiting.len() > MAX_WAITING;
        for reader in &mut self.readers {
            let Some(shown) = &mut reader.shown else { continue };
            let known = all || shown.is_as_decoded();
            while let Some((nth, time)) = shown.next(known) {
                let at = usize::try_from(nth.saturating_sub(self.gone)).unwrap_or(usize::MAX);
                if let Some(waiting) = self.waiting.get_mut(at) {
                    (waiting.run.composition, waiting.known) = (time - waiting.run.decode, true);
                    if waiting.run.composition != Ticks::ZERO {
                        shown.reorders();
                    }
                }
            }
            if shown.is_as_decoded() {
                reader.shown = None;
            }
        }
        while let Some(WaitingChunk { offset, end, place, run, .. }) =
            self.waiting.pop_front_if(|waiting| waiting.known)
        {
            self.gone += 1;
            builder.begin_element(offset, HEADER_BYTES, Ticks::ZERO);
            builder.samples(place, run)?;
            builder.end_element(end);
        }
        Ok(())
    }

    /// The end of the file: gives those that wait.
    pub fn end(&mut self, builder: &mut Builder) -> Result<(), Error> {
        self.settle(true, builder)
    }
}
