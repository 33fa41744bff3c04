//! Texts typed on the command line, with the same limits as everywhere.
use pipeline::lang::Lang;
use pipeline::text::{Limit, Text};

fn typed(text: &str, limit: Limit) -> Result<String, String> {
    Text::new(text, limit).map(String::from).map_err(|error| error.text(Lang::En))
}

/// A reason, a refusal's or a proof's words.
pub(crate) fn reason(text: &str) -> Result<String, String> {
    typed(text, Limit::REASON)
}

/// A person's name.
pub(crate) fn name(text: &str) -> Result<String, String> {
    typed(text, Limit::NAME)
}

/// A token's name.
pub(crate) fn token_name(text: &str) -> Result<String, String> {
    typed(text, Limit::TOKEN_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_bounded_text() {
        assert_eq!(reason(" 版权争议 ").unwrap(), "版权争议");
        assert_eq!(reason(&"x".repeat(501)).unwrap_err(), "1 to 500 characters");
        assert_eq!(reason("").unwrap_err(), "1 to 500 characters");
        assert_eq!(reason("a\u{1b}[2J").unwrap_err(), "the character U+001B is not allowed");
        assert!(token_name("a\nb").is_err() && name("a\u{202e}b").is_err());
    }
}
