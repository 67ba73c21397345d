//! The samples of an hour of film: H.264 at 25 pictures a second and AAC at 48 kHz, interleaved as ffmpeg's muxer does, some
//! 240 MB. [`mp4`](super::mp4) makes a file of them.

/// Ticks a second of the two tracks: the pictures, and the sound.
pub const TIMESCALES: [u32; 2] = [12_800, 48_000];

/// How long it is in seconds.
pub const SECONDS: i64 = 3600;

/// Ticks that a picture and a packet of sound last.
pub(super) const DURATIONS: [i64; 2] = [512, 1024];

/// A sample. Times are in the timescale of its track.
#[derive(Clone, Copy, Debug)]
pub struct HourSample {
    /// The number of its track in [`TIMESCALES`].
    pub track: usize,
    /// Its decode time.
    pub decode: i64,
    /// Its presentation time less its decode time.
    pub composition: i64,
    /// How long it lasts.
    pub duration: i64,
    /// Where its bytes begin.
    pub offset: u64,
    /// How many bytes it has.
    pub size: u32,
    /// Whether decoding can begin at it.
    pub sync: bool,
}

/// Numbers that look random (D. E. Knuth, MMIX).
struct RandomSizes(u64);

impl RandomSizes {
    /// From 0 up to, not including, 1.
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / f64::from(1 << 24)
    }

    /// Of mean 0 and standard deviation 1, nearly.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// The pictures' composition offsets, in pictures: groups of up to three B-frames, as x264 chooses and orders them.
fn pictures(random: &mut RandomSizes) -> &'static [i64] {
    match random.uniform() {
        x if x < 0.2 => &[2],
        x if x < 0.4 => &[3, 1],
        x if x < 0.6 => &[4, 1, 1],
        _ => &[5, 2, 0, 1],
    }
}

/// The samples in the order of the file, which begins with 4096 bytes of something else. A sync picture begins each group.
#[must_use]
pub fn samples(group_of_pictures: i64) -> Vec<HourSample> {
    let [frame, packet] = DURATIONS;
    let mut random = RandomSizes(1);
    let mut samples = Vec::new();
    let (mut offset, mut audio) = (4096, 0);
    let mut group: &[i64] = &[];
    for picture in 0..SECONDS * 25 {
        let sync = picture % group_of_pictures == 0;
        if sync {
            group = &[2];
        } else if group.is_empty() {
            group = pictures(&mut random);
        }
        let (composition, rest) = group.split_first().unwrap();
        group = rest;
        let size = (if sync { 15_000.0 } else { 2_000.0 } * (0.5 * random.normal()).exp()) as u32;
        let (decode, composition) = (picture * frame, composition * frame);
        samples.push(HourSample { track: 0, decode, composition, duration: frame, offset, size, sync });
        offset += u64::from(size);
        while audio * packet * 25 < (picture + 1) * 48_000 {
            let size = (341.0 + 60.0 * random.normal()).max(6.0) as u32;
            let decode = audio * packet;
            samples.push(HourSample { track: 1, decode, composition: 0, duration: packet, offset, size, sync: true });
            offset += u64::from(size);
            audio += 1;
        }
    }
    samples
}
