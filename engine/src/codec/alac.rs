//! Apple Lossless: `ALACSpecificConfig` (Apple, *ALAC Magic Cookie Description*), which is in MP4's `alac` box after
//! its version and flags, and in Matroska unchanged.

use super::StreamProperties;

/// The properties in the configuration; `None` if it is too short.
#[must_use]
pub fn properties(configuration: &[u8]) -> Option<StreamProperties> {
    let channels = *configuration.get(9)?;
    let rate = u32::from_be_bytes(*configuration.get(20..)?.first_chunk()?);
    Some(StreamProperties::audio("alac".to_owned(), Some(rate), Some(channels.into())))
}

/// The number of samples in a frame; only the last frame has fewer.
#[must_use]
pub fn frame_length(configuration: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*configuration.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_has_rate_and_channels() {
        let cookie = [0, 0, 16, 0, 0, 16, 40, 10, 14, 2, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xAC, 0x44];
        let found = properties(&cookie).unwrap();
        assert_eq!((found.sample_rate, found.channels, frame_length(&cookie)), (Some(44_100), Some(2), Some(4096)));
        assert_eq!(properties(&cookie[..23]), None);
    }
}
