//! From pixels to the text of a QR code.

use std::sync::{Mutex, PoisonError};
use std::thread;

use countersign::qr::scan::{
    Code, Diagnosis, Image, ScanError, Scanner as CoreScanner, decode_file,
};

use crate::problem::errors;

errors! {
    /// Why a picture gave no code.
    PictureError {
        /// Its size and the number of bytes do not fit together, or it is too large.
        Size {}
        /// The file is of no format that is read: PNG, JPEG, WebP, GIF, BMP.
        Format {}
        /// The file is cut off or broken.
        Damaged {}
        /// The picture was read, and no code found.
        NoCode {
            /// Why the picture seems to show no code.
            diagnosis: Diagnosis,
        }
        /// The system gives the app no threads.
        NoThreads {}
    }
}

impl From<ScanError> for PictureError {
    fn from(error: ScanError) -> Self {
        let text = error.to_string();
        match error {
            ScanError::Format => Self::Format { text },
            ScanError::Damaged(_) => Self::Damaged { text },
            ScanError::TooLarge => Self::Size { text },
            ScanError::NoCode(diagnosis) => Self::NoCode { diagnosis, text },
        }
    }
}

/// How a frame's pixels lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum PixelFormat {
    /// A byte of brightness each, as the first plane of a camera's YUV frame has them; what follows
    /// is not looked at.
    Luma,
    /// Red, green, blue and alpha, a byte each.
    Rgba,
}

/// A QR code that was read.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct QrCode {
    /// Its text: pass it on to `scan` or `beginEnrolment`.
    pub text: String,
    /// Its corners in pixels, x and y by turns: top left, top right, bottom right, bottom left, as
    /// the code itself is turned.
    pub corners: Vec<f32>,
}

/// Codes with text; others are not ours.
fn readable(codes: Vec<Code>) -> Vec<QrCode> {
    codes
        .into_iter()
        .filter_map(|code| {
            Some(QrCode {
                text: code.text?,
                corners: code.corners.iter().flat_map(|&(x, y)| [x, y]).collect(),
            })
        })
        .collect()
}

/// A code that looks like one of ours. Nothing verified it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Candidate {
    /// The host that it points to, with the port where it is not the default.
    pub host: String,
    /// Its text.
    pub text: String,
}

/// The codes to take of several that were read at once.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Choice {
    /// There is none.
    Nothing,
    /// This one. It is the only one of ours, or none of ours, and then refused with its reason.
    One {
        /// Its text.
        text: String,
    },
    /// Several of ours: have a camera held closer, and let the person choose between a picture's.
    Several {
        /// The codes.
        codes: Vec<Candidate>,
    },
}

/// Chooses between the codes that a camera or picture showed at once.
#[uniffi::export]
#[must_use]
pub fn choose_code(codes: Vec<QrCode>) -> Choice {
    match countersign::choose(codes.into_iter().map(|code| code.text)) {
        countersign::Choice::Nothing => Choice::Nothing,
        countersign::Choice::One(text) => Choice::One { text },
        countersign::Choice::Several(codes) => Choice::Several {
            codes: codes
                .into_iter()
                .map(|countersign::Candidate { host, text }| Candidate { host, text })
                .collect(),
        },
    }
}

/// Reads QR codes from the frames of a camera, and from pictures.
#[derive(uniffi::Object)]
pub struct Scanner(Mutex<CoreScanner>);

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

#[uniffi::export]
impl Scanner {
    /// A scanner for one camera.
    #[uniffi::constructor]
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(CoreScanner::default()))
    }

    /// Every code that is read in this frame, within about eight milliseconds. `stride` is the
    /// distance between the starts of two rows, in bytes. The pixels are looked at where they are,
    /// in a direct buffer, and not copied. Call it on the camera's thread, with frame after frame:
    /// what one does not show, another will.
    ///
    /// # Errors
    /// If the sizes do not fit the bytes.
    pub fn frame(
        &self,
        pixels: &[u8],
        width: i32,
        height: i32,
        stride: i32,
        format: PixelFormat,
    ) -> Result<Vec<QrCode>, PictureError> {
        // A negative size is as wrong as zero.
        let [width, height, stride] =
            [width, height, stride].map(|side| usize::try_from(side).unwrap_or(0));
        let image = match format {
            PixelFormat::Luma => Image::yuv(pixels, width, height, stride),
            PixelFormat::Rgba => Image::rgba(pixels, width, height, stride),
        };
        let image = image.map_err(|error| PictureError::Size {
            text: error.to_string(),
        })?;
        let mut scanner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(readable(scanner.frame(image)))
    }

    /// Every code in a picture file, which may be a screenshot with several. It takes its time, up
    /// to about a second and a half.
    ///
    /// # Errors
    /// If it is no picture, too large, or no code is found.
    pub async fn picture(&self, file: Vec<u8>) -> Result<Vec<QrCode>, PictureError> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let no_thread = || PictureError::NoThreads {
            text: "the system gives this app no threads: close other apps".to_owned(),
        };
        thread::Builder::new()
            .name("countersign-scan".to_owned())
            .spawn(move || {
                // Nobody listens any more when the call was cancelled.
                let _ = sender.send(decode_file(&file));
            })
            .map_err(|_| no_thread())?;
        Ok(readable(receiver.await.map_err(|_| no_thread())??))
    }
}
