//! Why a file cannot be indexed, or a cut not be written. What an error says is in its fields; its text is for people.

use super::ReadError;
use crate::index::BuildError;

/// Why a file could not be indexed, or a cut not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its bytes are not what the format's standard says.
    #[error("{what} (at byte {offset}, in {path})")]
    Malformed {
        /// Where in the file.
        offset: u64,
        /// Which box or element, from the outside in: `moov/trak[2]/mdia`.
        path: String,
        /// What was found, and what was expected.
        what: String,
    },
    /// It is sound, but uses what is not supported.
    #[error("not supported: {0}")]
    Unsupported(#[from] Unsupported),
    /// No format that is known.
    #[error("not a media file of a known format")]
    Unknown,
    /// It exceeds what one file, or one cut, may have.
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
        /// How many it may take.
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
    Index(#[from] crate::index::Error),
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Index(error) => Self::Index(error),
            error => Self::Claims(error),
        }
    }
}

/// What a file uses, or a cut would need, that is not supported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// An index of a format that this program does not know, or was built without.
    #[error("files of the format {name:?}")]
    Format {
        /// What the head of the file calls it.
        name: String,
    },
    /// A file of a kind that is known by its beginning, and that is not read.
    #[error("{kind}")]
    Kind {
        /// Which kind, and what is particular about it.
        kind: &'static str,
    },
    /// Samples that are encrypted or scrambled.
    #[error("{what}")]
    Encrypted {
        /// What says so.
        what: String,
    },
    /// No track that could be given out.
    #[error("{why}")]
    NoTracks {
        /// What there is instead.
        why: String,
    },
    /// Tags each of which is of several tracks.
    #[error("tags each of which is of several tracks (enhanced FLV's ManyTracks)")]
    ManyTracks,
    /// Sound in a codec whose blocks are not all of one size, or are not known.
    #[error("{form} with sound of {codec}")]
    Codec {
        /// The kind of file.
        form: &'static str,
        /// What it says of the codec.
        codec: String,
    },
    /// An EBML document of another type than Matroska and WebM.
    #[error("an EBML document of type {0:?}")]
    DocType(String),
    /// An EBML document that needs a later reader.
    #[error("{element} of {value}")]
    Ebml {
        /// What the document says.
        element: &'static str,
        /// How much it asks for.
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
        /// Where in the file.
        offset: u64,
    },
    /// The sample rate changes.
    #[error("a sample rate that changes at byte {offset}, from {before} to {behind} Hz")]
    SampleRate {
        /// Where in the file.
        offset: u64,
        /// Hz before.
        before: u32,
        /// Hz from there on.
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
    /// A cut that an AVI cannot hold.
    #[error("a cut of {}{bytes} bytes, where an AVI may have {bound}", if *.whole { "" } else { "more than " })]
    AviSize {
        /// How many bytes it would have, or has so far.
        bytes: u64,
        /// Whether that is all of it.
        whole: bool,
        /// How many it may have.
        bound: u64,
    },
}

/// What exceeds what one file, or one cut, may have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooLarge {
    /// A header.
    #[error("{what} of {bytes} bytes, where {bound} are allowed")]
    Header {
        /// Which header or element.
        what: String,
        /// How many bytes it has.
        bytes: u64,
        /// How many it may have.
        bound: u64,
    },
    /// A box that has to be read whole.
    #[error("{what} of {bytes} bytes, where {bound} are read")]
    Box {
        /// Which box.
        what: &'static str,
        /// How many bytes it has.
        bytes: u64,
        /// How many it may have.
        bound: u64,
    },
    /// A compressed movie box.
    #[error("a movie box of {bytes} bytes, deflated to {deflated}, where {bound} are read")]
    Deflated {
        /// How many bytes it says it has.
        bytes: u64,
        /// How many the compressed ones are.
        deflated: usize,
        /// How many it may have.
        bound: u64,
    },
    /// A number of things.
    #[error("more than {bound} {what}")]
    Count {
        /// What is counted.
        what: &'static str,
        /// How many there may be.
        bound: u64,
    },
    /// A movie fragment of which every picture would have to be looked at.
    #[error("a movie fragment of more than {bound} pictures")]
    Pictures {
        /// How many it may have.
        bound: usize,
    },
    /// The configurations of decoders.
    #[error("sequence headers: {count} of {bytes} bytes, one of {size}")]
    SequenceHeaders {
        /// How many there were before.
        count: usize,
        /// How many bytes all of them have.
        bytes: usize,
        /// How many bytes the last one has.
        size: usize,
    },
    /// A clock that is set anew.
    #[error("time stamps that begin anew more than {bound} times")]
    Clocks {
        /// How often it may be.
        bound: usize,
    },
    /// What an index keeps of which stream has which packets.
    #[error("streams that alternate so often that ten seconds at second {second} have no page")]
    Alternation {
        /// When.
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
