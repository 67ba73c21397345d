//! What the functions of DuraCloud's REST API share: the [`authentication`] of callers, the [`session`]s of browsers, the caller as
//! handlers see it ([`Who`]), the [`space`] of a request and the rights in it, the bodies and responses of a [`task`], the
//! [`RestError`]s, and the layers around all routes ([`guarded`]), which refuse requests of other sites' pages. With the feature
//! `lambda` also the invoker of work that goes on after a response.
//!
//! The layer of [`authentication`] puts an `Option<Identity>` into the extensions of a request, where [`Who`] reads it. A request
//! without that extension is anonymous.
//!
//! A handler takes [`Who`] and returns [`RestError`]:
//!
//! ```
//! use axum::{Router, body::Body, routing::get};
//! use http::{Request, StatusCode};
//! use reelspan::user::{Identity, Role};
//! use reelspan_rest::{RestError, Who, guarded};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let greet = async |who: Who| Ok::<_, RestError>(format!("Hello {}", who.authenticated()?.name));
//! let routes: Router = guarded(Router::new().route("/greeting", get(greet)));
//!
//! let anonymous = Request::get("/greeting").body(Body::empty())?;
//! assert_eq!(routes.clone().oneshot(anonymous).await?.status(), StatusCode::UNAUTHORIZED);
//!
//! let alice = Identity { name: "alice".to_owned(), role: Role::User, groups: Vec::new() };
//! let authenticated = Request::get("/greeting").extension(Some(alice)).body(Body::empty())?;
//! assert_eq!(routes.oneshot(authenticated).await?.status(), StatusCode::OK);
//! # Ok(())
//! # }
//! ```

pub mod authentication;
mod cross_site;
pub mod error;
mod invoker;
mod routes;
pub mod session;
mod space;
pub mod task;
mod who;

pub use error::RestError;
#[cfg(feature = "lambda")]
pub use invoker::Invoker;
pub use invoker::{EndStreaming, EndStreamingEvent};
pub use routes::guarded;
pub use space::{permitted, space};
pub use who::Who;
