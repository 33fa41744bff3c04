//! The texts of a page in its language. A template contains both languages side by side, `say.t("通过", "Accept")`, so a
//! text that is missing in one of them does not compile. Names that many pages show (states, roles, methods) are
//! translated here, once.
use chrono::{DateTime, FixedOffset, Utc};
use pipeline::lang::Lang;
use pipeline::person::Role;

/// Writes in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Say {
    /// The language of the page.
    pub lang: Lang,
}

/// Contests, partners and users of this product use Beijing time, UTC+8 without daylight saving.
const BEIJING_SECONDS: i32 = 8 * 3600;

impl Say {
    /// In this language.
    pub fn new(lang: Lang) -> Self {
        Self { lang }
    }

    /// The text of the page's language.
    pub fn t<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        match self.lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    /// For the `lang` attribute: `zh-CN` or `en`.
    pub fn tag(&self) -> &'static str {
        match self.lang {
            Lang::Zh => "zh-CN",
            Lang::En => "en",
        }
    }

    /// A count with its unit: `12 件`, `1 work`, `12 works`.
    pub fn many(&self, n: u64, zh: &str, one: &str, more: &str) -> String {
        match self.lang {
            Lang::Zh => format!("{n} {zh}"),
            Lang::En if n == 1 => format!("{n} {one}"),
            Lang::En => format!("{n} {more}"),
        }
    }

    /// Date and minute in Beijing time: `2026-11-30 08:05`.
    pub fn time(&self, at: &DateTime<Utc>) -> String {
        beijing(at).format("%Y-%m-%d %H:%M").to_string()
    }

    /// The date in Beijing time.
    pub fn date(&self, at: &DateTime<Utc>) -> String {
        beijing(at).format("%Y-%m-%d").to_string()
    }

    /// For the `datetime` attribute of `<time>`.
    pub fn machine_time(&self, at: &DateTime<Utc>) -> String {
        at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The time since or until `at`, in the largest unit: `3 小时`, `3 h`.
    pub fn ago(&self, at: &DateTime<Utc>, now: &DateTime<Utc>) -> String {
        self.span((*now - *at).num_seconds().unsigned_abs())
    }

    /// A span of seconds in its largest unit.
    pub fn span(&self, seconds: u64) -> String {
        let (n, zh, en) = match seconds {
            0..60 => (seconds, "秒", "s"),
            60..3_600 => (seconds / 60, "分钟", "min"),
            3_600..172_800 => (seconds / 3_600, "小时", "h"),
            _ => (seconds / 86_400, "天", "d"),
        };
        format!("{n} {}", self.t(zh, en))
    }

    /// The length of a film: `1:04`, `1:02:03`.
    pub fn length(&self, ms: &u64) -> String {
        let s = ms / 1000;
        let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
        if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }
    }

    /// A size: `1.2 GB`, in powers of ten, as shops and cloud drives show them.
    pub fn bytes(&self, bytes: &u64) -> String {
        #[allow(clippy::cast_precision_loss, reason = "shown with one decimal")]
        let n = *bytes as f64;
        match bytes {
            0..1_000 => format!("{bytes} B"),
            1_000..1_000_000 => format!("{:.0} kB", n / 1e3),
            1_000_000..1_000_000_000 => format!("{:.1} MB", n / 1e6),
            _ => format!("{:.1} GB", n / 1e9),
        }
    }

    /// A state of a work.
    pub fn state(&self, name: &str) -> String {
        let (zh, en) = match name {
            "uploading" => ("待上传", "awaits its film"),
            "probe" => ("检测中", "being measured"),
            "screen" => ("自动初筛中", "being screened"),
            "awaiting_review" => ("待初筛", "awaits review"),
            "transcode" => ("转码中", "being encoded"),
            "assemble" => ("合成中", "being assembled"),
            "awaiting_release" => ("待发布", "awaits release"),
            "publish" => ("投放中", "being delivered"),
            "published" => ("已投放", "delivered"),
            "rejected" => ("未通过", "rejected"),
            "withdrawn" => ("已撤回", "withdrawn"),
            "revoked" => ("已撤下", "revoked"),
            other => return other.to_owned(),
        };
        self.t(zh, en).to_owned()
    }

    /// A state of a delivery.
    pub fn delivery(&self, name: &str) -> String {
        let (zh, en) = match name {
            "planned" => ("待投放", "planned"),
            "sending" => ("发送中", "sending"),
            "unknown" => ("结果待核实", "being looked up"),
            "awaiting_operator" => ("待人工办理", "waits for a person"),
            "in_review" => ("平台审核中", "in the partner's review"),
            "live" => ("已上线", "online"),
            "recalling" => ("撤下中", "being recalled"),
            "recalled" => ("已撤下", "recalled"),
            "refused" => ("平台未通过", "refused by the partner"),
            other => return other.to_owned(),
        };
        self.t(zh, en).to_owned()
    }

    /// The class of a state's tag: calm, waiting for a person, in progress, or bad.
    pub fn tone(&self, state: &str) -> &'static str {
        match state {
            "published" | "live" | "done" | "pass" => "ok",
            "awaiting_review" | "awaiting_release" | "awaiting_operator" | "paused" => "wait",
            "rejected" | "refused" | "parked" | "fail" | "failed" => "bad",
            "unknown" | "recalling" | "warn" | "warning" => "warn",
            _ => "",
        }
    }

    /// A state of a part, or of a job.
    pub fn part(&self, name: &str) -> String {
        let (zh, en) = match name {
            "pending" => ("排队中", "pending"),
            "waiting" => ("等待重试", "waits to be tried again"),
            "claimed" => ("处理中", "under way"),
            "done" => ("已完成", "done"),
            "parked" => ("已停下", "parked"),
            "cancelled" => ("已取消", "cancelled"),
            "running" => ("进行中", "running"),
            "paused" => ("已暂停", "paused"),
            "started" => ("已开始", "started"),
            "refused" => ("未能开始", "refused"),
            "failed" => ("失败", "failed"),
            other => return other.to_owned(),
        };
        self.t(zh, en).to_owned()
    }

    /// The outcome of a rule of screening.
    pub fn outcome(&self, name: &str) -> String {
        let (zh, en) = match name {
            "pass" => ("符合", "passes"),
            "warn" => ("请留意", "look at it"),
            "fail" => ("不符合", "fails"),
            other => return other.to_owned(),
        };
        self.t(zh, en).to_owned()
    }

    /// How far AI was used, as declared.
    pub fn ai_use(&self, name: &str) -> String {
        let (zh, en) = match name {
            "none" => ("未使用", "none"),
            "assisted" => ("辅助创作", "assisted"),
            "generated" => ("AI 生成", "generated"),
            other => return other.to_owned(),
        };
        self.t(zh, en).to_owned()
    }

    /// A stage of the pipeline.
    pub fn stage(&self, name: &str) -> String {
        let (zh, en) = match name {
            "probe" => ("检测", "probe"),
            "screen" => ("初筛", "screen"),
            "transcode" => ("转码", "transcode"),
            "assemble" => ("合成", "assemble"),
            "publish" => ("投放", "publish"),
            other => return other.to_owned(),
        };
        self.t(zh, en).to_owned()
    }

    /// How a partner is reached.
    pub fn method(&self, name: &str) -> String {
        let (zh, en) = match name {
            "bilibili" => ("B站开放平台", "Bilibili's platform"),
            "douyin" => ("抖音开放平台", "Douyin's platform"),
            "sftp_drop" => ("SFTP 投放", "SFTP drop"),
            "s3_drop" => ("对象存储投放", "S3 drop"),
            "mrss" => ("订阅源", "feed"),
            "operator" => ("人工办理", "by hand"),
            other => return other.to_owned(),
        };
        self.t(zh, en).to_owned()
    }

    /// A role of a person.
    pub fn role(&self, role: Role) -> &'static str {
        match role {
            Role::Screener => self.t("初筛员", "screener"),
            Role::Organiser => self.t("主办方", "organiser"),
            Role::Operator => self.t("运维员", "operator"),
            Role::Auditor => self.t("审计员", "auditor"),
            Role::Admin => self.t("管理员", "admin"),
            Role::Recommender => self.t("推荐单位报送员", "recommender"),
        }
    }
}

fn beijing(at: &DateTime<Utc>) -> DateTime<FixedOffset> {
    #[allow(clippy::unwrap_used, reason = "eight hours are less than a day")]
    let zone = FixedOffset::east_opt(BEIJING_SECONDS).unwrap();
    at.with_timezone(&zone)
}

#[cfg(test)]
mod tests {
    use pipeline::delivery::Observed;
    use pipeline::partner::DeliveryMethod;
    use pipeline::stage::Stage;
    use pipeline::submission::State;

    use super::*;

    const ZH: Say = Say { lang: Lang::Zh };
    const EN: Say = Say { lang: Lang::En };

    #[test]
    fn every_state_stage_and_method_has_words_in_both_languages() {
        let han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        for name in State::NAMES {
            assert!(han(&ZH.state(name)) && !han(&EN.state(name)), "{name}");
        }
        for name in Observed::NAMES {
            assert!(han(&ZH.delivery(name)) && !han(&EN.delivery(name)), "{name}");
        }
        for stage in Stage::ALL {
            assert!(han(&ZH.stage(stage.name())), "{stage}");
        }
        for method in DeliveryMethod::ALL {
            assert!(han(&ZH.method(method.name())), "{}", method.name());
        }
        for name in ["pending", "waiting", "claimed", "done", "parked", "cancelled"] {
            assert!(han(&ZH.part(name)), "{name}");
        }
    }

    #[test]
    fn times_are_beijings() {
        let at = "2026-11-30T20:30:15Z".parse().unwrap();
        assert_eq!((ZH.time(&at), ZH.date(&at)), ("2026-12-01 04:30".to_owned(), "2026-12-01".to_owned()));
        assert_eq!(ZH.machine_time(&at), "2026-11-30T20:30:15Z");
    }

    #[test]
    fn spans_lengths_and_sizes_are_short() {
        assert_eq!((ZH.span(59), EN.span(7_300), ZH.span(200_000)), ("59 秒".into(), "2 h".into(), "2 天".into()));
        assert_eq!((EN.length(&64_900), EN.length(&3_723_000)), ("1:04".into(), "1:02:03".into()));
        assert_eq!((EN.bytes(&999), EN.bytes(&1_250_000_000)), ("999 B".into(), "1.2 GB".into()));
        assert_eq!(
            (ZH.many(1, "件", "work", "works"), EN.many(2, "件", "work", "works")),
            ("1 件".into(), "2 works".into())
        );
    }
}
