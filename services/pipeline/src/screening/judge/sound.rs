//! Rules about the sound.
use super::stretch::stretches;
use super::{pass_or_warn, property, word};
use crate::lang::{self, Lang};
use crate::media_info::MediaInfo;
use crate::rejection::Rejection;
use crate::screening::rules::{LoudnessRule, Severity, StretchRule};
use crate::screening::value::{both, layout};
use crate::screening::verdict::{Outcome, Rule, RuleVerdict};

pub(crate) fn sound(info: &MediaInfo, severity: Severity) -> Option<RuleVerdict> {
    let audible = info.audio.as_ref().is_some_and(|audio| audio.loudness_lufs.is_some());
    let (measured, zh, en) = match &info.audio {
        Some(audio) if audible => (layout(&audio.layout), "作品有声音。", "The work has sound."),
        Some(_) => (both("静音", "silence"), "作品的声音全程静音。", "The work's sound is silent throughout."),
        None => (both("无", "none"), "作品没有声音。", "The work has no sound."),
    };
    let word = word(Rule::Sound, measured, both("有声音", "sound"), Outcome::Pass, zh.into(), en.into());
    property(severity, audible, word, Rejection::NoSound)
}

pub(crate) fn sound_length(info: &MediaInfo, rule: StretchRule) -> Option<RuleVerdict> {
    let audio = info.audio.as_ref()?;
    let (picture, sound) = (info.video.duration_ms, audio.duration_ms);
    let apart = picture.abs_diff(sound);
    let say = |lang| (lang::duration(picture, lang), lang::duration(sound, lang));
    let (zh, en) = (say(Lang::Zh), say(Lang::En));
    let zh = format!("画面长 {}，声音长 {}。", zh.0, zh.1);
    let en = format!("The picture lasts {}, the sound {}.", en.0, en.1);
    let outcome = pass_or_warn(apart <= rule.warn_above_ms);
    let measured = both(format!("相差 {}", lang::duration(apart, Lang::Zh)), format!("{apart} ms"));
    let allowed = rule.warn_above_ms;
    let limit = both(format!("≤ {}", lang::duration(allowed, Lang::Zh)), format!("≤ {allowed} ms"));
    Some(word(Rule::SoundLength, measured, limit, outcome, zh, en))
}

pub(crate) fn loudness(info: &MediaInfo, rule: LoudnessRule) -> Option<RuleVerdict> {
    let lufs = info.audio.as_ref()?.loudness_lufs?;
    let kept = (rule.min_lufs..=rule.max_lufs).contains(&lufs);
    let (min, max) = (rule.min_lufs, rule.max_lufs);
    let limit = both(format!("{min} 至 {max} LUFS"), format!("{min} to {max} LUFS"));
    let zh = format!("响度为 {lufs:.1} LUFS；交付时会统一调整响度。");
    let en = format!("The loudness is {lufs:.1} LUFS; it is evened out for each partner.");
    Some(word(Rule::Loudness, format!("{lufs:.1} LUFS"), limit, pass_or_warn(kept), zh, en))
}

pub(crate) fn silent(info: &MediaInfo, rule: StretchRule) -> Option<RuleVerdict> {
    Some(stretches(Rule::Silent, &info.audio.as_ref()?.silent, rule, ("静音", "Silence")))
}
