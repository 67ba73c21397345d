//! QuickTime files from before the standard.

use miniz_oxide::deflate::compress_to_vec_zlib;

use super::*;
use crate::container::boxes::write_box;

/// A film whose movie box, the last one, is compressed, and claims this length.
fn compressed(film: &[u8], algorithm: [u8; 4], length: Option<u32>) -> Bytes {
    let movie = film.windows(4).rposition(|bytes| bytes == b"moov").unwrap() - 4;
    let (before, moov) = film.split_at(movie);
    let mut out = before.to_vec();
    write_box(&mut out, *b"moov", |out| {
        write_box(out, *b"cmov", |out| {
            write_box(out, *b"dcom", |out| out.extend(algorithm));
            write_box(out, *b"cmvd", |out| {
                out.extend(length.unwrap_or(moov.len() as u32).to_be_bytes());
                out.extend(compress_to_vec_zlib(moov, 6));
            });
        });
    });
    out.into()
}

#[test]
fn a_compressed_movie_box_is_read_as_what_it_holds() {
    let mut random = RandomNumbers(1);
    let mut tracks = film(&mut random);
    let plain = write(&mut tracks, SHAPES[1], &mut random);
    let (expected, _) = index(&plain.clone().into()).unwrap();
    let file = compressed(&plain, *b"zlib", None);
    let (outline, mut pages) = index(&file).unwrap();
    for (place, track) in tracks.iter().enumerate() {
        assert_eq!(samples(&mut pages, place), track.samples, "track {}", track.id);
    }
    let [.., Range { end, .. }] = outline.setup_ranges[..] else { panic!("no setup") };
    assert_eq!(end, file.len() as u64);
    assert_eq!(Outline { setup_ranges: expected.setup_ranges.clone(), ..outline }, expected);
}

#[test]
fn a_movie_that_only_names_others_is_refused() {
    let mut file = Vec::new();
    write_box(&mut file, *b"moov", |out| write_box(out, *b"rmra", |out| write_box(out, *b"rmda", |_| {})));
    let error = index(&file.into()).unwrap_err().to_string();
    assert_eq!(error, "not supported: a reference movie (rmra), which names other files");
}

#[test]
fn a_compressed_movie_box_that_is_none_is_told() {
    let mut random = RandomNumbers(1);
    let plain = write(&mut film(&mut random), SHAPES[1], &mut random);
    for (algorithm, length, why) in [
        (*b"adec", None, "not supported: a movie header (cmov) that is compressed by adec"),
        (*b"zlib", Some(u32::MAX), "too large: a movie box of 4294967295 bytes, deflated to "),
        (*b"zlib", Some(1000), "expected deflated bytes, found: "),
    ] {
        let error = index(&compressed(&plain, algorithm, length)).unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}");
    }
}
