//! Turning streaming on.

use std::time::Instant;

use reelspan::distribution::{self, FoundDistribution};
use reelspan::space::SpaceId;
use reelspan::space::record::{Space, SpaceState};
use reelspan::space::streaming::{Distribution, Kind, Streaming, StreamingStatus};
use reelspan_rest::Error;

use crate::Streams;

/// How often it is begun anew where others change the same.
const ATTEMPTS: usize = 50;

impl Streams {
    /// Turns the streaming of a space on, to these; says where it streams. Without `origins` they stay as they are.
    pub async fn on(&self, id: &SpaceId, kind: Kind, origins: Option<Vec<String>>) -> Result<String, Error> {
        let mut waited: Option<(u64, Instant)> = None;
        for _ in 0..ATTEMPTS {
            let space = self.live(id).await?;
            let Some(was) = &space.streaming else {
                let streaming = Streaming::new(kind, origins.clone().unwrap_or_default());
                if self.table.set_streaming(id, None, Some(&streaming)).await?
                    && let Some(host) = self.establish(id, &streaming).await?
                {
                    return Ok(host);
                }
                continue;
            };
            allowed(id, was, kind)?;
            let wanted = Streaming { origins: origins.clone().unwrap_or_else(|| was.origins.clone()), ..was.clone() };
            if was.status != StreamingStatus::On || was.origins != wanted.origins {
                let on = Streaming { status: StreamingStatus::On, ..pending(&wanted) };
                self.table.set_streaming(id, Some(was), Some(&on)).await?;
                continue;
            }
            if let Some(distribution) = &was.distribution {
                if distribution.deployed {
                    return Ok(self.hosts.host(id, was, distribution));
                }
                if let Some(host) = self.refresh(id, was, distribution).await? {
                    return Ok(host);
                }
                continue;
            }
            // Another call is making the distribution, or was, and died.
            let (version, since) = *waited.get_or_insert_with(|| (was.version, Instant::now()));
            if version == was.version && since.elapsed() < self.pace.patience {
                tokio::time::sleep(self.pace.glance.min(self.pace.patience)).await;
                continue;
            }
            waited = None;
            // Whoever counts it on makes it: one of those who waited.
            if version == was.version && self.table.set_streaming(id, Some(was), Some(was)).await? {
                let taken = Streaming { version: was.version.saturating_add(1), ..was.clone() };
                if let Some(host) = self.establish(id, &taken).await? {
                    return Ok(host);
                }
            }
        }
        Err(Error::Later(format!("the streaming of space {id} is being changed by others")))
    }

    /// The space, unless it is gone for its users.
    pub(crate) async fn live(&self, id: &SpaceId) -> Result<Space, Error> {
        let space = self.table.get(id).await?.filter(|space| space.state == SpaceState::Live);
        space.ok_or_else(|| Error::NoSpace(id.to_string()))
    }

    /// Makes the distribution of a space and notes it; `None` where the space's streaming was changed meanwhile. Then it is found
    /// by its reference by whoever goes on with it.
    async fn establish(&self, id: &SpaceId, streaming: &Streaming) -> Result<Option<String>, Error> {
        let wanted = self.wanted(id, streaming).await?;
        let found = self.distributions.create(&wanted).await?;
        let (mut distribution, _) = self.distributions.bring(found, &wanted).await?;
        distribution.deployed = false;
        let made = Streaming { distribution: Some(distribution.clone()), ..streaming.clone() };
        if !self.table.set_streaming(id, Some(streaming), Some(&made)).await? {
            return Ok(None);
        }
        tracing::info!(space = %id, distribution = distribution.id, "streams");
        self.begin(id).await?;
        Ok(Some(self.hosts.host(id, streaming, &distribution)))
    }

    /// Brings a distribution that is there to what it is to be; `None` where it was not there any more.
    async fn refresh(
        &self,
        id: &SpaceId,
        streaming: &Streaming,
        distribution: &Distribution,
    ) -> Result<Option<String>, Error> {
        let Some(found) = self.there(id, streaming, distribution).await? else { return Ok(None) };
        let wanted = self.wanted(id, streaming).await?;
        self.distributions.bring(found, &wanted).await?;
        self.begin(id).await?;
        Ok(Some(self.hosts.host(id, streaming, distribution)))
    }

    /// A distribution as it is. One that somebody has deleted past us is forgotten, so that another can be made.
    pub(crate) async fn there(
        &self,
        id: &SpaceId,
        streaming: &Streaming,
        distribution: &Distribution,
    ) -> Result<Option<FoundDistribution>, Error> {
        match self.distributions.get(&distribution.id).await {
            Ok(found) => Ok(Some(found)),
            Err(distribution::Error::Gone) => {
                tracing::warn!(space = %id, distribution = distribution.id, "a distribution is not there any more");
                let Streaming { reference, .. } = Streaming::new(streaming.kind, Vec::new());
                let anew = Streaming { distribution: None, reference, ..streaming.clone() };
                self.table.set_streaming(id, Some(streaming), Some(&anew)).await?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether streaming that is set up can be turned on to these.
fn allowed(id: &SpaceId, was: &Streaming, kind: Kind) -> Result<(), Error> {
    if was.status == StreamingStatus::Deleting {
        return Err(Error::Later(format!(
            "the streaming of space {id} is being deleted, which takes some minutes; then it can be turned on again"
        )));
    }
    if was.kind != kind {
        let (is, name) = (was.kind.name(), kind.name());
        return Err(Error::Bad(format!(
            "Space {id} is set up to stream {is}, and cannot stream {name} as well: delete-streaming first"
        )));
    }
    Ok(())
}

/// The same, whose distribution CloudFront has not brought to all edges.
pub(crate) fn pending(streaming: &Streaming) -> Streaming {
    let distribution = streaming.distribution.clone();
    let distribution = distribution.map(|distribution| Distribution { deployed: false, ..distribution });
    Streaming { distribution, ..streaming.clone() }
}
