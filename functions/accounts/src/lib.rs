//! How a browser stays signed in, and how admins manage users over HTTP.
//!
//! | path | what it does |
//! | --- | --- |
//! | `/session` | signs in with a name and a password, says who is signed in, signs out |
//! | `/users`, `/users/{name}` | lists, adds, changes and removes users; for admins |
//!
//! A session is known by a random token in a cookie that scripts cannot read. [`layer`] puts the user of a session into a request,
//! where the authorizer's layer puts the user of HTTP Basic. [`Sessions`] are kept in the memory of this process: they suit one
//! machine, and end when it restarts.

mod answer;
mod cookie;
mod layer;
mod session;
mod sessions;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, put};
use reelspan::store::Users;
use reelspan::user::Authenticator;
use reelspan_rest::guarded;

pub use layer::{Layer, layer};
pub use sessions::{Session, Sessions};

/// What the routes stand on.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// Checks passwords, and limits guesses.
    pub authenticator: Authenticator,
    /// The users.
    pub users: Users,
    /// The sessions, which [`layer`] looks at too.
    pub sessions: Sessions,
}

/// The routes of `/session` and `/users`. [`layer`] and the authorizer's layer go around them.
pub fn router(accounts: Accounts) -> Router {
    let routes = Router::new()
        .route("/session", get(session::read).post(session::sign_in).delete(session::sign_out))
        .route("/users", get(users::list))
        .route("/users/{name}", put(users::put).delete(users::remove));
    guarded(routes).with_state(Arc::new(accounts))
}
