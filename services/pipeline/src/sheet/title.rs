//! Titles and names of files as people compare them. A clerk writes 《早晨》, the netdisk has `03-早晨（终稿） .MP4`.
use unicode_normalization::UnicodeNormalization;

/// What is left of a text for comparing: NFKC, so that full and half width are the same, small letters, and neither blanks, brackets,
/// punctuation nor symbols.
pub fn plain(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}

/// The same of a text without a serial number before it (`03-早晨`, `（一）高端升级`, `2、早晨`); all of it if nothing else stands there.
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
