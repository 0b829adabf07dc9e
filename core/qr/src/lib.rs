//! QR codes (ISO/IEC 18004), both ways: [`scan`] reads them in pixels, [`draw`] draws them.

pub mod draw;
pub mod scan;
