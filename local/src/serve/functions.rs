//! All functions that answer HTTP, as one router, as API Gateway and CloudFront combine them.

use std::sync::Arc;

use axum::{Extension, Router};
use reelspan::{
    budget::Budget,
    http::origin::{Origin, OwnOrigins},
    store::{SESSIONS, Sessions, Stores, Users},
    streaming::{Hosts, SigningSecret},
    user::{Authenticator, Settings},
};
use reelspan_accounts::Accounts;
use reelspan_fragments::{Delivery, Fragments, Viewers};
use reelspan_signing::{CookieSetter, Keyring, Signing};
use reelspan_spaces::Spaces;
use reelspan_streaming::edges::MemoryStore;
use reelspan_streaming::keys::{LocalKeys, SigningKeys};
use reelspan_streaming::{PAUSE, Streams};
use reelspan_web::console::{self, Console};
use reelspan_web::{MediaCatalogue, PlayerPages};

use super::refused;
use crate::{
    CommandError,
    stream::{Origins, Site},
};

/// What the functions need.
pub struct Functions {
    /// The media and their index.
    pub stores: Stores,
    /// The spaces.
    pub spaces: Spaces,
    /// The users.
    pub users: Users,
    /// What the edges know of the spaces.
    pub edges: Arc<MemoryStore>,
    /// The private key that signs.
    pub secret: SigningSecret,
    /// The client that reads stored files for viewers.
    pub s3: aws_sdk_s3::Client,
    /// The URL below which spaces are streamed.
    pub streams_at: String,
    /// The origins of the server's own pages.
    pub own: OwnOrigins,
    /// The origin to which those pages upload: that of S3.
    pub uploads: Option<Origin>,
}

impl Functions {
    /// The tasks that turn streaming on and off.
    pub fn streams(&self) -> Streams {
        Streams {
            table: self.spaces.table.clone(),
            edges: self.edges.clone(),
            keys: SigningKeys::new(LocalKeys, self.secret.clone()),
            hosts: Hosts::below(&self.streams_at),
            pause: PAUSE,
        }
    }

    /// All routes.
    pub fn router(self) -> Result<Router, CommandError> {
        let (streams, keyring) = (self.streams(), Keyring::new(self.secret.clone()));
        let Self { stores, spaces, users, edges, secret: _, s3, streams_at, own, uploads } = self;
        let hosts = Hosts::below(&streams_at);
        let (table, durastore) = (spaces.table.clone(), spaces.router());
        let cookies = CookieSetter { table: table.clone(), keyring: keyring.clone() };
        let signing = Signing { stores: stores.clone(), table: table.clone(), keyring, hosts: hosts.clone() };
        let database = Arc::clone(stores.index.database());
        let sessions = Sessions::new(users.clone(), database, SESSIONS.name);
        let authenticator =
            Authenticator::new(users.clone(), Settings::default()).map_err(CommandError::failed("the users"))?;
        let accounts = reelspan_accounts::router(Accounts {
            authenticator: authenticator.clone(),
            users,
            sessions: sessions.clone(),
            guesses: None,
            stores: stores.clone(),
            spaces: table.clone(),
        });
        let durastore = durastore.merge(streams.router()).merge(signing.router());
        let catalogue = MediaCatalogue { stores: stores.clone(), spaces: table.clone(), hosts: hosts.clone() };
        let pages = PlayerPages { own: own.clone(), streaming: Vec::new(), catalogue: Some(catalogue) };
        let console = Console { pages: pages.clone(), uploads: uploads.into_iter().collect() };
        let pages = reelspan_web::router(pages).merge(console::router(console));
        let known = |routes: Router| {
            let routes = routes.layer(reelspan_rest::session::layer(sessions.clone()));
            let routes = routes.layer(reelspan_rest::authentication::layer(authenticator.clone()));
            routes.layer(axum::middleware::from_fn(refused::read_to_the_end)).layer(Extension(own.clone()))
        };
        let (durastore, accounts) = (known(durastore), known(accounts));
        let fragments = Fragments {
            stores,
            spaces: table.clone(),
            hosts: Some(hosts),
            viewers: Viewers::Direct,
            delivery: Delivery::Streamed,
            budget: Budget::from_env(),
        };
        let behind = Fragments { viewers: Viewers::CloudFront, ..fragments.clone() };
        let site = Site { edges, spaces: table, origins: Origins::new(s3, behind), url: streams_at };
        let site = site.router().merge(cookies.router());
        let outside = fragments.router().merge(pages).merge(accounts);
        Ok(outside.nest("/durastore", durastore).nest("/stream", site))
    }
}
