//! The preview of a choice as a page, before it is started.
use askama::Template;
use pages::Say;
use pipeline::lang::Lang;
use runtime::problem::Problem;
use runtime::store::bulk::Kind;

use super::chosen::Chosen;
use super::rows::{EffectRow, HoldingRow, Hours, UntakenRow, lasting_line, left_out};
use crate::Desk;
use crate::act::bulk::JobMade;
use crate::act::reprocess::Beginning;
use crate::console::job_text::{kind_text, stage_text};
use crate::console::selected::{by_hand, conditions};
use crate::console::{Shell, address};
use crate::names::partner_names;

#[derive(Template)]
#[template(path = "bulk_look.html")]
pub(super) struct LookPage {
    pub(super) shell: Shell,
    kind: &'static str,
    is_recall: bool,
    works: String,
    /// Works that are left out, and why.
    left_out: Vec<(u64, String)>,
    /// The cost of new runs.
    hours: Option<Hours>,
    effects: Vec<EffectRow>,
    is_release: bool,
    holdings: Vec<HoldingRow>,
    lasting: Vec<String>,
    untaken: Vec<UntakenRow>,
    /// Works whose texts were not read.
    unread: Option<String>,
    /// Label and text of the choice.
    terms: Vec<(String, String)>,
    fields: Vec<(String, String)>,
    digest: String,
    again: Option<String>,
    begin: String,
}

impl LookPage {
    pub(super) fn of(desk: &Desk, shell: Shell, chosen: &Chosen, made: &JobMade) -> Result<Self, Problem> {
        let say = shell.say;
        let works = say.many(made.works, "件作品", "work", "works");
        let kind = kind_text(say, made.kind.name());
        let fields = chosen.fields()?;
        let again = address("/bulk/new", fields.iter().map(|(name, value)| (name, value)));
        Ok(Self {
            kind,
            is_recall: made.kind == Kind::Recall,
            is_release: made.kind == Kind::Release,
            left_out: left_out(say, made),
            hours: made
                .estimate
                .as_ref()
                .filter(|_| made.from != Some(Beginning::Publish))
                .map(|it| Hours::of(say, it)),
            effects: made.effects.iter().map(|it| EffectRow::of(desk, say, it)).collect(),
            holdings: made
                .estimate
                .iter()
                .flat_map(|it| &it.partners)
                .map(|it| HoldingRow::of(desk, say, it))
                .collect(),
            lasting: made.lasting.iter().map(|it| lasting_line(desk, say, it)).collect(),
            untaken: made.warnings.iter().map(|it| UntakenRow::of(desk, say, it)).collect(),
            unread: (made.unread_works > 0).then(|| say.many(made.unread_works, "件作品", "work", "works")),
            terms: terms(desk, say, chosen, made),
            digest: made.digest.clone(),
            // Longer addresses may be refused by proxies.
            again: (again.len() < 8_000).then_some(again),
            begin: format!(
                "{}{}{works}",
                say.t("开始", "Begin: "),
                if say.lang == Lang::Zh { format!("{kind} ") } else { format!("{kind}, ") }
            ),
            works,
            fields,
            shell,
        })
    }
}

/// The choice in words.
fn terms(desk: &Desk, say: Say, chosen: &Chosen, made: &JobMade) -> Vec<(String, String)> {
    let all = match made.kind {
        Kind::Reprocess | Kind::Release => say.t("每件作品的全部平台", "all partners of each work"),
        Kind::Recall => say.t("全部（作品整体撤下）", "all; the works are revoked as a whole"),
    };
    let partners = partner_names(&desk.catalogue, say, chosen.partners.iter().map(String::as_str));
    let partners = if partners.is_empty() { all.to_owned() } else { partners };
    let works = match chosen.conditions() {
        Some(text) => conditions(&desk.catalogue, say, &text),
        None => vec![(say.t("作品", "Works"), by_hand(say, chosen.works.len() as u64))],
    };
    let mut terms: Vec<(String, String)> = works.into_iter().map(|(label, text)| (label.to_owned(), text)).collect();
    terms.push((say.t("办理的平台", "Partners of the act").to_owned(), partners));
    if let Some(from) = made.from {
        terms.push((say.t("开始环节", "Begins at").to_owned(), stage_text(say, from).to_owned()));
    }
    if let Some(at) = chosen.at.as_ref().filter(|_| made.kind == Kind::Release) {
        terms.push((say.t("不早于", "Not before").to_owned(), at.replace('T', " ")));
    }
    if let Some(reason) = &chosen.reason {
        terms.push((say.t("事由", "Reason").to_owned(), reason.clone()));
    }
    terms
}
