//! All functions that answer HTTP, as one router, as API Gateway and CloudFront combine them.

use std::time::Duration;

use aws_sdk_cloudfront::types::PriceClass;
use axum::{Extension, Router};
use reelspan::{
    budget::Budget,
    distribution::{Distributions, Hosts, Installation, SigningSecret},
    http::origin::{Origin, OwnOrigins},
    store::{Stores, Users},
    user::{Authenticator, Settings},
};
use reelspan_accounts::{Accounts, Sessions};
use reelspan_fragments::{Delivery, Fragments, Viewers};
use reelspan_signing::{Keyring, Signing};
use reelspan_spaces::Spaces;
use reelspan_streaming::{Pace, Streams, Work};
use reelspan_web::Pages;
use reelspan_web::console::{self, Console};

use super::refused;
use crate::{
    Error,
    cloudfront::{CloudFront, Origins, SIGNING_SECRET, Site},
};

/// How long to wait for CloudFront, which here has finished by the time it answers.
const PACE: Pace =
    Pace { patience: Duration::from_secs(5), glance: Duration::from_millis(20), look: Duration::from_millis(50) };

/// What the functions need.
pub struct Functions {
    /// The media and their index.
    pub stores: Stores,
    /// The spaces.
    pub spaces: Spaces,
    /// The users.
    pub users: Users,
    /// Streams the spaces.
    pub cloudfront: CloudFront,
    /// The client with which CloudFront reads.
    pub s3: aws_sdk_s3::Client,
    /// The addresses under which viewers reach the server.
    pub hosts: Hosts,
    /// The origins of the server's own pages.
    pub own: OwnOrigins,
    /// The origin to which those pages upload: that of S3.
    pub uploads: Option<Origin>,
}

impl Functions {
    /// The tasks that turn streaming on and off.
    pub fn streams(&self) -> Streams {
        // Host names of origins that are elsewhere on AWS: nothing here resolves them.
        let host = |name: &str| format!("{name}.reelspan.invalid");
        let installation = Installation {
            name: "reelspan".to_owned(),
            media: host("media"),
            fragments: host("fragments"),
            cookies: host("cookies"),
            price: PriceClass::PriceClassAll,
        };
        Streams {
            table: self.spaces.table.clone(),
            distributions: Distributions::new(self.cloudfront.distributions(), installation),
            secret: self.secret(),
            hosts: self.hosts.clone(),
            work: Work::Here,
            pace: PACE,
        }
    }

    fn secret(&self) -> SigningSecret {
        SigningSecret::new(self.cloudfront.secrets(), SIGNING_SECRET)
    }

    /// All routes.
    pub fn router(self) -> Result<Router, Error> {
        let (streams, keyring) = (self.streams(), Keyring::new(self.secret()));
        let Self { stores, spaces, users, cloudfront, s3, hosts, own, uploads } = self;
        let (table, durastore) = (spaces.table.clone(), spaces.router());
        let signing = Signing { stores: stores.clone(), table: table.clone(), keyring, hosts: hosts.clone() };
        let sessions = Sessions::new(users.clone());
        let authenticator =
            Authenticator::new(users.clone(), Settings::default()).map_err(Error::failed("the users"))?;
        let accounts = reelspan_accounts::router(Accounts {
            authenticator: authenticator.clone(),
            users,
            sessions: sessions.clone(),
        });
        let durastore = durastore.merge(streams.router()).merge(signing.clone().router());
        let pages = Pages { own: own.clone(), streaming: Vec::new() };
        let console = Console { pages: pages.clone(), uploads: uploads.into_iter().collect() };
        let pages = reelspan_web::router(pages).merge(console::router(console));
        let known = |routes: Router| {
            let routes = routes.layer(reelspan_accounts::layer(sessions.clone()));
            let routes = routes.layer(reelspan_rest::authentication::layer(authenticator.clone()));
            routes.layer(axum::middleware::from_fn(refused::read_to_the_end)).layer(Extension(own.clone()))
        };
        let (durastore, accounts) = (known(durastore), known(accounts));
        let fragments = Fragments {
            stores,
            spaces: table.clone(),
            hosts: hosts.clone(),
            viewers: Viewers::Direct,
            delivery: Delivery::Streamed,
            budget: Budget::from_env(),
        };
        let behind = Fragments { viewers: Viewers::CloudFront, ..fragments.clone() };
        let site = Site { cloudfront, spaces: table, origins: Origins::new(s3, behind), hosts };
        let site = site.router().nest("/{space}", signing.cookies_router());
        let outside = fragments.router().merge(pages).merge(accounts);
        Ok(outside.nest("/durastore", durastore).nest("/stream", site))
    }
}
