//! Steps from frame to frame, and finds the frames again after other bytes.

use serde::{Deserialize, Serialize};

use crate::codec::{FrameHeader, HEADER, Syntax};
use crate::container::notes::Notes;
use crate::container::stream::SourceStream;
use crate::container::{Error, MOST_JUNK, NOT_READ, Unsupported, tags};

/// The number of consecutive headers required to find the frames again.
const CONSECUTIVE: usize = 3;
/// The number required for another kind of frame; then the file is refused.
const OF_ANOTHER_KIND: usize = 5;
/// The size of the window searched for frames: it holds more than that many of the longest frames.
pub const WINDOW: usize = 64 << 10;

/// Whether `count` frames of this kind follow each other at the beginning of these bytes; fewer suffice if the bytes
/// reach the end of the file. A tag may follow a frame, or lie within one other than the first.
pub fn follow(syntax: &impl Syntax, mut bytes: &[u8], kind: u32, count: usize, last: bool) -> bool {
    for found in 0..count {
        let Some(frame) = syntax.frame(bytes).filter(|frame| frame.kind == kind) else {
            return last && found > 0 && tags::begin_behind(bytes);
        };
        match bytes.get(frame.size as usize..) {
            Some([]) if last => return true,
            Some(rest) => bytes = rest,
            None => return last && found > 0,
        }
    }
    true
}

/// The first frame in these bytes that is followed by enough others of its kind.
pub fn first(syntax: &impl Syntax, bytes: &[u8], count: usize, last: bool) -> Option<(usize, FrameHeader)> {
    let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == 0xFF);
    starts.filter_map(|(at, _)| Some((at, bytes.get(at..)?))).find_map(|(at, bytes)| {
        let frame = syntax.frame(bytes)?;
        follow(syntax, bytes, frame.kind, count, last).then_some((at, frame))
    })
}

/// Finds the frames of a stream, in order.
#[derive(Serialize, Deserialize)]
pub struct FrameScanner<Y> {
    syntax: Y,
    kind: u32,
    /// The latest possible end of the frames.
    end: u64,
    /// There have been no frames from here to the position.
    lost: Option<u64>,
}

/// The result of a step.
pub enum ScanStep {
    /// A frame, and its offset.
    Frame(u64, FrameHeader),
    /// Something else.
    Other,
    /// The end of the frames.
    End,
}

/// What is at the position.
enum Next {
    /// A frame, and whether the bytes after it confirm it.
    Frame(FrameHeader, bool),
    /// A tag of this size.
    Tag(u64),
    /// Neither.
    Junk,
    End,
}

/// The result of a search for frames.
enum FrameSearch {
    Found(u64),
    /// Here at the earliest.
    Later(u64),
    Nowhere,
}

impl<Y: Syntax> FrameScanner<Y> {
    /// Scans for frames of this kind.
    pub const fn new(syntax: Y, kind: u32, end: u64) -> Self {
        Self { syntax, kind, end, lost: None }
    }

    /// Reads what is at the position and moves past it.
    #[inline]
    pub async fn step(&mut self, stream: &mut SourceStream<'_>, notes: &mut Notes) -> Result<ScanStep, Error> {
        let at = stream.position();
        if let Some(lost) = self.lost {
            return self.search(stream, lost, notes).await;
        }
        match self.look(stream).await? {
            Next::End => return Ok(ScanStep::End),
            Next::Tag(length) => stream.seek(at.saturating_add(length).min(self.end)),
            Next::Frame(frame, true) => {
                stream.seek(at + u64::from(frame.size));
                return Ok(ScanStep::Frame(at, frame));
            }
            Next::Frame(frame, false) => {
                // Either its header is damaged, or the bytes after it.
                let behind = at + u64::from(frame.size);
                match self.find(stream, at + 1, behind).await? {
                    Some(found) => {
                        passed_over(at, notes);
                        stream.seek(found);
                    }
                    None if behind > self.end => {
                        notes.push(format!("it is truncated: its last frame ends at byte {behind}"));
                        return Ok(ScanStep::End);
                    }
                    None => {
                        stream.seek(behind);
                        return Ok(ScanStep::Frame(at, frame));
                    }
                }
            }
            Next::Junk => {
                self.not_of_another_kind(stream, at).await?;
                self.lost = Some(at);
            }
        }
        Ok(ScanStep::Other)
    }

    /// Moves to the next frames, or some way towards them.
    async fn search(&mut self, stream: &mut SourceStream<'_>, lost: u64, notes: &mut Notes) -> Result<ScanStep, Error> {
        let from = stream.position().max(lost + 1);
        let to = match self.look_for(stream, from).await? {
            FrameSearch::Later(at) if at.saturating_sub(lost) <= MOST_JUNK => {
                stream.seek(at);
                return Ok(ScanStep::Other);
            }
            FrameSearch::Found(at) => at,
            FrameSearch::Later(_) => {
                notes.at(lost, NOT_READ);
                return Ok(ScanStep::End);
            }
            FrameSearch::Nowhere => self.end,
        };
        passed_over(lost, notes);
        self.lost = None;
        stream.seek(to);
        Ok(ScanStep::Other)
    }

    /// What is at the position, before the end.
    #[inline]
    async fn look(&self, stream: &mut SourceStream<'_>) -> Result<Next, Error> {
        let left = usize::try_from(self.end.saturating_sub(stream.position())).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(Next::End);
        }
        let bytes = stream.peek(tags::HEADER).await?;
        if bytes.is_empty() {
            // The end stored in a checkpoint may be past the end of the file.
            return Ok(Next::End);
        }
        let bytes = bytes.get(..left).unwrap_or(bytes);
        let Some(frame) = self.syntax.frame(bytes).filter(|frame| frame.kind == self.kind) else {
            // In joined files, tags are in the middle.
            let id3v1 = bytes.starts_with(b"TAG").then_some(tags::ID3V1);
            return Ok(tags::id3_length(bytes).or(id3v1).map_or(Next::Junk, Next::Tag));
        };
        let size = frame.size as usize;
        if size >= left {
            return Ok(Next::Frame(frame, size == left));
        }
        let behind = stream.peek(size + HEADER).await?.get(size..).unwrap_or_default();
        let behind = behind.get(..left - size).unwrap_or(behind);
        let next = self.syntax.frame(behind);
        Ok(Next::Frame(frame, next.is_some_and(|next| next.kind == self.kind)))
    }

    /// The first offset in the range with frames.
    async fn find(&self, stream: &mut SourceStream<'_>, mut from: u64, to: u64) -> Result<Option<u64>, Error> {
        while from < to.min(self.end) {
            match self.look_for(stream, from).await? {
                FrameSearch::Found(at) => return Ok(Some(at).filter(|at| *at < to)),
                FrameSearch::Later(at) => from = at,
                FrameSearch::Nowhere => break,
            }
        }
        Ok(None)
    }

    /// Searches one window of bytes from this offset for frames.
    async fn look_for(&self, stream: &mut SourceStream<'_>, from: u64) -> Result<FrameSearch, Error> {
        stream.seek(from);
        let left = usize::try_from(self.end.saturating_sub(from)).unwrap_or(usize::MAX);
        let bytes = stream.peek(WINDOW).await?;
        let bytes = bytes.get(..left.min(WINDOW)).unwrap_or(bytes);
        let last = bytes.len() == left;
        let found = first(&Only(self.syntax, self.kind), bytes, CONSECUTIVE, last).map(|(at, _)| at);
        let before = bytes.get(..found.unwrap_or(bytes.len())).unwrap_or_default();
        match first(&self.syntax, before, OF_ANOTHER_KIND, false) {
            Some((at, frame)) if frame.kind != self.kind => return Err(self.of_another_kind(frame, from + at as u64)),
            _ => {}
        }
        if let Some(at) = found {
            return Ok(FrameSearch::Found(from + at as u64));
        }
        if last || bytes.is_empty() {
            return Ok(FrameSearch::Nowhere);
        }
        // The second half is searched again, together with the bytes after it.
        Ok(FrameSearch::Later(from + (bytes.len() / 2).max(1) as u64))
    }

    /// Returns an error if frames of another kind follow.
    async fn not_of_another_kind(&self, stream: &mut SourceStream<'_>, at: u64) -> Result<(), Error> {
        let bytes = stream.peek(WINDOW).await?;
        let Some(frame) = self.syntax.frame(bytes) else { return Ok(()) };
        if !follow(&self.syntax, bytes, frame.kind, OF_ANOTHER_KIND, false) {
            return Ok(());
        }
        Err(self.of_another_kind(frame, at))
    }

    /// The error for frames of another kind like this one from this offset on.
    fn of_another_kind(&self, frame: FrameHeader, at: u64) -> Error {
        let (before, behind) = (self.syntax.rate(self.kind), self.syntax.rate(frame.kind));
        let changed = if before == behind {
            Unsupported::OtherFrames { offset: at }
        } else {
            Unsupported::SampleRate { offset: at, before, behind }
        };
        changed.into()
    }
}

fn passed_over(from: u64, notes: &mut Notes) {
    notes.at(from, "bytes that are no frame are passed over");
}

/// A syntax restricted to one kind of frame.
#[derive(Clone, Copy)]
struct Only<Y>(Y, u32);

impl<Y: Syntax> Syntax for Only<Y> {
    fn frame(&self, bytes: &[u8]) -> Option<FrameHeader> {
        self.0.frame(bytes).filter(|frame| frame.kind == self.1)
    }

    fn rate(&self, kind: u32) -> u32 {
        self.0.rate(kind)
    }
}
