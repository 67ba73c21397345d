//! The write half: a form with the copied chunks, and the bytes of its blocks.

use super::dialect::{CHUNK_TAIL, Dialect, RIFF_TAIL};
use super::{comm, meta};
use crate::container::{Error, Extents, Selection, TooLarge, Written};
use crate::index::{self, Outline, Runs};
use crate::media::Setup;
use crate::media::splice::Splice;

/// The size of a `ds64` chunk, including its header.
const DS64: u64 = 36;

/// Writes a selection as a complete file; see [`super::write`].
pub fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error> {
    let mut setup = outline.setup.iter().map_while(|setup| match setup {
        Setup::Inline(bytes) => Some(bytes.as_ref()),
        Setup::At(_) => None,
    });
    let mismatch = || Error::Index(index::InvalidIndex("an outline of another container".to_owned()));
    let dialect = setup.next().and_then(Dialect::named).ok_or_else(mismatch)?;
    let none = Runs::default();
    let runs = selection.tracks.first().map_or(&none, |track| &track.runs);
    let sound = CutExtent::of(runs);
    let mut chunks = Vec::with_capacity(1024);
    for chunk in setup {
        let (id, data) = chunk.split_first_chunk::<4>().ok_or_else(mismatch)?;
        match id {
            b"fact" => put(dialect, &mut chunks, *id, &fact(dialect, sound.samples)),
            b"bext" => put(dialect, &mut chunks, *id, &meta::later(dialect, data, sound.first)),
            b"COMM" => {
                let mut data = data.to_vec();
                let blocks = u32::try_from(sound.blocks).map_err(|_| too_large())?;
                meta::put(&mut data, comm::BLOCKS_AT, &dialect.four(blocks));
                put(dialect, &mut chunks, *id, &data);
            }
            id => put(dialect, &mut chunks, *id, data),
        }
    }
    let head = head(dialect, &chunks, &sound)?;
    let setup = 0..head.len() as u64;
    let mut splice = Splice::new();
    splice.made(head);
    for run in runs {
        splice.source(run.bytes());
    }
    let padding = sound.bytes.wrapping_neg() % dialect.alignment();
    splice.made(vec![0; usize::try_from(padding).unwrap_or(0)]);
    Ok(Written { splice, setup, elements: Extents::default() })
}

/// The extent of a cut.
struct CutExtent {
    /// The first sample of the original in it.
    first: u64,
    bytes: u64,
    blocks: u64,
    samples: u64,
}

impl CutExtent {
    fn of(runs: &Runs) -> Self {
        let mut cut = Self { first: 0, bytes: 0, blocks: 0, samples: 0 };
        let unsigned = |ticks: i64| u64::try_from(ticks).unwrap_or(0);
        cut.first = runs.first().map_or(0, |run| unsigned(run.decode.0));
        for run in runs {
            cut.bytes = cut.bytes.saturating_add(u64::from(run.size).saturating_mul(u64::from(run.count)));
            cut.blocks = cut.blocks.saturating_add(u64::from(run.count));
            cut.samples = cut.samples.saturating_add(unsigned((run.decode_end() - run.decode).0));
        }
        cut
    }
}

/// Appends a chunk.
fn put(dialect: Dialect, out: &mut Vec<u8>, id: [u8; 4], data: &[u8]) {
    if dialect == Dialect::Wave64 {
        if !matches!(&id, b"fmt " | b"fact") {
            return;
        }
        out.extend([&id[..], &CHUNK_TAIL, &(dialect.header() + data.len() as u64).to_le_bytes()].concat());
    } else {
        out.extend(id);
        out.extend(dialect.four(u32::try_from(data.len()).unwrap_or(u32::MAX)));
    }
    out.extend_from_slice(data);
    while !(out.len() as u64).is_multiple_of(dialect.alignment()) {
        out.push(0);
    }
}

/// The data of a `fact` chunk.
fn fact(dialect: Dialect, samples: u64) -> Vec<u8> {
    if dialect == Dialect::Wave64 {
        return samples.to_le_bytes().to_vec();
    }
    dialect.four(u32::try_from(samples).unwrap_or(u32::MAX)).to_vec()
}

/// Everything before the samples, given the chunks before them.
fn head(dialect: Dialect, chunks: &[u8], sound: &CutExtent) -> Result<Vec<u8>, Error> {
    let (id, before) = dialect.sound();
    let data = sound.bytes.saturating_add(before);
    let padded = data.saturating_add(data.wrapping_neg() % dialect.alignment());
    let form = dialect.first_chunk() + chunks.len() as u64;
    let total = form.saturating_add(dialect.header()).saturating_add(padded);
    let mut out = Vec::with_capacity(chunks.len() + 128);
    if dialect == Dialect::Wave64 {
        out.extend([&b"riff"[..], &RIFF_TAIL, &total.to_le_bytes(), b"wave", &CHUNK_TAIL, chunks].concat());
        out.extend([&id[..], &CHUNK_TAIL, &(dialect.header().saturating_add(data)).to_le_bytes()].concat());
        return Ok(out);
    }
    let (form, kind) = match dialect {
        Dialect::Aiff | Dialect::Aifc => (*b"FORM", dialect.name()),
        other => (other.name(), *b"WAVE"),
    };
    match (u32::try_from(total - 8), u32::try_from(data)) {
        (Ok(size), Ok(data)) => {
            out.extend([form, dialect.four(size), kind].concat());
            out.extend_from_slice(chunks);
            out.extend([*id, dialect.four(data)].concat());
        }
        // EBU Tech 3306: sizes that do not fit are all ones, and `ds64`, which comes first, has them.
        _ if dialect == Dialect::Riff => {
            let sizes = [total.saturating_add(DS64) - 8, data, sound.samples].map(u64::to_le_bytes);
            out.extend([*b"RF64", [0xFF; 4], kind, *b"ds64", dialect.four(28)].concat());
            out.extend([sizes.as_flattened(), &[0; 4], chunks, id, &[0xFF; 4]].concat());
        }
        _ => return Err(too_large()),
    }
    if before > 0 {
        out.extend([0; 8]);
    }
    Ok(out)
}

fn too_large() -> Error {
    TooLarge::Dialect.into()
}
