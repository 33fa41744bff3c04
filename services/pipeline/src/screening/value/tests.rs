//! Values in both languages, of new verdicts and of those stored before.
use super::*;
use crate::catalogue::Catalogue;
use crate::media_info::{FieldOrder, MediaInfo, Oddity};
use crate::planner::tests::info;
use crate::screening::{RuleVerdict, Verdict, screen_among};

/// The verdicts of a good entry and of one with many oddities.
fn verdicts() -> [Verdict; 2] {
    let catalogue = Catalogue::builtin();
    let rules = &catalogue.contests[&"industry-power-2024".into()].rules;
    let odd = |info: &mut MediaInfo| {
        info.audio = None;
        info.decode_errors = 3;
        info.video.field_order = FieldOrder::TopFirst;
        info.oddities = vec![Oddity::LongMovieHeader { claimed_ms: 90_000 }];
    };
    let mut other = info();
    odd(&mut other);
    [info(), other].map(|info| screen_among(&info, Vec::new(), rules))
}

#[test]
fn no_value_in_chinese_holds_an_english_word() {
    let names = ["mp4", "isom", "LUFS", "SDR"];
    for rule in verdicts().iter().flat_map(|verdict| &verdict.rules) {
        for text in [rule.measured_in(Lang::Zh), rule.limit_in(Lang::Zh)] {
            let words = text.split(|c: char| !c.is_ascii_alphanumeric());
            let mut words = words.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
            assert!(words.all(|word| names.contains(&word)), "{:?}: {text}", rule.rule);
        }
    }
}

#[test]
fn a_value_is_written_as_people_of_the_language_write_it() {
    let [good, odd] = verdicts();
    let of = |verdict: &Verdict, rule: &str| {
        let named = |it: &&RuleVerdict| serde_json::to_value(it.rule).unwrap() == rule;
        verdict.rules.iter().find(named).unwrap().clone()
    };
    let both =
        |it: &RuleVerdict| [Lang::Zh, Lang::En].map(|lang| format!("{} | {}", it.measured_in(lang), it.limit_in(lang)));
    assert_eq!(both(&of(&good, "duration")), ["1 分 1 秒 | 1 分钟至 8 分钟", "61 s | 60–480 s"]);
    assert_eq!(both(&of(&good, "sound")), ["立体声 | 有声音", "stereo | sound"]);
    assert_eq!(both(&of(&good, "aspect"))[0], "1920×1080 | 16:9、9:16（误差 1 % 以内）");
    assert_eq!(both(&of(&odd, "decode_errors")), ["3 处 | ≤ 25 处", "3 | ≤ 25"]);
    assert_eq!(both(&of(&odd, "structure")), ["1 处异常 | 正常", "long_movie_header | plain"]);
}

#[test]
fn an_old_verdict_with_english_values_is_read_in_both_languages() {
    let stored = r#"{ "rule": "duration", "measured": "12 s", "limit": "60–480 s", "outcome": "fail", "curable": false,
        "zh": "作品时长 12 秒，不足 1 分钟。", "en": "The work is 12 s long." }"#;
    let read: RuleVerdict = serde_json::from_str(stored).unwrap();
    let said = |lang| [read.measured_in(lang), read.limit_in(lang)].map(Cow::into_owned);
    assert_eq!(said(Lang::Zh), ["12 秒", "60–480 秒"]);
    assert_eq!(said(Lang::En), ["12 s", "60–480 s"]);
    let again = serde_json::to_value(&read).unwrap();
    assert_eq!(again, serde_json::from_str::<serde_json::Value>(stored).unwrap(), "and stored again as it was");
}
