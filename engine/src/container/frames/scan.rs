//! One frame after the other, and back to them where something else stands between.

use serde::{Deserialize, Serialize};

use crate::codec::{Frame, HEADER, Syntax};
use crate::container::notes::Notes;
use crate::container::stream::Stream;
use crate::container::{Error, MOST_JUNK, NOT_READ, Unsupported, tags};

/// How many headers have to follow each other before frames are found again.
const CONSECUTIVE: usize = 3;
/// How many, where they would be of another kind than those before: then the file is refused.
const OF_ANOTHER_KIND: usize = 5;
/// How many bytes are looked at together in search of frames: more than so many of the longest.
pub const WINDOW: usize = 64 << 10;

/// Whether so many frames of this kind follow each other from the first of these bytes on, or as many as there are up
/// to the end of the file, if these bytes reach it. A tag may stand there; and it may lie within a frame, though not
/// within the first.
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

/// The first frame in these bytes that so many like it follow.
pub fn first(syntax: &impl Syntax, bytes: &[u8], count: usize, last: bool) -> Option<(usize, Frame)> {
    let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == 0xFF);
    starts.filter_map(|(at, _)| Some((at, bytes.get(at..)?))).find_map(|(at, bytes)| {
        let frame = syntax.frame(bytes)?;
        follow(syntax, bytes, frame.kind, count, last).then_some((at, frame))
    })
}

/// Finds the frames of a stream, in order.
#[derive(Serialize, Deserialize)]
pub struct Scanner<Y> {
    syntax: Y,
    kind: u32,
    /// Where the frames end, at the latest.
    end: u64,
    /// From here on there was no frame, up to the position.
    lost: Option<u64>,
}

/// What a step came upon.
pub enum Step {
    /// A frame, and where it is.
    Frame(u64, Frame),
    /// Something else.
    Other,
    /// The end of the frames.
    End,
}

/// What follows.
enum Next {
    /// A frame, and whether what stands behind it confirms it.
    Frame(Frame, bool),
    /// A tag of so many bytes.
    Tag(u64),
    /// Neither.
    Junk,
    End,
}

/// Where there are frames again.
enum Search {
    Found(u64),
    /// Here at the earliest.
    Later(u64),
    Nowhere,
}

impl<Y: Syntax> Scanner<Y> {
    /// Frames of this kind.
    pub const fn new(syntax: Y, kind: u32, end: u64) -> Self {
        Self { syntax, kind, end, lost: None }
    }

    /// Reads what is at the position, and goes behind it.
    #[inline]
    pub async fn step(&mut self, stream: &mut Stream<'_>, notes: &mut Notes) -> Result<Step, Error> {
        let at = stream.position();
        if let Some(lost) = self.lost {
            return self.search(stream, lost, notes).await;
        }
        match self.look(stream).await? {
            Next::End => return Ok(Step::End),
            Next::Tag(length) => stream.seek(at.saturating_add(length).min(self.end)),
            Next::Frame(frame, true) => {
                stream.seek(at + u64::from(frame.size));
                return Ok(Step::Frame(at, frame));
            }
            Next::Frame(frame, false) => {
                // Its header may be damaged, or what follows it.
                let behind = at + u64::from(frame.size);
                match self.find(stream, at + 1, behind).await? {
                    Some(found) => {
                        passed_over(at, notes);
                        stream.seek(found);
                    }
                    None if behind > self.end => {
                        notes.push(format!("it is truncated: its last frame ends at byte {behind}"));
                        return Ok(Step::End);
                    }
                    None => {
                        stream.seek(behind);
                        return Ok(Step::Frame(at, frame));
                    }
                }
            }
            Next::Junk => {
                self.not_of_another_kind(stream, at).await?;
                self.lost = Some(at);
            }
        }
        Ok(Step::Other)
    }

    /// Goes to where there are frames again, or a bit further towards it.
    async fn search(&mut self, stream: &mut Stream<'_>, lost: u64, notes: &mut Notes) -> Result<Step, Error> {
        let from = stream.position().max(lost + 1);
        let to = match self.look_for(stream, from).await? {
            Search::Later(at) if at.saturating_sub(lost) <= MOST_JUNK => {
                stream.seek(at);
                return Ok(Step::Other);
            }
            Search::Found(at) => at,
            Search::Later(_) => {
                notes.at(lost, NOT_READ);
                return Ok(Step::End);
            }
            Search::Nowhere => self.end,
        };
        passed_over(lost, notes);
        self.lost = None;
        stream.seek(to);
        Ok(Step::Other)
    }

    /// What stands at the position, before the end.
    #[inline]
    async fn look(&self, stream: &mut Stream<'_>) -> Result<Next, Error> {
        let left = usize::try_from(self.end.saturating_sub(stream.position())).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(Next::End);
        }
        let bytes = stream.peek(tags::HEADER).await?;
        if bytes.is_empty() {
            // The end that a checkpoint remembers may lie behind the file's.
            return Ok(Next::End);
        }
        let bytes = bytes.get(..left).unwrap_or(bytes);
        let Some(frame) = self.syntax.frame(bytes).filter(|frame| frame.kind == self.kind) else {
            // Where files were joined, the tags of each are in the middle.
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

    /// The first offset, from this one on and before the other, at which there are frames again.
    async fn find(&self, stream: &mut Stream<'_>, mut from: u64, to: u64) -> Result<Option<u64>, Error> {
        while from < to.min(self.end) {
            match self.look_for(stream, from).await? {
                Search::Found(at) => return Ok(Some(at).filter(|at| *at < to)),
                Search::Later(at) => from = at,
                Search::Nowhere => break,
            }
        }
        Ok(None)
    }

    /// Looks for frames among the bytes from this offset on, as many as are looked at together.
    async fn look_for(&self, stream: &mut Stream<'_>, from: u64) -> Result<Search, Error> {
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
            return Ok(Search::Found(from + at as u64));
        }
        if last || bytes.is_empty() {
            return Ok(Search::Nowhere);
        }
        // Those that begin in the second half are looked at with what follows them.
        Ok(Search::Later(from + (bytes.len() / 2).max(1) as u64))
    }

    /// An error where frames of another kind follow.
    async fn not_of_another_kind(&self, stream: &mut Stream<'_>, at: u64) -> Result<(), Error> {
        let bytes = stream.peek(WINDOW).await?;
        let Some(frame) = self.syntax.frame(bytes) else { return Ok(()) };
        if !follow(&self.syntax, bytes, frame.kind, OF_ANOTHER_KIND, false) {
            return Ok(());
        }
        Err(self.of_another_kind(frame, at))
    }

    /// What there is to say of frames like this one from there on.
    fn of_another_kind(&self, frame: Frame, at: u64) -> Error {
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

/// A syntax of frames of one kind alone.
#[derive(Clone, Copy)]
struct Only<Y>(Y, u32);

impl<Y: Syntax> Syntax for Only<Y> {
    fn frame(&self, bytes: &[u8]) -> Option<Frame> {
        self.0.frame(bytes).filter(|frame| frame.kind == self.1)
    }

    fn rate(&self, kind: u32) -> u32 {
        self.0.rate(kind)
    }
}
