//! FLV (Adobe Flash Video File Format Specification 10.1, Annex E), with the codecs of Enhanced RTMP (Veovera, versions
//! 1 and 2).
//!
//! A file is a header of nine bytes, and tags: sound, pictures, script data, each followed by its length
//! (PreviousTagSize). There is no reliable table of them, so indexing streams a file once (`index`). A sample is a
//! whole tag with the length that follows it, so that verbatim bytes of the file play. Decoder configurations (sequence
//! headers: an `avcC`, an `AudioSpecificConfig`) have separate tags: these are not samples but the samples'
//! descriptions. A cut has new tag headers, whose timestamps begin at zero, before unchanged payloads (`write`).
//!
//! Times are milliseconds. A tag's timestamp is its decode time; H.264 and HEVC have the composition offset in the
//! payload.

#![allow(clippy::doc_markdown, reason = "the standard's names are words here")]

mod amf;
mod configuration;
mod index;
mod packet;
mod tag;
#[cfg(test)]
mod tests;
mod write;

use super::{Error, Format, IndexFuture, Indexing, Payload, Selection, Unavailable, Written, pass};
use crate::codec::DecoderConfiguration;
use crate::index::{Container, Outline};
use crate::media::splice::Splice;
use crate::media::{Private, Run, Track};

/// Its name in the heads of its files.
const CONTAINER: Container = Container::named("flv");

/// The version of the writer ([`Format::writer`]).
const WRITER: u32 = 4;

/// Flash Video.
pub struct Flv;

impl Format for Flv {
    fn containers(&self) -> &'static [Container] {
        const { &[CONTAINER] }
    }

    fn writer(&self) -> u32 {
        WRITER
    }

    /// Takes some 20 MiB of memory, however long a file is.
    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a> {
        pass::through::<index::FlvPass>(indexing)
    }

    /// Whether a file begins with a valid header: signature, an existing version, and a sufficient length.
    fn recognises(&self, start: &[u8]) -> bool {
        tag::FileHeader::parse(start).is_some()
    }

    /// Writes a selection as a complete file, whose first tag has the timestamp zero.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] if the selection's runs do not belong to the outline's tracks, or are not tags.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        write::write(outline, selection)
    }

    /// Without the tag, and without what stands in it before the data of a frame.
    fn payload(&self, _: &Outline, _: &Track, run: &Run) -> Result<Payload, Error> {
        let data = KeptTags::of(run).data as u64;
        let mut splice = Splice::new();
        for sample in 0..run.count {
            let payload = write::payload(&run.slice(sample..sample + 1).unwrap_or_else(|| run.clone()))?;
            if data == 0 || payload.end - payload.start < data {
                return Err(write::mismatch(format!("a tag at byte {} whose data begin nowhere", run.offset)));
            }
            splice.source(payload.start + data..payload.end);
        }
        Ok(Payload::Whole(splice))
    }

    fn configuration(&self, outline: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
        configuration::of(outline, track)
    }

    fn configuration_of(
        &self,
        outline: &Outline,
        track: &Track,
        number: u32,
    ) -> Result<DecoderConfiguration, Unavailable> {
        configuration::numbered(outline, track, number)
    }

    fn configuration_number(&self, run: &Run) -> u32 {
        KeptTags::of(run).description.into()
    }

    fn ends_with_a_sample(&self, _: &Outline) -> bool {
        true
    }
}

/// What a run keeps of its tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct KeptTags {
    /// The number of the sequence header that they need; 1 if they need none.
    description: u16,
    /// How many bytes of the `PreviousTagSize` behind each are there.
    trailer: usize,
    /// How many bytes of its payload stand before the data of its frame; 0: too many to be kept.
    data: usize,
}

impl KeptTags {
    /// The greatest number of bytes before the data of a frame that is kept.
    const MOST: usize = 31;

    fn pack(self) -> Private {
        let data = if self.data > Self::MOST { 0 } else { self.data };
        let second = u8::try_from(self.trailer & 7 | data << 3).unwrap_or_default();
        Private::new(u32::from(self.description.saturating_sub(1)), second)
    }

    fn of(run: &Run) -> Self {
        let (first, second) = (run.private.first(), usize::from(run.private.second()));
        let description = u16::try_from(first).unwrap_or(u16::MAX).saturating_add(1);
        Self { description, trailer: second & 7, data: second >> 3 }
    }
}
