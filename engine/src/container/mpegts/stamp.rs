//! The presentation time stamp of a sample. A sample that is a PES packet has it in its header (ISO/IEC 13818-1 §2.4.3.6), which is in
//! its first transport packet. For samples that are access units, the index keeps the clocks.

use super::layout::stream;
use super::packet::{PACKET, Packing};
use super::program::TsProgram;
use crate::container::mpeg::clock::stamps;
use crate::container::mpeg::outline::{mismatch, unpack};
use crate::container::mpeg::pes::Pes;
use crate::container::{Error, TimeStamp};
use crate::index::Outline;
use crate::media::Run;

/// The time stamp of the first sample of a run, or the packet that has it.
pub fn of(outline: &Outline, place: usize, run: &Run) -> Result<TimeStamp, Error> {
    let program: TsProgram = unpack(outline.setup.first())?;
    if program.units.contains(&stream(place)) {
        let (presented, _) = stamps(&program.clocks, run).ok_or_else(|| mismatch("a sample of no clock"))?;
        return Ok(TimeStamp::Known(presented));
    }
    let packing = Packing::of_size(program.packet).ok_or_else(|| mismatch("packets of no known size"))?;
    let start = run.offset.saturating_add(packing.before as u64);
    Ok(TimeStamp::At(start..start.saturating_add(PACKET as u64)))
}

/// The time stamp in the header of the PES packet that begins in this transport packet.
pub fn read(packet: &[u8]) -> Option<u64> {
    let packet = Packing::PLAIN.packet(packet)?;
    let (presented, _) = Pes::read(packet.payload())?.times?;
    Some(presented)
}
