//! Facts of the pre-flight.
use super::*;
use crate::catalogue::Catalogue;
use crate::partner::Partner;

fn partner(id: &str) -> Partner {
    Catalogue::builtin().partners.remove(&id.into()).unwrap()
}

fn cover(aspect: &str, width: u32, height: u32) -> CoverFacts {
    CoverFacts { aspect: aspect.to_owned().try_into().unwrap(), width, height, bytes: 300_000 }
}

fn good() -> Facts {
    let made = RenditionFacts {
        name: "social-1080".into(),
        bytes: 75_000_000,
        duration_ms: 61_000,
        width: 1920,
        height: 1080,
        passed_qc: true,
    };
    Facts {
        wanted: vec!["social-1080".into()],
        renditions: vec![made],
        covers: vec![
            cover("16:10", 1146, 716),
            cover("4:3", 1440, 1080),
            cover("3:4", 810, 1080),
            cover("16:9", 1920, 1080),
        ],
        written: Written {
            title: "钢铁的颜色".into(), text: "一炉钢的一天。".into(), tags: vec!["高端升级".into()]
        },
        originality: true,
        rights: true,
        ai_declared: true,
        released: true,
        wanted_live: true,
    }
}

fn codes(partner: &Partner, facts: &Facts) -> Vec<&'static str> {
    check(partner, facts).iter().map(|failure| failure.problem.code()).collect()
}

#[test]
fn a_good_work_goes_to_every_partner_that_takes_its_rendition() {
    for id in ["bilibili", "douyin"] {
        assert_eq!(check(&partner(id), &good()), []);
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let mut facts = good();
    facts.written.title = "长".repeat(81);
    facts.written.text = "文".repeat(251);
    facts.written.tags = vec!["签".repeat(201)];
    facts.renditions[0].bytes = 4_000_000_001;
    facts.covers[0].bytes = 5_000_001;
    facts.renditions[0].passed_qc = false;
    (facts.rights, facts.released) = (false, false);
    let failures = check(&partner("bilibili"), &facts);
    let codes: Vec<_> = failures.iter().map(|failure| failure.problem.code()).collect();
    let expected = [
        "not_released",
        "rights_not_declared",
        "qc_not_passed",
        "too_large",
        "bitrate_too_high",
        "cover_too_large",
        "title_too_long",
        "text_too_long",
        "tags_too_long",
    ];
    assert_eq!(codes, expected);
    let text = listed(&failures);
    assert!(
        text.contains("title_too_long: 标题字数超过平台上限：81，要求 ≤ 80 / the title is too long: 81, limit ≤ 80"),
        "{text}"
    );
}

#[test]
fn a_chinese_character_is_one_character() {
    let mut facts = good();
    facts.written.title = "标".repeat(80);
    assert_eq!(codes(&partner("bilibili"), &facts), Vec::<&str>::new());
    assert_eq!((chars(" 钢铁 "), chars("👨\u{200d}🔧"), chars("é")), (2, 2, 1));
}

#[test]
fn nothing_goes_without_its_renditions() {
    let mut facts = good();
    facts.renditions.clear();
    assert_eq!(codes(&partner("bilibili"), &facts), ["rendition_missing"]);
    facts.wanted.clear();
    assert_eq!(codes(&partner("bilibili"), &facts), ["rendition_missing"]);
}

#[test]
fn a_cover_that_is_too_small_misshapen_or_missing_is_reported() {
    let bilibili = |facts: &Facts| codes(&partner("bilibili"), facts);
    let mut facts = good();
    facts.covers[0] = cover("16:10", 720, 450);
    assert_eq!(bilibili(&facts), ["cover_too_small"]);
    facts.covers[0] = cover("16:10", 1146, 717);
    assert_eq!(bilibili(&facts), Vec::<&str>::new(), "a pixel is rounding");
    facts.covers[0] = cover("16:10", 1146, 719);
    assert_eq!(bilibili(&facts), ["cover_misshapen"]);
    facts.covers.remove(0);
    assert_eq!(bilibili(&facts), ["cover_missing"]);
    // Each shape that the partner requires, and no other's.
    facts.covers.retain(|cover| cover.aspect.to_string() != "3:4");
    assert_eq!(codes(&partner("douyin"), &facts), ["cover_missing"]);
}

#[test]
fn what_was_taken_back_or_not_declared_goes_nowhere() {
    let taken_back = Facts { wanted_live: false, ..good() };
    let not_released = Facts { released: false, ..good() };
    let not_original = Facts { originality: false, ..good() };
    let silent_about_ai = Facts { ai_declared: false, ..good() };
    for (facts, code) in [
        (taken_back, "taken_back"),
        (not_released, "not_released"),
        (not_original, "originality_not_declared"),
        (silent_about_ai, "ai_not_declared"),
    ] {
        assert_eq!(codes(&partner("tiangong"), &facts), [code]);
    }
}

#[test]
fn codes_are_the_serialized_names() {
    for problem in [Problem::QcNotPassed, Problem::TitleTooLong, Problem::AiNotDeclared, Problem::CoverTooSmall] {
        assert_eq!(serde_json::to_value(problem).unwrap(), problem.code());
    }
}
