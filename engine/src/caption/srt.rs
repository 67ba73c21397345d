//! Files of SubRip, which no standard describes: a counter, a line of times, and lines of text. A cue lasts until the next line of
//! times, since many files have empty lines within a text.

use super::text::{self, Markup};
use super::vtt::lines;
use super::{CaptionError, Cue, MOST_CUES, cue};
use crate::media::Interval;

/// The cues of a file, in the order of the file.
///
/// # Errors
///
/// [`CaptionError::TooMany`] if it has too many cues.
pub fn parse(file: &str) -> Result<Vec<Cue>, CaptionError> {
    let file = lines(file);
    let mut cues = Vec::new();
    let mut open: Option<(Interval, Vec<&str>)> = None;
    for line in file.split('\n') {
        let times = line.contains("-->").then(|| cue::times(line)).flatten();
        match (times, &mut open) {
            (Some((interval, _)), _) => {
                let before = open.replace((interval, Vec::new()));
                cues.extend(before.and_then(|before| finish(before, true)));
                if cues.len() > MOST_CUES {
                    return Err(CaptionError::TooMany);
                }
            }
            (None, Some((_, text))) => text.push(line),
            (None, None) => {}
        }
    }
    cues.extend(open.and_then(|last| finish(last, false)));
    Ok(cues)
}

/// A cue of these lines. If another follows, its counter is the last of them.
fn finish((interval, mut lines): (Interval, Vec<&str>), counted: bool) -> Option<Cue> {
    let is_counter = |line: &str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    if counted && lines.last().is_some_and(|line| is_counter(line.trim())) {
        lines.pop();
    }
    Cue::new(interval, &text::clean(&lines.join("\n"), Markup::SubRip))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_is_read_however_it_was_written() {
        let file = "1\r\n00:00:01,000 --> 00:00:02,500  X1:1 X2:2 Y1:3 Y2:4\r\n<i>Hello</i>\r\n\r\nafter an empty line\r\n\r\n\
                    2\r\n00:00:03,000 --> 00:00:04,000\r\n1984\r\n\r\n\r\n3\r\n0:00:05.5 --> 0:00:06\r\n{\\an8}up\r\n4\r\n\
                    00:00:08,000 --> 00:00:07,000\r\nnever\r\n\r\n5\r\n00:00:09,000 --> 00:00:10,000\r\n-- > 42\r\n6";
        let expected = "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n<i>Hello</i>\nafter an empty line\n\n\
                        00:00:03.000 --> 00:00:04.000\n1984\n\n00:00:05.500 --> 00:00:06.000\nup\n4\n\
                        00:00:08,000 --&gt; 00:00:07,000\nnever\n\n00:00:09.000 --> 00:00:10.000\n-- &gt; 42\n6\n";
        assert_eq!(cue::write(&parse(file).unwrap()), expected);
        assert!(parse("nothing of a file").unwrap().is_empty());
    }
}
