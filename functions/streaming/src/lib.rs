//! The function that turns streaming on and off: one distribution of CloudFront a streamed space.
//!
//! What is to be stands in the space's item, and is written there first, on the condition that it is still as it was read; then
//! CloudFront is brought to it. So of many who ask at a time one makes the distribution, and whatever breaks off is finished by
//! the next call, which finds what is to be, and what there is by its name or its reference. CloudFront takes minutes to bring
//! a change to all edges, for which nobody waits: that goes on in the background.
//!
//! | file | |
//! | --- | --- |
//! | `routes`, `task` | what is asked for, and by whom |
//! | `on`, `off` | done as far as an answer takes |
//! | `tend` | and tended until CloudFront has done it, or the distribution is gone |
//! | `work` | which is done here, or by an invocation of its own |
//! | `forget` | objects that were replaced or deleted are forgotten by the edges |
//! | `lambda` | all of that as a Lambda function |

pub mod forget;
pub mod lambda;
mod off;
mod on;
mod routes;
mod task;
pub mod tend;
mod work;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use reelspan::distribution::{Distributions, Hosts, Rotation, SigningSecret, Wanted};
use reelspan::space::SpaceId;
use reelspan::space::streaming::{Kind, Streaming};
use reelspan::store::SpacesTable;
use reelspan_rest::Error;

pub use work::Work;

/// What the routes stand on.
#[derive(Clone, Debug)]
pub struct Streams {
    /// The spaces.
    pub table: SpacesTable,
    /// CloudFront.
    pub distributions: Distributions,
    /// The private key.
    pub secret: SigningSecret,
    /// Where viewers reach distributions.
    pub hosts: Hosts,
    /// How what takes minutes goes on.
    pub work: Work,
    /// How long is waited for what.
    pub pace: Pace,
}

/// How long is waited for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// For another call that is making the distribution, before it is taken to have died.
    pub patience: Duration,
    /// Between two looks at what that call has done.
    pub glance: Duration,
    /// Between two looks at what CloudFront has done.
    pub look: Duration,
}

impl Default for Pace {
    /// CloudFront makes a distribution within a few seconds, and all that they share takes as long again; an HTTP API waits 30 s.
    fn default() -> Self {
        let (patience, glance) = (Duration::from_secs(12), Duration::from_millis(500));
        Self { patience, glance, look: Duration::from_secs(20) }
    }
}

/// The state of the handlers.
type Shared = State<Arc<Streams>>;

impl Streams {
    /// The routes, to be merged with the other routes under `/durastore`; who asks has to be found out around them.
    pub fn router(self) -> axum::Router {
        routes::table(self)
    }

    /// What the distribution of a space is to be, with whatever it needs made.
    async fn wanted(&self, space: &SpaceId, streaming: &Streaming) -> Result<Wanted, Error> {
        if streaming.kind == Kind::Secure {
            self.distributions.key(&self.table, &self.secret, Rotation::Ensure).await?;
        }
        Ok(self.distributions.wanted(&self.table, space, streaming).await?)
    }
}
