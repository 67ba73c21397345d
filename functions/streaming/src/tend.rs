//! What goes on after the answer: CloudFront brings a change to all edges in some minutes, and only then can a distribution be
//! called deployed, or be deleted. Nothing but the space's item has to be remembered, so that it can be broken off and begun
//! again at any point.

use std::time::Instant;

use reelspan::distribution::{self, FoundDistribution};
use reelspan::space::SpaceId;
use reelspan::space::record::{Space, SpaceState};
use reelspan::space::streaming::{Distribution, Streaming, StreamingStatus};
use reelspan_rest::Error;

use crate::Streams;

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is nothing left to be done.
    Done,
    /// CloudFront has not done its part yet, and there is no time left.
    OutOfTime,
}

/// What one look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Done,
    /// Something was changed, and what is next can be done at once.
    Again,
    /// CloudFront is at it.
    Wait,
}

impl Streams {
    /// Looks after the distribution of a space until nothing is left to be done, or there is no time left.
    pub async fn tend(&self, id: &SpaceId, until: Option<Instant>) -> Result<Progress, Error> {
        loop {
            let Some(space) = self.table.get(id).await? else { return Ok(Progress::Done) };
            match self.step(&space).await? {
                Step::Done => return Ok(Progress::Done),
                Step::Again => {}
                Step::Wait => {
                    if until.is_some_and(|end| Instant::now() + self.pace.look >= end) {
                        return Ok(Progress::OutOfTime);
                    }
                    tokio::time::sleep(self.pace.look).await;
                }
            }
        }
    }

    /// Takes up what an earlier process left.
    pub async fn resume(&self) -> Result<(), Error> {
        for space in self.table.all().await? {
            let streaming = space.streaming.as_ref();
            let pending = streaming.is_some_and(|streaming| {
                space.state == SpaceState::Deleting
                    || streaming.status == StreamingStatus::Deleting
                    || streaming.distribution.as_ref().is_some_and(|distribution| !distribution.deployed)
            });
            if pending {
                self.begin(&space.id).await?;
            }
        }
        Ok(())
    }

    async fn step(&self, space: &Space) -> Result<Step, Error> {
        let Some(streaming) = &space.streaming else { return Ok(Step::Done) };
        if space.state == SpaceState::Deleting || streaming.status == StreamingStatus::Deleting {
            return self.take_away(space, streaming).await;
        }
        let Some(distribution) = streaming.distribution.as_ref().filter(|distribution| !distribution.deployed) else {
            return Ok(Step::Done);
        };
        let Some(found) = self.there(&space.id, streaming, distribution).await? else { return Ok(Step::Done) };
        let deployed = found.distribution.deployed;
        let changed = match streaming.status {
            StreamingStatus::On => {
                let wanted = self.wanted(&space.id, streaming).await?;
                patiently(self.distributions.bring(found, &wanted).await.map(|(_, changed)| changed))?
            }
            _ if found.config.enabled => patiently(self.distributions.disable(found).await.map(|_| true))?,
            _ => Some(false),
        };
        if changed != Some(false) || !deployed {
            return Ok(Step::Wait);
        }
        let distribution = Some(Distribution { deployed: true, ..distribution.clone() });
        let settled = Streaming { distribution, ..streaming.clone() };
        let noted = self.table.set_streaming(&space.id, Some(streaming), Some(&settled)).await?;
        Ok(if noted { Step::Done } else { Step::Again })
    }

    /// Disables, waits, deletes.
    async fn take_away(&self, space: &Space, streaming: &Streaming) -> Result<Step, Error> {
        let found = match &streaming.distribution {
            Some(distribution) => match self.distributions.get(&distribution.id).await {
                Ok(found) => Some(found),
                Err(distribution::Error::Gone) => None,
                Err(error) => return Err(error.into()),
            },
            // Whoever made one may have died before it was noted.
            None => self.distributions.lost(&space.id, streaming).await?,
        };
        if let Some(found) = found
            && !self.delete(found).await?
        {
            return Ok(Step::Wait);
        }
        let gone = self.table.set_streaming(&space.id, Some(streaming), None).await?;
        tracing::info!(space = %space.id, gone, "the distribution of a space is gone");
        Ok(if gone { Step::Done } else { Step::Again })
    }

    /// Whether a distribution could be deleted; what has to be done before is begun.
    async fn delete(&self, found: FoundDistribution) -> Result<bool, Error> {
        if found.config.enabled {
            patiently(self.distributions.disable(found).await)?;
            return Ok(false);
        }
        Ok(found.distribution.deployed && patiently(self.distributions.delete(&found).await)?.is_some())
    }
}

/// What another changes at the same time is looked at again.
fn patiently<T>(done: Result<T, distribution::Error>) -> Result<Option<T>, Error> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(distribution::Error::Changing) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
