//! local
pub mod cut;
mod error;
pub mod file;
pub mod inspect;
pub use error::Error;
