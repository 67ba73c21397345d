//! Why a file cannot be indexed, or a cut cannot be written. Programs use the fields of an error; its text is for
//! people.

use super::ReadError;
use crate::index::BuildError;

/// Why a file could not be indexed, or a cut not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its bytes are not what the format's standard says.
    #[error("{what} (at byte {offset}, in {path})")]
    Malformed {
        /// The offset in the file.
        offset: u64,
        /// Which box or element, from the outside in: `moov/trak[2]/mdia`.
        path: String,
        /// What was found, and what was expected.
        what: String,
    },
    /// It is valid, but uses something unsupported.
    #[error("not supported: {0}")]
    Unsupported(#[from] Unsupported),
    /// Its format is unknown.
    #[error("not a media file of a known format")]
    Unknown,
    /// It exceeds a limit for one file or one cut.
    #[error("too large: {0}")]
    TooLarge(#[from] TooLarge),
    /// Its samples claim more bytes than it has, or more pages than a file may have.
    #[error(transparent)]
    Claims(BuildError),
    /// A cut would take more memory than one may.
    #[error(
        "too large a cut: it takes more than {taken} bytes of memory, where one may take {bound}; ask for a shorter one"
    )]
    Memory {
        /// How many bytes it took when it was given up.
        taken: u64,
        /// The limit.
        bound: u64,
    },
    /// A checkpoint is not of a pass through such a file: it has to be thrown away.
    #[error("no checkpoint: {0}")]
    Checkpoint(String),
    /// The bytes could not be had, or the pages not be stored.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The index is damaged, or the pages do not go together.
    #[error(transparent)]
    Index(#[from] crate::index::InvalidIndex),
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Index(error) => Self::Index(error),
            error => Self::Claims(error),
        }
    }
}

/// An unsupported property of a file, or of a cut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// An index with a format that this program does not know, or was built without.
    #[error("files of the format {name:?}")]
    Format {
        /// The name of the format in the head of the file.
        name: String,
    },
    /// A file of a kind that is recognised by its beginning, but not supported.
    #[error("{kind}")]
    Kind {
        /// The kind, and its particularity.
        kind: &'static str,
    },
    /// Encrypted or scrambled samples.
    #[error("{what}")]
    Encrypted {
        /// The evidence.
        what: String,
    },
    /// No track that can be served.
    #[error("{why}")]
    NoTracks {
        /// The reason.
        why: String,
    },
    /// Tags that each contain several tracks.
    #[error("tags that each contain several tracks (enhanced FLV's ManyTracks)")]
    ManyTracks,
    /// Sound in a codec with an unknown or variable block size.
    #[error("{form} with sound of {codec}")]
    Codec {
        /// The kind of file.
        form: &'static str,
        /// The codec according to the file.
        codec: String,
    },
    /// An EBML document of another type than Matroska and WebM.
    #[error("an EBML document of type {0:?}")]
    DocType(String),
    /// An EBML document that requires a later reader.
    #[error("{element} of {value}")]
    Ebml {
        /// The element that requires it.
        element: &'static str,
        /// The required value.
        value: u64,
    },
    /// A movie header that is compressed in an unknown way.
    #[error("a movie header (cmov) that is compressed by {algorithm}")]
    Compression {
        /// Its four-character code.
        algorithm: String,
    },
    /// Frames of another format begin.
    #[error("another format of frames from byte {offset} on")]
    OtherFrames {
        /// The offset in the file.
        offset: u64,
    },
    /// The sample rate changes.
    #[error("a sample rate that changes at byte {offset}, from {before} to {behind} Hz")]
    SampleRate {
        /// The offset in the file.
        offset: u64,
        /// The rate before it, in Hz.
        before: u32,
        /// The rate after it, in Hz.
        behind: u32,
    },
    /// Samples whose bytes cannot be given without what the container puts between them.
    #[error("the samples of {of} by themselves: {why}")]
    Payload {
        /// Which samples.
        of: String,
        /// Why they cannot.
        why: &'static str,
    },
    /// A cut too large for an AVI.
    #[error("a cut of {}{bytes} bytes, where an AVI may have {bound}", if *.whole { "" } else { "more than " })]
    AviSize {
        /// The number of bytes it would have, or has so far.
        bytes: u64,
        /// Whether that is its total size.
        whole: bool,
        /// The limit.
        bound: u64,
    },
}

/// A limit for one file or one cut that is exceeded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooLarge {
    /// A header.
    #[error("{what} of {bytes} bytes, where {bound} are allowed")]
    Header {
        /// The header or element.
        what: String,
        /// Its size.
        bytes: u64,
        /// The limit.
        bound: u64,
    },
    /// A box that must be read completely.
    #[error("{what} of {bytes} bytes, where {bound} are read")]
    Box {
        /// The kind of box.
        what: &'static str,
        /// How many bytes it has.
        bytes: u64,
        /// The limit.
        bound: u64,
    },
    /// A compressed movie box.
    #[error("a movie box of {bytes} bytes, deflated to {deflated}, where {bound} are read")]
    Deflated {
        /// Its declared size.
        bytes: u64,
        /// Its compressed size.
        deflated: usize,
        /// How many it may have.
        bound: u64,
    },
    /// The number of some items.
    #[error("more than {bound} {what}")]
    Count {
        /// The items.
        what: &'static str,
        /// The limit.
        bound: u64,
    },
    /// A movie fragment in which every picture would have to be examined.
    #[error("a movie fragment of more than {bound} pictures")]
    Pictures {
        /// The limit.
        bound: usize,
    },
    /// Decoder configurations.
    #[error("sequence headers: {count} of {bytes} bytes, one of {size}")]
    SequenceHeaders {
        /// The number of earlier ones.
        count: usize,
        /// The total size of those.
        bytes: usize,
        /// The size of the last one.
        size: usize,
    },
    /// A clock that is reset.
    #[error("time stamps that begin anew more than {bound} times")]
    Clocks {
        /// The limit.
        bound: usize,
    },
    /// The layout of the packets of each stream, in an index.
    #[error("streams that alternate so often that ten seconds at second {second} have no page")]
    Alternation {
        /// The time in seconds.
        second: i64,
    },
    /// The samples of a chunk.
    #[error("more than 2^32 samples")]
    Samples,
    /// The duration of a cut.
    #[error("a cut of more than a hundred years")]
    Duration,
    /// The bytes of a cut.
    #[error("a cut of more than 4 GiB, which this dialect cannot count")]
    Dialect,
}
