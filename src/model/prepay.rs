//! A placed order: what the shop shows or hands to the payer's client.

use crate::wire::fields::Fields;
use crate::wire::read::{FieldError, read};
use crate::wire::sign::Verified;
use qrcode::QrCode;
use qrcode::render::{svg, unicode};
use serde::Deserialize;

/// The answer of unifiedorder (protocol.md C.1).
#[derive(Debug, Clone, Deserialize)]
pub struct Prepay {
    /// `trade_type`.
    pub trade_type: Option<String>,
    /// `prepay_id`, good for two hours.
    pub prepay_id: Option<String>,
    /// `code_url` (NATIVE), good for two hours: what the QR code holds.
    pub code_url: Option<String>,
    /// `mweb_url` (H5), good for five minutes.
    pub mweb_url: Option<String>,
}

/// A text that no QR code can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text does not fit into a QR code")]
pub struct NoQrCode;

impl Prepay {
    /// Reads the verified answer.
    pub fn from_answer(fields: &Verified<Fields>) -> Result<Self, FieldError> {
        read(fields)
    }
}

fn code(text: &str) -> Result<QrCode, NoQrCode> {
    QrCode::new(text.as_bytes()).map_err(|_| NoQrCode)
}

/// The QR code as an SVG picture, `size` pixels wide.
pub fn qr_svg(text: &str, size: u32) -> Result<String, NoQrCode> {
    let code = code(text)?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(size, size).build())
}

/// The QR code for a terminal, two rows of modules a line.
pub fn qr_text(text: &str) -> Result<String, NoQrCode> {
    let code = code(text)?;
    Ok(code
        .render::<unicode::Dense1x2>()
        .dark_color(unicode::Dense1x2::Light)
        .light_color(unicode::Dense1x2::Dark)
        .build())
}

/// The QR code as a PNG picture of at least `size` pixels.
pub fn qr_png(text: &str, size: u32) -> Result<Vec<u8>, NoQrCode> {
    const QUIET: usize = 4;
    let code = code(text)?;
    let modules = code.width() + 2 * QUIET;
    let scale = (size as usize).div_ceil(modules).max(1);
    let width = modules * scale;
    let dark = |x: usize, y: usize| {
        let inside = |at: usize| (at / scale).checked_sub(QUIET).filter(|m| *m < code.width());
        matches!((inside(x), inside(y)), (Some(x), Some(y)) if code[(x, y)] == qrcode::Color::Dark)
    };
    let pixels: Vec<u8> =
        (0..width * width).map(|at| if dark(at % width, at / width) { 0 } else { 255 }).collect();
    grey_png(&pixels, u32::try_from(width).map_err(|_| NoQrCode)?)
}

fn grey_png(pixels: &[u8], side: u32) -> Result<Vec<u8>, NoQrCode> {
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().map_err(|_| NoQrCode)?;
    writer.write_image_data(pixels).map_err(|_| NoQrCode)?;
    writer.finish().map_err(|_| NoQrCode)?;
    Ok(picture)
}
