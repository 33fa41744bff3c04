//! Marks on a card's time line: stretches that a reviewer should look at or listen to. Times are those of the proxy,
//! which starts with the first picture.
use pipeline::media_info::{MediaInfo, ShortTerm, Stretch};
use pipeline::screening::{Outcome, Rule, RuleVerdict};

use super::mark::{Mark, MarkKind};

/// The most marks of one card. The probe stores a limited number of stretches of each kind, but a card must stay
/// readable.
const MOST: usize = 200;

/// Every mark, in the order of time; marks about the whole work first. `loudest` is the loudness in LUFS above which
/// the contest's rule warns.
pub fn marks(info: &MediaInfo, rules: &[RuleVerdict], loudest: Option<f64>) -> Vec<Mark> {
    let end_ms = info.video.duration_ms.saturating_add(info.sound_after_ms());
    let verdict = |rule: Rule| rules.iter().find(|it| it.rule == rule);
    let warns = |rule: Rule| verdict(rule).is_some_and(|it| it.outcome != Outcome::Pass);
    let mut marks = Vec::new();
    let mut stretches = |kind, rule, found: &[Stretch], shift_ms: i64| {
        marks.extend(found.iter().filter_map(|it| {
            let (start_ms, end_ms) = within(it.start_ms, it.end_ms, shift_ms, end_ms)?;
            Some(Mark { kind, rule, warns: warns(rule), start_ms, end_ms, whole: false, other: None })
        }));
    };
    stretches(MarkKind::Black, Rule::Black, &info.video.black, 0);
    stretches(MarkKind::Frozen, Rule::Frozen, &info.video.frozen, 0);
    stretches(MarkKind::Damaged, Rule::DecodeErrors, &info.damage, 0);
    // Times of the sound count from its first sample.
    let shift_ms = info.audio.as_ref().map_or(0, |sound| sound.start_ms.saturating_sub(info.video.start_ms));
    if let Some(sound) = &info.audio {
        stretches(MarkKind::Silent, Rule::Silent, &sound.silent, shift_ms);
        if let (Some(curve), Some(loudest)) = (&sound.short_term, loudest) {
            stretches(MarkKind::Loud, Rule::Loudness, &loud(curve, loudest), shift_ms);
        }
    }
    for (kind, rule) in [(MarkKind::Loud, Rule::Loudness), (MarkKind::Damaged, Rule::DecodeErrors)] {
        // A kind that has marks with positions needs no mark for the whole work. Works that were probed before
        // positions were stored have none.
        let placed = marks.iter().any(|mark| mark.kind == kind);
        if warns(rule) && !placed {
            marks.push(Mark { kind, rule, warns: true, start_ms: 0, end_ms, whole: true, other: None });
        }
    }
    marks.extend(twins(verdict(Rule::Duplicate), shift_ms, end_ms));
    marks.sort_by_key(|mark| (!mark.whole, mark.start_ms, mark.kind, mark.end_ms));
    marks.dedup();
    marks.truncate(MOST);
    marks
}

/// The stretches that are the same as in other works. `shift_ms`: of the sound.
fn twins(verdict: Option<&RuleVerdict>, shift_ms: i64, end_ms: u64) -> Vec<Mark> {
    let mut marks = Vec::new();
    let warns = verdict.is_some_and(|it| it.outcome != Outcome::Pass);
    for twin in verdict.into_iter().flat_map(|it| &it.others) {
        let other = Some(twin.submission.0);
        for (found, shift_ms) in [(&twin.likeness.picture, 0), (&twin.likeness.sound, shift_ms)] {
            let ranges = found.iter().flat_map(|it| &it.ranges);
            marks.extend(ranges.filter_map(|it| {
                let (start_ms, end_ms) = within(it.start_ms, it.end_ms, shift_ms, end_ms)?;
                let (kind, rule) = (MarkKind::Twin, Rule::Duplicate);
                Some(Mark { kind, rule, warns, start_ms, end_ms, whole: false, other })
            }));
        }
    }
    marks
}

/// Where the sound is louder than `loudest`. Consecutive values form one stretch, from the start of the first value's
/// window.
fn loud(curve: &ShortTerm, loudest: f64) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    for (at_s, _) in curve.moments().filter(|(_, lufs)| *lufs > loudest) {
        let end_ms = u64::from(at_s) * 1000;
        let start_ms = end_ms.saturating_sub(u64::from(ShortTerm::WINDOW_S) * 1000);
        match found.last_mut() {
            Some(last) if start_ms <= last.end_ms => last.end_ms = end_ms,
            Some(_) | None => found.push(Stretch { start_ms, end_ms }),
        }
    }
    found
}

/// The part of a stretch that the proxy contains, on the proxy's clock.
fn within(start_ms: u64, end_ms: u64, shift_ms: i64, most_ms: u64) -> Option<(u64, u64)> {
    let place = |ms: u64| ms.saturating_add_signed(shift_ms).min(most_ms);
    let (start_ms, end_ms) = (place(start_ms), place(end_ms));
    (start_ms < end_ms).then_some((start_ms, end_ms))
}

#[cfg(test)]
mod tests {
    use pipeline::fingerprint::{Likeness, Match, MatchedRange};
    use pipeline::id::SubmissionId;
    use pipeline::screening::Twin;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    /// A minute with black at 10 s and silence from 20 s of the sound, which starts half a second before the picture.
    fn info() -> MediaInfo {
        serde_json::from_value(json!({
            "size_bytes": 1, "format": "mp4", "brand": "isom", "duration_ms": 60_500, "bitrate_kbps": 1, "decode_errors": 3,
            "aigc": null, "streams": { "video": 1, "audio": 1, "other": 0 },
            "video": {
                "stream": 0, "codec": "h264", "profile": "High", "level": 41, "pixel_format": "yuv420p", "bit_depth": 8,
                "coded_width": 320, "coded_height": 180, "display_width": 320, "display_height": 180,
                "rotation_degrees": 0, "mirrored": false, "pixel_aspect": { "num": 1, "den": 1 }, "frames": 1500,
                "start_ms": 500, "duration_ms": 60_000, "frame_rate": { "num": 25, "den": 1 }, "variable_rate": false,
                "field_order": "progressive", "max_key_frame_interval_ms": 2000, "bitrate_kbps": 1,
                "peak_bitrate_kbps": 1, "frozen": [],
                "colour": {
                    "matrix": "bt709", "primaries": "bt709", "transfer_name": "bt709", "transfer": "sdr", "full_range": false
                },
                "black": [{ "start_ms": 10_000, "end_ms": 16_000 }],
            },
            "audio": {
                "stream": 1, "codec": "aac", "profile": "LC", "sample_rate": 48_000, "channels": 2, "layout": "stereo",
                "start_ms": 0, "duration_ms": 60_500, "bitrate_kbps": 1, "loudness_lufs": -7.0, "true_peak_dbtp": 0.0,
                "silent": [{ "start_ms": 20_000, "end_ms": 23_000 }, { "start_ms": 0, "end_ms": 300 }],
            },
        }))
        .expect("what the probe measures")
    }

    fn verdict(rule: Rule, outcome: Outcome, others: Vec<Twin>) -> RuleVerdict {
        let (measured, limit, zh, en, measured_zh, limit_zh) = Default::default();
        let (curable, rejection) = (false, None);
        RuleVerdict { rule, measured, measured_zh, limit, limit_zh, outcome, curable, zh, en, rejection, others }
    }

    #[test]
    fn stretches_are_marks_on_the_proxys_clock_and_say_whether_their_rule_warns() {
        let rules = [verdict(Rule::Black, Outcome::Warn, Vec::new()), verdict(Rule::Silent, Outcome::Pass, Vec::new())];
        let found: Vec<_> =
            marks(&info(), &rules, None).iter().map(|it| (it.kind, it.start_ms, it.end_ms, it.warns)).collect();
        // The silence before the first picture is not in the proxy.
        assert_eq!(found, [(MarkKind::Black, 10_000, 16_000, true), (MarkKind::Silent, 19_500, 22_500, false)]);
    }

    #[test]
    fn what_has_no_place_is_about_the_whole_work_and_comes_first() {
        let rules = [
            verdict(Rule::Loudness, Outcome::Warn, Vec::new()),
            verdict(Rule::DecodeErrors, Outcome::Warn, Vec::new()),
        ];
        let found = marks(&info(), &rules, Some(-8.0));
        let whole: Vec<_> = found.iter().filter(|it| it.whole).map(|it| (it.kind, it.start_ms, it.end_ms)).collect();
        assert_eq!(whole, [(MarkKind::Loud, 0, 60_000), (MarkKind::Damaged, 0, 60_000)]);
        assert!(found[0].whole && found[1].whole && !found[2].whole);
    }

    #[test]
    fn damage_is_marked_where_it_is() {
        let damage = vec![Stretch { start_ms: 12_000, end_ms: 12_400 }, Stretch { start_ms: 59_900, end_ms: 60_000 }];
        let info = MediaInfo { damage, ..info() };
        let found = marks(&info, &[verdict(Rule::DecodeErrors, Outcome::Warn, Vec::new())], None);
        let damaged: Vec<_> = found.iter().filter(|it| it.kind == MarkKind::Damaged).collect();
        let places: Vec<_> = damaged.iter().map(|it| (it.start_ms, it.end_ms, it.whole)).collect();
        assert_eq!(places, [(12_000, 12_400, false), (59_900, 60_000, false)]);
        assert!(damaged.iter().all(|it| it.warns));
    }

    #[test]
    fn a_sound_that_is_too_loud_is_marked_where_it_is() {
        let mut info = info();
        let mut lufs = vec![-20.0; 40];
        (lufs[10], lufs[11], lufs[30]) = (-6.0, -7.0, -5.0);
        if let Some(sound) = &mut info.audio {
            sound.short_term = Some(ShortTerm { step_s: 1, lufs });
        }
        let found = marks(&info, &[verdict(Rule::Loudness, Outcome::Warn, Vec::new())], Some(-8.0));
        let loud: Vec<_> = found.iter().filter(|it| it.kind == MarkKind::Loud).collect();
        // Half a second earlier on the proxy's clock, because the picture starts later.
        let places: Vec<_> = loud.iter().map(|it| (it.start_ms, it.end_ms, it.whole)).collect();
        assert_eq!(places, [(9_500, 13_500, false), (29_500, 32_500, false)]);
        assert!(loud.iter().all(|it| it.warns));
    }

    #[test]
    fn a_twin_is_marked_where_it_is_alike_and_names_the_other_work() {
        let range = |start_ms, end_ms| MatchedRange { start_ms, end_ms, other_start_ms: 0, other_end_ms: 1 };
        let alike = |ranges| Some(Match { covered_percent: 50, agreement_percent: 90, ranges });
        let other = SubmissionId(Uuid::from_u128(7));
        // Fingerprints may extend beyond the last picture.
        let likeness = Likeness { picture: alike(vec![range(30_000, 70_000)]), sound: alike(vec![range(500, 1000)]) };
        let twin = Twin { submission: other, same_file: false, likeness };
        let found = marks(&info(), &[verdict(Rule::Duplicate, Outcome::Warn, vec![twin])], None);
        let twins: Vec<_> = found.iter().filter(|it| it.kind == MarkKind::Twin).collect();
        assert_eq!(twins.iter().map(|it| (it.start_ms, it.end_ms)).collect::<Vec<_>>(), [(0, 500), (30_000, 60_000)]);
        assert!(twins.iter().all(|it| it.warns && it.other == Some(other.0)));
    }
}
