//! AAC (ISO/IEC 14496-3), and how it is framed where no container does it: ADTS and LATM.

pub mod adts;
pub mod latm;
