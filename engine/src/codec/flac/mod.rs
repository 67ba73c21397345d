//! FLAC (RFC 9639): STREAMINFO, the headers of frames and their two checksums.

mod crc;
mod frame;
mod numbers;
mod stream_info;

#[cfg(test)]
pub use self::crc::crc8;
pub use self::crc::{PrefixSum, crc16, zeros_behind};
#[cfg(test)]
pub use self::frame::put_number;
pub use self::frame::{FOOTER, FlacFrameHeader, MAX_HEADER};
pub use self::numbers::{HeaderCodes, Numbers, footer};
pub use self::stream_info::{STREAMINFO_LENGTH, StreamInfo};
