//! Media fragments in a `Range` (W3C *Protocol for Media Fragments 1.0 Resolution in HTTP*, and the working group's notes on
//! the headers of each dimension):
//!
//! ```text
//! fragment-range = dimension *( ";" dimension )      ; t, id and include-setup once at most
//! dimension      = "t:npt=" npttime "-" [ npttime ]
//!                / "t:" smpteformat "=" frametime "-" [ frametime ]
//!                / "t:clock=" DQUOTE clocktime DQUOTE "-" [ DQUOTE clocktime DQUOTE ]
//!                / "track=" name *( "," name )
//!                / "id=" name
//!                / "include-setup"
//! name           = token / quoted-string              ; a token percent-encoded as in a URI
//! ```

use std::fmt;

use crate::fragment::uri::clock::Instant;
use crate::fragment::uri::smpte::{SmpteFormat, TimeCode};
use crate::fragment::uri::{self, InvalidText, Temporal, TextScanner, WrittenInterval, npt};

/// The maximum number of track names in a request.
const MOST_TRACKS: usize = 256;

/// A media fragment in a `Range`. It may be empty: then it is [`super::Unsatisfiable`] for every file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FragmentRange {
    /// `t`, with a start.
    pub time: Option<Temporal>,
    /// `track`: each name once, in the order of the field.
    pub tracks: Vec<String>,
    /// `id`.
    pub id: Option<String>,
    /// Whether what a player needs before any fragment is requested too.
    pub include_setup: bool,
}

impl FragmentRange {
    /// Parses the field's value.
    pub fn parse(value: &str) -> Result<Self, InvalidText> {
        let mut scanner = TextScanner::new(value);
        let mut range = Self::default();
        loop {
            skip_blanks(&mut scanner);
            range.dimension(&mut scanner)?;
            skip_blanks(&mut scanner);
            if !scanner.take(";") {
                break;
            }
        }
        scanner.end()?;
        Ok(range)
    }

    /// Whether only the setup is requested.
    #[must_use]
    pub fn is_setup_alone(&self) -> bool {
        self.include_setup && self.time.is_none() && self.tracks.is_empty() && self.id.is_none()
    }

    fn dimension(&mut self, scanner: &mut TextScanner<'_>) -> Result<(), InvalidText> {
        let again = scanner.invalid("only tracks may recur");
        let once = |first: bool| if first { Ok(()) } else { Err(again) };
        if scanner.take("t:") {
            let time = temporal(scanner)?;
            once(self.time.replace(time).is_none())
        } else if scanner.take("track=") {
            self.track(scanner)?;
            while scanner.take(",") {
                self.track(scanner)?;
            }
            Ok(())
        } else if scanner.take("id=") {
            let id = name(scanner, &[';'])?;
            once(self.id.replace(id).is_none())
        } else if scanner.take("include-setup") {
            once(!std::mem::replace(&mut self.include_setup, true))
        } else {
            Err(scanner.invalid("no dimension of media fragments"))
        }
    }

    fn track(&mut self, scanner: &mut TextScanner<'_>) -> Result<(), InvalidText> {
        if self.tracks.len() == MOST_TRACKS {
            return Err(scanner.invalid("too many tracks"));
        }
        let name = name(scanner, &[';', ','])?;
        if !self.tracks.contains(&name) {
            self.tracks.push(name);
        }
        Ok(())
    }
}

/// Parses what follows `t:`.
fn temporal(scanner: &mut TextScanner<'_>) -> Result<Temporal, InvalidText> {
    if scanner.take("npt=") {
        return with_hyphen(scanner, npt::instant).map(Temporal::Npt);
    }
    if scanner.take("clock=") {
        return with_hyphen(scanner, quoted_instant).map(Temporal::Clock);
    }
    for format in SmpteFormat::ALL {
        if scanner.rest().strip_prefix(format.name()).is_some_and(|rest| rest.starts_with('=')) {
            scanner.take(format.name());
            scanner.take("=");
            let codes = with_hyphen(scanner, |scanner| TimeCode::read(scanner, format))?;
            return Ok(Temporal::Smpte(format, codes));
        }
    }
    Err(scanner.invalid("no unit of time"))
}

/// Parses `10-20` or `10-`, each instant with `read`.
fn with_hyphen<T>(
    scanner: &mut TextScanner<'_>,
    mut read: impl FnMut(&mut TextScanner<'_>) -> Result<T, InvalidText>,
) -> Result<WrittenInterval<T>, InvalidText> {
    let start = Some(read(scanner)?);
    if !scanner.take("-") {
        return Err(scanner.invalid("'-' is expected"));
    }
    let open = scanner.rest().is_empty() || scanner.rest().starts_with([';', ' ', '\t']);
    let end = if open { None } else { Some(read(scanner)?) };
    Ok(WrittenInterval { start, end })
}

/// Parses an instant, with or without quotation marks: RFC 3339 determines where one ends.
fn quoted_instant(scanner: &mut TextScanner<'_>) -> Result<Instant, InvalidText> {
    let quoted = scanner.take("\"");
    let instant = Instant::read(scanner)?;
    if quoted && !scanner.take("\"") {
        return Err(scanner.invalid("'\"' is expected"));
    }
    Ok(instant)
}

/// Parses a name: in quotation marks verbatim (RFC 9110 §5.6.4), else up to one of `ends`, percent-encoded.
fn name(scanner: &mut TextScanner<'_>, ends: &[char]) -> Result<String, InvalidText> {
    let at = *scanner;
    let name = if scanner.take("\"") {
        let mut name = String::new();
        loop {
            match scanner.character() {
                Some('"') => break name,
                Some('\\') => name.extend(scanner.character()),
                Some(character) => name.push(character),
                None => return Err(scanner.invalid("'\"' is expected")),
            }
        }
    } else {
        let token = scanner.until(ends).trim_matches([' ', '\t']);
        uri::decode(token).map_err(|invalid| at.invalid_behind(invalid.at, invalid.why))?.into_owned()
    };
    if name.is_empty() { Err(at.invalid("a name is expected")) } else { Ok(name) }
}

fn skip_blanks(scanner: &mut TextScanner<'_>) {
    while scanner.take(" ") || scanner.take("\t") {}
}

/// The normalised header field: `track=audio;t:npt=10-20;include-setup`.
impl fmt::Display for FragmentRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tracks = self.tracks.iter().map(|track| format!("track={}", uri::encode(track)));
        let id = self.id.iter().map(|id| format!("id={}", uri::encode(id)));
        let time = self.time.iter().map(|time| format!("t:{}={}", time.unit(), WithHyphen(time)));
        let setup = self.include_setup.then(|| "include-setup".to_owned());
        for (at, dimension) in tracks.chain(id).chain(time).chain(setup).enumerate() {
            let separator = if at > 0 { ";" } else { "" };
            write!(out, "{separator}{dimension}")?;
        }
        Ok(())
    }
}

/// An interval in the syntax of `Range`. One without a start begins at zero; wall-clock time has no such form, so its
/// output does not parse.
struct WithHyphen<'a>(&'a Temporal);

impl fmt::Display for WithHyphen<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Temporal::Npt(interval) => write_with_hyphen(out, &interval.map(|time| time.to_string()), "0"),
            Temporal::Smpte(_, interval) => write_with_hyphen(out, &interval.map(|code| code.to_string()), "0:00:00"),
            Temporal::Clock(interval) => write_with_hyphen(out, &interval.map(|instant| format!("\"{instant}\"")), ""),
        }
    }
}

fn write_with_hyphen(out: &mut fmt::Formatter<'_>, interval: &WrittenInterval<String>, beginning: &str) -> fmt::Result {
    let text = |instant: &Option<String>| instant.clone().unwrap_or_default();
    let start = interval.start.clone().unwrap_or_else(|| beginning.to_owned());
    write!(out, "{start}-{}", text(&interval.end))
}
