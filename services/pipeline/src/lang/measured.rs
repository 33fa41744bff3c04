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
mod tests {
    use super::*;

    #[test]
    fn what_quality_control_writes_is_read_in_chinese() {
        for (en, zh) in [
            ("yes", "是"),
            ("1 video, 1 audio, 0 other", "视频 1，音频 1，其他 0"),
            ("75, every 50 frames", "75 个，每 50 帧一个"),
            ("-3 kbit at frame 120", "第 120 帧处 -3 kbit"),
            ("≥ -12 of 4000 kbit", "≥ -12 kbit（缓冲共 4000 kbit）"),
            ("-18.2 to -16 ± 1", "-18.2 至 -16 ± 1"),
            ("SSIM 0.982 at 24 places, lowest 0.951 at frame 7", "24 处 SSIM 平均 0.982，最低 0.951（第 7 帧）"),
            (
                "SSIM 0.982 at 3 places, lowest 0.951 at frame 7; shifted: the source 2 frames later matches better, with 0.99 at frame 8",
                "3 处 SSIM 平均 0.982，最低 0.951（第 7 帧）；画面错位：原片后 2 帧更相符，第 8 帧处为 0.99",
            ),
            (
                "measurement invalid: SSIM 0.1 at 3 places, lowest 0.1 at frame 7, from afar 0.2 at frame 9, which is no encode's score, \
                 and no neighbour matches better",
                "测量无效：3 处 SSIM 平均 0.1，最低 0.1（第 7 帧），缩小后 0.2（第 9 帧）；此值不会由编码造成，邻近各帧也不更相符",
            ),
            ("segment 3 for a buffer filled to 50 %, then 30 %", "第 3 段，缓冲起始 50 %、30 %"),
            ("≥ 0.9 at their own index", "同一帧 ≥ 0.9"),
        ] {
            assert_eq!(measured_zh(en), zh);
        }
    }

    #[test]
    fn what_older_verdicts_hold_is_read_in_chinese() {
        for (en, zh) in [
            ("12 s", "12 秒"),
            ("60–480 s", "60–480 秒"),
            ("≤ 2 s", "≤ 2 秒"),
            ("16:9, 9:16 ± 1 %", "16:9, 9:16（误差 1 % 以内）"),
            ("-30 to -9 LUFS", "-30 至 -9 LUFS"),
            ("foreign_brand, times_by_order", "2 处异常"),
            ("picture 98 %, sound 0 %", "画面 98 %，声音 0 %"),
        ] {
            assert_eq!(measured_zh(en), zh);
        }
    }

    #[test]
    fn what_is_no_text_of_ours_stays() {
        for name in ["1920×1080", "mp4 (isom)", "bt709 bt709 bt709", "aac LC", "my frames", "foreign_brand, x", ""] {
            assert_eq!(measured_zh(name), name);
        }
        let long = "yes; ".repeat(300);
        assert_eq!(measured_zh(&long), long);
    }

    #[test]
    fn every_oddity_has_its_place_here() {
        use crate::media_info::Oddity;
        let all = [
            Oddity::LongMovieHeader { claimed_ms: 1 },
            Oddity::ForeignBrand { major: String::new() },
            Oddity::PacketsWithoutPicture { packets: 1 },
            Oddity::TimesByOrder,
            Oddity::ColourInConflict { container: String::new(), bitstream: String::new() },
            Oddity::LastPictureStays { stays_ms: 1 },
        ];
        assert_eq!(all.map(|it| it.code()), ODDITIES);
    }
}
