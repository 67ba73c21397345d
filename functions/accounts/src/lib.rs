//! How a browser stays signed in, and how admins manage users and the whole installation over HTTP.
//!
//! | path | what it does |
//! | --- | --- |
//! | `/session` | signs in with a name and a password, says who is signed in, signs out |
//! | `/users`, `/users/{name}` | lists, adds, changes and removes users; for admins |
//! | `/admin/…` | quotas, usage, and a report of the installation's state; for admins |
//!
//! A session is known by a random token in a cookie that scripts cannot read. [`reelspan_rest::session::layer`] puts the user of a
//! session into a request, where the authorizer's layer puts the user of HTTP Basic. [`Sessions`] are in a table, so that every
//! process knows them.
//!
//! Sign in:
//!
//! ```
//! # use std::{num::NonZeroU32, sync::Arc};
//! use axum::body::Body;
//! use http::{Request, StatusCode, header::SET_COOKIE};
//! # use reelspan::store::{CONTAINER_INDEX, SESSIONS, SPACES, Sessions, Stores, USERS, Users, create_tables};
//! # use reelspan::user::{Account, Authenticator, Hash, Password, Role, Settings, User, UserName};
//! # use reelspan_testkit::aws::{MemoryBucket, NAME, database};
//! use reelspan_accounts::{Accounts, router};
//! use tower::ServiceExt;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let tables = database().await;
//! # create_tables(&tables).await?;
//! # let stores = Stores::new(MemoryBucket::default().config(), tables, NAME, CONTAINER_INDEX.name);
//! # let (database, rounds) = (Arc::clone(stores.index.database()), NonZeroU32::MIN);
//! let users = Users::new(database.clone(), USERS.name);
//! let account = Account { name: UserName::parse("alice")?, role: Role::Owner, groups: Vec::new() };
//! let password = Hash::of(&Password::parse("open sesame")?, rounds)?;
//! users.add(&User { account, password }).await?;
//!
//! let routes = router(Accounts {
//!     authenticator: Authenticator::new(users.clone(), Settings { rounds, ..Settings::default() })?,
//!     sessions: Sessions::new(users.clone(), database, SESSIONS.name).with_rounds(rounds),
//!     spaces: stores.spaces(SPACES.name),
//!     guesses: None,
//!     users,
//!     stores,
//! });
//! let credentials = r#"{"name": "alice", "password": "open sesame"}"#;
//! let response = routes.oneshot(Request::post("/session").body(Body::from(credentials))?).await?;
//! assert_eq!(response.status(), StatusCode::OK);
//! assert!(response.headers()[SET_COOKIE].to_str()?.starts_with("reelspan-session="));
//! # Ok(())
//! # }
//! ```

mod admin;
mod answer;
pub mod lambda;
pub mod report;
mod session;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, put};
use reelspan::store::{Guesses, Sessions, SpacesTable, Stores, Users};
use reelspan::user::Authenticator;
use reelspan_rest::guarded;

/// What the routes stand on.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// Checks passwords, and limits guesses.
    pub authenticator: Authenticator,
    /// The users.
    pub users: Users,
    /// The sessions, which the layer around the routes looks at too.
    pub sessions: Sessions,
    /// Failed sign-ins of all processes; `None` on one machine, where the authenticator counts them.
    pub guesses: Option<Guesses>,
    /// The media and their index.
    pub stores: Stores,
    /// The spaces.
    pub spaces: SpacesTable,
}

/// The routes of `/session`, `/users` and `/admin`. The layers of sessions and of the authorizer go around them.
pub fn router(accounts: Accounts) -> Router {
    let routes = Router::new()
        .route("/session", get(session::read).post(session::sign_in).delete(session::sign_out))
        .route("/users", get(users::list))
        .route("/users/{name}", put(users::put).delete(users::remove))
        .merge(admin::routes());
    guarded(routes).with_state(Arc::new(accounts))
}
