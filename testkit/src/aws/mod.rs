//! Fakes of AWS services, with configurations of the SDK's clients that call them.

mod bucket;
mod database;

pub use bucket::{InjectedFault, LiveChunks, MemoryBucket, Moment, NAME, ObjectContent};
pub use database::{database, database_at};
