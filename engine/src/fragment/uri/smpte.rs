//! SMPTE time codes (W3C *Media Fragments URI 1.0 (advanced)* §4.2.1, after SMPTE ST 12-1), which name the frames of a
//! video:
//!
//! ```text
//! smptetimedef = smpteformat ":" ( frametime [ "," frametime ] ) / ( "," frametime )
//! smpteformat  = "smpte" / "smpte-25" / "smpte-30" / "smpte-30-drop"
//! frametime    = 1*DIGIT ":" 2DIGIT ":" 2DIGIT [ ":" 2DIGIT [ "." 2DIGIT ] ]
//! ```
//!
//! A time code is not a time: it counts frames, and when a frame is shown depends on how many there are in a second. At
//! 30000/1001 frames a second thirty are 1.001 s, and a clock that counts thirty to the second loses 3.6 s an hour. Drop frame
//! keeps up by leaving out *names*, of no frame: 00 and 01 at the beginning of each minute but the tenth.

use std::fmt;

use super::{InvalidText, TextScanner};
use crate::media::Time;

/// How frames are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SmpteFormat {
    /// `smpte`: 30 frames a second.
    Plain,
    /// `smpte-25`: 25 frames a second.
    At25,
    /// `smpte-30`: 30 frames a second.
    At30,
    /// `smpte-30-drop`: 30000/1001 frames a second, drop frame.
    At30Drop,
}

impl SmpteFormat {
    /// All formats, the longest name first, since some names are prefixes of others.
    pub const ALL: [Self; 4] = [Self::At30Drop, Self::At30, Self::At25, Self::Plain];

    /// Its name in a URI and in a `Range`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "smpte",
            Self::At25 => "smpte-25",
            Self::At30 => "smpte-30",
            Self::At30Drop => "smpte-30-drop",
        }
    }

    /// Frames a second, as a fraction.
    #[must_use]
    pub const fn rate(self) -> (u32, u32) {
        match self {
            Self::Plain | Self::At30 => (30, 1),
            Self::At25 => (25, 1),
            Self::At30Drop => (30_000, 1001),
        }
    }

    /// Frame names a second.
    const fn names(self) -> i64 {
        match self {
            Self::Plain | Self::At30 | Self::At30Drop => 30,
            Self::At25 => 25,
        }
    }

    /// The time at which a frame begins to be shown, in hundredths of frames from the beginning.
    #[must_use]
    pub fn time(self, hundredths: i64) -> Time {
        let (frames, seconds) = self.rate();
        let nanoseconds = i128::from(hundredths) * 10_000_000 * i128::from(seconds);
        // Not before the frame begins: rounded down, a time code would mean the previous frame.
        let rounded = nanoseconds.saturating_add(i128::from(frames) - 1).div_euclid(i128::from(frames));
        Time(i64::try_from(rounded).unwrap_or(LATEST.0).min(LATEST.0))
    }

    /// The frame that is shown at an instant, and whether it begins exactly then (to half a microsecond, the precision
    /// of printed times).
    #[must_use]
    pub fn frame(self, time: Time) -> (i64, bool) {
        let (frames, seconds) = self.rate();
        let of = |time: Time| {
            let units = i128::from(time.0.max(0)) * i128::from(frames);
            i64::try_from(units / (1_000_000_000 * i128::from(seconds))).unwrap_or(i64::MAX)
        };
        let frame = of(time + Time(500));
        (frame, of(time - Time(501)) < frame || time <= Time(500))
    }

    /// The name of a frame, counted from 0.
    #[must_use]
    pub fn code(self, frame: i64) -> TimeCode {
        let names = self.names();
        let mut name = frame.max(0);
        if self == Self::At30Drop {
            // Ten minutes are 17982 frames: a minute of 1800 and nine of 1798.
            let (tens, rest) = (name / 17_982, name % 17_982);
            let minutes = if rest < 1800 { 0 } else { 1 + (rest - 1800) / 1798 };
            name = name.saturating_add(18 * tens + 2 * minutes);
        }
        let seconds = name / names;
        TimeCode {
            hours: seconds / 3600,
            minutes: part(seconds / 60 % 60),
            seconds: part(seconds % 60),
            frames: part(name % names),
            hundredths: 0,
        }
    }
}

/// The latest representable instant.
const LATEST: Time = Time(i64::MAX - 1);

fn part(value: i64) -> u8 {
    u8::try_from(value).unwrap_or_default()
}

/// The name of a frame, and a position in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeCode {
    /// Saturating: a time code may have any number of digits.
    pub hours: i64,
    /// 0 to 59.
    pub minutes: u8,
    /// 0 to 59.
    pub seconds: u8,
    /// Less than the frames in a second.
    pub frames: u8,
    /// Hundredths of a frame.
    pub hundredths: u8,
}

impl TimeCode {
    /// Parses a `frametime`, and leaves what follows to the caller.
    ///
    /// # Errors
    ///
    /// If there is no `frametime` here, or a second has no such frame.
    pub fn read(scanner: &mut TextScanner<'_>, format: SmpteFormat) -> Result<Self, InvalidText> {
        let hours = scanner.number()?;
        let minutes = scanner.behind_colon(60, "two digits from 00 to 59 are expected")?;
        let seconds = scanner.behind_colon(60, "two digits from 00 to 59 are expected")?;
        let mut code = Self { hours, minutes, seconds, frames: 0, hundredths: 0 };
        if scanner.rest().starts_with(':') {
            let names = part(format.names());
            code.frames =
                scanner.behind_colon(names, "two digits, less than there are frames in a second, are expected")?;
            if scanner.take(".") {
                code.hundredths = scanner.two_digits(100, "two digits are expected")?;
            }
        }
        Ok(code)
    }

    /// Hundredths of frames from the beginning of the media to here.
    ///
    /// The two names that drop frame leaves out mean the frame after them: `0:01:00` is the first one of that minute.
    #[must_use]
    pub fn position(self, format: SmpteFormat) -> i64 {
        let minutes = i128::from(self.hours) * 60 + i128::from(self.minutes);
        let name = (minutes * 60 + i128::from(self.seconds)) * i128::from(format.names());
        let dropped = if format == SmpteFormat::At30Drop { 2 * (minutes - minutes / 10) } else { 0 };
        let left_out = format == SmpteFormat::At30Drop && minutes % 10 != 0 && self.seconds == 0 && self.frames < 2;
        let (frame, hundredths) = if left_out { (2, 0) } else { (self.frames, self.hundredths) };
        let position = (name - dropped + i128::from(frame)) * 100 + i128::from(hundredths);
        i64::try_from(position).unwrap_or(i64::MAX)
    }
}

/// The syntax of a URI, with frames if it says more than seconds.
impl fmt::Display for TimeCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{:02}:{:02}", self.hours, self.minutes, self.seconds)?;
        if self.frames > 0 || self.hundredths > 0 {
            write!(out, ":{:02}", self.frames)?;
        }
        if self.hundredths > 0 {
            write!(out, ".{:02}", self.hundredths)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::super::cases::cases;
    use super::*;

    fn position(format: SmpteFormat, text: &str) -> i64 {
        TimeCode::read(&mut TextScanner::new(text), format).unwrap().position(format)
    }

    #[test]
    fn a_time_code_counts_frames() {
        // SMPTE ST 12-1: an hour of drop frame is 107892 frames.
        for (name, text, hundredths) in cases().positions {
            let format = SmpteFormat::ALL.into_iter().find(|format| format.name() == name).unwrap();
            assert_eq!(position(format, &text), hundredths, "{name} {text}");
        }
    }

    #[test]
    fn an_hour_of_drop_frame_is_an_hour_but_for_four_milliseconds() {
        assert_eq!(SmpteFormat::At30Drop.time(position(SmpteFormat::At30Drop, "1:00:00")), Time(3_599_996_400_000));
        assert_eq!(SmpteFormat::At30.time(position(SmpteFormat::At30, "1:00:00")), Time::from_secs(3600));
        assert_eq!(SmpteFormat::At30Drop.time(100), Time(33_366_667));
        assert!(SmpteFormat::At25.time(i64::MAX) < Time::MAX);
    }

    proptest! {
        #[test]
        fn every_frame_has_one_name(frame in 0_i64..50_000_000) {
            for format in SmpteFormat::ALL {
                let code = format.code(frame);
                prop_assert_eq!(code.position(format), frame * 100, "{}", code);
                let read = TimeCode::read(&mut TextScanner::new(&code.to_string()), format);
                prop_assert_eq!(read, Ok(code));
                prop_assert_eq!(format.frame(format.time(frame * 100)), (frame, true));
                prop_assert_eq!(format.frame(format.time(frame * 100 + 50)), (frame, false));
            }
        }
    }
}
