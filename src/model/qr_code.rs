//! QR codes: as SVG, as PNG, and for a terminal.

use qrcode::render::unicode;
use qrcode::{Color, QrCode};
use std::fmt::Write;

/// A text that no QR code can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text does not fit into a QR code")]
pub struct NoQrCode;

fn code(text: &str) -> Result<QrCode, NoQrCode> {
    QrCode::new(text.as_bytes()).map_err(|_| NoQrCode)
}

/// No picture is larger than this, whatever is asked for: a PNG's pixels are made in memory.
const LARGEST: u32 = 4096;

/// Light modules around the code, on each side, at least.
const QUIET: usize = 4;

/// A code in the middle of a square picture, in pixels.
struct Picture {
    code: QrCode,
    width: usize,
    /// Pixels a module: a whole number, so that all are equally wide.
    scale: usize,
    /// Pixels before the first module.
    margin: usize,
}

impl Picture {
    /// Exactly `size` pixels wide; wider only where a module would get less than one.
    fn new(text: &str, size: u32) -> Result<Self, NoQrCode> {
        let code = code(text)?;
        let modules = code.width() + 2 * QUIET;
        let width = (size.min(LARGEST) as usize).max(modules);
        let scale = width / modules;
        let margin = (width - code.width() * scale) / 2;
        Ok(Self { code, width, scale, margin })
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |at: usize| {
            Some(at.checked_sub(self.margin)? / self.scale).filter(|module| *module < self.code.width())
        };
        matches!((inside(x), inside(y)), (Some(x), Some(y)) if self.code[(x, y)] == Color::Dark)
    }

    /// The dark modules as one path of an SVG picture: a rectangle for each run in a row.
    fn path(&self) -> String {
        let width = self.code.width();
        let mut path = String::new();
        for y in 0..width {
            let mut x = 0;
            while x < width {
                let run = (x..width).take_while(|x| self.code[(*x, y)] == Color::Dark).count();
                if run > 0 {
                    let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
                }
                x += run + 1;
            }
        }
        path
    }
}

/// The QR code as an SVG picture, exactly `size` pixels wide (4096 at most), black on white.
pub fn qr_svg(text: &str, size: u32) -> Result<String, NoQrCode> {
    let picture = Picture::new(text, size)?;
    let Picture { width, scale, margin, .. } = picture;
    Ok(format!(
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{width}" "#,
            r#"viewBox="0 0 {width} {width}" shape-rendering="crispEdges"><title>微信支付 WeChat Pay</title>"#,
            r##"<rect width="{width}" height="{width}" fill="#fff"/>"##,
            r#"<path transform="translate({margin} {margin}) scale({scale})" d="{path}"/></svg>"#,
        ),
        width = width,
        margin = margin,
        scale = scale,
        path = picture.path(),
    ))
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

/// The QR code as a PNG picture, exactly `size` pixels wide (4096 at most), black on white.
pub fn qr_png(text: &str, size: u32) -> Result<Vec<u8>, NoQrCode> {
    let picture = Picture::new(text, size)?;
    let width = picture.width;
    let pixels: Vec<u8> =
        (0..width * width).map(|at| if picture.is_dark(at % width, at / width) { 0 } else { 255 }).collect();
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
    fn a_png_is_exactly_as_large_as_asked_and_no_smaller_than_its_modules() {
        let modules = code(CODE_URL).unwrap().width() + 8;
        for size in [modules, 120, 121, 256, 300, 1024] {
            assert_eq!(pixels(&qr_png(CODE_URL, u32::try_from(size).unwrap()).unwrap()).len(), size);
        }
        assert_eq!(pixels(&qr_png(CODE_URL, 1).unwrap()).len(), modules);
    }

    /// The rectangles of the path, `M{x} {y}h{run}v1h-{run}z` each, as the modules they cover.
    fn modules_of(svg: &str) -> Vec<(usize, usize)> {
        let path = svg.split(" d=\"M").nth(1).and_then(|rest| rest.split("z\"/>").next()).unwrap();
        let number = |text: &str| text.parse::<usize>().unwrap();
        path.split("zM")
            .flat_map(|run| {
                let (x, rest) = run.split_once(' ').unwrap();
                let (y, rest) = rest.split_once('h').unwrap();
                let (length, back) = rest.split_once("v1h-").unwrap();
                assert_eq!(length, back);
                (number(x)..number(x) + number(length)).map(move |x| (x, number(y)))
            })
            .collect()
    }

    #[test]
    fn an_svg_covers_each_dark_module_once_in_one_path_of_merged_runs() {
        let code = code(CODE_URL).unwrap();
        let svg = qr_svg(CODE_URL, 256).unwrap();
        let every = (0..code.width()).flat_map(|y| (0..code.width()).map(move |x| (x, y)));
        let dark: Vec<_> = every.filter(|at| code[*at] == qrcode::Color::Dark).collect();
        assert_eq!(modules_of(&svg), dark);
        let starts = dark.iter().filter(|(x, y)| *x == 0 || code[(x - 1, *y)] == qrcode::Color::Light);
        assert_eq!(svg.matches("v1h").count(), starts.count(), "runs are merged");
        assert_eq!(svg.matches("<path").count(), 1);
    }

    #[test]
    fn an_svg_is_exactly_as_large_as_asked_and_says_what_it_is() {
        for size in [120, 240, 257, 1024] {
            let svg = qr_svg(CODE_URL, size).unwrap();
            assert!(svg.contains(&format!(r#"width="{size}" height="{size}""#)), "{svg}");
        }
        let svg = qr_svg(CODE_URL, 240).unwrap();
        assert!(svg.contains(r#"role="img""#) && svg.contains("<title>"), "{svg}");
    }

    #[test]
    fn a_text_for_a_terminal_has_two_rows_of_modules_in_a_line() {
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
