//! Comments (Vorbis I §5): a vendor, and any number of `NAME=value`. Every codec here has them in its second header
//! packet. A cut keeps the short ones, without pictures, which may have megabytes.

use bytes::Bytes;

use super::le32;

/// The maximum size of a comment to keep, and of all of them.
const MAX_COMMENT: usize = 512;
const MAX_COMMENTS: usize = 4 << 10;

/// A packet with the same prefix of `prefix` bytes, the short comments of `packet`, which may be truncated, and
/// `behind`.
pub fn short(packet: &[u8], prefix: usize, behind: &[u8]) -> Bytes {
    let mut out = packet.get(..prefix).unwrap_or_default().to_vec();
    let mut fields = CommentFields(packet.get(prefix..).unwrap_or_default());
    let vendor = fields.next().filter(|vendor| vendor.len() <= MAX_COMMENT).unwrap_or_default();
    let count = le32(fields.0, 0).unwrap_or(0);
    fields.0 = fields.0.get(4..).unwrap_or_default();
    let mut room = MAX_COMMENTS;
    let mut kept: Vec<&[u8]> = Vec::new();
    for field in fields.take(usize::try_from(count).unwrap_or(usize::MAX)) {
        if field.len() <= MAX_COMMENT.min(room) {
            room -= field.len();
            kept.push(field);
        }
    }
    put(&mut out, vendor);
    out.extend(length(kept.len()));
    for field in kept {
        put(&mut out, field);
    }
    out.extend_from_slice(behind);
    out.into()
}

fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

fn put(out: &mut Vec<u8>, field: &[u8]) {
    out.extend(length(field.len()));
    out.extend_from_slice(field);
}

/// Byte strings, each preceded by its length.
struct CommentFields<'a>(&'a [u8]);

impl<'a> Iterator for CommentFields<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(le32(self.0, 0)?).ok()?;
        let (field, rest) = self.0.get(4..)?.split_at_checked(length)?;
        self.0 = rest;
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(comments: &[&[u8]]) -> Vec<u8> {
        let mut packet = b"magic".to_vec();
        put(&mut packet, b"vendor");
        packet.extend(length(comments.len()));
        for comment in comments {
            put(&mut packet, comment);
        }
        packet
    }

    #[test]
    fn pictures_stay_behind_and_titles_do_not() {
        let picture = [&b"METADATA_BLOCK_PICTURE="[..], &[b'A'; 5000]].concat();
        let long = packet(&[b"TITLE=Song", &picture, b"ARTIST=Somebody"]);
        let kept = [packet(&[b"TITLE=Song", b"ARTIST=Somebody"]), vec![1]].concat();
        assert_eq!(short(&long, 5, &[1]), kept);
        // Truncated within the picture.
        assert_eq!(short(&long[..2000], 5, &[]), packet(&[b"TITLE=Song"]));
        assert_eq!(short(&kept, 5, &[1]), kept, "once more");
    }

    #[test]
    fn what_is_no_comments_is_none() {
        let none = [b"magic".to_vec(), vec![0; 8]].concat();
        for bytes in [&b"magic"[..], b"magic\xff\xff\xff\xff\xff", b"magic\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"] {
            assert_eq!(short(bytes, 5, &[]), none);
        }
    }
}
