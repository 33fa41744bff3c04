//! Rules about the file as a whole: damage and structure.
use super::{broken, pass_or_warn, word};
use crate::lang::Lang;
use crate::media_info::{MediaInfo, Oddity};
use crate::rejection::Rejection;
use crate::screening::rules::{DecodeErrorsRule, Severity};
use crate::screening::value::both;
use crate::screening::verdict::{Rule, RuleVerdict};

pub(crate) fn decode_errors(info: &MediaInfo, rule: &DecodeErrorsRule) -> RuleVerdict {
    let errors = info.decode_errors;
    let counted = |text: String| both(format!("{text} 处"), text);
    let (measured, limit) = (counted(errors.to_string()), counted(format!("≤ {}", rule.fail_above)));
    if errors > rule.fail_above {
        return broken(Rule::DecodeErrors, measured, limit, Rejection::damaged(errors));
    }
    let zh = match errors {
        0 => "文件完整，没有损坏。".to_owned(),
        _ => format!("文件有 {errors} 处损坏，允许不超过 {} 处。", rule.fail_above),
    };
    let en = format!("Errors while decoding: {errors}; at most {} are forgiven.", rule.fail_above);
    word(Rule::DecodeErrors, measured, limit, pass_or_warn(errors <= rule.warn_above), zh, en)
}

pub(crate) fn structure(info: &MediaInfo, severity: Severity) -> Option<RuleVerdict> {
    if severity == Severity::Ignore {
        return None;
    }
    let codes: Vec<&str> = info.oddities.iter().map(Oddity::code).collect();
    let plain = both("正常", "plain");
    let measured = match codes.len() {
        0 => plain.clone(),
        n => both(format!("{n} 处异常"), codes.join(", ")),
    };
    let say = |lang: Lang| info.oddities.iter().map(|oddity| oddity.text(lang)).collect::<Vec<_>>();
    let (zh, en) = if codes.is_empty() {
        ("文件结构正常。".to_owned(), "The file's structure is as usual.".to_owned())
    } else {
        (say(Lang::Zh).concat(), say(Lang::En).join(" "))
    };
    Some(word(Rule::Structure, measured, plain, pass_or_warn(codes.is_empty()), zh, en))
}
