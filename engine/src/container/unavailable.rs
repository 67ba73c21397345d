//! Why a track cannot be given out in another container than its own.

/// Why a track has no place in ISO base media (MP4, CMAF). Programs use the variant; its text is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// There is no sample entry for the codec, or none that players read.
    #[error("{codec} has no place in MP4 that players read")]
    Codec {
        /// The codec, as people name it.
        codec: String,
    },
    /// The codec has a sample entry, but not for samples like these.
    #[error("MP4 has no place for {what}")]
    Form {
        /// The samples.
        what: String,
    },
    /// NAL units are delimited by start codes; MP4 wants their lengths instead, so every sample would change.
    #[error("{codec} lies behind start codes in this {container}, and MP4 needs lengths there")]
    StartCodes {
        /// The codec.
        codec: &'static str,
        /// The container.
        container: &'static str,
    },
    /// Each sample has a header that it does not have in MP4, and the index does not say how long it is.
    #[error("{codec} has a header before each frame in this {container}")]
    Framed {
        /// The codec.
        codec: &'static str,
        /// The container.
        container: &'static str,
    },
    /// The bytes of a sample are not in one piece.
    #[error("the samples lie in packets, between those of other streams, in {container}")]
    Scattered {
        /// The container.
        container: &'static str,
    },
    /// Several frames share a block, and only the block itself says how long each is.
    #[error("some blocks contain several frames (lacing), whose sizes are not in the index")]
    Laced,
    /// A block or a packet is not a whole number of frames.
    #[error("the frames of {codec} do not begin where the {container} file's chunks do")]
    Unaligned {
        /// The codec.
        codec: &'static str,
        /// The container.
        container: &'static str,
    },
    /// The container compresses samples once more.
    #[error("the file compresses its samples once more ({how})")]
    Compressed {
        /// The method.
        how: &'static str,
    },
    /// Samples are encrypted.
    #[error("the samples are encrypted")]
    Encrypted,
    /// Decoders are configured anew within the track, but not where segments begin, or by what its index does not say.
    #[error("the file changes its configuration")]
    Changes,
    /// The file, or what the index keeps of it, does not have what a decoder has to know first.
    #[error("what a decoder of {codec} has to know first is not in the index of this file")]
    Missing {
        /// The codec, as people name it.
        codec: String,
    },
    /// The configuration of the decoder is damaged.
    #[error("the configuration of {codec} in this file is damaged")]
    Damaged {
        /// The codec, as people name it.
        codec: String,
    },
    /// The index has a format that this program does not know, or was built without.
    #[error("files of the format {name:?} are not known to this program")]
    Format {
        /// The name of the format in the head of the file.
        name: String,
    },
}

/// Codecs as people name them, by the names of the index: those of MIME types, of `QuickTime`, and the format tags of
/// WAVE (RFC 2361) in hexadecimal.
const NAMES: [(&str, &str); 30] = [
    ("2", "ADPCM"),
    ("11", "ADPCM"),
    ("17", "ADPCM"),
    ("69", "ADPCM"),
    ("adpcm", "ADPCM"),
    ("ima4", "ADPCM"),
    ("ms\\x00\\x02", "ADPCM"),
    ("ms\\x00\\x11", "ADPCM"),
    ("31", "GSM"),
    ("6", "A-law"),
    ("alaw", "A-law"),
    ("7", "\u{b5}-law"),
    ("ulaw", "\u{b5}-law"),
    ("jpeg", "JPEG"),
    ("mjpeg", "JPEG"),
    ("vp8", "VP8"),
    ("vp9", "VP9"),
    ("av01", "AV1"),
    ("theora", "Theora"),
    ("vorbis", "Vorbis"),
    ("mp4a.DD", "Vorbis"),
    ("speex", "Speex"),
    ("opus", "Opus"),
    ("flac", "FLAC"),
    ("ac-3", "AC-3"),
    ("ec-3", "E-AC-3"),
    ("mp4v.20", "MPEG-4 part 2"),
    ("sorenson-h263", "Sorenson H.263"),
    ("nellymoser", "Nellymoser"),
    ("screen", "Flash screen video"),
];

/// The codec of this name in the index, as people name it.
fn name(codec: &str) -> &str {
    let known = NAMES.iter().find(|(known, _)| *known == codec);
    match codec.split('.').next() {
        _ if known.is_some() => known.map_or(codec, |(_, name)| name),
        Some("avc1" | "avc3") => "H.264",
        Some("hvc1" | "hev1") => "HEVC",
        Some("vp09") => "VP9",
        Some("av01") => "AV1",
        _ if codec.starts_with("mp4a.40") => "AAC",
        _ => codec,
    }
}

impl Unavailable {
    /// There is no sample entry for the codec of this track.
    pub(crate) fn codec(track: &crate::media::Track) -> Self {
        Self::Codec { codec: name(&track.codec).to_owned() }
    }

    /// The index does not have the configuration of this track.
    pub(crate) fn missing(track: &crate::media::Track) -> Self {
        Self::Missing { codec: name(&track.codec).to_owned() }
    }

    /// The configuration of this track is damaged.
    pub(crate) fn damaged(track: &crate::media::Track) -> Self {
        Self::Damaged { codec: name(&track.codec).to_owned() }
    }
}
