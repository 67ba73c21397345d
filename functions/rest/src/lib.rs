//! What the functions of DuraCloud's REST API share: the caller ([`Who`]), the space and the right to it ([`space`]),
//! the parameters and answers of a [`task`], the [`Error`] answers, and the layer around all routes ([`guarded`]),
//! which also refuses requests of other sites' pages.
//!
//! The caller has been authenticated before: an `Option<Identity>` is among the request's extensions, and a request
//! without one is anonymous.

mod cross_site;
pub mod error;
mod routes;
mod space;
pub mod task;
mod who;

pub use error::Error;
pub use routes::guarded;
pub use space::space;
pub use who::Who;
