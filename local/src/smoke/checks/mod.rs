//! The promises. Each check makes real requests, and says in a few words what it saw.

pub mod api;
pub mod derived;
pub mod lifetime;
pub mod paths;
pub mod ranges;
pub mod signed;
