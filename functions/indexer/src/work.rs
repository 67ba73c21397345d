//! The work on one file: makes its index match the current object. The documentation of the index table in
//! `reelspan::store` explains why this comes out right whatever else happens at the same time.

use std::pin::pin;
use std::time::Duration;

use reelspan::space::MediaKey;
use reelspan::store::{
    self, Cells, Content, ContentEntry, FoundContent, Object, ObjectSource, Sequencer, StoredEntry, StoredHead, Stores,
    Unfinished,
};
use reelspan_engine::container::{self, Checkpoint, Limit, Progress, ReadError};
use reelspan_engine::index::{FORMAT, Head, Original, Status};

use crate::beside;
use crate::sink::PageSink;
use crate::{EventReport, IndexerError, IndexingOutcome};

/// How often an object may change while it is indexed.
const ATTEMPTS: usize = 5;

/// The maximum size of a packed outline: an item of the table holds 400 KB, and the head contains more than the
/// outline.
const OUTLINE: usize = 360 * 1024;

/// When an indexer first says in the list how far it is: most files are indexed before that.
const FIRST_PROGRESS: Duration = Duration::from_secs(2);

/// How often it says so.
const PROGRESS: Duration = Duration::from_secs(5);

/// The index of one file, to be updated.
pub struct Work<'a> {
    stores: &'a Stores,
    media: &'a MediaKey,
    /// At least that of the event, and that of the existing head.
    sequencer: Sequencer,
    /// How much of a file is read at once.
    limit: &'a Limit,
    /// The state that an earlier indexer left.
    unfinished: Option<Unfinished>,
    /// What lists say of the file, as this indexer last read or wrote it.
    entry: StoredEntry,
    /// Whether to ignore the existing index.
    anew: bool,
    /// Whether to update only what lists say of the file.
    lists_only: bool,
    /// The results so far.
    report: EventReport,
}

/// The end of an attempt.
enum End {
    /// The index is right.
    Done,
    /// The object or the index changed meanwhile.
    Changed,
    /// The limit was reached; another invocation has to continue.
    Paused,
}

/// The end of reading the object.
enum ReadEnd {
    /// The end of the object; `begun` if earlier invocations stored some of the pages.
    Whole { status: Box<Status>, cells: Cells, begun: bool },
    /// The object changed meanwhile.
    Changed,
    /// The limit.
    Paused(Checkpoint, Cells),
}

impl<'a> Work<'a> {
    pub fn new(stores: &'a Stores, media: &'a MediaKey, sequencer: Sequencer, limit: &'a Limit) -> Self {
        Self {
            stores,
            media,
            sequencer,
            limit,
            unfinished: None,
            entry: StoredEntry::default(),
            anew: false,
            lists_only: false,
            report: EventReport::default(),
        }
    }

    /// Rebuilds the index, whatever the existing one.
    pub fn anew(self) -> Self {
        Self { anew: true, ..self }
    }

    /// Updates only what lists say of the file: its index stays as it is.
    pub fn lists_only(self) -> Self {
        Self { lists_only: true, ..self }
    }

    /// Updates the index to the current object.
    pub async fn run(mut self) -> Result<EventReport, IndexerError> {
        for _ in 0..ATTEMPTS {
            // The head is read first: the object seen afterwards is at least as new as the head's event, so the head's
            // sequencer applies to it.
            let FoundContent { stored, unfinished, entry } = self.stores.index.look(self.media).await?;
            let head = stored.as_ref().map(|stored| Sequencer::new(&stored.head.original.sequencer));
            let checkpoint = unfinished.as_ref().map(|unfinished| unfinished.sequencer.clone());
            self.sequencer = head.max(checkpoint).unwrap_or_default().max(self.sequencer);
            (self.unfinished, self.entry) = (unfinished, entry);
            let end = match self.content().await? {
                Some(content) => self.renew(stored, &content).await?,
                None => self.remove().await?,
            };
            match end {
                End::Done if self.lists_only => return Ok(self.report),
                End::Done => {
                    self.forget().await?;
                    beside::update(self.stores, self.media).await?;
                    return Ok(self.report);
                }
                End::Paused => return Ok(self.report),
                End::Changed => {}
            }
            tracing::info!(media = %self.media, "the object changed meanwhile");
        }
        Err(IndexerError::Restless(self.media.clone()))
    }

    /// The current content, if it exists.
    async fn content(&self) -> Result<Option<Content>, store::StoreError> {
        match self.stores.media.content(self.media).await {
            Ok(content) => Ok(Some(content)),
            Err(store::StoreError::Missing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the list say this of the file, with the state of this head if it is of the same version. Returns whether it does now:
    /// another writer may have changed it.
    async fn list(&mut self, content: Option<&Content>, head: Option<&Head>) -> Result<bool, IndexerError> {
        let before = self.entry.entry.as_ref();
        let entry = content.map(|content| ContentEntry::of(self.media, content, head, before));
        let Some(entry) = self.stores.index.put_entry(self.media, &self.entry, entry).await? else { return Ok(false) };
        self.entry = entry;
        Ok(true)
    }

    /// Removes the state that an earlier indexer left.
    async fn forget(&mut self) -> Result<(), IndexerError> {
        if let Some(unfinished) = self.unfinished.take() {
            self.stores.index.remove_unfinished(self.media, &self.sequencer, &unfinished).await?;
        }
        Ok(())
    }

    /// The object does not exist. This has to be still true after its index has been removed.
    async fn remove(&mut self) -> Result<End, IndexerError> {
        self.report.outcome = IndexingOutcome::Removed;
        self.stores.index.remove_head(self.media, &self.sequencer).await?;
        if !self.list(None, None).await? || self.content().await?.is_some() {
            return Ok(End::Changed);
        }
        self.report.removed += self.stores.index.remove_pages(self.media, &self.sequencer, None).await?;
        Ok(End::Done)
    }

    /// The object exists. It has to be still the same once its index is right.
    async fn renew(&mut self, stored: Option<StoredHead>, content: &Content) -> Result<End, IndexerError> {
        let object = &content.object;
        let before = self.entry.clone();
        if !self.list(Some(content), stored.as_ref().map(|stored| &stored.head)).await? {
            return Ok(End::Changed);
        }
        let is_listed = self.entry == before;
        if self.lists_only {
            return self.done(content, is_listed).await;
        }
        let original = self.original(object);
        let (status, cells, begun) = match self.reuse(stored, &original).await? {
            // An indexer ended before it removed the pages of another version.
            Reuse::Whole(Some(cells)) => return self.clear(content, Some(&cells)).await,
            Reuse::Whole(None) => return self.done(content, is_listed).await,
            Reuse::Pages(status, cells) => (*status, cells, false),
            Reuse::Nothing => match self.index(object).await? {
                ReadEnd::Whole { status, cells, begun } => (*status, cells, begun),
                ReadEnd::Changed => return Ok(End::Changed),
                ReadEnd::Paused(checkpoint, cells) => return self.pause(object, &checkpoint, &cells).await,
            },
        };
        let head = Head { original, status };
        self.stores.index.put_head(self.media, &head, &cells).await?;
        if !self.list(Some(content), Some(&head)).await? {
            return Ok(End::Changed);
        }
        let keep = matches!(head.status, Status::Indexed(_)).then_some(&cells);
        let end = self.clear(content, keep).await?;
        if begun && matches!(end, End::Done) && !self.is_whole(&head, &cells).await? {
            self.forget().await?;
            return Ok(End::Changed);
        }
        Ok(end)
    }

    /// Nothing is left to do, unless the list was changed and the object has changed since.
    async fn done(&self, content: &Content, is_listed: bool) -> Result<End, IndexerError> {
        let is_current = is_listed || self.content().await?.as_ref() == Some(content);
        Ok(if is_current { End::Done } else { End::Changed })
    }

    /// Removes the pages of other versions, unless the object has changed.
    async fn clear(&mut self, content: &Content, keep: Option<&Cells>) -> Result<End, IndexerError> {
        if self.content().await?.as_ref() != Some(content) {
            return Ok(End::Changed);
        }
        let keep = keep.map(|cells| (content.object.etag.as_str(), cells));
        self.report.removed += self.stores.index.remove_pages(self.media, &self.sequencer, keep).await?;
        Ok(End::Done)
    }

    /// The limit is reached: another invocation continues from the checkpoint, unless there is one for a later event.
    async fn pause(&mut self, object: &Object, checkpoint: &Checkpoint, cells: &Cells) -> Result<End, IndexerError> {
        self.report.outcome = IndexingOutcome::Paused(checkpoint.offset());
        let index = &self.stores.index;
        let kept = index.put_checkpoint(self.media, &object.etag, &self.sequencer, cells, checkpoint).await?;
        index.put_progress(self.media, &object.etag, checkpoint.offset()).await?;
        Ok(if kept { End::Paused } else { End::Changed })
    }

    /// Checks that all pages of an index exist, some of which other invocations stored.
    async fn is_whole(&self, head: &Head, cells: &Cells) -> Result<bool, IndexerError> {
        let stored = StoredHead { head: head.clone(), cells: cells.clone() };
        let indexed = matches!(head.status, Status::Indexed(_));
        Ok(!indexed || self.stores.index.pages_of(self.media, &stored).await?.whole)
    }

    /// Which parts of the existing index can stay. One that says that the file could not be indexed is rebuilt: the
    /// event was sent again to see whether it can be indexed now.
    async fn reuse(&mut self, stored: Option<StoredHead>, original: &Original) -> Result<Reuse, IndexerError> {
        let Some(stored) = stored else { return Ok(Reuse::Nothing) };
        let is_current = |status: &Status| matches!(status, Status::Indexed(outline) if outline.format == FORMAT);
        let same = stored.head.original.etag == original.etag && is_current(&stored.head.status);
        if !same || self.anew {
            return Ok(Reuse::Nothing);
        }
        let pages = self.stores.index.pages_of(self.media, &stored).await?;
        if !pages.whole {
            return Ok(Reuse::Nothing);
        }
        self.report.outcome = IndexingOutcome::Current;
        if stored.head.original == *original {
            return Ok(Reuse::Whole(pages.others.then_some(stored.cells)));
        }
        Ok(Reuse::Pages(Box::new(stored.head.status), stored.cells))
    }

    /// Reads the object's structure and stores its pages, from where an earlier invocation stopped.
    async fn index(&mut self, object: &Object) -> Result<ReadEnd, IndexerError> {
        let source = self.stores.media.source(self.media, object);
        let unfinished = self.unfinished.as_ref().filter(|unfinished| unfinished.is_of(&object.etag));
        let from = unfinished.and_then(|unfinished| unfinished.checkpoint.as_ref());
        let before = unfinished.map(|unfinished| unfinished.cells.clone()).unwrap_or_default();
        let begun = from.is_some();
        let mut pages = PageSink::new(&self.stores.index, self.media, &object.etag, &self.sequencer, before);
        let read = {
            let mut reading = pin!(container::index_on(&source, &mut pages, from, self.limit));
            let start = tokio::time::Instant::now() + FIRST_PROGRESS;
            let mut moments = tokio::time::interval_at(start, PROGRESS);
            loop {
                tokio::select! {
                    read = &mut reading => break read,
                    _ = moments.tick() => self.progress(object, &source, from).await,
                }
            }
        };
        let cells = pages.finish().await?;
        self.report.gets += source.gets();
        self.report.bytes_read += source.bytes_read();
        self.report.pages = cells.count();
        let refused = match read {
            Ok(Progress::Paused(checkpoint)) => return Ok(ReadEnd::Paused(checkpoint, cells)),
            Ok(Progress::Done(outline)) if outline.pack().len() <= OUTLINE => {
                self.report.outcome = IndexingOutcome::Indexed;
                return Ok(ReadEnd::Whole { status: Box::new(Status::Indexed(*outline)), cells, begun });
            }
            Ok(Progress::Done(_)) => format!("too large: an outline of more than {OUTLINE} bytes"),
            Err(container::Error::Read(ReadError::Changed)) => return Ok(ReadEnd::Changed),
            Err(container::Error::Read(ReadError::Failed(reason))) => return Err(IndexerError::Unread(reason)),
            Err(container::Error::Checkpoint(reason)) => {
                tracing::warn!(media = %self.media, reason, "a checkpoint is discarded");
                self.forget().await?;
                return Ok(ReadEnd::Changed);
            }
            Err(error) => error.to_string(),
        };
        self.report.pages = 0;
        self.report.outcome = IndexingOutcome::Refused(refused.clone());
        Ok(ReadEnd::Whole { status: Box::new(Status::Refused(refused)), cells: Cells::default(), begun })
    }

    /// Says in the list how far the object is read. It does no harm if that fails.
    async fn progress(&self, object: &Object, source: &ObjectSource, from: Option<&Checkpoint>) {
        let offset = from.map_or(0, Checkpoint::offset).saturating_add(source.bytes_read()).min(object.size);
        if let Err(error) = self.stores.index.put_progress(self.media, &object.etag, offset).await {
            tracing::warn!(media = %self.media, %error, "the progress is not in the list");
        }
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

/// Which parts of an existing index can stay.
enum Reuse {
    /// All of it; with cells if there are also pages of other versions.
    Whole(Option<Cells>),
    /// The pages; the head changes.
    Pages(Box<Status>, Cells),
    /// Nothing.
    Nothing,
}
