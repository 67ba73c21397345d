//! Movie fragments (ISO/IEC 14496-12 §8.8): samples in `moof` boxes, each before its media data.

use serde::{Deserialize, Serialize};

use super::movie::Defaults;
use super::samples::described;
use crate::container::Error;
use crate::container::boxes::Box;
use crate::media::{Run, Ticks};

/// `sample_is_non_sync_sample` in the flags of a sample (§8.8.3.1), and a `sample_depends_on` of 1, which means that it
/// depends on others and which some writers set instead.
const NON_SYNC: u32 = 0x0001_0000;
const DEPENDS: u32 = 0x0300_0000;
const DEPENDS_ON_OTHERS: u32 = 0x0100_0000;
/// `sample_is_depended_on`, and its value of a sample to which no other refers (§8.6.4.3).
const DEPENDED_ON: u32 = 0x00C0_0000;
const DISPOSABLE: u32 = 0x0080_0000;

/// The progress of a track, from fragment to fragment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrackProgress {
    /// The values that apply unless a fragment overrides them.
    pub defaults: Defaults,
    /// The decode time at which the next fragment begins unless it has its own.
    pub decode: Ticks,
}

/// Reads a `moof` box that begins at `start` of the file, and passes its samples to `samples` with the position of
/// their track in `tracks`. Other tracks are skipped.
pub fn read(
    moof: &Box<'_>,
    start: u64,
    tracks: &mut [TrackProgress],
    mut samples: impl FnMut(usize, Run) -> Result<(), Error>,
) -> Result<(), Error> {
    // If a track fragment has no base, its data follow those of the previous one (§8.8.7.1).
    let mut follows = start;
    for (number, child) in moof.children().enumerate() {
        let mut traf = child?;
        if traf.kind.0 != *b"traf" {
            continue;
        }
        traf.path = format!("moof/traf[{number}]");
        follows = read_track(&traf, start, follows, tracks, &mut samples)?;
    }
    Ok(())
}

/// The tracks with samples in a `moof` box, and their first decode times, if it contains them.
pub fn starts(moof: &Box<'_>) -> Result<Vec<(u32, Ticks)>, Error> {
    let mut starts = Vec::new();
    for child in moof.children() {
        let traf = child?;
        if traf.kind.0 == *b"traf"
            && let Some(decode) = decode_time(&traf)?
        {
            starts.push((track_id(&traf.expect_child(*b"tfhd")?)?, decode));
        }
    }
    Ok(starts)
}

/// The `track_ID` in `tfhd` (§8.8.7).
fn track_id(tfhd: &Box<'_>) -> Result<u32, Error> {
    tfhd.fields().array::<8>().map(|[.., a, b, c, d]| u32::from_be_bytes([a, b, c, d]))
}

/// The decode time in `tfdt` (§8.8.12), if any.
fn decode_time(traf: &Box<'_>) -> Result<Option<Ticks>, Error> {
    let Some(tfdt) = traf.child(*b"tfdt")? else { return Ok(None) };
    let mut fields = tfdt.fields();
    let (version, _) = fields.version_and_flags()?;
    let decode = if version == 1 { fields.u64()? } else { u64::from(fields.u32()?) };
    Ok(Some(Ticks(i64::try_from(decode).unwrap_or(i64::MAX))))
}

struct FragmentTrackHeader {
    base: u64,
    defaults: Defaults,
}

fn read_track(
    traf: &Box<'_>,
    start: u64,
    follows: u64,
    tracks: &mut [TrackProgress],
    samples: &mut impl FnMut(usize, Run) -> Result<(), Error>,
) -> Result<u64, Error> {
    let tfhd = traf.expect_child(*b"tfhd")?;
    let id = track_id(&tfhd)?;
    let Some((place, progress)) = tracks.iter_mut().enumerate().find(|(_, track)| track.defaults.track == id) else {
        return Ok(follows);
    };
    let header = read_track_header(&tfhd, start, follows, progress.defaults)?;
    if let Some(decode) = decode_time(traf)? {
        // Never backwards: the index relies on decode times that do not decrease.
        progress.decode = progress.decode.max(decode);
    }
    let mut offset = header.base;
    for child in traf.children() {
        let trun = child?;
        if trun.kind.0 == *b"trun" {
            offset = read_run(&trun, &header, offset, &mut progress.decode, &mut |run| samples(place, run))?;
        }
    }
    Ok(offset)
}

/// `tfhd` (§8.8.7): the defaults of this fragment, and the base of its data offsets.
fn read_track_header(
    tfhd: &Box<'_>,
    start: u64,
    follows: u64,
    mut defaults: Defaults,
) -> Result<FragmentTrackHeader, Error> {
    let mut fields = tfhd.fields();
    let (_, flags) = fields.version_and_flags()?;
    fields.u32()?;
    let base = if flags & 0x1 != 0 { Some(fields.u64()?) } else { None };
    let mut field = |flag: u32, value: &mut u32| -> Result<(), Error> {
        if flags & flag != 0 {
            *value = fields.u32()?;
        }
        Ok(())
    };
    field(0x2, &mut defaults.description)?;
    field(0x8, &mut defaults.duration)?;
    field(0x10, &mut defaults.size)?;
    field(0x20, &mut defaults.flags)?;
    let base = base.unwrap_or(if flags & 0x2_0000 != 0 { start } else { follows });
    Ok(FragmentTrackHeader { base, defaults })
}

/// `trun` (§8.8.8). Returns the end of its data.
fn read_run(
    trun: &Box<'_>,
    header: &FragmentTrackHeader,
    follows: u64,
    decode: &mut Ticks,
    samples: &mut impl FnMut(Run) -> Result<(), Error>,
) -> Result<u64, Error> {
    let defaults = header.defaults;
    let mut fields = trun.fields();
    let (_, flags) = fields.version_and_flags()?;
    let count = fields.u32()?;
    let mut offset = follows;
    if flags & 0x1 != 0 {
        let delta = fields.i32()?;
        offset = header
            .base
            .checked_add_signed(i64::from(delta))
            .ok_or_else(|| trun.malformed(format!("its data begins {delta} bytes before the file")))?;
    }
    let first_flags = if flags & 0x4 != 0 { Some(fields.u32()?) } else { None };
    let sample = |duration: u32, size: u32, flags: u32, composition: i32| {
        let sync = flags & NON_SYNC == 0 && flags & DEPENDS != DEPENDS_ON_OTHERS;
        Run {
            decode: Ticks::ZERO,
            composition: Ticks(i64::from(composition)),
            duration: Ticks(i64::from(duration)),
            offset: 0,
            size,
            count: 1,
            sync,
            disposable: !sync && flags & DEPENDED_ON == DISPOSABLE,
            private: described(defaults.description),
        }
    };
    let mut give = |mut run: Run| -> Result<(), Error> {
        run.decode = *decode;
        run.offset = offset;
        *decode = run.decode_end();
        offset = run.bytes().end;
        samples(run)
    };
    if flags & 0xf00 == 0 {
        // Without fields for each sample they are all alike, except for the first one's flags. The count is only a
        // claim.
        let rest = count.saturating_sub(u32::from(first_flags.is_some()));
        if let Some(first) = first_flags.filter(|_| count > 0) {
            give(sample(defaults.duration, defaults.size, first, 0))?;
        }
        if rest > 1 && defaults.size == 0 {
            return Err(trun.malformed(format!("{rest} samples of no size")));
        }
        if rest > 0 {
            give(Run { count: rest, ..sample(defaults.duration, defaults.size, defaults.flags, 0) })?;
        }
        return Ok(offset);
    }
    for number in 0..count {
        let mut field = |flag: u32, default: u32| if flags & flag != 0 { fields.u32() } else { Ok(default) };
        let duration = field(0x100, defaults.duration)?;
        let size = field(0x200, defaults.size)?;
        let own = field(0x400, first_flags.filter(|_| number == 0).unwrap_or(defaults.flags))?;
        let composition = field(0x800, 0)?.cast_signed();
        give(sample(duration, size, own, composition))?;
    }
    Ok(offset)
}
