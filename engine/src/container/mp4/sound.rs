//! Sound whose tables count frames (one value of each channel), which QuickTime uses if all packets are alike: a chunk
//! contains whole packets, each of a fixed number of frames and bytes, and the size of a frame in the tables means
//! nothing (Apple, *QuickTime File Format*, "Sound sample descriptions"). Here a sample is what can be decoded, a
//! packet.

use crate::container::Error;
use crate::container::boxes::Box;
use crate::index::Runs;
use crate::media::{Run, Ticks};

/// The compression identifier of sound whose samples are packets already.
const PACKETS: u16 = 0xfffe;

/// Packets of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundPackets {
    /// How many frames each decodes to.
    pub frames: u32,
    /// Bytes of each.
    pub bytes: u32,
}

impl SoundPackets {
    /// The packets of a sound track by its first description, if its tables may count frames.
    pub fn of_track(trak: &Box<'_>) -> Result<Option<Self>, Error> {
        let tables = trak.expect_child(*b"mdia")?.expect_child(*b"minf")?.expect_child(*b"stbl")?;
        Self::described(&tables.expect_child(*b"stsd")?)
    }

    fn described(stsd: &Box<'_>) -> Result<Option<Self>, Error> {
        let mut fields = stsd.fields();
        fields.take(8)?;
        let entries = Box { payload: fields.rest(), offset: stsd.offset + 8, ..stsd.clone() };
        let Some(entry) = entries.children().next().transpose()? else { return Ok(None) };
        // A truncated description says nothing.
        Ok(Self::of(&entry).unwrap_or_default().filter(|packets| packets.frames > 0 && packets.bytes > 0))
    }

    fn of(entry: &Box<'_>) -> Result<Option<Self>, Error> {
        let mut fields = entry.fields();
        fields.take(8)?;
        let version = fields.u16()?;
        fields.take(6)?;
        let (channels, bits, compression) = (u32::from(fields.u16()?), u32::from(fields.u16()?), fields.u16()?);
        fields.take(6)?;
        if compression == PACKETS {
            return Ok(None);
        }
        let (frames, bytes) = match (version, &entry.kind.0) {
            (1, _) => {
                let (frames, _, bytes) = (fields.u32()?, fields.u32()?, fields.u32()?);
                return Ok(Some(Self { frames, bytes }));
            }
            (0, b"raw " | b"twos" | b"sowt" | b"NONE") => (1, bits.div_ceil(8)),
            (0, b"ulaw" | b"alaw") => (1, 1),
            (0, b"in24") => (1, 3),
            (0, b"in32" | b"fl32") => (1, 4),
            (0, b"fl64") => (1, 8),
            (0, b"MAC3") => (6, 2),
            (0, b"MAC6") => (6, 1),
            (0, b"ima4") => (64, 34),
            _ => return Ok(None),
        };
        Ok(Some(Self { frames, bytes: bytes * channels }))
    }

    /// Whether these samples are such packets.
    pub fn are(self, runs: &Runs) -> bool {
        let duration = Ticks(i64::from(self.frames));
        runs.iter().all(|run| (run.duration, run.size) == (duration, self.bytes))
    }

    /// Packets as a table counts them in frames.
    pub fn counted(self, run: &Run) -> Run {
        Run { duration: Ticks(1), size: 1, count: run.count.saturating_mul(self.frames), ..run.clone() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::container::boxes::{write_box, write_full_box};

    /// An `stsd` for 16-bit stereo sound.
    fn described(kind: [u8; 4], version: u16, compression: u16, fields: &[u32]) -> Option<SoundPackets> {
        let mut out = Vec::new();
        write_full_box(&mut out, *b"stsd", 0, |out| {
            out.extend([0, 0, 0, 1]);
            write_box(out, kind, |out| {
                out.extend([0, 0, 0, 0, 0, 0, 0, 1]);
                out.extend(version.to_be_bytes());
                out.extend([0, 0, 0, 0, 0, 0, 0, 2, 0, 16]);
                out.extend(compression.to_be_bytes());
                out.extend([0, 0, 0xac, 0x44, 0, 0]);
                out.extend(fields.iter().flat_map(|field| field.to_be_bytes()));
            });
        });
        SoundPackets::described(&Box::read(&out, 0, "").unwrap()).unwrap()
    }

    #[test]
    fn a_description_says_what_packets_frames_are_counted_of() {
        for (kind, version, compression, fields, expected) in [
            (*b"ima4", 0, 0, &[][..], Some((64, 68))),
            (*b"MAC6", 0, 0, &[], Some((6, 2))),
            (*b"twos", 0, 0, &[], Some((1, 4))),
            (*b"ima4", 1, 0xffff, &[64, 34, 68, 2], Some((64, 68))),
            (*b"Qclp", 1, 0, &[160, 35, 35, 2], Some((160, 35))),
            // Variable sizes, invalid values, or a truncated description.
            (*b"mp4a", 1, 0xfffe, &[1024, 0, 0, 2], None),
            (*b"mp4a", 0, 0, &[], None),
            (*b"QDM2", 1, 0, &[0, 0, 0, 0], None),
            (*b"QDM2", 1, 0, &[4096], None),
        ] {
            let expected = expected.map(|(frames, bytes)| SoundPackets { frames, bytes });
            assert_eq!(described(kind, version, compression, fields), expected, "{}", kind.escape_ascii());
        }
    }
}
