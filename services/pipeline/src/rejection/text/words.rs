//! Words within sentences that depend on a value from the file.
use crate::lang::{Lang, shown};

/// A word in brackets, or nothing if it is empty.
pub(super) fn named(word: &str, open: &str, close: &str) -> String {
    let word = shown(word);
    if word.trim().is_empty() { String::new() } else { format!("{open}{word}{close}") }
}

/// What changed midway; an unknown word is shown unchanged, so that an older reader still shows something.
pub(super) fn midway(what: &str, lang: Lang) -> String {
    match (what, lang) {
        ("picture_size", Lang::En) => "picture size".into(),
        ("picture_size", Lang::Zh) => "画面尺寸".into(),
        ("pixel_format", Lang::En) => "pixel format".into(),
        ("pixel_format", Lang::Zh) => "像素格式".into(),
        ("sample_rate", Lang::En) => "sample rate".into(),
        ("sample_rate", Lang::Zh) => "音频采样率".into(),
        ("channels", Lang::En) => "audio channels".into(),
        ("channels", Lang::Zh) => "声道".into(),
        ("codec", Lang::En) => "codec".into(),
        ("codec", Lang::Zh) => "编码格式".into(),
        (other, Lang::En | Lang::Zh) => shown(other),
    }
}

/// Which budget was exceeded.
pub(super) fn resource(budget: &str, lang: Lang) -> String {
    match (budget, lang) {
        ("time", Lang::En) => "time".into(),
        ("time", Lang::Zh) => "时间".into(),
        ("memory", Lang::En) => "memory".into(),
        ("memory", Lang::Zh) => "内存".into(),
        ("frames", Lang::En) => "frames".into(),
        ("frames", Lang::Zh) => "帧数".into(),
        ("packets", Lang::En) => "packets".into(),
        ("packets", Lang::Zh) => "数据包".into(),
        ("output", Lang::En) => "output space".into(),
        ("output", Lang::Zh) => "输出空间".into(),
        (other, Lang::En | Lang::Zh) => shown(other),
    }
}
