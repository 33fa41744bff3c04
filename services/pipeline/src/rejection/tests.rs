//! Every reason has a stable code, and a sentence in both languages.
use super::*;
use crate::lang::Lang;

/// The variant after `reason`. A new variant does not compile until it is added here, and so is tested below.
fn after(reason: &Rejection) -> Option<Rejection> {
    let hostile = || "\u{1b}[2J\u{202e}\n<b>".to_owned();
    Some(match reason {
        Rejection::DigestMismatch => Rejection::UnknownFormat { found: hostile() },
        Rejection::UnknownFormat { .. } => Rejection::NoVideo,
        Rejection::NoVideo => Rejection::ExternalReference,
        Rejection::ExternalReference => Rejection::UnsupportedCodec { codec: hostile() },
        Rejection::UnsupportedCodec { .. } => Rejection::TooManyStreams { streams: 90 },
        Rejection::TooManyStreams { .. } => Rejection::OversizedTags { bytes: 2_000_000 },
        Rejection::OversizedTags { .. } => {
            Rejection::MisleadingHeader { claimed_ms: 4_294_967_295, decoded_ms: 61_000 }
        }
        Rejection::MisleadingHeader { .. } => Rejection::PictureTooLarge { width: 16000, height: 16000 },
        Rejection::PictureTooLarge { .. } => Rejection::ChangesMidway { what: hostile() },
        Rejection::ChangesMidway { .. } => Rejection::TimeRunsBackwards { frames: 37 },
        Rejection::TimeRunsBackwards { .. } => Rejection::damaged(31),
        Rejection::Damaged { end_missing: false, .. } => Rejection::end_missing(),
        Rejection::Damaged { .. } => Rejection::Encrypted { scheme: hostile() },
        Rejection::Encrypted { .. } => Rejection::Undecodable,
        Rejection::Undecodable => Rejection::BudgetExceeded { budget: hostile() },
        Rejection::BudgetExceeded { .. } => Rejection::FormatNotAllowed { found: hostile() },
        Rejection::FormatNotAllowed { .. } => Rejection::TooShort { duration_ms: 20_000, min_ms: 60_000 },
        Rejection::TooShort { .. } => Rejection::TooLong { duration_ms: 481_000, max_ms: 480_000 },
        Rejection::TooLong { .. } => Rejection::ResolutionTooLow { short_side: 720, min_short_side: 1080 },
        Rejection::ResolutionTooLow { .. } => Rejection::AspectNotAllowed { width: 1440, height: 1080 },
        Rejection::AspectNotAllowed { .. } => Rejection::NoSound,
        Rejection::NoSound => Rejection::Interlaced,
        Rejection::Interlaced => Rejection::HighDynamicRange,
        Rejection::HighDynamicRange => Rejection::AlreadyEntered,
        Rejection::AlreadyEntered => Rejection::ReviewRefused { words: hostile() },
        Rejection::ReviewRefused { .. } => return None,
    })
}

fn all() -> Vec<Rejection> {
    std::iter::successors(Some(Rejection::DigestMismatch), after).collect()
}

#[test]
fn every_code_is_the_one_in_json() {
    for reason in all() {
        let json = serde_json::to_value(&reason).unwrap();
        assert_eq!(json["code"], reason.code());
        assert_eq!(serde_json::from_value::<Rejection>(json).unwrap(), reason);
    }
}

#[test]
fn every_reason_has_a_text_in_both_languages_and_nothing_in_it_acts() {
    let mut texts = std::collections::BTreeSet::new();
    for reason in all() {
        let (zh, en) = (reason.text(Lang::Zh), reason.text(Lang::En));
        assert!(zh.ends_with('。') && zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{zh}");
        assert!(en.ends_with('.') && !en.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{en}");
        for text in [zh, en] {
            assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
            assert!(texts.insert(text.clone()), "two reasons say {text}");
        }
    }
}

#[test]
fn a_child_speaks_of_the_file_and_not_for_people() {
    assert!(Rejection::NoVideo.is_of_the_file() && Rejection::Undecodable.is_of_the_file());
    assert!(!Rejection::ReviewRefused { words: "no".into() }.is_of_the_file());
    assert!(!Rejection::TooShort { duration_ms: 1, min_ms: 2 }.is_of_the_file());
}

#[test]
fn damage_that_was_stored_before_ends_were_recorded_is_still_read() {
    let stored = serde_json::json!({"code": "damaged", "errors": 3});
    assert_eq!(serde_json::from_value::<Rejection>(stored.clone()).unwrap(), Rejection::damaged(3));
    assert_eq!(serde_json::to_value(Rejection::damaged(3)).unwrap(), stored);
    let cut = serde_json::to_value(Rejection::end_missing()).unwrap();
    assert_eq!((&cut["code"], &cut["end_missing"]), (&"damaged".into(), &true.into()));
    assert!(Rejection::end_missing().text(Lang::En).contains("end is missing"));
    assert!(Rejection::end_missing().text(Lang::Zh).contains("缺少结尾"));
}

#[test]
fn numbers_are_written_as_people_say_them() {
    let short = Rejection::TooShort { duration_ms: 20_000, min_ms: 60_000 };
    assert_eq!(short.text(Lang::En), "The work is 20 s long; the contest asks for at least 1 min.");
    let aspect = Rejection::AspectNotAllowed { width: 1440, height: 1080 };
    assert!(aspect.text(Lang::Zh).contains("1440×1080"));
}
