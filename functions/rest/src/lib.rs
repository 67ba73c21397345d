//! What the functions of DuraCloud's REST API share: the [`authentication`] of callers, the [`session`]s of browsers, the caller as handlers see it ([`Who`]), the
//! [`space`] of a request and the rights in it, the bodies and responses of a [`task`], the [`Error`]s, the layers around all
//! routes ([`guarded`]), which refuse requests of other sites' pages, and the [`Invoker`] of work that goes on after a response.
//!
//! The layer of [`authentication`] puts an `Option<Identity>` into the extensions of a request, where [`Who`] reads it. A request
//! without that extension is anonymous.

pub mod authentication;
mod cross_site;
pub mod error;
mod invoker;
mod routes;
pub mod session;
mod space;
pub mod task;
mod who;

pub use error::Error;
#[cfg(feature = "lambda")]
pub use invoker::Invoker;
pub use invoker::{EndStreaming, EndStreamingEvent};
pub use routes::guarded;
pub use space::{permitted, space};
pub use who::Who;
