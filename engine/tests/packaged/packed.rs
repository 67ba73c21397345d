//! MP3 alone is packed audio in HLS: its frames, behind a tag that says their time.

use futures::executor::block_on;
use reelspan_engine::media::Kind;
use reelspan_engine::package::hls::Addresses;

use crate::promises::payloads;
use crate::streams::{Content, samples};

/// The tag before the frames of a segment, without its time.
const TAG: &[u8] = b"ID3\x04\0\0\0\0\0\x3FPRIV\0\0\0\x35\0\0com.apple.streaming.transportStreamTimestamp\0";

#[test]
fn packed_audio_has_all_frames_and_their_time() {
    let mut found = 0;
    for path in samples() {
        let Some(content) = Content::open(&path) else { continue };
        let Ok(presentation) = content.presentation("") else { continue };
        let is_mp3 = path.extension().is_some_and(|extension| extension == "mp3");
        if !presentation.is_packed() {
            assert!(!is_mp3, "{}", path.display());
            continue;
        }
        found += 1;
        let addresses = Addresses { version: "x", query: "", playlists: "" };
        let table = block_on(presentation.table(&mut &content.pages)).unwrap();
        let master = presentation.master(&table, addresses);
        assert!(master.contains("CODECS=\"mp4a.40.34\""), "{master}");
        let rendition = &presentation.renditions()[0];
        assert_eq!(rendition.kind, Kind::Audio);
        let playlist = presentation.playlist(rendition, &table, addresses);
        assert!(!playlist.contains("#EXT-X-MAP"), "{playlist}");
        let mut frames = Vec::new();
        for row in presentation.rows(rendition, &table) {
            assert!(playlist.contains(&format!("\n{}.mp3\n", row.start)), "{playlist}");
            let segment = block_on(presentation.packed_audio(&mut &content.pages, rendition, row.start)).unwrap();
            let segment = content.bytes(&segment);
            let (tag, rest) = segment.split_at(TAG.len());
            assert_eq!(tag, TAG);
            let (time, rest) = rest.split_first_chunk::<8>().unwrap();
            assert_eq!(u64::from_be_bytes(*time), row.start * 90_000 / u64::from(rendition.timescale()));
            assert_eq!(rest[0], 0xFF, "a frame");
            frames.extend_from_slice(rest);
        }
        let all: Vec<u8> = payloads(&content, rendition.place).into_iter().flat_map(|(_, bytes)| bytes).collect();
        assert!(frames == all, "{}", path.display());
    }
    assert!(found > 4, "{found} files");
}

#[test]
fn a_part_in_packed_audio_says_where_it_begins_to_be_heard() {
    let path = samples().into_iter().find(|path| path.ends_with("formats/stereo.mp3")).unwrap();
    let content = Content::open(&path).unwrap();
    let presentation = content.presentation("t=3,8").unwrap();
    let table = block_on(presentation.table(&mut &content.pages)).unwrap();
    let rendition = &presentation.renditions()[0];
    let playlist = presentation.playlist(rendition, &table, Addresses { version: "x", query: "", playlists: "" });
    let start = playlist.lines().find_map(|line| line.strip_prefix("#EXT-X-START:TIME-OFFSET=")).unwrap();
    let start: f64 = start.trim_end_matches(",PRECISE=YES").parse().unwrap();
    // Ten frames before, and two more.
    assert!((0.2..0.4).contains(&start), "{start}");
    let rows = presentation.rows(rendition, &table);
    let lasts = rows.iter().map(|row| row.duration).sum::<u64>() as f64 / f64::from(rendition.timescale());
    assert!((lasts - 5.0 - start).abs() < 0.06, "{lasts} {start}");
}
