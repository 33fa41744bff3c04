//! The two languages of all texts, and how a browser asks for one.
use std::fmt;

use serde::{Deserialize, Serialize};

mod measured;

pub use measured::measured_zh;

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// Chinese: the contest's language, and the default if neither is asked for.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// The other language.
    pub fn other(self) -> Self {
        match self {
            Lang::Zh => Lang::En,
            Lang::En => Lang::Zh,
        }
    }

    /// Reads an Accept-Language header (RFC 9110 §12.5.4): the supported language with the highest `q`; at equal `q`
    /// the first one. Chinese if it is unreadable, or names other languages only.
    pub fn from_accept_language(header: &str) -> Self {
        let mut best: Option<(Lang, f32)> = None;
        // A hostile header could list thousands; sixteen are enough for every real one.
        for wish in header.split(',').take(16) {
            let mut fields = wish.split(';').map(str::trim);
            let tag = fields.next().unwrap_or("");
            let primary = tag.split('-').next().unwrap_or("");
            let lang = if primary.eq_ignore_ascii_case("zh") || primary == "*" {
                Lang::Zh
            } else if primary.eq_ignore_ascii_case("en") {
                Lang::En
            } else {
                continue;
            };
            let quality = match fields.find_map(|field| field.strip_prefix("q=")) {
                Some(text) => text.trim().parse().unwrap_or(0.0),
                None => 1.0,
            };
            if quality > 0.0 && best.is_none_or(|(_, highest)| quality > highest) {
                best = Some((lang, quality));
            }
        }
        best.map(|(lang, _)| lang).unwrap_or_default()
    }

    /// The language's tag, as in Content-Language.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::Zh => "zh",
            Lang::En => "en",
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// Text from a file or a form, made safe to display: control and bidirectional characters dropped, at most 256
/// characters.
pub fn shown(text: &str) -> String {
    let hidden = |c: &char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{061c}' | '\u{feff}')
    };
    text.chars().filter(|c| !hidden(c)).take(256).collect()
}

/// A media time for people: `59.95 s`, `1 min 01.5 s`, `8 min`; never rounded to the limit that it misses.
pub fn duration(ms: u64, lang: Lang) -> String {
    let (minutes, rest) = (ms / 60_000, ms % 60_000);
    let seconds = decimal(rest, 1000);
    match (minutes, rest, lang) {
        (0, _, Lang::En) => format!("{seconds} s"),
        (0, _, Lang::Zh) => format!("{seconds} 秒"),
        (_, 0, Lang::En) => format!("{minutes} min"),
        (_, 0, Lang::Zh) => format!("{minutes} 分钟"),
        (_, _, Lang::En) => format!("{minutes} min {seconds} s"),
        (_, _, Lang::Zh) => format!("{minutes} 分 {seconds} 秒"),
    }
}

/// `value / unit` with as many digits as needed, at most those of `unit`: 59950/1000 is `59.95`.
pub(crate) fn decimal(value: u64, unit: u64) -> String {
    let digits = unit.ilog10() as usize;
    let text = format!("{}.{:0digits$}", value / unit, value % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_wish_for_one_of_ours_wins() {
        let check = |header, lang| assert_eq!(Lang::from_accept_language(header), lang, "{header:?}");
        check("", Lang::Zh);
        check("en", Lang::En);
        check("en-GB,en;q=0.9", Lang::En);
        check("zh-CN,zh;q=0.9,en;q=0.8", Lang::Zh);
        check("en;q=0.5, zh;q=0.9", Lang::Zh);
        check("fr, en;q=0.1", Lang::En);
        check("zh;q=0, en;q=0.1", Lang::En);
        check("fr, de", Lang::Zh);
        check("en, zh", Lang::En);
        check("zh, en", Lang::Zh);
        check("EN;q=abc", Lang::Zh);
        check("*;q=0.5, en;q=0.4", Lang::Zh);
    }

    #[test]
    fn shown_text_holds_nothing_that_acts() {
        assert_eq!(shown("a\u{1b}[31mb\n\u{202e}c\0"), "a[31mbc");
        assert_eq!(shown(&"长".repeat(1000)).chars().count(), 256);
    }

    #[test]
    fn a_duration_keeps_what_decides() {
        assert_eq!(duration(59_949, Lang::En), "59.949 s");
        assert_eq!(duration(60_000, Lang::En), "1 min");
        assert_eq!(duration(61_500, Lang::En), "1 min 1.5 s");
        assert_eq!(duration(480_051, Lang::Zh), "8 分 0.051 秒");
        assert_eq!(duration(0, Lang::Zh), "0 秒");
    }
}
