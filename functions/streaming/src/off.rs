//! Turning streaming off, and taking it away. From the write on that says so nobody streams through `/media/`, and as soon as
//! CloudFront has brought it to all edges nobody does at all.

use reelspan::space::SpaceId;
use reelspan::space::streaming::{Streaming, StreamingStatus};
use reelspan_rest::Error;

use crate::Streams;
use crate::on::pending;

/// How often it is begun anew where others change the same.
const ATTEMPTS: usize = 10;

impl Streams {
    /// Turns the streaming of a space off, and keeps its distribution.
    pub(crate) async fn off(&self, id: &SpaceId) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let space = self.live(id).await?;
            let Some(was) = &space.streaming else {
                return Err(Error::Bad(format!("Space {id} does not stream: enable-streaming turns it on")));
            };
            match was.status {
                StreamingStatus::On => {
                    let off = Streaming { status: StreamingStatus::Off, ..pending(was) };
                    self.table.set_streaming(id, Some(was), Some(&off)).await?;
                }
                StreamingStatus::Off => return self.bring_off(id, was).await,
                // Even less than off.
                StreamingStatus::Deleting => return Ok(()),
            }
        }
        Err(Error::Later(format!("the streaming of space {id} is being changed by others")))
    }

    /// Has the distribution of a space that is off serve nobody.
    async fn bring_off(&self, id: &SpaceId, was: &Streaming) -> Result<(), Error> {
        let Some(distribution) = was.distribution.as_ref().filter(|distribution| !distribution.deployed) else {
            return Ok(());
        };
        if let Some(found) = self.there(id, was, distribution).await? {
            if found.config.enabled {
                self.distributions.disable(found).await?;
            }
            self.begin(id).await?;
        }
        Ok(())
    }

    /// Takes the streaming of a space away. That it is on its way is said at once, and again to whoever asks again.
    pub(crate) async fn away(&self, id: &SpaceId) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let space = self.live(id).await?;
            let Some(was) = &space.streaming else { return Ok(()) };
            if was.status == StreamingStatus::Deleting {
                return self.begin(id).await;
            }
            let deleting = Streaming { status: StreamingStatus::Deleting, ..pending(was) };
            self.table.set_streaming(id, Some(was), Some(&deleting)).await?;
        }
        Err(Error::Later(format!("the streaming of space {id} is being changed by others")))
    }
}
