//! The works of a job, in words. A job stores them as text: a selection, a number of works chosen by hand, or one
//! work's id.
use pages::Say;
use pipeline::catalogue::Catalogue;
use pipeline::selection::{Names, Selection};
use uuid::Uuid;

use crate::names::{contest_name, partner_name, theme_name};

/// What the store writes after a number of works chosen by hand.
const NAMED: &str = " named works";

/// A field of names: its label in Chinese and English, the wanted names, and the label of each.
type Named<'a> = (&'static str, &'static str, &'a Names, &'a dyn Fn(&str) -> String);

/// The stored text in words.
pub(super) fn selected(catalogue: &Catalogue, say: Say, text: &str) -> String {
    if let Some(works) = text.strip_suffix(NAMED).and_then(|works| works.parse().ok()) {
        return by_hand(say, works);
    }
    if text.parse::<Uuid>().is_ok() {
        return by_hand(say, 1);
    }
    let conditions = conditions(catalogue, say, text);
    let said = conditions.iter().map(|(label, text)| format!("{label}{}{text}", say.t("：", ": ")));
    said.collect::<Vec<_>>().join(say.t("；", "; "))
}

/// Works that were chosen one by one.
pub(super) fn by_hand(say: Say, works: u64) -> String {
    format!("{}{}", say.t("勾选的 ", "chosen by hand: "), say.many(works, "件作品", "work", "works"))
}

/// Each condition of a selection: its subject, and the wanted value. A text that is not a selection is shown unchanged.
pub(super) fn conditions(catalogue: &Catalogue, say: Say, text: &str) -> Vec<(&'static str, String)> {
    let Ok(selection) = text.parse::<Selection>() else {
        return vec![(say.t("条件", "conditions"), text.to_owned())];
    };
    let one_contest = selection.contest.any.first().filter(|_| selection.contest.any.len() == 1);
    let theme = |id: &str| theme_name(catalogue, say, one_contest.map(String::as_str), id);
    let names: [Named; 6] = [
        ("活动", "contest", &selection.contest, &|id| contest_name(catalogue, say, id)),
        ("作品状态", "state", &selection.state, &|name| say.state(name)),
        ("征选主题", "theme", &selection.theme, &theme),
        ("平台", "delivery to", &selection.partner, &|id| partner_name(catalogue, say, id)),
        ("投放状态", "state of the delivery", &selection.delivery, &|name| say.delivery(name)),
        ("成片", "rendition", &selection.rendition, &str::to_owned),
    ];
    let mut said: Vec<(&str, String)> = Vec::new();
    for (zh, en, names, name) in names {
        said.extend(wanted(say, names, name).map(|text| (say.t(zh, en), text)));
    }
    for (zh, en, text) in
        [("标题含", "title contains", &selection.title), ("推荐单位含", "unit contains", &selection.unit)]
    {
        said.extend(text.iter().map(|text| (say.t(zh, en), text.clone())));
    }
    let versions: Vec<_> =
        selection.engine.iter().map(|(operator, version)| format!("{} {version}", operator.text())).collect();
    if !versions.is_empty() {
        said.push((say.t("制作版本", "version"), versions.join(say.t("、", ", "))));
    }
    said.extend(selection.entered_from.map(|at| (say.t("报送时间不早于", "entered from"), say.time(&at))));
    said.extend(selection.entered_before.map(|at| (say.t("报送时间早于", "entered before"), say.time(&at))));
    said
}

/// `甲、乙`, `不含 丙`; `None` if the field has no condition.
fn wanted(say: Say, names: &Names, name: &dyn Fn(&str) -> String) -> Option<String> {
    let list = |names: &std::collections::BTreeSet<String>| {
        names.iter().map(|it| name(it)).collect::<Vec<_>>().join(say.t("、", " or "))
    };
    let any = (!names.any.is_empty()).then(|| list(&names.any));
    let none = (!names.none.is_empty()).then(|| format!("{}{}", say.t("不含 ", "not "), list(&names.none)));
    let said: Vec<String> = any.into_iter().chain(none).collect();
    (!said.is_empty()).then(|| said.join(say.t("，", ", ")))
}

#[cfg(test)]
mod tests {
    use pipeline::lang::Lang;

    use super::*;

    fn in_both(text: &str) -> [String; 2] {
        [Lang::Zh, Lang::En].map(|lang| selected(&Catalogue::builtin(), Say::new(lang), text))
    }

    #[test]
    fn a_selection_reads_as_words_without_ids() {
        let [zh, en] = in_both("state=awaiting_release theme=green partner=cctv,bilibili delivery!=live unit~北京");
        assert_eq!(
            zh,
            "作品状态：待发布；征选主题：绿色低碳；平台：B站、央视网；投放状态：不含 已上线；推荐单位含：北京"
        );
        assert!(en.starts_with("state: awaits release; theme: ") && en.contains("Bilibili or CCTV.com"), "{en}");
        let [zh, _] = in_both("engine<0.3 entered>=2026-11-01");
        assert_eq!(zh, "制作版本：< 0.3；报送时间不早于：2026-11-01 00:00");
    }

    #[test]
    fn works_that_were_chosen_by_hand_are_counted() {
        assert_eq!(in_both("2 named works"), ["勾选的 2 件作品", "chosen by hand: 2 works"]);
        assert_eq!(in_both("0190c0de-0000-7000-8000-000000000000")[0], "勾选的 1 件作品");
        assert_eq!(in_both("a text of another version")[0], "条件：a text of another version");
    }
}
