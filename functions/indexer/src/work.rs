//! What is done about one file: its index is made what the object is now. Why this comes right whatever else happens at the
//! same time is said in `reelspan::store`, at the table of indexes.

use reelspan::container::{self, ReadError};
use reelspan::index::{Head, Original, Status};
use reelspan::store::{self, Cells, Object, Sequencer, Stored, Stores};

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
    /// The index that is there does not count.
    anew: bool,
    /// What has been done so far.
    report: Report,
}

impl<'a> Work<'a> {
    pub fn new(stores: &'a Stores, media: &'a str, sequencer: Sequencer) -> Self {
        Self { stores, media, sequencer, anew: false, report: Report::default() }
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
            let stored = self.stores.index.stored(self.media).await?;
            if let Some(stored) = &stored {
                self.sequencer = Sequencer::new(&stored.head.original.sequencer).max(self.sequencer);
            }
            let done = match self.object().await? {
                Some(object) => self.renew(stored, &object).await?,
                None => self.remove().await?,
            };
            if done {
                return Ok(self.report);
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

    /// The object is gone. Says whether it still is, once its index is gone too.
    async fn remove(&mut self) -> Result<bool, Error> {
        self.report.outcome = Outcome::Removed;
        self.stores.index.remove_head(self.media, &self.sequencer).await?;
        if self.object().await?.is_some() {
            return Ok(false);
        }
        self.report.removed += self.stores.index.remove_pages(self.media, &self.sequencer, None).await?;
        Ok(true)
    }

    /// The object is there. Says whether it is still the same, once its index is right.
    async fn renew(&mut self, stored: Option<Stored>, object: &Object) -> Result<bool, Error> {
        let original = self.original(object);
        let head = match self.reuse(stored, &original).await? {
            Reuse::Whole(cells) => {
                // Somebody ended before the pages of another version were removed.
                return match cells {
                    Some(cells) => self.clear(object, Some(&cells)).await,
                    None => Ok(true),
                };
            }
            Reuse::Pages(status, cells) => Some((*status, cells)),
            Reuse::Nothing => self.index(object).await?,
        };
        let Some((status, cells)) = head else { return Ok(false) };
        let head = Head { original, status };
        self.stores.index.put_head(self.media, &head, &cells).await?;
        let keep = matches!(head.status, Status::Indexed(_)).then_some(&cells);
        self.clear(object, keep).await
    }

    /// Removes the pages of other versions, unless the object has become another; says whether it is still the same.
    async fn clear(&mut self, object: &Object, keep: Option<&Cells>) -> Result<bool, Error> {
        if self.object().await?.is_none_or(|now| now.etag != object.etag) {
            return Ok(false);
        }
        let keep = keep.map(|cells| (object.etag.as_str(), cells));
        self.report.removed += self.stores.index.remove_pages(self.media, &self.sequencer, keep).await?;
        Ok(true)
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

    /// Reads the object's structure and stores its pages; `None` where it changed meanwhile.
    async fn index(&mut self, object: &Object) -> Result<Option<(Status, Cells)>, Error> {
        let source = self.stores.media.source(self.media, object);
        let mut pages = Pages::new(&self.stores.index, self.media, &object.etag, &self.sequencer);
        let read = container::index(&source, &mut pages).await;
        let cells = pages.finish().await?;
        self.report.gets += source.gets();
        self.report.bytes_read += source.bytes_read();
        let refused = match read {
            Ok(outline) if outline.pack().len() <= OUTLINE => {
                self.report.pages = cells.count();
                self.report.outcome = Outcome::Indexed;
                return Ok(Some((Status::Indexed(outline), cells)));
            }
            Ok(_) => format!("too large: an outline of more than {OUTLINE} bytes"),
            Err(container::Error::Read(ReadError::Changed)) => return Ok(None),
            Err(container::Error::Read(ReadError::Failed(reason))) => return Err(Error::Unread(reason)),
            Err(error) => error.to_string(),
        };
        self.report.outcome = Outcome::Refused(refused.clone());
        Ok(Some((Status::Refused(refused), Cells::default())))
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
