//! System headers (ISO/IEC 13818-1 §2.5.3.5; ISO/IEC 11172-1 §2.4.3.2): the limits of rates and buffers, by stream.

use super::pack::Owner;

/// The number of bytes before the entries of the streams.
const FIXED: usize = 12;
/// The `stream_id`s for all sound streams, and for all video streams.
const ALL_SOUND: u8 = 0xB8;
const ALL_PICTURES: u8 = 0xB9;

/// A system header with the entries of these streams only. Its limits stay, as they are upper bounds.
pub fn of(system: &[u8], streams: &[Owner]) -> Vec<u8> {
    let Some((fixed, entries)) = system.split_first_chunk::<FIXED>() else { return Vec::new() };
    let mut out = fixed.to_vec();
    // An entry begins with a one. Entries of extended streams have six bytes, and none of those is playable.
    for entry in entries.as_chunks::<3>().0.iter().take_while(|[id, ..]| *id >= 0x80 && *id != 0xB7) {
        let chosen = |owner: &Owner| match entry[0] {
            ALL_SOUND => matches!(owner.stream, 0xC0..=0xDF),
            ALL_PICTURES => matches!(owner.stream, 0xE0..=0xEF),
            id => id == owner.stream,
        };
        if streams.iter().any(chosen) {
            out.extend_from_slice(entry);
        }
    }
    let length = u16::try_from(out.len() - 6).unwrap_or(u16::MAX).to_be_bytes();
    if let Some(place) = out.get_mut(4..6) {
        place.copy_from_slice(&length);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_of_the_chosen_streams() {
        let fixed = [0, 0, 1, 0xBB, 0, 18, 0xA1, 0xB9, 0x4D, 4, 0xE1, 0x7F];
        let system = [&fixed[..], &[0xB9, 0xE0, 0xE6, 0xB8, 0xC0, 0x20, 0xBD, 0xC0, 0, 0xBF, 0xE0, 2]].concat();
        let owner = |stream| Owner { stream, substream: 0 };
        let found = of(&system, &[owner(0xC1), owner(0xBD)]);
        assert_eq!(found, [&[0, 0, 1, 0xBB, 0, 12], &fixed[6..], &[0xB8, 0xC0, 0x20, 0xBD, 0xC0, 0]].concat());
        assert!(of(&system[..11], &[]).is_empty());
    }
}
