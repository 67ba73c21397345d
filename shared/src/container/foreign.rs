//! Files that are something else: what begins in a way by which it is known, and of which no fragments can be cut. A stream of
//! frames may stand behind anything, and an archive of MP3 files holds such streams; so these are told apart first.

/// What files begin with, at which byte, and what they are then.
const BEGINNINGS: &[(usize, &[u8], &str)] = &[
    (0, b"caff", "Core Audio Format"),
    (0, b".snd", "Sun audio (AU)"),
    (0, b"dns.", "Sun audio (AU)"),
    (0, b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "Windows Media (ASF)"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"wvpk", "WavPack"),
    (0, b"TTA1", "True Audio"),
    (0, b"TTA2", "True Audio"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"#!AMR", "AMR"),
    (0, b"ADIF", "AAC in ADIF, whose frames do not say how long they are"),
    (0, b"\x0B\x77", "AC-3 without a container"),
    (0, b"\x7F\xFE\x80\x01", "DTS without a container"),
    (0, b"\xFE\x7F\x01\x80", "DTS without a container"),
    (0, b"DSD ", "DSD (DSF)"),
    (0, b"FRM8", "DSD (DSDIFF)"),
    (0, b"MThd", "MIDI"),
    (0, b"Creative Voice File", "Creative Voice (VOC)"),
    (0, b"NIST_1A", "NIST SPHERE"),
    (8, b"8SVX", "IFF 8SVX"),
    (0, b".RMF", "RealMedia"),
    (0, b".ra\xFD", "RealAudio"),
    (0, b"FWS", "Flash (SWF)"),
    (0, b"CWS", "Flash (SWF)"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"7z\xBC\xAF\x27\x1C", "a 7z archive"),
    (0, b"Rar!\x1A\x07", "a RAR archive"),
    (0, b"\x1F\x8B\x08", "compressed by gzip"),
    (0, b"BZh", "compressed by bzip2"),
    (0, b"\xFD7zXZ\0", "compressed by xz"),
    (0, b"\x28\xB5\x2F\xFD", "compressed by Zstandard"),
    (0, b"%PDF-", "PDF"),
    (0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "a compound document"),
    (0, b"\xFF\xD8\xFF", "JPEG"),
    (0, b"\x89PNG", "PNG"),
    (0, b"GIF8", "GIF"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (8, b"WEBP", "WebP"),
    (0, b"\x7FELF", "a program"),
    (0, b"SQLite format 3", "a database"),
];

/// What a file is that begins with these bytes, if they tell.
pub fn name(start: &[u8]) -> Option<&'static str> {
    let begins = |(at, bytes, _): &&(usize, &[u8], _)| start.get(*at..).is_some_and(|rest| rest.starts_with(bytes));
    BEGINNINGS.iter().find(begins).map(|(_, _, name)| *name)
}
