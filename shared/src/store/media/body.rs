//! The body of a splice: made bytes and source bytes in their order, in constant memory.
//!
//! The bytes of a chunk are those that came from the connection, never copied. At most [`AHEAD`] GETs are under way beyond
//! the one that is being read, and a GET is not started before the one that it follows is nearly through: S3 closes a
//! connection on which an answer waits too long, and a slow reader may need minutes for what lies before.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use tokio::task::JoinHandle;

use super::download::{Download, Version};
use super::plan::Plan;
use crate::store::Error;
use crate::telemetry::carried;
use reelspan_engine::media::splice::{Cursor, Piece, Splice};

/// How many GETs are under way beyond the one that is being read.
const AHEAD: usize = 4;
/// How many bytes may still lie before a GET when it is started: more than a round trip's worth.
const NEAR: u64 = 8 << 20;

/// What remains to be sent of a splice.
#[derive(Debug)]
pub(super) struct Body {
    version: Arc<Version>,
    splice: Splice,
    /// The piece that is being sent, how much of it was sent, and the place of those behind it.
    piece: Option<Piece>,
    sent: u64,
    pieces: Cursor,
    /// The GET that is being read.
    current: Option<Download>,
    /// GETs that were started, and the way to those that were not.
    ahead: VecDeque<Ahead>,
    planned: Plan,
}

impl Body {
    /// Plans the GETs, and has the first one answered.
    pub async fn open(version: Arc<Version>, splice: Splice) -> Result<Self, Error> {
        let mut planned = Plan::default();
        let current = match planned.next(&splice) {
            Some(range) => Some(Download::open(Arc::clone(&version), range).await?),
            None => None,
        };
        let (ahead, mut pieces) = (VecDeque::new(), Cursor::default());
        let piece = pieces.next(&splice);
        let mut body = Self { version, splice, piece, sent: 0, pieces, current, ahead, planned };
        body.look_ahead();
        Ok(body)
    }

    /// The chunks of the body; an error is the last of them.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, Error>> + Send + use<> {
        futures::stream::try_unfold(self, |mut body| async move { Ok(body.next().await?.map(|chunk| (chunk, body))) })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match &self.piece {
                None => return Ok(None),
                Some(Piece::Made(_)) => {
                    let piece = std::mem::replace(&mut self.piece, self.pieces.next(&self.splice));
                    let Some(Piece::Made(bytes)) = piece else { continue };
                    return Ok(Some(bytes));
                }
                Some(Piece::Source(source)) if source.start + self.sent >= source.end => {
                    self.piece = self.pieces.next(&self.splice);
                    self.sent = 0;
                }
                Some(Piece::Source(source)) => {
                    let wanted = source.start + self.sent..source.end;
                    let chunk = self.download().await?.read(wanted).await?;
                    self.sent += chunk.len() as u64;
                    self.look_ahead();
                    return Ok(Some(chunk));
                }
            }
        }
    }

    /// The GET that brings the bytes to be sent next. A GET ends with its last source, so one that is read to its end is over.
    async fn download(&mut self) -> Result<&mut Download, Error> {
        let download = match self.current.take() {
            Some(download) if download.remaining() > 0 => download,
            _ => self.next_download().await?,
        };
        Ok(self.current.insert(download))
    }

    async fn next_download(&mut self) -> Result<Download, Error> {
        if let Some(ahead) = self.ahead.pop_front() {
            return ahead.answered().await;
        }
        match self.planned.next(&self.splice) {
            Some(range) => Download::open(Arc::clone(&self.version), range).await,
            None => Err(Error::s3("a source that no GET was planned for")),
        }
    }

    /// Starts the GETs that will be needed soon.
    fn look_ahead(&mut self) {
        let started: u64 = self.ahead.iter().map(|ahead| ahead.length).sum();
        let mut before = started + self.current.as_ref().map_or(0, Download::remaining);
        while self.ahead.len() < AHEAD && before <= NEAR {
            let Some(range) = self.planned.next(&self.splice) else { break };
            let length = range.end - range.start;
            before += length;
            let task = tokio::spawn(carried(Download::open(Arc::clone(&self.version), range)));
            self.ahead.push_back(Ahead { length, task });
        }
    }
}

/// A GET that was started before it is needed; given up where the body is dropped.
#[derive(Debug)]
struct Ahead {
    length: u64,
    task: JoinHandle<Result<Download, Error>>,
}

impl Ahead {
    async fn answered(mut self) -> Result<Download, Error> {
        (&mut self.task).await.unwrap_or_else(|stopped| Err(Error::s3(format!("a GET was given up: {stopped}"))))
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.task.abort();
    }
}
