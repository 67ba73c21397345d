//! The model that every container is read into and written from: [`Track`]s of sample [`Run`]s on a timeline that edit
//! lists lay out. Time is whole [`Ticks`] of a [`Timescale`], never a float.

mod interval;
mod run;
mod time;
mod track;

pub use interval::Interval;
pub use run::Run;
pub use time::{Ticks, Time, Timescale};
pub use track::{Edit, Kind, Setup, Track};
