//! Wraps text at words by its width on a terminal; text between backticks is a command and is not broken. Chinese has
//! no spaces: it may break between any two characters, but no line begins with a closing mark and none ends with an
//! opening one.
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Marks that belong to the preceding character.
const CLOSING: &str = "，。、；：！？）》」』】”’%…,.;:!?)]}";
/// Marks that belong to the following character.
const OPENING: &str = "（《「『【“‘([{";

/// The width of the longest unbreakable piece.
pub(super) fn longest(text: &str) -> usize {
    pieces(text).into_iter().map(|piece| piece.trim_end().width()).max().unwrap_or(0)
}

/// The text in lines of at most `width` columns; a longer piece has a line of its own. At least one line.
pub(super) fn lines(text: &str, width: usize) -> Vec<String> {
    if text.width() <= width {
        return vec![text.to_owned()];
    }
    let (mut lines, mut line) = (Vec::new(), String::new());
    for piece in pieces(text) {
        if !line.is_empty() && line.width() + piece.trim_end().width() > width {
            lines.push(line.trim_end().to_owned());
            line = String::new();
        }
        line += piece;
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Unbreakable pieces: a word with the space after it, or a Chinese character with its marks.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut begin = 0;
    let mut before = None;
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        if !quoted && before.is_some_and(|before| may_break(before, c)) {
            pieces.push(&text[begin..at]);
            begin = at;
        }
        quoted ^= c == '`';
        before = Some(c);
    }
    pieces.push(&text[begin..]);
    pieces
}

fn may_break(before: char, after: char) -> bool {
    if after == ' ' || CLOSING.contains(after) || OPENING.contains(before) {
        return false;
    }
    let wide = |c: char| c.width() == Some(2);
    before == ' ' || wide(before) || wide(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_breaks_at_words() {
        assert_eq!(lines("at most 20 Mbit/s", 10), ["at most 20", "Mbit/s"]);
        assert_eq!(lines("short", 10), ["short"]);
        assert_eq!(lines("", 0), [""]);
        assert_eq!(lines("a very-long-identifier b", 8), ["a", "very-long-identifier", "b"]);
        assert_eq!(longest("at most 20 Mbit/s"), 6);
        assert_eq!(lines("type `reelmill fsck --repair` now", 12), ["type", "`reelmill fsck --repair`", "now"]);
    }

    #[test]
    fn chinese_breaks_between_characters_but_not_before_a_mark_that_closes() {
        assert_eq!(lines("竖着看工厂。好", 10), ["竖着看工", "厂。好"]);
        assert_eq!(lines("请看（附件）", 6), ["请看", "（附", "件）"]);
        assert_eq!(longest("工厂。"), 4);
        assert_eq!(lines("峰值 30.5 Mbit/s，最高", 12), ["峰值 30.5", "Mbit/s，最高"]);
    }
}
