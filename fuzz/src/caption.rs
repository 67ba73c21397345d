//! Captions: files of WebVTT and `SubRip`, and samples of text tracks. Whatever they say, what is made of them is WebVTT with the same
//! cues when it is read again, and an excerpt has nothing from outside of it.

use bytes::Bytes;
use reelspan_engine::caption::{self, Cue, FileFormat, SidecarFile};
use reelspan_engine::container::TextCoding;
use reelspan_engine::media::{Interval, Time};

use crate::Interest;

const CODINGS: [TextCoding; 6] = [
    TextCoding::Tx3g,
    TextCoding::QuickTime,
    TextCoding::Wvtt,
    TextCoding::SubRip,
    TextCoding::WebVtt,
    TextCoding::WebVttLines,
];

/// A file, and a sample of each coding.
pub fn run(input: &[u8]) -> Interest {
    let mut interest = Interest::Reject;
    for format in [FileFormat::Vtt, FileFormat::Srt] {
        let file = SidecarFile { language: "en".to_owned(), kind: None, format };
        let Ok(cues) = file.cues(input) else { continue };
        if !cues.is_empty() {
            interest = Interest::Keep;
        }
        check(&cues);
    }
    let interval = Interval::new(Time::from_secs(1), Time::from_secs(3)).expect("a second");
    let later = Interval::new(Time::from_secs(3), Time::from_secs(4)).expect("a second");
    for coding in CODINGS {
        let samples = [interval, later].map(|interval| (interval, Bytes::copy_from_slice(input)));
        let cues = caption::cues(coding, samples).expect("few cues");
        if !cues.is_empty() {
            interest = Interest::Keep;
        }
        check(&cues);
    }
    interest
}

/// What is written of these cues has all of them.
fn check(cues: &[Cue]) {
    let written = caption::write(cues);
    assert!(!written.contains(['\0', '\r']) && written.starts_with("WEBVTT\n"), "{written}");
    assert_eq!(written.matches("-->").count(), cues.len(), "{written}");
    let file = SidecarFile { language: "en".to_owned(), kind: None, format: FileFormat::Vtt };
    let again = file.cues(written.as_bytes()).expect("what was written can be read");
    assert_eq!(again.len(), cues.len(), "{written}");
    let excerpt = Interval::new(Time::from_secs(1), Time::from_secs(2)).expect("a second");
    for cue in cues.iter().filter_map(|cue| cue.within(excerpt)) {
        assert!(cue.interval.start() >= Time::ZERO && cue.interval.end() <= excerpt.duration(), "{cue:?}");
    }
}
