//! Configuration records that are made from what another container has are those that ffmpeg writes into MP4.

use reelspan_engine::codec::{aac, ac3, av1, avc, flac, hevc, nal, opus, vp9};

use crate::ffmpeg::Folder;

const PICTURES: &str = "-f lavfi -i testsrc2=s=320x180:r=25 -t 1 -pix_fmt yuv420p";
const SOUND: &str = "-f lavfi -i sine=r=48000 -t 1 -ac 2";

/// The payload of the first box of a type, wherever it stands.
fn payload(file: &[u8], kind: [u8; 4]) -> &[u8] {
    let at = file
        .windows(4)
        .position(|bytes| bytes == kind.as_slice())
        .unwrap_or_else(|| panic!("no {}", kind.escape_ascii()));
    let size = u32::from_be_bytes(*file[at - 4..].first_chunk().unwrap()) as usize;
    &file[at + 4..at - 4 + size]
}

#[test]
fn parameter_sets_of_a_byte_stream_are_a_record() {
    let folder = Folder::new("sets");
    for profile in ["baseline", "high"] {
        let mp4 = folder.make(&format!("{PICTURES} -c:v libx264 -profile:v {profile} avc.mp4"));
        let stream = folder.make("-i avc.mp4 -c copy -bsf h264_mp4toannexb avc.h264");
        let made = avc::AvcConfiguration::of_units(nal::units(&stream).map(nal::trimmed)).unwrap();
        let record = payload(&mp4, *b"avcC");
        assert_eq!(made.to_bytes(), record, "{profile}");
        assert_eq!(made.dimensions(), Some((320, 180)));
    }
    let mp4 = folder.make(&format!("{PICTURES} -c:v libx265 -x265-params log-level=none -tag:v hvc1 hevc.mp4"));
    let stream = folder.make("-i hevc.mp4 -c copy -bsf hevc_mp4toannexb hevc.h265");
    let made = hevc::HevcConfiguration::of_units(nal::units(&stream).map(nal::trimmed)).unwrap();
    let record = hevc::HevcConfiguration::parse(payload(&mp4, *b"hvcC")).unwrap();
    assert_eq!(record.to_bytes(), payload(&mp4, *b"hvcC"));
    assert_eq!(made.to_bytes(), record.without_messages().to_bytes());
    assert_eq!((made.dimensions(), made.length_size()), (Some((320, 180)), 4));
}

#[test]
fn keyframes_are_a_record() {
    let folder = Folder::new("keyframes");
    for pixels in ["yuv420p", "yuv420p10le"] {
        let mp4 = folder.make(&format!("{PICTURES} -pix_fmt {pixels} -c:v libaom-av1 -cpu-used 8 -t 0.2 av1.mp4"));
        let stream = folder.make("-i av1.mp4 -c copy av1.obu");
        assert_eq!(av1::configuration(&stream).unwrap(), payload(&mp4, *b"av1C"), "{pixels}");
        assert_eq!(av1::properties(&stream).unwrap().dimensions, Some((320, 180)));

        let mp4 = folder.make(&format!("{PICTURES} -pix_fmt {pixels} -c:v libvpx-vp9 -cpu-used 8 -t 0.2 vp9.mp4"));
        let stream = folder.make("-i vp9.mp4 -c copy vp9.ivf");
        // Behind the headers of the file and of its first frame.
        let made = vp9::VpConfiguration::of_key_frame(&stream[44..], 25.0).unwrap();
        assert_eq!(made.to_bytes(), payload(&mp4, *b"vpcC"), "{pixels}");
        assert_eq!(vp9::properties(&stream[44..]).unwrap().dimensions, Some((320, 180)));
    }
}

#[test]
fn headers_of_sound_are_a_record() {
    let folder = Folder::new("sound");
    let mp4 = folder.make(&format!("{SOUND} -c:a aac aac.mp4"));
    let stream = folder.make("-i aac.mp4 -c copy aac.aac");
    let made = aac::AudioSpecificConfig::of_adts(&stream).unwrap();
    let esds = payload(&mp4, *b"esds");
    let descriptor = reelspan_engine::codec::descriptor::Descriptor::parse(&esds[4..]).unwrap();
    assert!(descriptor.specific.starts_with(&made.to_bytes()), "{:x?}", descriptor.specific);

    let mp4 = folder.make(&format!("{SOUND} -c:a libopus opus.mp4"));
    let stream = folder.make("-i opus.mp4 -c copy opus.opus");
    let at = stream.windows(8).position(|bytes| bytes == opus::MAGIC).unwrap();
    let made = opus::OpusConfiguration::parse_head(&stream[at..at + 19]).unwrap();
    assert_eq!(made.to_box(), payload(&mp4, *b"dOps"));

    let mp4 = folder.make(&format!("{SOUND} -c:a flac -strict -2 flac.mp4"));
    let stream = folder.make("-i flac.mp4 -c copy flac.flac");
    let made = flac::StreamInfo::of_blocks(&stream).unwrap();
    assert_eq!(made.to_blocks(), payload(&mp4, *b"dfLa")[4..]);

    for (codec, channels, record) in
        [("ac3", 2, b"dac3"), ("ac3", 6, b"dac3"), ("eac3", 2, b"dec3"), ("eac3", 6, b"dec3")]
    {
        let mp4 = folder.make(&format!("{SOUND} -ac {channels} -c:a {codec} -b:a 192k sound.mp4"));
        let stream = folder.make(&format!("-i sound.mp4 -c copy -f {codec} sound.raw"));
        assert_eq!(ac3::configuration(&stream).unwrap(), payload(&mp4, *record), "{codec} {channels}");
        let found = ac3::properties(&stream).unwrap();
        assert_eq!((found.sample_rate, found.channels), (Some(48_000), Some(channels)));
        assert_eq!(ac3::configured(&found.name, payload(&mp4, *record)), Some(found));
    }
}
