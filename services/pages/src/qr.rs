//! A text as a QR code in SVG, without scripts, styles or references, which the pages' policy would refuse.
use std::fmt::Write as _;

use qrcode::types::QrError;
use qrcode::{Color, QrCode};

/// Light modules around a QR code, which readers need.
const QUIET: usize = 4;

/// The path of a QR code in an SVG whose unit is one module, and the total width.
///
/// # Errors
/// If the text is too long for a QR code.
pub fn drawn(text: &str) -> Result<String, QrError> {
    let code = QrCode::new(text)?;
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET);
        }
    }
    let size = width + 2 * QUIET;
    // Always dark on light, whatever the page's colours are: readers expect it.
    Ok(format!(
        "<svg viewBox=\"0 0 {size} {size}\" width=\"240\" height=\"240\" shape-rendering=\"crispEdges\" aria-hidden=\"true\">\
         <path fill=\"#fff\" d=\"M0 0h{size}v{size}h-{size}z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_code_has_its_three_corners_and_a_quiet_border() {
        let svg =
            drawn("otpauth://totp/Reelmill:anna?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Reelmill").unwrap();
        assert!(svg.starts_with("<svg viewBox=\"0 0 ") && svg.ends_with("</svg>"), "{svg}");
        assert!(svg.contains("M4 4h1v1h-1z") && !svg.contains("M3 "), "{svg}");
        // Without scripts, styles or references: the page's policy would refuse them.
        assert!(!svg.contains("style") && !svg.contains("href"), "{svg}");
    }
}
