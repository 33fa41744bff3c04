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
mod tests {
    use super::*;
    use crate::planner::tests::info;

    fn with(others: &[(TrackKind, u32, Unused)]) -> MediaInfo {
        let mut info = info();
        let track = |(index, (kind, channels, why)): (usize, &(TrackKind, u32, Unused))| OtherTrack {
            stream: 2 + index as u32,
            kind: *kind,
            codec: "aac".into(),
            channels: *channels,
            why: *why,
        };
        info.other_tracks = others.iter().enumerate().map(track).collect();
        info
    }

    #[test]
    fn a_track_that_is_not_used_is_a_warning_whether_the_contest_mentions_it_or_not() {
        let judged = judge(&with(&[(TrackKind::Sound, 4, Unused::Undecodable)]), None).unwrap();
        assert_eq!((judged.rule, judged.outcome), (Rule::OtherTracks, Outcome::Warn));
        assert_eq!(judged.measured, "2 aac");
        assert!(judged.en.contains("stream 2, sound (aac, 4 channels): it cannot be decoded here"), "{}", judged.en);
        assert!(judged.zh.contains("第 2 条流为声音（aac，4 声道），无法解码"), "{}", judged.zh);
        assert_eq!(judge(&with(&[]), None), None);
        assert_eq!(judge(&with(&[]), Some(Severity::Warn)).unwrap().outcome, Outcome::Pass);
        let second = with(&[(TrackKind::Picture, 0, Unused::Later)]);
        assert_eq!(judge(&second, Some(Severity::Ignore)), None);
        let refused = judge(&second, Some(Severity::Fail)).unwrap();
        assert_eq!(refused.rejection.unwrap().code(), "too_many_streams");
    }

    #[test]
    fn two_mono_tracks_are_asked_about() {
        let mut info = with(&[(TrackKind::Sound, 1, Unused::Later)]);
        let asks = |info: &MediaInfo| {
            let judged = judge(info, None).unwrap();
            assert_eq!(judged.en.contains("one stereo track"), judged.zh.contains("立体声"));
            judged.en.contains("one stereo track")
        };
        assert!(!asks(&info));
        info.audio.as_mut().unwrap().channels = 1;
        assert!(asks(&info));
    }
}
