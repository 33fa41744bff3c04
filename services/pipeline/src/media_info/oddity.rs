//! Oddities of a file's structure that a viewer does not notice: shown to reviewers, and never a reason to refuse.
use serde::{Deserialize, Serialize};

use crate::lang::{self, Lang, shown};

/// One oddity, with its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Oddity {
    /// The movie header is longer than picture and sound: usually another track (telemetry, thumbnails) is that long.
    LongMovieHeader {
        /// The header's duration, ms.
        claimed_ms: u64,
    },
    /// The major brand is not one of mp4's, but a compatible brand is.
    ForeignBrand {
        /// The major brand.
        major: String,
    },
    /// Packets of the picture stream without a picture: delimiters, messages, parameter sets, or no bytes at all.
    PacketsWithoutPicture {
        /// Their number.
        packets: u64,
    },
    /// The file has no presentation times; pictures are shown in the bitstream's order, one after the other.
    TimesByOrder,
    /// Container and bitstream have different colours; the bitstream's are used.
    ColourInConflict {
        /// Matrix, primaries and curve by the container.
        container: String,
        /// Those of the bitstream.
        bitstream: String,
    },
    /// The last picture stays much longer than the others.
    LastPictureStays {
        /// The excess, ms.
        stays_ms: u64,
    },
}

impl Oddity {
    /// The stable code: the value of `code` in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Oddity::LongMovieHeader { .. } => "long_movie_header",
            Oddity::ForeignBrand { .. } => "foreign_brand",
            Oddity::PacketsWithoutPicture { .. } => "packets_without_picture",
            Oddity::TimesByOrder => "times_by_order",
            Oddity::ColourInConflict { .. } => "colour_in_conflict",
            Oddity::LastPictureStays { .. } => "last_picture_stays",
        }
    }

    /// One sentence for a reviewer. Text from the file is made safe to display.
    pub fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (Oddity::LongMovieHeader { claimed_ms }, Lang::Zh) => {
                format!("文件头标注的时长为{}，长于画面和声音。", lang::duration(*claimed_ms, lang))
            }
            (Oddity::LongMovieHeader { claimed_ms }, Lang::En) => format!(
                "The movie header says that the file lasts {}, longer than picture and sound.",
                lang::duration(*claimed_ms, lang)
            ),
            (Oddity::ForeignBrand { major }, Lang::Zh) => {
                format!("主品牌 {} 不属于 mp4，按兼容品牌视为 mp4。", shown(major))
            }
            (Oddity::ForeignBrand { major }, Lang::En) => {
                format!("The major brand {} is none of mp4's; by a compatible brand the file is an mp4.", shown(major))
            }
            (Oddity::PacketsWithoutPicture { packets }, Lang::Zh) => {
                format!("有 {packets} 个画面数据包不含画面，播放不受影响。")
            }
            (Oddity::PacketsWithoutPicture { packets }, Lang::En) => {
                format!("Packets of the picture that hold no picture: {packets}; nothing is missing.")
            }
            (Oddity::TimesByOrder, Lang::Zh) => "文件未标注各帧的显示时间，按码流中的显示顺序依次播放。".to_owned(),
            (Oddity::TimesByOrder, Lang::En) => {
                "The file does not say when its pictures are shown; they are shown one after the other, in the bitstream's order."
                    .to_owned()
            }
            (Oddity::ColourInConflict { container, bitstream }, Lang::Zh) => {
                format!("容器标注的色彩（{}）与码流（{}）不一致，以码流为准。", shown(container), shown(bitstream))
            }
            (Oddity::ColourInConflict { container, bitstream }, Lang::En) => format!(
                "The container says the colours {}, the bitstream {}; the bitstream is followed.",
                shown(container),
                shown(bitstream)
            ),
            (Oddity::LastPictureStays { stays_ms }, Lang::Zh) => {
                format!("最后一帧画面停留{}。", lang::duration(*stays_ms, lang))
            }
            (Oddity::LastPictureStays { stays_ms }, Lang::En) => {
                format!("The last picture stays for {}.", lang::duration(*stays_ms, lang))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_oddity_has_a_text_in_both_languages_and_its_code_in_json() {
        let hostile = || "\u{1b}[2J\u{202e}x".to_owned();
        let all = [
            Oddity::LongMovieHeader { claimed_ms: 60_000 },
            Oddity::ForeignBrand { major: hostile() },
            Oddity::PacketsWithoutPicture { packets: 12 },
            Oddity::TimesByOrder,
            Oddity::ColourInConflict { container: hostile(), bitstream: hostile() },
            Oddity::LastPictureStays { stays_ms: 30_000 },
        ];
        for oddity in all {
            let json = serde_json::to_value(&oddity).unwrap();
            assert_eq!(json["code"], oddity.code());
            assert_eq!(serde_json::from_value::<Oddity>(json).unwrap(), oddity);
            let (zh, en) = (oddity.text(Lang::Zh), oddity.text(Lang::En));
            assert!(zh.ends_with('。') && en.ends_with('.'), "{zh} {en}");
            assert!(!(zh + &en).chars().any(|c| c.is_control() || c == '\u{202e}'));
        }
    }
}
