//! Segments taken apart: the samples that their boxes describe (ISO/IEC 14496-12 §8.8).

/// A sample of a segment, from its boxes.
#[derive(Debug)]
pub struct Read {
    pub decode: u64,
    pub duration: u64,
    pub composition: i64,
    pub sync: bool,
    pub bytes: Vec<u8>,
}

/// The number of 32 bits at this offset.
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// The boxes in these bytes, by type.
pub fn boxes(mut bytes: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut all = Vec::new();
    while bytes.len() >= 8 {
        let size = u32_at(bytes, 0) as usize;
        all.push((&bytes[4..8], &bytes[8..size]));
        bytes = &bytes[size..];
    }
    assert!(bytes.is_empty());
    all
}

/// The first box of this type in these bytes.
pub fn child<'a>(bytes: &'a [u8], kind: &[u8]) -> &'a [u8] {
    boxes(bytes).into_iter().find(|(found, _)| *found == kind).unwrap().1
}

/// The samples of a segment.
pub fn read(segment: &[u8]) -> Vec<Read> {
    let kinds: Vec<&[u8]> = boxes(segment).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [b"styp", b"moof", b"mdat"]);
    let traf = child(child(segment, b"moof"), b"traf");
    let (header, run) = (child(traf, b"tfhd"), child(traf, b"trun"));
    let flags = u32_at(header, 0) & 0xff_ffff;
    assert_eq!(flags & 0x2_0000, 0x2_0000);
    let mut at = 8;
    let mut default = |flag: u32| {
        (flags & flag != 0).then(|| {
            at += 4;
            u32_at(header, at - 4)
        })
    };
    let (duration, size, default_flags) = (default(0x08), default(0x10), default(0x20));
    let tfdt = child(traf, b"tfdt");
    let mut decode = u64::from_be_bytes(tfdt[4..12].try_into().unwrap());
    let (flags, count) = (u32_at(run, 0) & 0xff_ffff, u32_at(run, 4));
    let moof = segment.windows(4).position(|window| window == b"moof").unwrap() - 4;
    let mut data = moof + u32_at(run, 8) as usize;
    let mut at = 12;
    let mut field = |flag: u32| {
        (flags & flag != 0).then(|| {
            at += 4;
            u32_at(run, at - 4)
        })
    };
    let first_flags = field(0x04);
    let samples = (0..count).map(|number| {
        let duration = u64::from(field(0x100).or(duration).unwrap());
        let size = field(0x200).or(size).unwrap() as usize;
        let flags = field(0x400).or(first_flags.filter(|_| number == 0)).or(default_flags).unwrap();
        let composition = i64::from(field(0x800).unwrap_or(0).cast_signed());
        let sample = Read {
            decode,
            duration,
            composition,
            sync: flags & 0x1_0000 == 0,
            bytes: segment[data..data + size].to_vec(),
        };
        (decode, data) = (decode + duration, data + size);
        sample
    });
    let samples: Vec<Read> = samples.collect();
    assert_eq!(data, segment.len());
    samples
}
