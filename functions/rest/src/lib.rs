//! What the functions of DuraCloud's REST API share: [`Who`] asks, for which space and with which right ([`space`]), what a
//! [`task`] is told and answers, and the [`Error`]s that are answered instead, also around all routes ([`guarded`]), where
//! requests of other sites' pages are refused.
//!
//! Who asks has been found out before a request comes here: it is an `Option<Identity>` among the request's extensions, and a
//! request without one is nobody's.

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
