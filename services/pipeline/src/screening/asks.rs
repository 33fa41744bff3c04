//! What a contest requires of every work, for people who are about to make one: the rules that can refuse it, and
//! advice.
use super::rules::{ContestRules, Severity};
use super::verdict::Rule;
use crate::lang;
use crate::lang::Lang;

/// One rule in the words of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The rule.
    pub rule: Rule,
    /// What it requires, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

impl Ask {
    /// What it requires, in one language.
    pub fn text(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

impl ContestRules {
    /// Every rule that can refuse a work, in the order of the call.
    pub fn asks(&self) -> Vec<Ask> {
        [self.format(), self.duration(), self.resolution(), self.aspect(), self.damage(), self.duplicate()]
            .into_iter()
            .flatten()
            .chain(self.must_be())
            .collect()
    }

    fn format(&self) -> Option<Ask> {
        let allowed = self.format.as_ref()?.allowed.join(", ");
        let zh = format!("{allowed}，以文件内容为准，仅修改扩展名无效");
        Some(ask(Rule::Format, zh, format!("{allowed}, judged by the file's content; renaming does not help")))
    }

    fn duration(&self) -> Option<Ask> {
        let rule = self.duration?;
        let (min, max) = (|lang| lang::duration(rule.min_ms, lang), |lang| lang::duration(rule.max_ms, lang));
        let zh = format!("{} 至 {}", min(Lang::Zh), max(Lang::Zh));
        Some(ask(Rule::Duration, zh, format!("{} to {}", min(Lang::En), max(Lang::En))))
    }

    fn resolution(&self) -> Option<Ask> {
        let least = self.resolution?.min_short_side;
        let zh = format!("画面短边不少于 {least} 像素；请从原始素材导出，放大无效");
        let en =
            format!("the shorter side has at least {least} pixels; export from the original, enlarging does not help");
        Some(ask(Rule::Resolution, zh, en))
    }

    fn aspect(&self) -> Option<Ask> {
        let allowed: Vec<String> = self.aspect.as_ref()?.allowed.iter().map(ToString::to_string).collect();
        Some(ask(Rule::Aspect, allowed.join(" 或 "), allowed.join(" or ")))
    }

    fn damage(&self) -> Option<Ask> {
        self.decode_errors?;
        Some(ask(
            Rule::DecodeErrors,
            "文件完整，能从头到尾正常播放",
            "the file is whole and plays from beginning to end",
        ))
    }

    fn duplicate(&self) -> Option<Ask> {
        self.duplicate.as_ref()?;
        let zh = "一件作品只可参选一次；与其他作品雷同的，由人工核实";
        Some(ask(Rule::Duplicate, zh, "a work is entered once; one that resembles another is looked at by a person"))
    }

    /// Properties that a contest may forbid altogether.
    fn must_be(&self) -> impl Iterator<Item = Ask> {
        let rules = [
            (self.sound, Rule::Sound, "须有声音", "the work has sound"),
            (self.interlaced, Rule::Interlaced, "逐行扫描", "progressive"),
            (self.hdr, Rule::Hdr, "SDR（BT.709）", "SDR (BT.709)"),
        ];
        let forbidden = |severity: Option<Severity>| severity == Some(Severity::Fail);
        rules.into_iter().filter(move |(severity, ..)| forbidden(*severity)).map(|(_, rule, zh, en)| ask(rule, zh, en))
    }
}

fn ask(rule: Rule, zh: impl Into<String>, en: impl Into<String>) -> Ask {
    Ask { rule, zh: zh.into(), en: en.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn the_call_is_said_in_its_own_words() {
        let catalogue = Catalogue::builtin();
        let asks = catalogue.contests[&"industry-power-2024".into()].rules.asks();
        let said: Vec<(Rule, &str)> = asks.iter().map(|ask| (ask.rule, ask.text(Lang::Zh))).collect();
        assert_eq!(said[1], (Rule::Duration, "1 分钟 至 8 分钟"));
        assert_eq!(said[3], (Rule::Aspect, "16:9 或 9:16"));
        assert!(said[2].1.contains("1080"));
        assert_eq!(said.len(), 6, "what is only a warning asks nothing");
    }

    #[test]
    fn what_a_contest_forbids_is_asked_and_what_it_does_not_judge_is_not() {
        let rules = ContestRules { sound: Some(Severity::Fail), hdr: Some(Severity::Warn), ..ContestRules::default() };
        assert_eq!(rules.asks().iter().map(|ask| ask.rule).collect::<Vec<_>>(), [Rule::Sound]);
    }
}
