//! A picture as the scanner takes it: pixels that belong to somebody else, looked at row by row and
//! never copied whole.

use thiserror::Error;

/// The longest side accepted, in pixels. Beyond it coordinates no longer fit the arithmetic of the
/// locator.
pub const MAX_SIDE: usize = 16_384;

/// The largest picture accepted, in pixels.
pub const MAX_PIXELS: usize = 64_000_000;

/// Why pixels could not be taken as a picture.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ImageError {
    /// A side is zero or above [`MAX_SIDE`], or the area is above [`MAX_PIXELS`].
    #[error(
        "the picture is {0}×{1} pixels: each side must be 1 to {MAX_SIDE} and the whole at most {MAX_PIXELS}; scale it down first"
    )]
    Size(usize, usize),
    /// Rows would overlap.
    #[error("a row of {width} pixels needs {needed} bytes but the stride is {stride}")]
    Stride {
        /// Pixels in a row.
        width: usize,
        /// Bytes such a row needs.
        needed: usize,
        /// The distance between rows that was given.
        stride: usize,
    },
    /// The buffer ends before the last row does.
    #[error("the picture needs {needed} bytes but the buffer has {given}")]
    Short {
        /// Bytes from the first to the last pixel.
        needed: usize,
        /// Bytes that were given.
        given: usize,
    },
}

/// How brightness lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// One byte a pixel.
    Grey,
    /// Four bytes a pixel, red first, alpha ignored.
    Rgba,
}

/// A borrowed view of a picture's pixels.
#[derive(Clone, Copy)]
pub struct Image<'a> {
    data: &'a [u8],
    width: usize,
    height: usize,
    stride: usize,
    layout: Layout,
}

impl std::fmt::Debug for Image<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Image({}×{}, {:?})",
            self.width, self.height, self.layout
        )
    }
}

impl<'a> Image<'a> {
    /// 8-bit brightness, 0 black. `stride` is the distance between the starts of two rows in bytes;
    /// the last row may end early.
    ///
    /// # Errors
    /// [`ImageError`] when the size is out of bounds or the buffer too short.
    pub fn grey(
        data: &'a [u8],
        width: usize,
        height: usize,
        stride: usize,
    ) -> Result<Self, ImageError> {
        Self::new(data, width, height, stride, Layout::Grey)
    }

    /// Red, green, blue and alpha, a byte each; alpha is ignored. `stride` in bytes.
    ///
    /// # Errors
    /// [`ImageError`] when the size is out of bounds or the buffer too short.
    pub fn rgba(
        data: &'a [u8],
        width: usize,
        height: usize,
        stride: usize,
    ) -> Result<Self, ImageError> {
        Self::new(data, width, height, stride, Layout::Rgba)
    }

    /// An NV21 or NV12 frame, or any planar YUV that starts with its luma plane: that plane is all
    /// a code needs, and the chroma after it is not looked at. For Android's `YUV_420_888` pass
    /// plane 0 and its row stride.
    ///
    /// # Errors
    /// [`ImageError`] when the size is out of bounds or the buffer too short.
    pub fn yuv(
        data: &'a [u8],
        width: usize,
        height: usize,
        luma_stride: usize,
    ) -> Result<Self, ImageError> {
        Self::new(data, width, height, luma_stride, Layout::Grey)
    }

    fn new(
        data: &'a [u8],
        width: usize,
        height: usize,
        stride: usize,
        layout: Layout,
    ) -> Result<Self, ImageError> {
        let area = width.saturating_mul(height);
        if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE || area > MAX_PIXELS {
            return Err(ImageError::Size(width, height));
        }
        let row = width * if layout == Layout::Grey { 1 } else { 4 };
        if stride < row {
            return Err(ImageError::Stride {
                width,
                needed: row,
                stride,
            });
        }
        let needed = stride
            .checked_mul(height - 1)
            .and_then(|n| n.checked_add(row))
            .unwrap_or(usize::MAX);
        if data.len() < needed {
            return Err(ImageError::Short {
                needed,
                given: data.len(),
            });
        }
        Ok(Self {
            data,
            width,
            height,
            stride,
            layout,
        })
    }

    /// Pixels in a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// A part of the picture; a rectangle that reaches outside is cut off. `None` when nothing is
    /// left.
    #[must_use]
    pub fn crop(&self, left: usize, top: usize, width: usize, height: usize) -> Option<Image<'a>> {
        let width = width.min(self.width.checked_sub(left)?);
        let height = height.min(self.height.checked_sub(top)?);
        let pixel = if self.layout == Layout::Grey { 1 } else { 4 };
        let data = self.data.get(top * self.stride + left * pixel..)?;
        Self::new(data, width, height, self.stride, self.layout).ok()
    }

    /// The brightness of row `y`: borrowed where memory has it so, else computed into `buffer`.
    /// Rows past the end repeat the last.
    pub(crate) fn row<'b>(&self, y: usize, buffer: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        let start = y.min(self.height - 1) * self.stride;
        match self.layout {
            Layout::Grey => &self.data[start..start + self.width],
            Layout::Rgba => {
                buffer.clear();
                buffer.extend(
                    self.data[start..start + 4 * self.width]
                        .chunks_exact(4)
                        .map(luma),
                );
                buffer
            }
        }
    }

    /// The brightness of the pixel nearest to a point inside; points outside give the nearest edge
    /// pixel.
    pub(crate) fn at(&self, x: usize, y: usize) -> u8 {
        let (x, y) = (x.min(self.width - 1), y.min(self.height - 1));
        match self.layout {
            Layout::Grey => self.data[y * self.stride + x],
            Layout::Rgba => luma(&self.data[y * self.stride + 4 * x..][..4]),
        }
    }
}

/// ITU-R BT.601 weights, in 256ths.
fn luma(p: &[u8]) -> u8 {
    ((u32::from(p[0]) * 77 + u32::from(p[1]) * 150 + u32::from(p[2]) * 29) >> 8) as u8
}
