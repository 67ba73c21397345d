//! The properties of a file's program that the writer needs: the outline's only setup.

use serde::{Deserialize, Serialize};

/// A program without its streams: each of them is the setup of its track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TsProgram {
    /// The packet size in the file.
    pub packet: u8,
    /// `transport_stream_id`.
    pub stream: u16,
    /// `program_number`.
    pub number: u16,
    /// The PID of its map.
    pub map: u16,
    /// The PID of its clock references.
    pub clock: u16,
    /// They are in separate packets, which are in every cut.
    pub alone: bool,
    /// Its descriptors.
    pub descriptors: Vec<u8>,
    /// The streams of the tracks whose samples are access units.
    pub units: Vec<u8>,
    /// The zero time stamp of each of its successive clocks.
    pub clocks: Vec<u64>,
    /// For each track, the names of the codecs of its successive configurations; none in an index before format 9.
    pub codecs: Vec<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::mpeg::outline::{pack, unpack};
    use crate::media::Setup;

    #[test]
    fn one_of_a_former_format_names_no_codecs() {
        let program = TsProgram {
            packet: 188,
            stream: 1,
            number: 1,
            map: 0x1000,
            clock: 0x100,
            alone: false,
            descriptors: b"HDMV".to_vec(),
            units: vec![2],
            clocks: vec![90_000],
            codecs: Vec::new(),
        };
        let Setup::Inline(packed) = pack(&program) else { panic!("not inline") };
        let former = packed.slice(..packed.len() - 1);
        assert_eq!(unpack::<TsProgram>(Some(&Setup::Inline(former))).ok(), Some(program));
    }
}
