//! Packed audio (RFC 8216bis §3.1.4): frames behind a tag of ID3 with the time at which they begin.

/// The owner of the private frame that has the time.
const OWNER: &[u8] = b"com.apple.streaming.transportStreamTimestamp\0";

/// How many bytes of a segment are looked at: a tag has some dozens, and is not looked for behind them.
pub const MOST: usize = 64 << 10;

/// A segment, or its beginning, without the tag before its frames, and the time in that: 33 bits, at 90 000 ticks a second.
pub fn split(segment: &[u8]) -> (Option<u64>, &[u8]) {
    let Some((head, rest)) = segment.split_first_chunk::<10>().filter(|(head, _)| head.starts_with(b"ID3")) else {
        return (None, segment);
    };
    let [.., a, b, c, d] = *head;
    // Seven bits of each byte (ID3v2.4 §6.2).
    let size = [a, b, c, d].into_iter().fold(0_usize, |size, byte| size << 7 | usize::from(byte & 0x7F));
    let Some((tag, frames)) = rest.split_at_checked(size) else { return (None, segment) };
    let at = tag.windows(OWNER.len()).position(|window| window == OWNER);
    let stamp = at.and_then(|at| tag.get(at + OWNER.len()..)?.first_chunk().copied());
    (stamp.map(u64::from_be_bytes), frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_split_off_and_its_time_is_read() {
        let frame = [b"PRIV\0\0\0\x35\0\0", OWNER, &90_000_u64.to_be_bytes()].concat();
        let tag = [b"ID3\x04\0\0\0\0\0\x3F", frame.as_slice()].concat();
        for (segment, expected) in [
            ([tag.as_slice(), b"\xFF\xFB"].concat(), (Some(90_000), &b"\xFF\xFB"[..])),
            (b"ID3\x04\0\0\0\0\0\x02xx\xFF".to_vec(), (None, b"\xFF")),
            (b"ID3\x04\0\0\0\0\0\x7Fxx".to_vec(), (None, b"ID3\x04\0\0\0\0\0\x7Fxx")),
            (b"\xFF\xFB".to_vec(), (None, b"\xFF\xFB")),
            (Vec::new(), (None, b"")),
        ] {
            assert_eq!(split(&segment), expected);
        }
    }
}
