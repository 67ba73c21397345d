//! Regions of the picture (W3C *Media Fragments URI 1.0 (basic)* §4.2.2), which the player shows:
//!
//! ```text
//! xywhparam = [ ( "pixel" / "percent" ) ":" ] 1*DIGIT "," 1*DIGIT "," 1*DIGIT "," 1*DIGIT
//! ```

use std::fmt;

use super::{InvalidText, TextScanner};

/// The unit of an [`Area`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AreaUnit {
    /// Pixels of the picture.
    Pixel,
    /// Hundredths of its width and of its height.
    Percent,
}

impl AreaUnit {
    /// Its name in a URI.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pixel => "pixel",
            Self::Percent => "percent",
        }
    }
}

/// A rectangle of the picture. Its width and height are not zero, and one in percent is within the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Area {
    /// The unit of the numbers.
    pub unit: AreaUnit,
    /// From the left edge of the picture. Too large numbers saturate.
    pub x: u32,
    /// From the top edge.
    pub y: u32,
    /// At least 1.
    pub width: u32,
    /// At least 1.
    pub height: u32,
}

impl Area {
    /// Parses the value of `xywh`. Without a prefix it is in pixels.
    pub fn parse(value: &str) -> Result<Self, InvalidText> {
        let mut scanner = TextScanner::new(value);
        let unit = if scanner.take("percent:") {
            AreaUnit::Percent
        } else {
            scanner.take("pixel:");
            AreaUnit::Pixel
        };
        let mut numbers = [(0_u32, scanner); 4];
        for (at, number) in numbers.iter_mut().enumerate() {
            if at > 0 && !scanner.take(",") {
                return Err(scanner.invalid("',' and a number are expected"));
            }
            *number = (u32::try_from(scanner.number()?).unwrap_or(u32::MAX), scanner);
        }
        scanner.end()?;
        let [(x, _), (y, _), (width, behind_width), (height, behind_height)] = numbers;
        if width == 0 {
            return Err(behind_width.invalid_before(1, "the width is at least 1"));
        }
        if height == 0 {
            return Err(behind_height.invalid_before(1, "the height is at least 1"));
        }
        if unit == AreaUnit::Percent && x.saturating_add(width) > 100 {
            return Err(behind_width.invalid_before(1, "it reaches beyond the picture's right edge"));
        }
        if unit == AreaUnit::Percent && y.saturating_add(height) > 100 {
            return Err(behind_height.invalid_before(1, "it reaches beyond the picture's lower edge"));
        }
        Ok(Self { unit, x, y, width, height })
    }
}

/// The syntax of a URI, with its unit: `pixel:200,100,200,200`.
impl fmt::Display for Area {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unit, x, y, width, height } = self;
        write!(out, "{}:{x},{y},{width},{height}", unit.name())
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases::{assert_wrong, cases};
    use super::*;

    #[test]
    fn areas_are_read_in_pixels_and_in_percent() {
        for (value, written) in cases().areas {
            assert_eq!(Area::parse(&value).map(|area| area.to_string()), Ok(written), "{value}");
        }
    }

    #[test]
    fn what_is_no_area_is_refused() {
        for case in cases().not_areas {
            assert_wrong(Area::parse(&case.0), &case);
        }
    }
}
