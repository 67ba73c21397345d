//! The header of an MPEG audio frame (ISO/IEC 11172-3 §2.4.1.3; MPEG-2's lower sample rates ISO/IEC 13818-3 §2.4.1.3;
//! MPEG-2.5 halves those again), and in layer III what is between it and the main data.

use serde::{Deserialize, Serialize};

use super::{FrameHeader, HEADER, StreamProperties, Syntax};

/// The name of layer III in MIME types.
pub const NAME: &str = "mp3";
/// The number of frames of layer III to decode before the first audible one, if they were not examined: its main data
/// may begin 511 bytes earlier, which is less than ten frames at usual bit rates, and the previous frame overlaps.
pub const PREROLL_FRAMES: u32 = 10;
/// Sample rates of MPEG-1, by `sampling_frequency`.
const RATES: [u32; 3] = [44100, 48000, 32000];
/// Kilobits a second by `bitrate_index`: for MPEG-1 layers I, II and III, then for the lower sample rates layer I, and
/// layers II and III.
const BITRATES: [[u32; 15]; 5] = [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
/// The bits of a header's last byte that usually do not change from frame to frame: all but `mode_extension`.
const MODE: u8 = 0xCF;
/// The maximum length of a free format frame. Decoders support up to 640 kbit/s, which is 2880 bytes.
const MAX_FREE: usize = 8 << 10;

/// The four bytes of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MpegAudioHeader(u32);

impl MpegAudioHeader {
    /// The bytes as a header, if all its fields have valid values.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let header = Self(u32::from_be_bytes(*bytes.first_chunk()?));
        let sound = header.0 >> 21 == 0x7FF
            && header.bits(19, 2) != 1
            && header.bits(17, 2) != 0
            && header.bits(12, 4) != 15
            && header.bits(10, 2) != 3;
        sound.then_some(header)
    }

    const fn bits(self, at: u32, count: u32) -> u32 {
        self.0 >> at & ((1 << count) - 1)
    }

    /// What the frames of one stream have in common: version, layer and sample rate.
    #[must_use]
    pub const fn kind(self) -> u32 {
        self.0 & 0xFFFE_0C00
    }

    /// `mode`, `copyright`, `original_copy` and `emphasis`, in their positions in the last byte.
    #[must_use]
    pub const fn mode(self) -> u8 {
        self.0.to_be_bytes()[3] & MODE
    }

    /// The same with another [`mode`](Self::mode), without checksum and padding.
    #[must_use]
    pub const fn bare(self, mode: u8) -> Self {
        Self((self.0 | 1 << 16) & !0xF3FF | mode as u32)
    }

    /// Whether it has one of the lower sample rates of MPEG-2 or 2.5.
    #[must_use]
    pub const fn low(self) -> bool {
        self.bits(19, 2) != 3
    }

    /// 1, 2 or 3.
    #[must_use]
    pub const fn layer(self) -> u32 {
        4 - self.bits(17, 2)
    }

    /// Layer III has its own name (RFC 3003); the others use the object type of MPEG-1 or MPEG-2 audio.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match (self.layer(), self.low()) {
            (3, _) => NAME,
            (_, false) => "mp4a.6B",
            (_, true) => "mp4a.69",
        }
    }

    /// The number of channels.
    #[must_use]
    pub const fn channels(self) -> u16 {
        if self.bits(6, 2) == 3 { 1 } else { 2 }
    }

    /// The sample rate.
    #[must_use]
    pub fn rate(self) -> u32 {
        let rate = RATES.get(self.bits(10, 2) as usize).copied().unwrap_or(RATES[0]);
        rate >> if self.bits(19, 2) == 0 { 2 } else { u32::from(self.low()) }
    }

    /// The number of samples in the frame, for each channel.
    #[must_use]
    pub const fn duration(self) -> u32 {
        match (self.layer(), self.low()) {
            (1, _) => 384,
            (3, true) => 576,
            _ => 1152,
        }
    }

    /// Whether the header does not give the frame's length.
    #[must_use]
    pub const fn is_free(self) -> bool {
        self.bits(12, 4) == 0
    }

    /// The size of the padding, in bytes.
    const fn padding(self) -> u32 {
        self.bits(9, 1) * if self.layer() == 1 { 4 } else { 1 }
    }

    /// The length of the frame in bytes; `None` for free format.
    #[must_use]
    pub fn size(self) -> Option<u32> {
        let row = match (self.low(), self.layer()) {
            (false, layer) => layer - 1,
            (true, 1) => 3,
            (true, _) => 4,
        };
        let kilobits = BITRATES.get(row as usize)?.get(self.bits(12, 4) as usize).filter(|rate| **rate > 0)?;
        let bytes = match self.layer() {
            1 => 12_000 * kilobits / self.rate() * 4,
            _ => self.duration() / 8 * 1000 * kilobits / self.rate(),
        };
        Some(bytes + self.padding())
    }

    /// The number of bytes before the data: the header, a checksum, and in layer III the side information (§2.4.1.7).
    #[must_use]
    pub const fn before_data(self) -> u8 {
        let checksum = if self.bits(16, 1) == 0 { 2 } else { 0 };
        let side = match (self.layer(), self.low(), self.bits(6, 2) == 3) {
            (3, false, false) => 32,
            (3, true, true) => 9,
            (3, ..) => 17,
            _ => 0,
        };
        4 + checksum + side
    }

    /// Layer III: how many bytes earlier main data may begin, given by the width of `main_data_begin`.
    #[must_use]
    pub const fn most_reach(self) -> u32 {
        if self.low() { 255 } else { 511 }
    }

    /// The same for each bit rate, lowest first.
    pub fn at_bitrates(self) -> impl Iterator<Item = Self> {
        (1..15).map(move |index| Self(self.0 & !0xF000 | index << 12))
    }

    /// The four bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }
}

/// The syntax of MPEG audio frames.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Mpeg {
    /// The length of free format frames in this file, without padding.
    pub free: Option<u32>,
}

/// The number of samples in a frame of layer III at this rate, for each channel.
#[must_use]
pub const fn frame(rate: u32) -> u32 {
    if rate < 32_000 { 576 } else { 1152 }
}

/// The layer of frames of a kind.
#[must_use]
pub const fn layer(kind: u32) -> u32 {
    MpegAudioHeader(kind).layer()
}

impl Syntax for Mpeg {
    #[inline]
    fn frame(&self, bytes: &[u8]) -> Option<FrameHeader> {
        let header = MpegAudioHeader::parse(bytes)?;
        let size = match header.size() {
            Some(size) => size,
            None => self.free? + header.padding(),
        };
        let before = header.before_data();
        let reach = if header.layer() == 3 { main_data_begin(header, bytes) } else { 0 };
        let (duration, mode, kind) = (header.duration(), header.mode(), header.kind());
        (size > u32::from(before)).then_some(FrameHeader { size, duration, header: before, reach, mode, kind })
    }

    fn rate(&self, kind: u32) -> u32 {
        MpegAudioHeader(kind).rate()
    }
}

/// The first field of layer III's side information: nine bits, or eight at the lower sample rates.
fn main_data_begin(header: MpegAudioHeader, bytes: &[u8]) -> u16 {
    let at = if header.bits(16, 1) == 0 { 6 } else { 4 };
    let field = bytes.get(at..HEADER.min(at + 2)).and_then(|field| field.first_chunk());
    let field = field.map_or(0, |field| u16::from_be_bytes(*field));
    if header.low() { field >> 8 } else { field >> 7 }
}

/// The length of free format frames, without padding, if these bytes begin with two: the distance from one header to
/// the next similar one, confirmed by the one after that.
#[must_use]
pub fn free_length(bytes: &[u8]) -> Option<u32> {
    let alike = |at: usize| {
        let header = MpegAudioHeader::parse(bytes.get(at..)?)?;
        (header.is_free() && header.kind() == MpegAudioHeader::parse(bytes)?.kind())
            .then_some(header.padding() as usize)
    };
    let first = alike(0)?;
    (HEADER..MAX_FREE).find_map(|length| {
        let second = alike(length + first)?;
        alike(length + first + length + second)?;
        u32::try_from(length).ok()
    })
}

/// The properties in a header.
#[must_use]
pub fn properties(payload: &[u8]) -> Option<StreamProperties> {
    let header = MpegAudioHeader::parse(payload)?;
    Some(StreamProperties::audio(header.name().to_owned(), Some(header.rate()), Some(header.channels())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_names_its_stream() {
        let name = |found: Option<StreamProperties>| found.map(|found| found.name);
        assert_eq!(name(properties(&[0xFF, 0xFD, 0x94, 0])).as_deref(), Some("mp4a.6B"));
        assert_eq!(name(properties(&[0xFF, 0xFB, 0x94, 0])).as_deref(), Some("mp3"));
        assert_eq!(name(properties(&[0xFF, 0xF5, 0x94, 0])).as_deref(), Some("mp4a.69"));
    }
}
