//! The function that serves media: `GET /media/{space}/{content}`, whole files and fragments.
//!
//! A request is one lookup in the index and one GET from the media bucket, however long the file is; a HEAD, a 304 and
//! an error do not access the bucket. The modules, in the order in which a request passes them:
//!
//! | file | |
//! | --- | --- |
//! | `request` | parses names, fragment, range and conditions |
//! | `routes` | finds the handler for the path |
//! | `admission` | checks access, by the streaming of the space and by a signature |
//! | `serving` | looks up the index and makes the body |
//! | `resource` | determines the resource: the original, or a cut of it |
//! | `derived` | the streams of a content, and what it plays as (`about`) |
//! | `playlist` | the contents of an open space as a playlist |
//! | `answer` | decides status, header fields and a splice, from values alone |
//! | `delivery` | limits the size of the answer |
//! | `viewers` | says what is between viewer and function |
//! | `edge` | reads requests as the edge writes them |
//! | `error` | answers errors with problem details |
//! | `lambda` | runs it all as a Lambda function |
//!
//! [`validate`] explains a URI instead of serving it.
//!
//! Answer a request for ten seconds of a film; the body is a few new bytes and ranges of the original:
//!
//! ```
//! use reelspan_engine::container;
//! use reelspan_engine::fragment::resolve::{self, Ask, Cut, Meaning, Memory};
//! use reelspan_engine::fragment::uri::Fragment;
//! use reelspan_engine::index::{Head, Original, Status};
//! use reelspan_fragments::answer::{Answer, AnswerExtent};
//! use reelspan_fragments::resource::{Resource, tag};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let film = bytes::Bytes::from(std::fs::read("../../samples/counter.mp4")?);
//! let mut pages = Memory::default();
//! let outline = container::index(&film, &mut pages).await?;
//! # let (etag, size, sequencer) = ("\"an etag\"".to_owned(), film.len() as u64, "01".to_owned());
//! # let original = Original { etag, size, modified: 0, version: None, sequencer, content_type: None };
//! let head = Head { original, status: Status::Indexed(outline.clone()) };
//!
//! let meaning = Meaning::of(&Ask::from(&Fragment::parse("t=4,14")), &outline);
//! let Cut::Part(part) = resolve::cut(&outline, &mut &pages, &meaning).await? else { return Err("no part".into()) };
//! let resource = Resource::cut(&head, &outline, part, tag(&head, &outline, &meaning));
//! let answer = Answer::new(&resource, &AnswerExtent::Whole);
//! assert_eq!(answer.status, 200);
//! assert_eq!(answer.headers["content-type"], "video/mp4");
//! assert_eq!(answer.headers["x-media-fragment"], "t=npt:4,14");
//! assert!(answer.body.len() < film.len() as u64);
//! # Ok(())
//! # }
//! ```

pub mod about;
mod admission;
pub mod answer;
mod captions;
pub mod delivery;
mod derived;
pub mod edge;
pub mod error;
pub mod lambda;
pub mod playlist;
pub mod request;
pub mod resource;
mod routes;
mod serving;
mod texts;
pub mod validate;
pub mod viewers;

use std::env;

pub use delivery::Delivery;
pub use error::MediaError;
use reelspan::budget::Budget;
use reelspan::store::{SpacesTable, Stores};
use reelspan::streaming::Hosts;
pub use viewers::Viewers;

/// What the routes need.
#[derive(Clone, Debug)]
pub struct Fragments {
    /// The media and the index.
    pub stores: Stores,
    /// The spaces.
    pub spaces: SpacesTable,
    /// The streaming hosts, which signatures name; `None` on AWS behind CloudFront, which has verified them.
    pub hosts: Option<Hosts>,
    /// What is between viewers and the function.
    pub viewers: Viewers,
    /// How answers are returned.
    pub delivery: Delivery,
    /// The memory budget of all answers.
    pub budget: Budget,
}

/// How much memory a function uses for what it looked up lately, in bytes: some tens of hours of film.
const REMEMBERED: usize = 32 << 20;

/// The environment is incomplete.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable SPACES_TABLE is not set")]
pub struct UnsetEnvironment;

impl Fragments {
    /// Reads the function's environment: `SPACES_TABLE`, and the variables of [`Stores::from_env`],
    /// [`Viewers::from_env`], [`Delivery::from_env`] and [`Budget::from_env`].
    pub async fn from_env() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let table = env::var("SPACES_TABLE").map_err(|_| UnsetEnvironment)?;
        let mut stores = Stores::from_env().await?;
        stores.index = stores.index.remembering(REMEMBERED);
        Ok(Self {
            spaces: stores.spaces(table),
            stores,
            hosts: Hosts::from_env(),
            viewers: Viewers::from_env()?,
            delivery: Delivery::from_env()?,
            budget: Budget::from_env(),
        })
    }

    /// The routes.
    pub fn router(self) -> axum::Router {
        routes::table(self)
    }
}
