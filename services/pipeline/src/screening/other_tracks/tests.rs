//! Tracks that are not used.
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
