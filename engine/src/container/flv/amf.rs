//! AMF0 (Action Message Format 0): parses the useful parts of a file's onMetaData, and writes that of a cut.

use serde::{Deserialize, Serialize};

use super::tag::{self, FILE_HEADER, SCRIPT, TAG_HEADER, TRAILER};

/// The maximum nesting of values, and their maximum number: real files have a handful, and the index of the keyframes.
const MAX_DEPTH: u32 = 8;
const MAX_VALUES: u32 = 10_000;

/// Markers of types (AMF0 §2.1).
const NUMBER: u8 = 0;
const BOOLEAN: u8 = 1;
const STRING: u8 = 2;
const OBJECT: u8 = 3;
const NULL: u8 = 5;
const UNDEFINED: u8 = 6;
const REFERENCE: u8 = 7;
const ECMA_ARRAY: u8 = 8;
const OBJECT_END: u8 = 9;
const STRICT_ARRAY: u8 = 10;
const DATE: u8 = 11;
const LONG_STRING: u8 = 12;

/// The fields of onMetaData. They are used only if the tags themselves do not contain the information.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetaData {
    /// Seconds.
    pub duration: Option<f64>,
    /// Pixels.
    pub width: Option<f64>,
    /// Pixels.
    pub height: Option<f64>,
    /// The time of recording, as text.
    pub created: Option<String>,
}

impl MetaData {
    /// Parses the payload of a script tag; `None` if it is not onMetaData. A value that cannot be parsed ends it,
    /// without affecting anything else.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let mut reader = AmfReader { rest: payload, values: 0 };
        let name = matches!(reader.byte()?, STRING).then(|| reader.string())??;
        if name != b"onMetaData" {
            return None;
        }
        let mut found = Self::default();
        // If the array is damaged, the values before the damage count.
        let _ = reader.members_of_next(&mut found);
        Some(found)
    }

    fn take(&mut self, name: &[u8], value: AmfValue<'_>) {
        let positive = |number: f64| (number.is_finite() && number > 0.0).then_some(number);
        match (name, value) {
            (b"duration", AmfValue::Number(number)) => self.duration = positive(number),
            (b"width", AmfValue::Number(number)) => self.width = positive(number),
            (b"height", AmfValue::Number(number)) => self.height = positive(number),
            (b"creation_time" | b"creationdate", AmfValue::Text(text)) => {
                self.created = std::str::from_utf8(text).ok().map(str::to_owned);
            }
            _ => {}
        }
    }
}

#[derive(Clone, Copy)]
enum AmfValue<'a> {
    Number(f64),
    Text(&'a [u8]),
    Other,
}

struct AmfReader<'a> {
    rest: &'a [u8],
    values: u32,
}

impl<'a> AmfReader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes(self.array()?);
        self.take(usize::from(length))
    }

    /// Reads the next array or object, whose members go to `found`.
    fn members_of_next(&mut self, found: &mut MetaData) -> Option<()> {
        match self.byte()? {
            OBJECT => {}
            ECMA_ARRAY => drop(self.take(4)?),
            _ => return None,
        }
        self.members(MAX_DEPTH, &mut |name, value| found.take(name, value))
    }

    fn members(&mut self, depth: u32, each: &mut dyn FnMut(&'a [u8], AmfValue<'a>)) -> Option<()> {
        loop {
            let name = self.string()?;
            if name.is_empty() && self.rest.first() == Some(&OBJECT_END) {
                return self.byte().map(drop);
            }
            each(name, self.value(depth)?);
        }
    }

    fn value(&mut self, depth: u32) -> Option<AmfValue<'a>> {
        self.values += 1;
        let depth = depth.checked_sub(1).filter(|_| self.values < MAX_VALUES)?;
        match self.byte()? {
            NUMBER => return self.array().map(|bytes| AmfValue::Number(f64::from_be_bytes(bytes))),
            STRING => return self.string().map(AmfValue::Text),
            BOOLEAN => drop(self.take(1)?),
            OBJECT => self.members(depth, &mut |_, _| {})?,
            NULL | UNDEFINED => {}
            REFERENCE => drop(self.take(2)?),
            ECMA_ARRAY => {
                self.take(4)?;
                self.members(depth, &mut |_, _| {})?;
            }
            STRICT_ARRAY => {
                let count = u32::from_be_bytes(self.array()?);
                for _ in 0..count {
                    self.value(depth)?;
                }
            }
            DATE => drop(self.take(10)?),
            LONG_STRING => {
                let length = u32::from_be_bytes(self.array()?);
                self.take(usize::try_from(length).ok()?)?;
            }
            _ => return None,
        }
        Some(AmfValue::Other)
    }
}

/// The onMetaData of a cut. Its length depends only on the number of keyframes.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// Seconds.
    pub duration: f64,
    /// Bytes of the whole file.
    pub file_size: u64,
    /// Width and height in pixels, of video.
    pub dimensions: Option<(u32, u32)>,
    /// Which kinds of tags there are.
    pub has_video: bool,
    pub has_audio: bool,
    /// Timestamp in milliseconds and position of each tag at which decoding can begin.
    pub keyframes: Vec<(i64, u64)>,
}

impl Script {
    /// The size of the tag in bytes, including its header and the PreviousTagSize.
    pub fn len(&self) -> usize {
        self.write().len()
    }

    /// The tag, and the PreviousTagSize that follows it.
    #[allow(clippy::cast_precision_loss, reason = "AMF0 has no other numbers")]
    #[allow(clippy::cast_possible_truncation, reason = "36 bytes a keyframe, of which there are a few thousand")]
    pub fn write(&self) -> Vec<u8> {
        let mut tag = vec![0; TAG_HEADER];
        tag.push(STRING);
        name(&mut tag, "onMetaData");
        tag.push(ECMA_ARRAY);
        let sized = if self.dimensions.is_some() { 2_u32 } else { 0 };
        tag.extend((6 + sized).to_be_bytes());
        number(&mut tag, "duration", self.duration);
        if let Some((width, height)) = self.dimensions {
            number(&mut tag, "width", f64::from(width));
            number(&mut tag, "height", f64::from(height));
        }
        boolean(&mut tag, "hasVideo", self.has_video);
        boolean(&mut tag, "hasAudio", self.has_audio);
        boolean(&mut tag, "hasKeyframes", !self.keyframes.is_empty());
        number(&mut tag, "filesize", self.file_size as f64);
        name(&mut tag, "keyframes");
        tag.push(OBJECT);
        numbers(&mut tag, "times", self.keyframes.iter().map(|(time, _)| *time as f64 / 1000.0));
        numbers(&mut tag, "filepositions", self.keyframes.iter().map(|(_, position)| *position as f64));
        tag.extend([0, 0, OBJECT_END]);
        tag.extend([0, 0, OBJECT_END]);
        let size = (tag.len() - TAG_HEADER) as u32;
        if let Some(place) = tag.first_chunk_mut() {
            *place = tag::header(SCRIPT, size, 0);
        }
        tag.extend(tag::trailer(size));
        tag
    }
}

/// The offset of the onMetaData tag in a cut: directly after the header.
pub const SCRIPT_AT: u64 = (FILE_HEADER + TRAILER) as u64;

fn name(out: &mut Vec<u8>, text: &str) {
    out.extend(u16::try_from(text.len()).unwrap_or(0).to_be_bytes());
    out.extend(text.as_bytes());
}

fn number(out: &mut Vec<u8>, text: &str, value: f64) {
    name(out, text);
    out.push(NUMBER);
    out.extend(value.to_be_bytes());
}

fn boolean(out: &mut Vec<u8>, text: &str, value: bool) {
    name(out, text);
    out.extend([BOOLEAN, u8::from(value)]);
}

fn numbers(out: &mut Vec<u8>, text: &str, values: impl ExactSizeIterator<Item = f64>) {
    name(out, text);
    out.push(STRICT_ARRAY);
    out.extend(u32::try_from(values.len()).unwrap_or(0).to_be_bytes());
    for value in values {
        out.push(NUMBER);
        out.extend(value.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn script(keyframes: &[(i64, u64)]) -> Script {
        Script {
            duration: 12.5,
            file_size: 1 << 40,
            dimensions: Some((320, 180)),
            has_video: true,
            has_audio: false,
            keyframes: keyframes.to_vec(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let tag = script(&[(0, 200), (4000, 9000)]).write();
        let header = tag::TagHeader::parse(&tag).unwrap();
        assert_eq!(header.tag_size() as usize + TRAILER, tag.len());
        let payload = &tag[TAG_HEADER..tag.len() - TRAILER];
        let read = MetaData::parse(payload).unwrap();
        let expected = MetaData { duration: Some(12.5), width: Some(320.0), height: Some(180.0), created: None };
        assert_eq!(read, expected);
        for length in 0..payload.len() {
            // Truncated anywhere, it is read as far as it goes.
            let _ = MetaData::parse(&payload[..length]);
        }
        assert_eq!(script(&[(1, 2)]).len(), script(&[(i64::MAX, u64::MAX)]).len());
    }

    #[test]
    fn every_type_is_passed_over_and_none_is_followed_for_ever() {
        let mut payload = b"\x02\0\x0AonMetaData\x03".to_vec();
        for value in [
            &b"\x01\x01"[..],
            b"\x03\0\x01a\x05\0\0\x09",
            b"\x06",
            b"\x07\0\0",
            b"\x08\0\0\0\0\0\0\x09",
            b"\x0A\0\0\0\x02\x05\x05",
            b"\x0B\0\0\0\0\0\0\0\0\0\0",
            b"\x0C\0\0\0\x01x",
        ] {
            payload.extend(b"\0\x01v");
            payload.extend(value);
        }
        payload.extend(b"\0\x0Dcreation_time\x02\0\x04then\0\0\x09");
        assert_eq!(MetaData::parse(&payload).unwrap().created.as_deref(), Some("then"));
        let deep = [&b"\x02\0\x0AonMetaData\x03"[..], &b"\0\x01v\x03".repeat(100_000)].concat();
        assert_eq!(MetaData::parse(&deep), Some(MetaData::default()));
        let many = [&b"\x02\0\x0AonMetaData\x03\0\x01v\x0A\xFF\xFF\xFF\xFF"[..], &vec![NULL; 100_000]].concat();
        assert_eq!(MetaData::parse(&many), Some(MetaData::default()));
        assert_eq!(MetaData::parse(b"\x02\0\x0AonCuePoint"), None);
    }
}
