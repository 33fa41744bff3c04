//! The details of a line of the history, as parts of its sentence.
use pages::Say;
use pipeline::catalogue::Catalogue;
use pipeline::lang::Lang;
use pipeline::rejection::Rejection;
use serde::Deserialize;
use serde_json::Value;

use crate::names::{failure, part_name, partner_name, partner_names};

/// The details of a line besides its name.
pub(super) struct Detail<'a> {
    pub(super) of: &'a Value,
    pub(super) catalogue: &'a Catalogue,
    pub(super) say: Say,
}

impl Detail<'_> {
    pub(super) fn text(&self, key: &str) -> &str {
        self.of.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// `what: said.`, or `what.` if nothing was said.
    pub(super) fn about(&self, what: impl Into<String>, said: &str) -> String {
        let what = what.into();
        let end = if said.ends_with(['。', '.', '！', '!', '？', '?']) { "" } else { self.say.t("。", ".") };
        match said {
            "" => format!("{what}{}", self.say.t("。", ".")),
            said => format!("{what}{}{said}{end}", self.say.t("：", ": ")),
        }
    }

    pub(super) fn partner(&self) -> String {
        partner_name(self.catalogue, self.say, self.text("partner"))
    }

    pub(super) fn partners(&self) -> String {
        let named = self.of.get("partners").and_then(Value::as_array);
        partner_names(self.catalogue, self.say, named.into_iter().flatten().filter_map(Value::as_str))
    }

    pub(super) fn partners_or_all(&self) -> String {
        let named = self.partners();
        if named.is_empty() { self.say.t("全部平台", "all partners").to_owned() } else { named }
    }

    pub(super) fn partners_and(&self, key: &str) -> String {
        let said = [self.partners(), self.text(key).to_owned()];
        said.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(self.say.t("；", "; "))
    }

    pub(super) fn rejection(&self) -> String {
        let reason = self.of.get("reason").and_then(|it| Rejection::deserialize(it).ok());
        reason.map(|it| it.text(self.say.lang)).unwrap_or_default()
    }

    /// A window's end, and what is to be cured.
    pub(super) fn until(&self) -> String {
        let until = self.text("until").parse().map(|at| self.say.time(&at)).unwrap_or_default();
        [until, self.text("words").to_owned()]
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
            .join(self.say.t("；", "; "))
    }

    /// `转码（片段 3）已完成。`
    pub(super) fn part(&self, what: String) -> String {
        let stage = self.say.stage(self.text("stage"));
        let part = part_name(self.catalogue, self.say, self.text("part"));
        match self.say.lang {
            Lang::Zh => format!("{stage}（{part}）{what}。"),
            Lang::En => format!("{stage} ({part}): {what}."),
        }
    }

    pub(super) fn failed(&self, what: String) -> String {
        let said = self.part(what);
        let error = failure(self.say, self.text("error"));
        if error.is_empty() { said } else { format!("{said} {error}") }
    }
}
