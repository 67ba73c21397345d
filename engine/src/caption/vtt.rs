//! Files of WebVTT (§6.1). Comments, styles and regions are left out.

use std::collections::HashSet;

use super::text::{self, Markup};
use super::{CaptionError, Cue, MOST_CUES, cue};

/// The cues of a file, in the order of the file.
///
/// # Errors
///
/// [`CaptionError::NotWebVtt`] if it does not begin as one, [`CaptionError::TooMany`] if it has too many cues.
pub fn parse(text: &str) -> Result<Vec<Cue>, CaptionError> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let text = lines(text);
    let mut lines = text.split('\n').peekable();
    let head = lines.next().and_then(|line| line.strip_prefix("WEBVTT"));
    if !head.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return Err(CaptionError::NotWebVtt);
    }
    // The header ends with an empty line.
    while lines.next_if(|line| !line.is_empty() && !line.contains("-->")).is_some() {}
    let (mut cues, mut identifiers) = (Vec::new(), HashSet::new());
    while let Some(first) = lines.next() {
        let (identifier, times) = if first.contains("-->") {
            ("", first)
        } else {
            match lines.next_if(|line| line.contains("-->")) {
                Some(times) if !first.is_empty() => (first, times),
                Some(times) => ("", times),
                None => {
                    // A comment, a style or a region.
                    while !first.is_empty() && lines.next_if(|line| !line.is_empty() && !line.contains("-->")).is_some()
                    {
                    }
                    continue;
                }
            }
        };
        let mut payload = String::new();
        while let Some(line) = lines.next_if(|line| !line.is_empty() && !line.contains("-->")) {
            payload.push_str(line);
            payload.push('\n');
        }
        let Some((interval, settings)) = cue::times(times) else { continue };
        let Some(mut cue) = Cue::new(interval, &text::clean(&payload, Markup::WebVtt)) else { continue };
        cue.settings = text::settings(settings);
        let identifier = text::identifier(identifier);
        if !identifier.is_empty() && identifiers.insert(identifier.clone()) {
            cue.identifier = identifier;
        }
        cues.push(cue);
        if cues.len() > MOST_CUES {
            return Err(CaptionError::TooMany);
        }
    }
    Ok(cues)
}

/// A text whose lines all end with a line feed.
pub fn lines(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_is_read_as_players_read_it() {
        let file = "\u{FEFF}WEBVTT - title\r\nKind: captions\r\n\r\nNOTE a comment\nof two lines\n\nSTYLE\n::cue { color: red }\n\n\
                    first\n00:01.000 --> 00:02.000 align:start region:x\n<v Ann>Hello\n- both -\n\n\
                    00:00:03.000 --> 00:00:02.000\nends before it begins\n\n\
                    first\n00:00:04.000-->00:00:05.000\ntwice the identifier\n00:06.000 --> 00:07.000\nno empty line before\n\n\
                    nonsense --> more\nlost\n\n00:08.000 --> 00:09.000\n\n00:10.000 --> 00:11.000\nlast";
        let cues = parse(file).unwrap();
        let expected = "WEBVTT\n\nfirst\n00:00:01.000 --> 00:00:02.000 align:start\n<v Ann>Hello\n- both -</v>\n\n\
                        00:00:04.000 --> 00:00:05.000\ntwice the identifier\n\n\
                        00:00:06.000 --> 00:00:07.000\nno empty line before\n\n00:00:10.000 --> 00:00:11.000\nlast\n";
        assert_eq!(cue::write(&cues), expected);
        assert_eq!(parse(expected).unwrap(), cues, "what is written is read again");
    }

    #[test]
    fn a_file_begins_with_its_name() {
        for file in ["", "webvtt", "WEBVTTX\n", "1\n00:00:01,000 --> 00:00:02,000\na\n"] {
            assert!(matches!(parse(file), Err(CaptionError::NotWebVtt)), "{file}");
        }
        assert!(parse("WEBVTT").unwrap().is_empty());
        let many = format!("WEBVTT\n\n{}", "00:00.000 --> 00:01.000\nx\n\n".repeat(MOST_CUES + 1));
        assert!(matches!(parse(&many), Err(CaptionError::TooMany)));
    }
}
