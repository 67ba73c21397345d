//! The function that signs: URLs of what is streamed, and URLs that set cookies. Its tasks are DuraCloud's, under
//! `/durastore/task`.
//!
//! A user who may read a space may ask for them: they could read the same contents without. To whom they give a URL is their own
//! decision.
//!
//! | file | |
//! | --- | --- |
//! | `routes` | sends requests to what they are for |
//! | `task` | `get-url`, `get-signed-url`, `get-signed-cookies-url`, and what they are told |
//! | `find` | finds the stored file of a name without its extension |
//! | `excerpt` | reads the part of a file that a URL is for |
//! | `keyring` | holds the key that signs |
//! | `token`, `cookies` | the token in a URL that sets cookies, and the answer to that URL |
//! | `redirect` | where such a URL may send the browser |
//! | `audit` | notes for the audit trail what was signed |
//! | `lambda` | all of that as a Lambda function |

mod audit;
mod cookies;
mod excerpt;
mod find;
pub mod keyring;
pub mod lambda;
mod redirect;
mod routes;
mod task;
mod token;

use std::sync::Arc;

use axum::extract::State;
use reelspan::space::record::Space;
use reelspan::space::streaming::{Kind, Streaming, StreamingStatus};
use reelspan::store::{SpacesTable, Stores};
use reelspan::streaming::Hosts;

pub use keyring::Keyring;
use reelspan_rest::{Error, Who};

/// What the routes stand on.
#[derive(Clone, Debug)]
pub struct Signing {
    /// The media, and the index of it.
    pub stores: Stores,
    /// The spaces.
    pub table: SpacesTable,
    /// The key that signs.
    pub keyring: Keyring,
    /// Where viewers reach what is streamed.
    pub hosts: Hosts,
}

/// What sets cookies.
#[derive(Clone, Debug)]
pub struct CookieSetter {
    /// The spaces.
    pub table: SpacesTable,
    /// The key that signs.
    pub keyring: Keyring,
}

impl CookieSetter {
    /// `/~/cookies`, at the host of secure spaces. It does not authenticate callers: the token in the URL is enough.
    pub fn router(self) -> axum::Router {
        routes::cookies(Arc::new(self))
    }
}

/// The state of the handlers.
type Shared = State<Arc<Signing>>;

impl Signing {
    /// The tasks, to be merged with the other routes under `/durastore`; who asks has to be found out around them.
    pub fn router(self) -> axum::Router {
        routes::tasks(Arc::new(self))
    }

    /// The base of the URLs of a space that streams to these; what is wrong where it does not.
    fn base(&self, space: &Space, kind: Kind) -> Result<String, Error> {
        let id = &space.id;
        let Some(streaming) = on(space) else {
            return Err(Error::Bad(format!("Streaming is off in space {id}: enable-streaming turns it on")));
        };
        match (kind, streaming.kind) {
            (Kind::Open, Kind::Secure) => {
                Err(Error::Bad(format!("Space {id} streams to signed URLs only: get-signed-url gives one")))
            }
            (Kind::Secure, Kind::Open) => Err(Error::Bad(format!(
                "Space {id} streams to anybody: get-url gives the URL, and it needs no signature"
            ))),
            _ => Ok(self.hosts.base(id, streaming)),
        }
    }
}

/// The streaming of a space, if it is on.
fn on(space: &Space) -> Option<&Streaming> {
    space.streaming.as_ref().filter(|streaming| streaming.status == StreamingStatus::On)
}
