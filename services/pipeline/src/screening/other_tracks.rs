//! The rule on tracks that are not used: a delivered work has one picture and one sound, so everything else in the file
//! is listed here.
use super::judge::{property, word};
use super::rules::Severity;
use super::value::both;
use super::verdict::{Outcome, Rule, RuleVerdict};
use crate::lang::shown;
use crate::media_info::{MediaInfo, OtherTrack, TrackKind, Unused};
use crate::rejection::Rejection;

/// Judges the tracks that are not used. A contest without the rule gets a warning if there are such tracks.
pub(super) fn judge(info: &MediaInfo, severity: Option<Severity>) -> Option<RuleVerdict> {
    let others = &info.other_tracks;
    if others.is_empty() && severity.is_none() {
        return None;
    }
    let (zh, en) = match others.len() {
        0 => ("文件中的画面和声音轨道均已采用。".to_owned(), "All tracks of picture and sound are used.".to_owned()),
        _ => (zh(info), en(info)),
    };
    let list = |other: &OtherTrack| format!("{} {}", other.stream, shown(&other.codec));
    let measured = match others.len() {
        0 => both("无", "none"),
        n => both(format!("{n} 条"), others.iter().map(list).collect::<Vec<_>>().join(", ")),
    };
    let limit = both("一路画面、一路声音", "one picture, one sound");
    let word = word(Rule::OtherTracks, measured, limit, Outcome::Pass, zh, en);
    let streams = info.streams.video + info.streams.audio + info.streams.other;
    property(severity.unwrap_or(Severity::Warn), others.is_empty(), word, Rejection::TooManyStreams { streams })
}

fn en(info: &MediaInfo) -> String {
    let one = |other: &OtherTrack| {
        let codec = shown(&other.codec);
        let what = match (other.kind, other.channels) {
            (TrackKind::Picture, _) => format!("picture ({codec})"),
            (TrackKind::Sound, 0) => format!("sound ({codec})"),
            (TrackKind::Sound, 1) => format!("sound ({codec}, mono)"),
            (TrackKind::Sound, channels) => format!("sound ({codec}, {channels} channels)"),
        };
        let why = match other.why {
            Unused::Undecodable => "it cannot be decoded here",
            Unused::Still => "it is a single picture",
            Unused::NotDefault => "it is not the default",
            Unused::Auxiliary => "it serves a special purpose",
            Unused::Later => "another one comes before it",
        };
        format!("stream {}, {what}: {why}", other.stream)
    };
    let list = info.other_tracks.iter().map(one).collect::<Vec<_>>().join("; ");
    let halves = if has_half_of_a_stereo(info) {
        " If mono tracks are the left and the right channel, please export one stereo track."
    } else {
        ""
    };
    format!("Not used: {list}. A work has one picture and one sound.{halves}")
}

fn zh(info: &MediaInfo) -> String {
    let one = |other: &OtherTrack| {
        let codec = shown(&other.codec);
        let what = match (other.kind, other.channels) {
            (TrackKind::Picture, _) => format!("画面（{codec}）"),
            (TrackKind::Sound, 0) => format!("声音（{codec}）"),
            (TrackKind::Sound, 1) => format!("声音（{codec}，单声道）"),
            (TrackKind::Sound, channels) => format!("声音（{codec}，{channels} 声道）"),
        };
        let why = match other.why {
            Unused::Undecodable => "无法解码",
            Unused::Still => "仅为一幅静止图像",
            Unused::NotDefault => "不是默认轨道",
            Unused::Auxiliary => "为特殊用途的轨道",
            Unused::Later => "排在所采用的轨道之后",
        };
        format!("第 {} 条流为{what}，{why}", other.stream)
    };
    let list = info.other_tracks.iter().map(one).collect::<Vec<_>>().join("；");
    let halves = if has_half_of_a_stereo(info) {
        "如各单声道轨道分别为左、右声道，请合并为一条立体声轨道后重新导出。"
    } else {
        ""
    };
    format!("以下轨道未采用：{list}。作品只取一路画面和一路声音。{halves}")
}

/// Whether the used sound and an unused one are both mono.
///
/// They are not combined as left and right. Nothing in such a file says which is which; two microphones or two
/// languages look the same, and would become a wrong mix. Browsers and most players play the first one only. So the
/// entrant and the reviewer are asked.
fn has_half_of_a_stereo(info: &MediaInfo) -> bool {
    let mono = |other: &OtherTrack| other.kind == TrackKind::Sound && other.channels == 1;
    info.audio.as_ref().is_some_and(|audio| audio.channels == 1) && info.other_tracks.iter().any(mono)
}

#[cfg(test)]
mod tests;
