//! What is done about one file: its index is made what the object is now. Why this comes right whatever else happens at the
//! same time is said in `reelspan::store`, at the table of indexes.

use reelspan::store::{self, Cells, Object, Sequencer, Stored, Stores, Unfinished};
use reelspan_engine::container::{self, Checkpoint, Limit, Progress, ReadError};
use reelspan_engine::index::{Head, Original, Status};

use crate::sink::Pages;
use crate::{Error, Outcome, Report};

/// How often an object may change under the indexer's hands.
const ATTEMPTS: usize = 5;

/// The most bytes of an outline, packed: an item of the table holds 400 KB, and the head has other things to say too.
const OUTLINE: usize = 360 * 1024;

/// The index of one file, about to be brought up to date.
pub struct Work<'a> {
    stores: &'a Stores,
    media: &'a str,
    /// At least that of the event, and that of the head which was found.
    sequencer: Sequencer,
    /// How far a file is read at once.
    limit: &'a Limit,
    /// What an indexer has left.
    unfinished: Option<Unfinished>,
    /// The index that is there does not count.
    anew: bool,
    /// What has been done so far.
    report: Report,
}

/// How an attempt ended.
enum End {
    /// The index is right.
    Done,
    /// The object changed meanwhile, or the index did.
    Changed,
    /// The limit was reached. Another invocation is to go on.
    Paused,
}

/// How reading the object ended.
enum Read {
    /// With its end; whether it was begun before, so that not all pages were stored now.
    Whole { status: Box<Status>, cells: Cells, begun: bool },
    /// It changed meanwhile.
    Changed,
    /// With the limit.
    Paused(Checkpoint, Cells),
}

impl<'a> Work<'a> {
    pub fn new(stores: &'a Stores, media: &'a str, sequencer: Sequencer, limit: &'a Limit) -> Self {
        Self { stores, media, sequencer, limit, unfinished: None, anew: false, report: Report::default() }
    }

    /// Whatever index is there is made anew.
    pub fn anew(self) -> Self {
        Self { anew: true, ..self }
    }

    /// Brings the index up to date with the object as it is now.
    pub async fn run(mut self) -> Result<Report, Error> {
        for _ in 0..ATTEMPTS {
            // The head is read first: so what the object then is, it is after the head's event, and the head's sequencer is
            // true of it.
            let (stored, unfinished) = self.stores.index.look(self.media).await?;
            let head = stored.as_ref().map(|stored| Sequencer::new(&stored.head.original.sequencer));
            let checkpoint = unfinished.as_ref().map(|unfinished| unfinished.sequencer.clone());
            self.sequencer = head.max(checkpoint).unwrap_or_default().max(self.sequencer);
            self.unfinished = unfinished;
            let end = match self.object().await? {
                Some(object) => self.renew(stored, &object).await?,
                None => self.remove().await?,
            };
            match end {
                End::Done => {
                    self.forget().await?;
                    return Ok(self.report);
                }
                End::Paused => return Ok(self.report),
                End::Changed => {}
            }
            tracing::info!(media = self.media, "the object changed meanwhile");
        }
        Err(Error::Restless(self.media.to_owned()))
    }

    /// What the object is now, if it is.
    async fn object(&self) -> Result<Option<Object>, store::Error> {
        match self.stores.media.object(self.media).await {
            Ok(object) => Ok(Some(object)),
            Err(store::Error::Missing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes what an indexer has left.
    async fn forget(&mut self) -> Result<(), Error> {
        if let Some(unfinished) = self.unfinished.take() {
            self.stores.index.remove_unfinished(self.media, &self.sequencer, &unfinished).await?;
        }
        Ok(())
    }

    /// The object is gone. It has to be so still, once its index is gone too.
    async fn remove(&mut self) -> Result<End, Error> {
        self.report.outcome = Outcome::Removed;
        self.stores.index.remove_head(self.media, &self.sequencer).await?;
        if self.object().await?.is_some() {
            return Ok(End::Changed);
        }
        self.report.removed += self.stores.index.remove_pages(self.media, &self.sequencer, None).await?;
        Ok(End::Done)
    }

    /// The object is there. It has to be the same still, once its index is right.
    async fn renew(&mut self, stored: Option<Stored>, object: &Object) -> Result<End, Error> {
        let original = self.original(object);
        let (status, cells, begun) = match self.reuse(stored, &original).await? {
            // Somebody ended before the pages of another version were removed.
            Reuse::Whole(Some(cells)) => return self.clear(object, Some(&cells)).await,
            Reuse::Whole(None) => return Ok(End::Done),
            Reuse::Pages(status, cells) => (*status, cells, false),
            Reuse::Nothing => match self.index(object).await? {
                Read::Whole { status, cells, begun } => (*status, cells, begun),
                Read::Changed => return Ok(End::Changed),
                Read::Paused(checkpoint, cells) => return self.pause(object, &checkpoint, &cells).await,
            },
        };
        let head = Head { original, status };
        self.stores.index.put_head(self.media, &head, &cells).await?;
        let keep = matches!(head.status, Status::Indexed(_)).then_some(&cells);
        let end = self.clear(object, keep).await?;
        if begun && matches!(end, End::Done) && !self.is_whole(&head, &cells).await? {
            self.forget().await?;
            return Ok(End::Changed);
        }
        Ok(end)
    }

    /// Removes the pages of other versions, unless the object has become another.
    async fn clear(&mut self, object: &Object, keep: Option<&Cells>) -> Result<End, Error> {
        if self.object().await?.is_none_or(|now| now.etag != object.etag) {
            return Ok(End::Changed);
        }
        let keep = keep.map(|cells| (object.etag.as_str(), cells));
        self.report.removed += self.stores.index.remove_pages(self.media, &self.sequencer, keep).await?;
        Ok(End::Done)
    }

    /// The limit is reached: another invocation goes on from the checkpoint, unless somebody has left one for a later event.
    async fn pause(&mut self, object: &Object, checkpoint: &Checkpoint, cells: &Cells) -> Result<End, Error> {
        self.report.outcome = Outcome::Paused(checkpoint.offset());
        let index = &self.stores.index;
        let kept = index.put_checkpoint(self.media, &object.etag, &self.sequencer, cells, checkpoint).await?;
        Ok(if kept { End::Paused } else { End::Changed })
    }

    /// Whether all pages of an index are there, which were not all stored in this invocation.
    async fn is_whole(&self, head: &Head, cells: &Cells) -> Result<bool, Error> {
        let stored = Stored { head: head.clone(), cells: cells.clone() };
        let indexed = matches!(head.status, Status::Indexed(_));
        Ok(!indexed || self.stores.index.pages_of(self.media, &stored).await?.whole)
    }

    /// What of the index that is there can stay. One that says that the file could not be indexed is made anew: whoever sends
    /// its event again wants to see whether it can be now.
    async fn reuse(&mut self, stored: Option<Stored>, original: &Original) -> Result<Reuse, Error> {
        let Some(stored) = stored else { return Ok(Reuse::Nothing) };
        let same = stored.head.original.etag == original.etag && matches!(stored.head.status, Status::Indexed(_));
        if !same || self.anew {
            return Ok(Reuse::Nothing);
        }
        let pages = self.stores.index.pages_of(self.media, &stored).await?;
        if !pages.whole {
            return Ok(Reuse::Nothing);
        }
        self.report.outcome = Outcome::Current;
        if stored.head.original == *original {
            return Ok(Reuse::Whole(pages.others.then_some(stored.cells)));
        }
        Ok(Reuse::Pages(Box::new(stored.head.status), stored.cells))
    }

    /// Reads the object's structure and stores its pages, from where an earlier invocation came to.
    async fn index(&mut self, object: &Object) -> Result<Read, Error> {
        let source = self.stores.media.source(self.media, object);
        let unfinished = self.unfinished.as_ref().filter(|unfinished| unfinished.is_of(&object.etag));
        let from = unfinished.and_then(|unfinished| unfinished.checkpoint.as_ref());
        let before = unfinished.map(|unfinished| unfinished.cells.clone()).unwrap_or_default();
        let begun = from.is_some();
        let mut pages = Pages::new(&self.stores.index, self.media, &object.etag, &self.sequencer, before);
        let read = container::index_on(&source, &mut pages, from, self.limit).await;
        let cells = pages.finish().await?;
        self.report.gets += source.gets();
        self.report.bytes_read += source.bytes_read();
        self.report.pages = cells.count();
        let refused = match read {
            Ok(Progress::Paused(checkpoint)) => return Ok(Read::Paused(checkpoint, cells)),
            Ok(Progress::Done(outline)) if outline.pack().len() <= OUTLINE => {
                self.report.outcome = Outcome::Indexed;
                return Ok(Read::Whole { status: Box::new(Status::Indexed(*outline)), cells, begun });
            }
            Ok(Progress::Done(_)) => format!("too large: an outline of more than {OUTLINE} bytes"),
            Err(container::Error::Read(ReadError::Changed)) => return Ok(Read::Changed),
            Err(container::Error::Read(ReadError::Failed(reason))) => return Err(Error::Unread(reason)),
            Err(container::Error::Checkpoint(reason)) => {
                tracing::warn!(media = self.media, reason, "a checkpoint is thrown away");
                self.forget().await?;
                return Ok(Read::Changed);
            }
            Err(error) => error.to_string(),
        };
        self.report.pages = 0;
        self.report.outcome = Outcome::Refused(refused.clone());
        Ok(Read::Whole { status: Box::new(Status::Refused(refused)), cells: Cells::default(), begun })
    }

    fn original(&self, object: &Object) -> Original {
        Original {
            etag: object.etag.clone(),
            size: object.size,
            modified: object.modified,
            version: object.version.clone(),
            sequencer: self.sequencer.to_string(),
            content_type: object.content_type.clone(),
        }
    }
}

/// What of an index that is there can stay.
enum Reuse {
    /// All of it, the cells given where there are pages of other versions beside.
    Whole(Option<Cells>),
    /// The pages; the head has something new to say.
    Pages(Box<Status>, Cells),
    /// Nothing.
    Nothing,
}
