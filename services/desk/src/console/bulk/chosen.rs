//! The choice on the bulk page: the works, by hand or by conditions, and the act.
use pipeline::selection::Selection;
use runtime::problem::Problem;
use runtime::store::bulk::Kind;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::act::bulk::NewJob;
use crate::act::reprocess::Beginning;
use crate::console::local;

/// The choice: the works, by hand or by conditions, and the act.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Chosen {
    pub(super) works: Vec<Uuid>,
    #[serde(rename = "where")]
    pub(super) selection: Option<String>,
    pub(super) contest: Option<String>,
    pub(super) theme: Option<String>,
    pub(super) state: Option<String>,
    /// A partner that the works have a delivery to.
    pub(super) holder: Option<String>,
    /// The state of a delivery; of that to `holder`, if one is named.
    pub(super) delivery: Option<String>,
    /// Part of the recommending unit's name.
    pub(super) unit: Option<String>,
    /// Entered on this day in China or later.
    pub(super) entered_from: Option<String>,
    /// Entered on this day in China or before.
    pub(super) entered_to: Option<String>,
    pub(super) kind: Kind,
    pub(super) from: Option<Beginning>,
    pub(super) partners: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) replace: bool,
    pub(super) at: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) digest: Option<String>,
}

impl Chosen {
    /// The conditions, if no works were chosen by hand.
    pub(super) fn conditions(&self) -> Option<String> {
        if !self.works.is_empty() {
            return None;
        }
        let fields = [
            ("contest=", &self.contest),
            ("theme=", &self.theme),
            ("state=", &self.state),
            ("partner=", &self.holder),
            ("delivery=", &self.delivery),
            ("entered>=", &self.entered_from),
            ("entered<=", &self.entered_to),
        ];
        let picked = fields.into_iter().filter_map(|(name, it)| Some(format!("{name}{}", it.as_deref()?)));
        // A text with blanks must be quoted, which the selection does.
        let unit = self.unit.as_deref().map(|unit| unit.trim().to_owned());
        let unit = unit.map(|unit| Selection { unit: Some(unit), ..Selection::default() }.to_string());
        Some(self.selection.clone().into_iter().chain(picked).chain(unit).collect::<Vec<_>>().join(" "))
    }

    /// The wish of the act. Fields of the other kinds on the same page are left out.
    pub(super) fn wish(&self, dry_run: bool) -> Result<NewJob, Problem> {
        let at = self.at.as_deref().filter(|_| self.kind == Kind::Release);
        Ok(NewJob {
            kind: self.kind,
            selection: self.conditions(),
            works: (!self.works.is_empty()).then(|| self.works.iter().copied().collect()),
            from: self.from.filter(|_| self.kind == Kind::Reprocess),
            partners: (!self.partners.is_empty()).then(|| self.partners.iter().cloned().collect()),
            replace: self.replace && self.kind == Kind::Reprocess,
            at: at.map(|at| local::instant("at", at)).transpose()?,
            dry_run,
            digest: self.digest.clone().filter(|_| !dry_run),
            reason: self.reason.clone(),
        })
    }

    /// As the fields of a form.
    pub(super) fn fields(&self) -> Result<Vec<(String, String)>, Problem> {
        let text = serde_html_form::to_string(Self { digest: None, ..self.clone() }).map_err(anyhow::Error::from)?;
        Ok(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_that_were_chosen_by_hand_count_and_else_all_conditions_together() {
        let chosen = Chosen {
            selection: Some("engine<0.3".into()),
            contest: Some("demo".into()),
            holder: Some("cctv".into()),
            ..Chosen::default()
        };
        assert_eq!(chosen.conditions().as_deref(), Some("engine<0.3 contest=demo partner=cctv"));
        let by_hand = Chosen { works: vec![Uuid::nil()], ..chosen };
        assert_eq!(by_hand.conditions(), None);
        let fields = Chosen {
            delivery: Some("live".into()),
            unit: Some(" 北京 学校 ".into()),
            entered_from: Some("2026-11-01".into()),
            entered_to: Some("2026-11-30".into()),
            ..Chosen::default()
        };
        let text = fields.conditions().unwrap();
        assert_eq!(text, "delivery=live entered>=2026-11-01 entered<=2026-11-30 unit~\"北京 学校\"");
        let read: Selection = text.parse().unwrap();
        assert_eq!(read.entered_before.unwrap() - read.entered_from.unwrap(), chrono::TimeDelta::days(30));
        assert!(by_hand.wish(true).unwrap().selection.is_none());
    }

    #[test]
    fn fields_of_another_kind_are_left_out_and_a_choice_reads_back_from_its_fields() {
        let chosen = Chosen {
            works: vec![Uuid::nil()],
            kind: Kind::Recall,
            from: Some(Beginning::Probe),
            replace: true,
            at: Some("2026-12-01T20:00".into()),
            partners: vec!["cctv".into(), "douyin".into()],
            reason: Some("版权争议 & 更正".into()),
            digest: Some("0".repeat(32)),
            ..Chosen::default()
        };
        let wish = chosen.wish(true).unwrap();
        assert!(wish.from.is_none() && !wish.replace && wish.at.is_none() && wish.digest.is_none());
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(chosen.fields().unwrap()).finish();
        let back: Chosen = serde_html_form::from_str(&text).unwrap();
        assert_eq!((back.kind, &back.partners, &back.reason), (Kind::Recall, &chosen.partners, &chosen.reason));
        assert_eq!((back.digest, back.works), (None, chosen.works));
    }
}
