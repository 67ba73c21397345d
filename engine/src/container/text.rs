//! What a format says of a text track.

/// How the samples of a text track are coded, as far as captions are made of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextCoding {
    /// 3GPP Timed Text (3GPP TS 26.245), `tx3g`.
    Tx3g,
    /// `QuickTime`'s text, which begins like 3GPP's.
    QuickTime,
    /// WebVTT in MP4 (ISO/IEC 14496-30), `wvtt`.
    Wvtt,
    /// A text with the markup of `SubRip`.
    SubRip,
    /// The text of a cue of WebVTT.
    WebVtt,
    /// An identifier, settings and the text of a cue, a line each.
    WebVttLines,
}

/// What is to be known of a text track before its samples are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextTrack {
    /// How its samples are coded.
    pub coding: TextCoding,
    /// Whether the file says that players may show it unless they are told otherwise.
    pub default: bool,
    /// Whether it is to be shown even if captions are off: signs and foreign words.
    pub forced: bool,
    /// Whether it is for those who do not hear the sound.
    pub hearing_impaired: bool,
}
