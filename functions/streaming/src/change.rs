//! Turning streaming on and off. What narrows access is written to the edges first, and what widens it to the table first, so
//! that a process that dies in between never leaves more open than the table says.

use reelspan::space::SpaceId;
use reelspan::space::record::{Space, SpaceState};
use reelspan::space::streaming::{Streaming, StreamingKind, StreamingStatus};
use reelspan_rest::RestError;

use crate::Streams;
use crate::edges::{EdgeEntry, LARGEST};

/// How often a change is tried while other callers change the same space.
const ATTEMPTS: usize = 50;

impl Streams {
    /// Turns the streaming of a space on; returns its streaming host. Without `origins`, they stay as they are.
    pub async fn on(
        &self,
        id: &SpaceId,
        kind: StreamingKind,
        origins: Option<Vec<String>>,
    ) -> Result<String, RestError> {
        for _ in 0..ATTEMPTS {
            let space = self.live(id).await?;
            let was = space.streaming.as_ref();
            if let Some(was) = was.filter(|was| was.kind != kind) {
                let (is, name) = (was.kind.name(), kind.name());
                return Err(RestError::Bad(format!(
                    "Space {id} is set up to stream {is}, and cannot stream {name} as well: delete-streaming first"
                )));
            }
            let wanted = wanted(was, kind, origins.clone());
            check_size(&wanted)?;
            if was != Some(&wanted) {
                let pending = Streaming { deployed: false, ..wanted };
                self.table.set_streaming(id, was, Some(&pending)).await?;
                continue;
            }
            if !wanted.deployed {
                self.settle(id).await?;
                let deployed = Streaming { deployed: true, ..wanted.clone() };
                if !self.table.set_streaming(id, was, Some(&deployed)).await? {
                    continue;
                }
                tracing::info!(space = %id, "streams");
            }
            return Ok(self.hosts.host(id, &wanted));
        }
        Err(crate::EdgeError::Conflict.into())
    }

    /// Turns the streaming of a space off. Turning it on again keeps its URLs.
    pub(crate) async fn off(&self, id: &SpaceId) -> Result<(), RestError> {
        for _ in 0..ATTEMPTS {
            let Some(was) = self.live(id).await?.streaming else {
                return Err(RestError::Bad(format!("Space {id} does not stream: enable-streaming turns it on")));
            };
            self.close(id).await?;
            let off = Streaming { status: StreamingStatus::Off, deployed: false, ..was.clone() };
            if was == off || self.table.set_streaming(id, Some(&was), Some(&off)).await? {
                self.settle(id).await?;
                return Ok(());
            }
        }
        Err(crate::EdgeError::Conflict.into())
    }

    /// Deletes the streaming of a space: its URLs never work again.
    pub(crate) async fn delete(&self, id: &SpaceId) -> Result<(), RestError> {
        for _ in 0..ATTEMPTS {
            let Some(was) = self.live(id).await?.streaming else { return Ok(()) };
            self.close(id).await?;
            if self.table.set_streaming(id, Some(&was), None).await? {
                self.settle(id).await?;
                return Ok(());
            }
        }
        Err(crate::EdgeError::Conflict.into())
    }

    /// The space, unless it is being deleted.
    async fn live(&self, id: &SpaceId) -> Result<Space, RestError> {
        let space = self.table.get(id).await?.filter(|space| space.state == SpaceState::Live);
        space.ok_or_else(|| RestError::NoSpace(id.to_string()))
    }
}

/// The streaming that is on, given what was set up before.
fn wanted(was: Option<&Streaming>, kind: StreamingKind, origins: Option<Vec<String>>) -> Streaming {
    match was {
        None => Streaming::new(kind, origins.unwrap_or_default()),
        Some(was) => {
            let origins = origins.unwrap_or_else(|| was.origins.clone());
            Streaming { status: StreamingStatus::On, origins, ..was.clone() }
        }
    }
}

/// Checks that the edges can hold what they have to know.
fn check_size(streaming: &Streaming) -> Result<(), RestError> {
    let size = EdgeEntry::from(streaming).value().len();
    if size <= LARGEST {
        return Ok(());
    }
    let most = LARGEST - EdgeEntry::from(&Streaming { origins: Vec::new(), ..streaming.clone() }).value().len();
    Err(RestError::Bad(format!(
        "allowedOrigins have {} bytes together, and the edges hold {most} bytes of them, three more for each: name fewer, or \
         a domain with its subdomains, as https://*.example.org",
        streaming.origins.iter().map(String::len).sum::<usize>()
    )))
}
