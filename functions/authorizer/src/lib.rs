//! The Lambda function behind an HTTP API's authorizer: it authenticates the callers of routes that are closed to anonymous ones.
//! What it says about a request goes to the routes' functions, where [`reelspan_rest::authentication::layer`] reads it.

mod lambda;

pub use lambda::{AuthorizerResponse, Event, authorize};
