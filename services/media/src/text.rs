//! Text from files, made harmless: lossy UTF-8, clipped, without control and bidirectional characters.

/// Longest text that is kept of any tag, in characters.
pub(crate) const MAX_TEXT: usize = 256;

/// Makes `bytes` harmless and at most `max` characters long.
pub(crate) fn clean(bytes: &[u8], max: usize) -> String {
    // A character has at most 4 bytes, so the rest cannot matter; a 2 MB title is not even looked at.
    let head = &bytes[..bytes.len().min(max.saturating_mul(4).saturating_add(4))];
    String::from_utf8_lossy(head).chars().filter(|c| !is_harmful(*c)).take(max).collect()
}

fn is_harmful(c: char) -> bool {
    let bidi = matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || bidi || c == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_clipped_and_harmless() {
        assert_eq!(clean("标题\u{202e}\n\u{7}x".as_bytes(), 256), "标题x");
        assert_eq!(clean(&b"a".repeat(2_000_000), 256).len(), 256);
        assert_eq!(clean(b"\xff\xfeok", 256), "\u{fffd}\u{fffd}ok");
    }
}
