//! VP9 (*VP9 Bitstream & Decoding Process Specification*), and `VPCodecConfigurationRecord`, which follows version and
//! flags in `vpcC` (*VP Codec ISO Media File Format Binding*). Matroska has a part of it as features.

use super::{Bits, StreamProperties};

/// `CS_RGB` (§7.2.2).
const RGB: u32 = 7;
/// The levels: the maximum number of luma samples a second and in a picture, and the level times ten (Annex A).
const LEVELS: [(u64, u64, u8); 14] = [
    (829_440, 36_864, 10),
    (2_764_800, 73_728, 11),
    (4_608_000, 122_880, 20),
    (9_216_000, 245_760, 21),
    (20_736_000, 552_960, 30),
    (36_864_000, 983_040, 31),
    (83_558_400, 2_228_224, 40),
    (160_432_128, 2_228_224, 41),
    (311_951_360, 8_912_896, 50),
    (588_251_136, 8_912_896, 51),
    (1_176_502_272, 8_912_896, 52),
    (1_176_502_272, 35_651_584, 60),
    (2_353_004_544, 35_651_584, 61),
    (4_706_009_088, 35_651_584, 62),
];

/// The contents of a `vpcC`, for VP8 and VP9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VpConfiguration {
    /// The profile of the bitstream.
    pub profile: u8,
    /// The level, times ten.
    pub level: u8,
    /// Bits of a sample.
    pub depth: u8,
    /// `chromaSubsampling`: 0 and 1 are 4:2:0, 2 is 4:2:2, 3 is 4:4:4.
    pub subsampling: u8,
    /// `videoFullRangeFlag`.
    pub full_range: bool,
    /// Colour primaries, transfer characteristics and matrix coefficients (ISO/IEC 23001-8); 2 if unknown.
    pub colour: [u8; 3],
}

impl VpConfiguration {
    /// Parses the payload of a `vpcC`, including version and flags.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [_, _, _, _, profile, level, packed, colour @ ..] = payload else { return None };
        let colour = colour.first_chunk().copied().unwrap_or([2; 3]);
        let (depth, subsampling) = (packed >> 4, packed >> 1 & 7);
        Some(Self { profile: *profile, level: *level, depth, subsampling, full_range: packed & 1 == 1, colour })
    }

    /// From Matroska's features (id, length, value) in a `CodecPrivate`: profile, level, depth and subsampling.
    #[must_use]
    pub fn of_features(private: &[u8]) -> Option<Self> {
        let feature = |id| {
            private.chunks_exact(3).find_map(|f| (f.get(..2) == Some(&[id, 1])).then(|| f.get(2).copied()).flatten())
        };
        let (profile, level, depth) = (feature(1)?, feature(2)?, feature(3)?);
        Some(Self { profile, level, depth, subsampling: feature(4).unwrap_or(1), full_range: false, colour: [2; 3] })
    }

    /// The record of a stream with this key frame, and with the level for pictures of its size at this rate. Colours
    /// stay unknown if the frame names no standard.
    #[must_use]
    pub fn of_key_frame(frame: &[u8], pictures: f64) -> Option<Self> {
        let header = UncompressedHeader::read(frame)?;
        let (profile, depth) = (u8::try_from(header.profile).ok()?, header.depth);
        let level = level(header.dimensions, pictures);
        Some(Self {
            profile,
            level,
            depth,
            full_range: header.full_range,
            subsampling: header.subsampling,
            colour: [2; 3],
        })
    }

    /// The payload of a `vpcC`, including version and flags.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 12] {
        let [primaries, transfer, matrix] = self.colour;
        let packed = self.depth << 4 | (self.subsampling & 7) << 1 | self.full_range as u8;
        [1, 0, 0, 0, self.profile, self.level, packed, primaries, transfer, matrix, 0, 0]
    }

    /// `vp09.PP.LL.DD` of this sample entry: profile, level, bit depth.
    #[must_use]
    pub fn name(&self, entry: &str) -> String {
        format!("{entry}.{:02}.{:02}.{:02}", self.profile, self.level, self.depth)
    }
}

/// The lowest level that allows pictures of this size at this rate; 62 if none does.
#[must_use]
pub fn level((width, height): (u32, u32), pictures: f64) -> u8 {
    let size = u64::from(width).saturating_mul(u64::from(height));
    #[allow(clippy::cast_precision_loss, reason = "a level is no matter of single samples")]
    let fits = |rate: u64, most: u64| size <= most && size as f64 * pictures <= rate as f64;
    LEVELS.iter().find(|(rate, most, _)| fits(*rate, *most)).map_or(62, |(.., level)| *level)
}

/// Whether a frame is a key frame (`uncompressed_header`, §6.2): `frame_marker`, the profile, one more bit for the last
/// profile, `show_existing_frame`, `frame_type`.
#[must_use]
pub fn is_key(frame: &[u8]) -> Option<bool> {
    let mut bits = Bits::new(frame.get(..2)?);
    let (marker, profile) = (bits.take(2), bits.take(2));
    if profile == 3 {
        bits.bit();
    }
    (marker == 2).then(|| !bits.bit() && !bits.bit())
}

/// The properties in a key frame.
#[must_use]
pub fn properties(frame: &[u8]) -> Option<StreamProperties> {
    UncompressedHeader::read(frame).map(|header| StreamProperties::video("vp9".to_owned(), Some(header.dimensions)))
}

/// The `uncompressed_header` of a key frame (§6.2).
struct UncompressedHeader {
    profile: u32,
    depth: u8,
    full_range: bool,
    subsampling: u8,
    dimensions: (u32, u32),
}

impl UncompressedHeader {
    fn read(frame: &[u8]) -> Option<Self> {
        is_key(frame)?.then_some(())?;
        let bits = &mut Bits::new(frame);
        bits.take(2);
        let profile = u32::from(bits.bit()) | u32::from(bits.bit()) << 1;
        // In the last profile a reserved bit, then show_existing_frame, frame_type, show_frame, error_resilient_mode.
        bits.take(if profile == 3 { 5 } else { 4 });
        if bits.take(24) != 0x49_8342 {
            return None;
        }
        let depth = match (profile >= 2, profile >= 2 && bits.bit()) {
            (false, _) => 8,
            (true, false) => 10,
            (true, true) => 12,
        };
        let (mut full_range, mut subsampling) = (true, 3);
        if bits.take(3) == RGB {
            if profile & 1 == 1 {
                bits.bit();
            }
        } else {
            full_range = bits.bit();
            let halved = if profile & 1 == 1 { (bits.bit(), bits.bit(), bits.bit()) } else { (true, true, false) };
            subsampling = match halved {
                (true, true, _) => 1,
                (true, false, _) => 2,
                _ => 3,
            };
        }
        let dimensions = (bits.take(16) + 1, bits.take(16) + 1);
        bits.is_within().then_some(Self { profile, depth, full_range, subsampling, dimensions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_a_profile() {
        let name = |payload: &[u8]| VpConfiguration::parse(payload).map(|found| found.name("vp09"));
        assert_eq!(name(&[1, 0, 0, 0, 0, 31, 0x82]).as_deref(), Some("vp09.00.31.08"));
        assert_eq!(name(&[1, 0, 0, 0, 2, 41]), None);
        let features = VpConfiguration::of_features(&[1, 1, 2, 2, 1, 41, 3, 1, 10, 4, 1, 1]).unwrap();
        assert_eq!(features.name("vp09"), "vp09.02.41.10");
        assert_eq!(VpConfiguration::parse(&features.to_bytes()), Some(features));
    }
}
