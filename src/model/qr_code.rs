//! QR codes: as SVG, as PNG, and for a terminal.

use qrcode::QrCode;
use qrcode::render::{svg, unicode};

/// A text that no QR code can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text does not fit into a QR code")]
pub struct NoQrCode;

fn code(text: &str) -> Result<QrCode, NoQrCode> {
    QrCode::new(text.as_bytes()).map_err(|_| NoQrCode)
}

/// No picture is larger than this, whatever is asked for: a PNG's pixels are made in memory.
const LARGEST: u32 = 4096;

/// The QR code as an SVG picture, `size` pixels wide (4096 at most).
pub fn qr_svg(text: &str, size: u32) -> Result<String, NoQrCode> {
    let code = code(text)?;
    let size = size.min(LARGEST);
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

/// The QR code as a PNG picture of at least `size` pixels (asked for 4096 at most).
pub fn qr_png(text: &str, size: u32) -> Result<Vec<u8>, NoQrCode> {
    const QUIET: usize = 4;
    let code = code(text)?;
    let modules = code.width() + 2 * QUIET;
    let scale = (size.min(LARGEST) as usize).div_ceil(modules).max(1);
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

#[cfg(test)]
mod tests {
    use super::*;

    const CODE_URL: &str = "weixin://wxpay/bizpayurl?pr=XXXXXXXXX";

    /// The picture's modules as rows of light (true) and dark, one entry a pixel.
    fn pixels(png: &[u8]) -> Vec<Vec<bool>> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut bytes).unwrap();
        assert_eq!((frame.color_type, frame.width), (png::ColorType::Grayscale, frame.height));
        bytes.chunks(frame.line_size).map(|row| row.iter().map(|p| *p == 255).collect()).collect()
    }

    #[test]
    fn a_png_holds_the_modules_of_the_code_with_four_quiet_ones_around() {
        let code = code(CODE_URL).unwrap();
        let modules = code.width() + 8;
        let rows = pixels(&qr_png(CODE_URL, 1).unwrap());
        assert_eq!(rows.len(), modules);
        for (y, row) in rows.iter().enumerate() {
            for (x, light) in row.iter().enumerate() {
                let inside = (4..modules - 4).contains(&x) && (4..modules - 4).contains(&y);
                let dark = inside && code[(x - 4, y - 4)] == qrcode::Color::Dark;
                assert_ne!(*light, dark, "{x},{y}");
            }
        }
    }

    #[test]
    fn a_png_is_at_least_as_large_as_asked_and_each_module_equally_wide() {
        let rows = pixels(&qr_png(CODE_URL, 300).unwrap());
        let modules = code(CODE_URL).unwrap().width() + 8;
        assert!(rows.len() >= 300 && rows.len().is_multiple_of(modules), "{}", rows.len());
    }

    #[test]
    fn an_svg_and_a_text_are_drawn() {
        let svg = qr_svg(CODE_URL, 256).unwrap();
        assert!(svg.contains("<svg") && svg.contains("</svg>"));
        let rows = qr_text(CODE_URL).unwrap().lines().count();
        assert_eq!(rows, (code(CODE_URL).unwrap().width() + 8).div_ceil(2));
    }

    #[test]
    fn a_senseless_size_gives_a_picture_that_fits_into_memory() {
        for size in [0, u32::MAX] {
            assert!(qr_svg(CODE_URL, size).is_ok());
            assert!(pixels(&qr_png(CODE_URL, size).unwrap()).len() <= 4200);
        }
    }

    #[test]
    fn a_text_that_no_code_holds_is_refused() {
        let long = "x".repeat(3000);
        assert_eq!(qr_svg(&long, 1).err(), Some(NoQrCode));
        assert_eq!(qr_text(&long).err(), Some(NoQrCode));
        assert_eq!(qr_png(&long, 1).err(), Some(NoQrCode));
    }
}
