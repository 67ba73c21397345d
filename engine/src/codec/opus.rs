//! Opus packets (RFC 6716), whatever contains them.

/// How many nanoseconds the Opus packet lasts whose first bytes these are (RFC 6716 §3.1 and §3.2).
pub fn duration([toc, count]: [u8; 2]) -> Option<u64> {
    const MICROSECONDS: [u64; 4] = [10_000, 20_000, 40_000, 60_000];
    let step = usize::from(toc >> 3 & 3);
    let frame = match toc >> 3 {
        0..12 => MICROSECONDS.get(step).copied()?,
        12..16 => 10_000 << (step & 1),
        _ => 2_500 << step,
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(count & 0x3F),
    };
    (frames > 0).then_some(frame * frames * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opus_packet_says_how_long_it_lasts() {
        let cases = [
            ([0x00, 0], Some(10_000_000)),
            ([0x58, 9], Some(60_000_000)),
            ([0x60, 0], Some(10_000_000)),
            ([0x68, 0], Some(20_000_000)),
            ([0x80, 0], Some(2_500_000)),
            ([0xF8, 0], Some(20_000_000)),
            ([0xF9, 0], Some(40_000_000)),
            ([0xFB, 3], Some(60_000_000)),
            ([0xFB, 0], None),
        ];
        for (packet, expected) in cases {
            assert_eq!(duration(packet), expected, "{packet:x?}");
        }
    }
}
