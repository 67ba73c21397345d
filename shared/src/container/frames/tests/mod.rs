//! Both halves together: what is indexed of streams made by hand, and what of it is written again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation)]

mod cutting;
mod damage;
mod indexing;
