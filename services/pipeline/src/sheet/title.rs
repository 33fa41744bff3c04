//! Titles and names of files, normalised for comparison. A clerk writes 《早晨》, the cloud drive has `03-早晨（终稿） .MP4`.
use unicode_normalization::UnicodeNormalization;

/// A text normalised for comparison: NFKC, so that full and half width are the same, in lower case, without blanks,
/// brackets, punctuation and symbols.
pub fn plain(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}

/// The same for a text without its serial number (`03-早晨`, `（一）高端升级`, `2、早晨`); the whole text if nothing else is left.
pub(crate) fn unnumbered(text: &str) -> String {
    let text: String = text.nfkc().collect();
    let rest = text.trim_start().trim_start_matches(['(', '[', '【', '第']);
    let number = |c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c);
    let after = rest.trim_start_matches(number);
    let separated = after.starts_with(['.', '-', '_', '、', ')', ']', '】', ',', ':', ' ']);
    let left = plain(after);
    if after.len() < rest.len() && separated && !left.is_empty() { left } else { plain(&text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_compared_as_people_read_them() {
        for (a, b) in [
            ("《早晨》", "早晨"),
            ("早 晨", "早晨"),
            ("ＡＩ工厂２０２４", "ai工厂2024"),
            ("绿色·低碳——我们的家", "绿色低碳我们的家"),
            ("“智”造", "智造"),
            ("①早晨", "1早晨"),
            ("cafe\u{301}", "CAFÉ"),
        ] {
            assert_eq!(plain(a), plain(b));
        }
        assert_ne!(plain("早晨"), plain("早晨（二）"));
        assert_eq!(plain("——"), "", "nothing is left");
    }

    #[test]
    fn a_serial_number_is_none_of_the_title() {
        for text in ["03-早晨", "3.早晨", "（一）早晨", "一、早晨", "【12】早晨", "０１ 早晨", "第3_早晨"]
        {
            assert_eq!(unnumbered(text), "早晨", "{text}");
        }
        assert_eq!(unnumbered("3D打印"), "3d打印");
        assert_eq!(unnumbered("一带一路"), "一带一路");
        assert_eq!(unnumbered("2024."), "2024");
    }
}
