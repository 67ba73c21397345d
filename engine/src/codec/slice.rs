//! The header of a slice (ITU-T H.264 §7.3.3, H.265 §7.3.6.1), which determines the presentation order of its picture.

/// How many bytes of a slice are needed to identify its picture.
pub const SLICE_HEADER: usize = 32;

/// What a slice says about its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// A coded video sequence begins.
    pub anew: bool,
    /// Whether later pictures are counted from it.
    pub reference: bool,
    /// A field: its `frame_num`, and whether it is a bottom field.
    pub field: Option<(u32, bool)>,
    pub count: OrderCount,
    /// How many counts a frame usually takes.
    pub steps: i64,
}

/// The picture order count of a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderCount {
    /// Its low bits, and how many these are.
    Bits(u32, u32),
    /// Pictures are shown in decode order.
    Decoded,
}
