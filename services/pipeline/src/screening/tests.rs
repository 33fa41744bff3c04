//! Facts of screening, by the rules of the call; the edges are exact.
use super::*;
use crate::catalogue::Catalogue;
use crate::media_info::{AudioInfo, FieldOrder, Oddity, Stretch, Transfer};
use crate::planner::tests::{audio, info};

fn rules() -> ContestRules {
    Catalogue::builtin().contests[&"industry-power-2024".into()].rules.clone()
}

/// Changes a good entry; returns why it is refused.
fn reason(change: impl FnOnce(&mut MediaInfo)) -> Option<&'static str> {
    let mut info = info();
    change(&mut info);
    screen(&info, &rules()).rejection().map(|reason| reason.code())
}

fn outcome(rule: Rule, change: impl FnOnce(&mut MediaInfo)) -> Outcome {
    let mut info = info();
    change(&mut info);
    let verdict = screen(&info, &rules());
    assert_eq!(verdict.rejection(), None);
    verdict.rules.iter().find(|word| word.rule == rule).unwrap().outcome
}

#[test]
fn a_good_entry_passes_every_rule() {
    let verdict = screen(&info(), &rules());
    assert_eq!(verdict.outcome(), Outcome::Pass, "{verdict:#?}");
    assert_eq!(verdict.rules.len(), 14);
    assert_eq!(verdict.warnings().count(), 0);
}

#[test]
fn the_edges_of_the_duration_are_exact() {
    let lasting = |picture_ms: u64, sound_ms: u64| {
        reason(|info| {
            info.video.duration_ms = picture_ms;
            info.duration_ms = picture_ms.max(sound_ms);
            info.audio.as_mut().unwrap().duration_ms = sound_ms;
        })
    };
    assert_eq!(lasting(60_000, 60_000), None);
    assert_eq!(lasting(59_993, 60_000), None); // 1798 frames at 29.97
    assert_eq!(lasting(59_950, 59_950), None);
    assert_eq!(lasting(59_949, 59_949), Some("too_short"));
    assert_eq!(lasting(480_000, 480_000), None);
    assert_eq!(lasting(480_000, 480_020), None); // AAC's last frames
    assert_eq!(lasting(480_050, 480_050), None);
    assert_eq!(lasting(480_051, 480_000), Some("too_long"));
    assert_eq!(lasting(480_000, 480_051), Some("too_long"));
    // Sound alone does not make a minute.
    assert_eq!(lasting(10_000, 61_000), Some("too_short"));
    assert_eq!(lasting(0, 0), Some("too_short"));
    assert_eq!(lasting(u64::MAX, u64::MAX), Some("too_long"));
}

#[test]
fn the_edges_of_size_and_shape_are_exact() {
    let shown_at =
        |width, height| reason(|info| (info.video.display_width, info.video.display_height) = (width, height));
    assert_eq!(shown_at(1920, 1080), None);
    assert_eq!(shown_at(1080, 1920), None);
    assert_eq!(shown_at(3840, 2160), None);
    assert_eq!(shown_at(1920, 1088), None);
    assert_eq!(shown_at(1918, 1078), Some("resolution_too_low"));
    assert_eq!(shown_at(1280, 720), Some("resolution_too_low"));
    // 16:9 of 1800 lines is 3200 wide; 1 % of that is 32, and 33 are too many.
    assert_eq!(shown_at(3232, 1800), None);
    assert_eq!(shown_at(3233, 1800), Some("aspect_not_allowed"));
    assert_eq!(shown_at(3168, 1800), None);
    assert_eq!(shown_at(3167, 1800), Some("aspect_not_allowed"));
    assert_eq!(shown_at(1440, 1080), Some("aspect_not_allowed"));
    assert_eq!(shown_at(0, 0), Some("resolution_too_low"));
}

#[test]
fn mp4_is_a_matter_of_content() {
    let branded = |format: &str, brand: &str, compatible: &[&str]| {
        reason(|info| {
            (info.format, info.brand) = (format.to_owned(), brand.to_owned());
            info.compatible_brands = compatible.iter().map(|brand| (*brand).to_owned()).collect();
        })
    };
    let file = |format: &str, brand: &str| branded(format, brand, &[]);
    for brand in ["isom", "mp42", "mp41", "avc1", "iso5", "M4V ", "XAVC"] {
        assert_eq!(file("mp4", brand), None, "{brand}");
    }
    for (format, brand) in
        [("mov", "qt  "), ("mp4", "qt  "), ("mp4", ""), ("mp4", "3gp4"), ("matroska", ""), ("", "isom")]
    {
        assert_eq!(file(format, brand), Some("format_not_allowed"), "{format} {brand}");
    }
    // A rarer major brand is accepted if a compatible one is mp4's; another format is refused, whatever it lists.
    assert_eq!(branded("mp4", "caqv", &["mp42", "isom"]), None);
    assert_eq!(branded("mp4", "3gp4", &["3gp4", "isom"]), None);
    assert_eq!(branded("mp4", "caqv", &["caqv", "qt  "]), Some("format_not_allowed"));
    assert_eq!(branded("mov", "qt  ", &["mp42"]), Some("format_not_allowed"));
    // A refused format is never shown under the name of an accepted one.
    let mut info = info();
    (info.brand, info.compatible_brands) = ("zzzz".to_owned(), vec!["yyyy".to_owned()]);
    assert_eq!(screen(&info, &rules()).rules[0].measured, "iso (zzzz)");
}

#[test]
fn an_oddity_of_structure_is_reported_and_refuses_no_work() {
    assert_eq!(outcome(Rule::Structure, |_| ()), Outcome::Pass);
    let odd = |info: &mut MediaInfo| {
        info.oddities =
            vec![Oddity::LongMovieHeader { claimed_ms: 90_000 }, Oddity::ForeignBrand { major: "caqv".into() }];
    };
    assert_eq!(outcome(Rule::Structure, odd), Outcome::Warn);
    let mut info = info();
    odd(&mut info);
    let verdict = screen(&info, &rules());
    let word = verdict.rules.iter().find(|word| word.rule == Rule::Structure).unwrap();
    assert_eq!(word.measured, "long_movie_header, foreign_brand");
    assert!(word.en.contains("caqv") && word.zh.contains("1 分 30 秒"), "{} {}", word.zh, word.en);
    let strict = ContestRules { structure: Some(Severity::Fail), ..ContestRules::default() };
    assert_eq!(strict.check().unwrap_err().0, "structure");
}

#[test]
fn a_little_damage_is_shown_and_much_is_refused() {
    assert_eq!(outcome(Rule::DecodeErrors, |info| info.decode_errors = 0), Outcome::Pass);
    assert_eq!(outcome(Rule::DecodeErrors, |info| info.decode_errors = 25), Outcome::Warn);
    assert_eq!(reason(|info| info.decode_errors = 26), Some("damaged"));
}

#[test]
fn what_a_reviewer_should_see_is_a_warning() {
    let stretch = |ms: u64| vec![Stretch { start_ms: 1000, end_ms: 1000 + ms }];
    let sound = |info: &mut MediaInfo, change: fn(&mut AudioInfo)| change(info.audio.as_mut().unwrap());
    assert_eq!(outcome(Rule::Black, |info| info.video.black = stretch(5000)), Outcome::Pass);
    assert_eq!(outcome(Rule::Black, |info| info.video.black = stretch(5001)), Outcome::Warn);
    assert_eq!(outcome(Rule::Frozen, |info| info.video.frozen = stretch(20_001)), Outcome::Warn);
    assert_eq!(outcome(Rule::Silent, |info| info.audio.as_mut().unwrap().silent = stretch(15_001)), Outcome::Warn);
    assert_eq!(outcome(Rule::Sound, |info| info.audio = None), Outcome::Warn);
    assert_eq!(outcome(Rule::Sound, |info| sound(info, |audio| audio.loudness_lufs = None)), Outcome::Warn);
    assert_eq!(outcome(Rule::Loudness, |info| sound(info, |audio| audio.loudness_lufs = Some(-7.9))), Outcome::Warn);
    assert_eq!(outcome(Rule::SoundLength, |info| sound(info, |audio| audio.duration_ms = 59_999)), Outcome::Warn);
    assert_eq!(outcome(Rule::Interlaced, |info| info.video.field_order = FieldOrder::TopFirst), Outcome::Warn);
    assert_eq!(outcome(Rule::Hdr, |info| info.video.colour.transfer = Transfer::Pq), Outcome::Warn);
}

#[test]
fn a_contest_may_refuse_what_another_only_mentions() {
    let strict = ContestRules {
        sound: Some(Severity::Fail),
        interlaced: Some(Severity::Fail),
        hdr: Some(Severity::Fail),
        ..ContestRules::default()
    };
    let mut info = info();
    info.audio = None;
    info.video.field_order = FieldOrder::BottomFirst;
    info.video.colour.transfer = Transfer::Hlg;
    let codes: Vec<_> = screen(&info, &strict).rules.into_iter().map(|word| word.rejection.unwrap().code()).collect();
    assert_eq!(codes, ["no_sound", "interlaced", "high_dynamic_range"]);
    let lax = ContestRules { hdr: Some(Severity::Ignore), ..ContestRules::default() };
    assert_eq!(screen(&info, &lax).rules, []);
}

#[test]
fn the_first_broken_rule_is_the_reason_and_all_are_listed() {
    let mut info = info();
    (info.format, info.brand) = ("mov".into(), "qt  ".into());
    (info.video.display_width, info.video.display_height) = (1280, 720);
    info.video.duration_ms = 20_000;
    info.duration_ms = 20_000;
    let verdict = screen(&info, &rules());
    assert_eq!(verdict.rejection().unwrap().code(), "format_not_allowed");
    let broken: Vec<Rule> =
        verdict.rules.iter().filter(|word| word.outcome == Outcome::Fail).map(|word| word.rule).collect();
    assert_eq!(broken, [Rule::Format, Rule::Duration, Rule::Resolution]);
}

#[test]
fn a_brand_cannot_write_on_a_reviewers_screen() {
    let mut info = info();
    (info.format, info.brand) = ("mov".into(), "\u{1b}[2J".into());
    let json = serde_json::to_string(&screen(&info, &rules())).unwrap();
    assert!(!json.contains("\\u001b"), "{json}");
}

#[test]
fn verdicts_as_json() {
    let mut refused = info();
    refused.duration_ms = 20_000;
    refused.video.duration_ms = 20_000;
    refused.audio = None;
    refused.decode_errors = 3;
    refused.video.black = vec![Stretch { start_ms: 0, end_ms: 8000 }];
    insta::assert_json_snapshot!("verdict_of_a_short_entry", screen(&refused, &rules()));
    let mut loud = info();
    loud.audio = Some(AudioInfo { loudness_lufs: Some(-7.0), ..audio() });
    insta::assert_json_snapshot!("verdict_of_a_loud_entry", screen(&loud, &rules()));
}
