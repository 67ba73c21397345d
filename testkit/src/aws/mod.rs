//! Fakes of AWS services, with configurations of the SDK's clients that call them.

mod bucket;
mod database;

pub use bucket::{Bucket, Chunks, Content, Fault, Moment, NAME};
pub use database::{database, database_at};
