//! AV1 (*AV1 Bitstream & Decoding Process Specification*), and `AV1CodecConfigurationRecord`, the payload of `av1C` (*AV1 Codec ISO
//! Media File Format Binding* §2.3), which MP4, Matroska and FLV store.

use super::{Bits, StreamProperties};

/// Types of open bitstream units (§6.2.2).
const SEQUENCE_HEADER: u8 = 1;
const FRAME_HEADER: u8 = 3;
const FRAME: u8 = 6;
/// `matrix_coefficients` and the related fields for sRGB (§6.4.2).
const SRGB: [u32; 3] = [1, 13, 0];

/// `av01.P.LLT.DD` for a record (*AV1 Codec ISO Media File Format Binding* §5): profile, level and tier, bit depth;
/// `av01` if there is no record.
#[must_use]
pub fn name(record: &[u8]) -> String {
    let [0x81, levels, flags, ..] = *record else { return "av01".to_owned() };
    let tier = if flags & 0x80 == 0 { 'M' } else { 'H' };
    let depth = match flags >> 5 & 3 {
        0 | 1 => 8,
        2 => 10,
        _ => 12,
    };
    format!("av01.{}.{:02}{tier}.{depth:02}", levels >> 5, levels & 0x1F)
}

/// The properties in the sequence header of a temporal unit, or of a record after its first four bytes.
#[must_use]
pub fn properties(units: &[u8]) -> Option<StreamProperties> {
    let sequence = SequenceHeader::read(sequence_header(units)?.1)?;
    Some(StreamProperties::video(name(&sequence.record()), Some(sequence.dimensions)))
}

/// The record of a stream that has this temporal unit with a sequence header.
#[must_use]
pub fn configuration(unit: &[u8]) -> Option<Vec<u8>> {
    let (whole, sequence) = sequence_header(unit)?;
    let mut record = SequenceHeader::read(sequence)?.record().to_vec();
    record.extend_from_slice(whole);
    Some(record)
}

/// Whether a temporal unit begins with a key frame: by its first frame header's `show_existing_frame` and `frame_type` (§5.9.2).
#[must_use]
pub fn is_key(unit: &[u8]) -> Option<bool> {
    for Obu { kind, data, .. } in BitstreamUnits(unit) {
        match kind {
            // A sequence of one still picture.
            SEQUENCE_HEADER if data.first()? >> 3 & 1 == 1 => return Some(true),
            FRAME_HEADER | FRAME => return Some(data.first()? >> 5 == 0),
            _ => {}
        }
    }
    None
}

/// The first sequence header among these units: the whole unit, and its data.
fn sequence_header(units: &[u8]) -> Option<(&[u8], &[u8])> {
    let unit = BitstreamUnits(units).find(|unit| unit.kind == SEQUENCE_HEADER)?;
    Some((unit.whole, unit.data))
}

/// An open bitstream unit.
struct Obu<'a> {
    kind: u8,
    whole: &'a [u8],
    data: &'a [u8],
}

/// Open bitstream units in the low overhead format (§5.2); the last may be truncated.
struct BitstreamUnits<'a>(&'a [u8]);

impl<'a> Iterator for BitstreamUnits<'a> {
    type Item = Obu<'a>;

    fn next(&mut self) -> Option<Obu<'a>> {
        let header = *self.0.first()?;
        let rest = self.0.get(1 + usize::from(header >> 2 & 1)..)?;
        let (size, rest) = if header & 2 == 0 { (rest.len(), rest) } else { leb128(rest)? };
        let data = rest.get(..size).unwrap_or(rest);
        let whole = self.0.get(..self.0.len() - rest.len() + data.len())?;
        self.0 = rest.get(data.len()..)?;
        Some(Obu { kind: header >> 3 & 0xF, whole, data })
    }
}

/// A number with seven bits a byte, and what follows it (§4.10.5).
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let last = bytes.iter().take(8).position(|byte| byte & 0x80 == 0)?;
    let (number, rest) = bytes.split_at_checked(last + 1)?;
    Some((number.iter().rev().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7F)), rest))
}

/// The fields of a sequence header that a record needs (§5.5).
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "flags of a header")]
struct SequenceHeader {
    profile: u32,
    level: u32,
    tier: bool,
    dimensions: (u32, u32),
    high: bool,
    twelve: bool,
    mono: bool,
    subsampling: (bool, bool),
    position: u32,
}

impl SequenceHeader {
    fn read(data: &[u8]) -> Option<Self> {
        let bits = &mut Bits::new(data);
        let profile = bits.take(3);
        bits.bit();
        let reduced = bits.bit();
        let (level, tier) = if reduced { (bits.take(5), false) } else { operating_points(bits)? };
        let (width, height) = (bits.take(4) + 1, bits.take(4) + 1);
        let dimensions = (bits.take(width) + 1, bits.take(height) + 1);
        if reduced {
            // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter.
            bits.take(3);
        } else {
            if bits.bit() {
                // delta_frame_id_length_minus_2 and additional_frame_id_length_minus_1.
                bits.take(7);
            }
            tools(bits);
        }
        // enable_superres, enable_cdef, enable_restoration.
        bits.take(3);
        let high = bits.bit();
        let twelve = profile == 2 && high && bits.bit();
        let mono = profile != 1 && bits.bit();
        let colour = if bits.bit() { [bits.take(8), bits.take(8), bits.take(8)] } else { [2; 3] };
        let (mut subsampling, mut position) = ((true, true), 0);
        if mono {
            bits.bit();
        } else if colour == SRGB {
            subsampling = (false, false);
        } else {
            bits.bit();
            subsampling = match profile {
                0 => (true, true),
                1 => (false, false),
                _ if twelve => {
                    let across = bits.bit();
                    (across, across && bits.bit())
                }
                _ => (true, false),
            };
            if subsampling == (true, true) {
                position = bits.take(2);
            }
        }
        let found = Self { profile, level, tier, dimensions, high, twelve, mono, subsampling, position };
        bits.is_within().then_some(found)
    }

    /// The first four bytes of the record.
    fn record(&self) -> [u8; 4] {
        let low = |value: u32| value.to_be_bytes()[3];
        let bit = |flag: bool, place: u8| u8::from(flag) << place;
        let flags = bit(self.tier, 7) | bit(self.high, 6) | bit(self.twelve, 5) | bit(self.mono, 4);
        let colour = bit(self.subsampling.0, 3) | bit(self.subsampling.1, 2) | low(self.position);
        [0x81, low(self.profile) << 5 | low(self.level), flags | colour, 0]
    }
}

/// Reads `timing_info` and the operating points, up to the size of frames. Returns level and tier of the first point.
fn operating_points(bits: &mut Bits<'_>) -> Option<(u32, bool)> {
    let mut delay = None;
    if bits.bit() {
        bits.take(32);
        bits.take(32);
        if bits.bit() {
            bits.unsigned()?;
        }
        if bits.bit() {
            delay = Some(bits.take(5) + 1);
            bits.take(32);
            bits.take(10);
        }
    }
    let initial = bits.bit();
    let mut first = None;
    for _ in 0..=bits.take(5) {
        bits.take(12);
        let level = bits.take(5);
        let tier = level > 7 && bits.bit();
        if let Some(length) = delay
            && bits.bit()
        {
            bits.take(length);
            bits.take(length);
            bits.bit();
        }
        if initial && bits.bit() {
            bits.take(4);
        }
        first.get_or_insert((level, tier));
    }
    first
}

/// Skips the tools that a sequence may use, up to `order_hint_bits_minus_1`.
fn tools(bits: &mut Bits<'_>) {
    // Superblocks, two intra filters, and four kinds of inter prediction.
    bits.take(7);
    let order_hint = bits.bit();
    if order_hint {
        bits.take(2);
    }
    let screen = if bits.bit() { true } else { bits.bit() };
    if screen && !bits.bit() {
        bits.bit();
    }
    if order_hint {
        bits.take(3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_a_profile() {
        assert_eq!(name(&[0x81, 0x04, 0x0C]), "av01.0.04M.08");
        assert_eq!(name(&[0x81, 0x08, 0xCC]), "av01.0.08H.10");
        assert_eq!(name(&[]), "av01");
    }
}
