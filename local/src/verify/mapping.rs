//! Parses `Content-Range-Mapping` (W3C *Protocol for Media Fragments 1.0 Resolution in HTTP*, §3.1 and §3.2): which
//! time and which tracks the bytes of an answer contain.
//!
//! ```text
//! mapping = "{" clause *( ";" clause ) "}" "=" "{" "bytes" ranges [ "/" length ] "}"
//! clause  = "t:npt" start "-" [ end ] "/" [ start "-" ] [ end ] / "include-setup" / dimension names
//! ```
//!
//! Spaces are optional between all of these: the working group's own examples differ in that.

use std::ops::Range;

use reelspan_engine::fragment::uri::{InvalidText, TextScanner, npt};
use reelspan_engine::media::Time;

use super::ranges::{byte_ranges, spaces};

/// A parsed mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedMapping {
    /// The time that the bytes contain, in normal play time.
    pub time: Option<Given>,
    /// The tracks that they contain, as they are written.
    pub tracks: Vec<String>,
    /// Whether they contain the setup too.
    pub setup: bool,
    /// The bytes.
    pub ranges: Vec<Range<u64>>,
    /// The length of the whole.
    pub length: Option<u64>,
}

/// A stretch of time of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    /// The first instant.
    pub start: Time,
    /// The first instant behind it; `None`: the end of the resource.
    pub end: Option<Time>,
    /// The end of the resource; `None` where it is not known.
    pub duration: Option<Time>,
}

impl ParsedMapping {
    /// Parses the field's value.
    ///
    /// # Errors
    ///
    /// If it does not match the grammar. Unknown dimensions and units are skipped.
    pub fn parse(value: &str) -> Result<Self, InvalidText> {
        let mut scanner = TextScanner::new(value.trim());
        let mut mapping = Self::default();
        expect(&mut scanner, "{", "'{' is expected")?;
        loop {
            spaces(&mut scanner);
            mapping.clause(&mut scanner)?;
            spaces(&mut scanner);
            if !scanner.take(";") {
                break;
            }
        }
        expect(&mut scanner, "}", "';' or '}' is expected")?;
        spaces(&mut scanner);
        expect(&mut scanner, "=", "'=' is expected")?;
        spaces(&mut scanner);
        expect(&mut scanner, "{", "'{' is expected")?;
        spaces(&mut scanner);
        (mapping.ranges, mapping.length) = byte_ranges(&mut scanner)?;
        spaces(&mut scanner);
        expect(&mut scanner, "}", "'}' is expected")?;
        scanner.end()?;
        Ok(mapping)
    }

    fn clause(&mut self, scanner: &mut TextScanner<'_>) -> Result<(), InvalidText> {
        if scanner.take("t:npt") {
            spaces(scanner);
            self.time = Some(given(scanner)?);
            return Ok(());
        }
        let at = *scanner;
        let text = words(scanner);
        match text.split_once([' ', '=']) {
            None if text == "include-setup" => self.setup = true,
            Some(("track", names)) => {
                let names = names.split(',').map(|name| name.trim().trim_matches('"').to_owned());
                self.tracks.extend(names.filter(|name| !name.is_empty()));
            }
            None if text.is_empty() => return Err(at.invalid("a dimension is expected")),
            _ => {}
        }
        Ok(())
    }
}

fn expect(scanner: &mut TextScanner<'_>, text: &str, why: &'static str) -> Result<(), InvalidText> {
    if scanner.take(text) { Ok(()) } else { Err(scanner.invalid(why)) }
}

/// Reads up to the end of a clause; quoted text does not end it.
fn words<'a>(scanner: &mut TextScanner<'a>) -> &'a str {
    let rest = scanner.rest();
    let mut quoted = false;
    let ends = |byte: u8| {
        quoted ^= byte == b'"';
        !quoted && matches!(byte, b';' | b'}')
    };
    let end = rest.bytes().position(ends).unwrap_or(rest.len());
    let text = rest.get(..end).unwrap_or_default();
    scanner.take(text);
    text.trim()
}

/// `2.93-7.2/0-9.97`; an end may be `*` or missing, and so may the beginning of a resource that begins at zero:
/// `2.93-7.2/9.97`.
fn given(scanner: &mut TextScanner<'_>) -> Result<Given, InvalidText> {
    let (start, end) = interval(scanner)?;
    expect(scanner, "/", "'/' and the extent of the resource are expected")?;
    if scanner.take("*") {
        return Ok(Given { start, end, duration: None });
    }
    let first = npt::instant(scanner)?;
    let duration = if scanner.rest().starts_with('-') { self::end(scanner)? } else { Some(first) };
    Ok(Given { start, end, duration })
}

fn interval(scanner: &mut TextScanner<'_>) -> Result<(Time, Option<Time>), InvalidText> {
    Ok((npt::instant(scanner)?, end(scanner)?))
}

/// The hyphen, and what follows it.
fn end(scanner: &mut TextScanner<'_>) -> Result<Option<Time>, InvalidText> {
    expect(scanner, "-", "'-' is expected")?;
    let open = scanner.take("*") || !scanner.rest().starts_with(|next: char| next.is_ascii_digit());
    if open { Ok(None) } else { npt::instant(scanner).map(Some) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::single_range_in_vec_init)]

    use proptest::prelude::*;
    use reelspan_engine::fragment::range::content_range;

    use super::*;

    /// A stretch, in milliseconds.
    fn millis(start: i64, end: i64, duration: i64) -> Given {
        let time = |millis: i64| Time(millis * 1_000_000);
        Given { start: time(start), end: Some(time(end)), duration: Some(time(duration)) }
    }

    #[test]
    fn mappings_are_read_as_the_working_group_writes_them() {
        let cases = [
            (
                "{ t:npt 10.0-20.0/0-38.3 } = { bytes 1264525-2066894/4055466 }",
                ParsedMapping {
                    time: Some(millis(10_000, 20_000, 38_300)),
                    ranges: vec![1_264_525..2_066_895],
                    length: Some(4_055_466),
                    ..ParsedMapping::default()
                },
            ),
            (
                "{t:npt 2.93-7.2/0-9.97}={bytes 887229-2171226/3050248}",
                ParsedMapping {
                    time: Some(millis(2_930, 7_200, 9_970)),
                    ranges: vec![887_229..2_171_227],
                    length: Some(3_050_248),
                    ..ParsedMapping::default()
                },
            ),
            (
                "{ t:npt 10.0-20.0/0-38.3;include-setup } = { bytes 0-1650,1264525-2066894/4055466 }",
                ParsedMapping {
                    time: Some(millis(10_000, 20_000, 38_300)),
                    setup: true,
                    ranges: vec![0..1_651, 1_264_525..2_066_895],
                    length: Some(4_055_466),
                    ..ParsedMapping::default()
                },
            ),
            (
                "{ include-setup } = { bytes 0-1650/* }",
                ParsedMapping { setup: true, ranges: vec![0..1_651], ..ParsedMapping::default() },
            ),
            (
                "{ track \"a;}\", 2 ; t:npt 0:01:00-*/0-* } = { bytes 0-0,5-6 }",
                ParsedMapping {
                    time: Some(Given { start: Time::from_secs(60), end: None, duration: None }),
                    tracks: vec!["a;}".to_owned(), "2".to_owned()],
                    ranges: vec![0..1, 5..7],
                    ..ParsedMapping::default()
                },
            ),
            (
                "{ t:npt 10.0-15.2/15.2;track audio } = { bytes 0-0/1 }",
                ParsedMapping {
                    time: Some(millis(10_000, 15_200, 15_200)),
                    tracks: vec!["audio".to_owned()],
                    ranges: vec![0..1],
                    length: Some(1),
                    ..ParsedMapping::default()
                },
            ),
            (
                "{ t:clock \"2010-10-22T07:33:56Z\"-*/*;id chapter-2 } = { bytes 0-0/1 }",
                ParsedMapping { ranges: vec![0..1], length: Some(1), ..ParsedMapping::default() },
            ),
        ];
        for (text, mapping) in cases {
            assert_eq!(ParsedMapping::parse(text), Ok(mapping), "{text}");
        }
    }

    #[test]
    fn what_is_not_in_the_grammar_is_refused_where_it_leaves_it() {
        for (text, at) in [
            ("", 0),
            ("t:npt 1-2/0-3", 0),
            ("{ } = { bytes 0-1/2 }", 2),
            ("{ t:npt 1-2 } = { bytes 0-1/2 }", 11),
            ("{ t:npt x-2/0-3 } = { bytes 0-1/2 }", 8),
            ("{ t:npt 1-2/0-3 } { bytes 0-1/2 }", 18),
            ("{ t:npt 1-2/0-3 } = { bytes 0-1/2", 33),
            ("{ t:npt 1-2/0-3 } = { bytes 1-0/2 }", 31),
            ("{ t:npt 1-2/0-3 } = { bytes 0-1/2 } x", 35),
        ] {
            assert_eq!(ParsedMapping::parse(text).map_err(|invalid| invalid.at), Err(at), "{text}");
        }
    }

    proptest! {
        #[test]
        fn hostile_mappings_are_refused_calmly(text in "[{}= ;:/,*\"0-9tbyesnpinclude-]{0,60}") {
            let _ = ParsedMapping::parse(&text);
        }

        #[test]
        fn what_is_written_is_read(start in 0_i64..100_000, length in 1_i64..100_000, first in 0_u64..1_000, more in 1_u64..1_000) {
            let end = start + length;
            let given = millis(start, end, end);
            let times = format!("{}-{}/0-{1}", given.start, given.end.unwrap());
            let bytes = content_range(&(first..first + more), first + more + 1);
            let mapping = ParsedMapping::parse(&format!("{{ t:npt {times} }} = {{ {bytes} }}")).unwrap();
            prop_assert_eq!(mapping.time, Some(given));
            prop_assert_eq!(mapping.ranges, [first..first + more]);
        }
    }
}
