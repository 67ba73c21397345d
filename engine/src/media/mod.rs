//! The model that every container is read into and written from: [`Track`]s of sample [`Run`]s on a timeline that edit
//! lists lay out, with [`Chapter`]s that name parts of it. Time is whole [`Ticks`] of a [`Timescale`], never a float.

mod chapter;
mod interval;
mod run;
pub mod splice;
mod time;
mod track;

pub use chapter::Chapter;
pub use interval::Interval;
pub use run::{Private, Run};
pub use time::{Ticks, Time, Timescale};
pub use track::{Edit, Kind, Setup, Track};
