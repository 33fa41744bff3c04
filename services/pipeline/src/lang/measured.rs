//! Translates measured values and limits of screening and quality control from English to Chinese. Rows of quality
//! control contain English only, as do verdicts of versions before values were stored in both languages.

/// The longest text that is translated, in bytes. Rows of quality control come from the child; longer ones are shown
/// unchanged.
const LONGEST: usize = 1000;

/// Texts without numbers.
#[rustfmt::skip]
const WORDS: [(&str, &str); 22] = [
    ("yes", "是"),
    ("no", "否"),
    ("none", "无"),
    ("silent", "静音"),
    ("silence", "静音"),
    ("sound", "有声音"),
    ("plain", "正常"),
    ("mono", "单声道"),
    ("stereo", "立体声"),
    ("progressive", "逐行"),
    ("top field first", "隔行，上场优先"),
    ("bottom field first", "隔行，下场优先"),
    ("the same file", "同一文件"),
    ("one picture, one sound", "一路画面、一路声音"),
    ("moov before mdat", "索引位于数据之前"),
    ("whole frames", "逐行"),
    ("limited range", "有限范围"),
    ("constant", "恒定"),
    ("a key frame that refers to nothing before it", "不依赖此前画面的关键帧"),
    ("silent only if the source is", "仅当原片静音时可为静音"),
    ("no frame of the source could be sampled", "原片没有可供比对的帧"),
    ("the source is noise at all of them, of which no encode keeps a likeness", "各处原片均为噪点，编码后无法保持相似"),
];

/// Texts with numbers; `{}` is one or several of them. The Chinese text may name their positions.
#[rustfmt::skip]
const AROUND: [(&str, &str); 23] = [
    ("{} ms", "{0} 毫秒"),
    ("{} s", "{0} 秒"),
    ("{} ± {} %", "{0}（误差 {1} % 以内）"),
    ("{} to {} ± {}", "{0} 至 {1} ± {2}"),
    ("{} to {} LUFS", "{0} 至 {1} LUFS"),
    ("picture < {} %, sound < {} %", "画面 < {0} %，声音 < {1} %"),
    ("picture {} %, sound {} %", "画面 {0} %，声音 {1} %"),
    ("{} video, {} audio, {} other", "视频 {0}，音频 {1}，其他 {2}"),
    ("{} key frames", "{0} 个关键帧"),
    ("a key frame at frame {}", "第 {0} 帧为关键帧"),
    ("{}, every {} frames", "{0} 个，每 {1} 帧一个"),
    ("{} kbit at frame {}", "第 {1} 帧处 {0} kbit"),
    ("{} of {} kbit", "{0} kbit（缓冲共 {1} kbit）"),
    ("SSIM {} at {} places, lowest {} at frame {}", "{1} 处 SSIM 平均 {0}，最低 {2}（第 {3} 帧）"),
    ("{} at their own index", "同一帧 {0}"),
    ("shifted: the source {} frame later matches better, with {} at frame {}", "画面错位：原片后 {0} 帧更相符，第 {2} 帧处为 {1}"),
    ("shifted: the source {} frames later matches better, with {} at frame {}", "画面错位：原片后 {0} 帧更相符，第 {2} 帧处为 {1}"),
    ("shifted: the source {} frame earlier matches better, with {} at frame {}", "画面错位：原片前 {0} 帧更相符，第 {2} 帧处为 {1}"),
    ("shifted: the source {} frames earlier matches better, with {} at frame {}", "画面错位：原片前 {0} 帧更相符，第 {2} 帧处为 {1}"),
    ("{} places of noise are left out", "{0} 处噪点未计入"),
    ("segment {} for a buffer filled to {}", "第 {0} 段，缓冲起始 {1}"),
    ("at most {} times each", "每段至多 {0} 次"),
    ("{} at frame {}", "{0}（第 {1} 帧）"),
];

/// Names of structural oddities, as the limit of that rule lists them.
const ODDITIES: [&str; 6] = [
    "long_movie_header",
    "foreign_brand",
    "packets_without_picture",
    "times_by_order",
    "colour_in_conflict",
    "last_picture_stays",
];

/// A value in Chinese. A text that is not ours, such as a codec's name or `1920×1080`, is returned unchanged.
pub fn measured_zh(en: &str) -> String {
    if en.len() > LONGEST { en.to_owned() } else { sentence(en) }
}

/// Several statements, and the remark on a measurement that cannot be trusted.
fn sentence(en: &str) -> String {
    if let Some(rest) = en.strip_prefix("measurement invalid: ") {
        return format!("测量无效：{}", sentence(rest));
    }
    if let Some(rest) = en.strip_suffix(", which is no encode's score, and no neighbour matches better") {
        return format!("{}；此值不会由编码造成，邻近各帧也不更相符", sentence(rest));
    }
    let pieces = en.split("; ").map(|piece| match piece.split_once(", from afar ") {
        Some((near, afar)) => format!("{}，缩小后 {}", statement(near), statement(afar)),
        None => statement(piece),
    });
    pieces.collect::<Vec<_>>().join("；")
}

fn statement(en: &str) -> String {
    if let Some((_, zh)) = WORDS.iter().find(|(word, _)| *word == en) {
        return (*zh).to_owned();
    }
    let oddities = en.split(", ").filter(|name| ODDITIES.contains(name)).count();
    if oddities > 0 && oddities == en.split(", ").count() {
        return format!("{oddities} 处异常");
    }
    let found = AROUND.iter().find_map(|(pattern, zh)| Some((numbers(pattern, en)?, zh)));
    let Some((numbers, zh)) = found else { return en.to_owned() };
    let place = |text: String, (index, number): (usize, &&str)| text.replace(&format!("{{{index}}}"), number);
    // Only the steps of a buffer's fill have a word between their numbers.
    numbers.iter().enumerate().fold((*zh).to_owned(), place).replace(", then ", "、")
}

/// The parts of a text at the pattern's `{}`, if the rest is equal and these parts contain no word.
fn numbers<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut literals = pattern.split("{}");
    let mut rest = text.strip_prefix(literals.next()?)?;
    let mut found = Vec::new();
    for literal in literals {
        let (number, after) = if literal.is_empty() { (rest, "") } else { rest.split_once(literal)? };
        found.push(number);
        rest = after;
    }
    let is_number = |text: &&str| {
        let text = text.replace(", then ", "");
        text.contains(|c: char| c.is_ascii_digit()) && !text.contains(char::is_alphabetic)
    };
    (rest.is_empty() && found.iter().all(is_number)).then_some(found)
}

#[cfg(test)]
mod tests;
