//! Addresses and pictures of evidence as wishes contain them.
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pipeline::text::Limit;
use runtime::problem::{Code, Detail, Problem};
use url::Url;

use crate::picture::PICTURE_BYTES;

/// A picture in the form of a wish.
pub fn encoded(picture: &[u8]) -> String {
    BASE64.encode(picture)
}

/// Only http and https, since it is shown as a link to others, and without a password.
pub(super) fn web_address(text: &str) -> Result<Url, Problem> {
    const SUCH: &str = "https://example.com/video/1";
    let such = || Detail::new(format!("须为网址，例如 {SUCH}"), format!("an address such as {SUCH}"));
    let wrong = || Code::FieldWrong.about(such().of("url"));
    let plain = !text.chars().any(|c| c.is_whitespace() || c == '\\');
    let url = Url::parse(text).ok().filter(|_| plain).ok_or_else(wrong)?;
    let fits = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    let no_login = url.username().is_empty() && url.password().is_none();
    if fits && no_login && url.as_str().chars().count() <= Limit::RECEIPT.max_chars { Ok(url) } else { Err(wrong()) }
}

/// The bytes of a picture.
pub(super) fn decoded(picture: &str) -> Result<Vec<u8>, Problem> {
    let allowed = || {
        let (zh, en) = ("字节的图片，以 base64 编码", "bytes in base64");
        Detail::new(format!("须为 1 至 {PICTURE_BYTES} {zh}"), format!("1 to {PICTURE_BYTES} {en}"))
    };
    let wrong = || Code::FieldWrong.about(allowed().of("picture"));
    // Three bytes are four characters.
    if picture.len() > PICTURE_BYTES.div_ceil(3) * 4 {
        return Err(wrong());
    }
    BASE64.decode(picture).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_without_a_password_are_taken() {
        assert_eq!(
            web_address("https://www.bilibili.com/video/BV1").unwrap().as_str(),
            "https://www.bilibili.com/video/BV1"
        );
        for wrong in [
            "javascript:alert(1)",
            "BV1",
            "URL",
            "file:///etc/passwd",
            "https://",
            "https://me:secret@example.com/",
            "https://me@example.com/",
            "https://example.com/a b",
            "",
        ] {
            assert!(web_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_picture_is_base64_of_a_bounded_size() {
        assert_eq!(decoded(&encoded(b"picture")).unwrap(), b"picture");
        assert!(decoded("no base64").is_err());
        assert!(decoded(&"A".repeat(PICTURE_BYTES / 3 * 4 + 8)).is_err());
    }
}
