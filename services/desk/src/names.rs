//! Names of contests, themes, partners, parts and checks in a language. If the catalogue no longer has one, its id is
//! shown.
use pages::Say;
use pipeline::catalogue::{Catalogue, Theme};
use pipeline::id::{ContestId, PartnerId};
use pipeline::lang::Lang;
use pipeline::part::Part;
use pipeline::person::Role;
use runtime::problem::Detail;

mod checks;

pub(crate) use checks::{check_name, failure};

pub(crate) fn contest_name(catalogue: &Catalogue, say: Say, id: &str) -> String {
    catalogue.contest(&ContestId::new(id)).map_or_else(|| id.to_owned(), |it| it.name.text(say.lang).to_owned())
}

pub(crate) fn partner_name(catalogue: &Catalogue, say: Say, id: &str) -> String {
    catalogue.partner(&PartnerId::new(id)).map_or_else(|| id.to_owned(), |it| it.name.text(say.lang).to_owned())
}

/// Several partners in one text.
pub(crate) fn partner_names<'a>(catalogue: &Catalogue, say: Say, ids: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = ids.into_iter().map(|id| partner_name(catalogue, say, id)).collect();
    names.join(say.t("、", ", "))
}

/// A theme of this contest, or of any contest if none is given.
pub(crate) fn theme_name(catalogue: &Catalogue, say: Say, contest: Option<&str>, id: &str) -> String {
    let contests = catalogue.contests.values().filter(|it| contest.is_none_or(|id| it.id.as_str() == id));
    let theme: Option<&Theme> = contests.flat_map(|it| &it.themes).find(|it| it.id == id);
    theme.map_or_else(|| id.to_owned(), |it| say.t(&it.zh, &it.en).to_owned())
}

/// What the store writes before the host name for a login at the command line that belongs to no person.
const AT_COMMAND_LINE: &str = "operator on ";

/// Who did something: a person's name, or the command line of a host.
pub(crate) fn actor_name(say: Say, name: &str) -> String {
    match name.strip_prefix(AT_COMMAND_LINE) {
        Some(host) => format!("{} {host}", say.t("命令行", "command line of")),
        None => name.to_owned(),
    }
}

/// A role by its name, and where it holds: `初筛员（演示征选）`.
pub(crate) fn role_name(
    catalogue: &Catalogue,
    say: Say,
    role: &str,
    contest: Option<&str>,
    unit: Option<&str>,
) -> String {
    let role = role.parse::<Role>().map_or(role, |role| say.role(role));
    match contest {
        Some(id) => {
            let named = |unit: &str| unit_name(catalogue, say, id, unit);
            let unit = unit.map_or(String::new(), |unit| format!("{}{}", say.t("，", ", "), named(unit)));
            format!("{role}{}{}{unit}{}", say.t("（", " ("), contest_name(catalogue, say, id), say.t("）", ")"))
        }
        None => role.to_owned(),
    }
}

/// A recommending unit; its id if the catalogue no longer has it.
fn unit_name(catalogue: &Catalogue, say: Say, contest: &str, unit: &str) -> String {
    let found = catalogue.contest(&contest.into()).and_then(|contest| contest.unit(&unit.into()));
    found.map_or(unit, |unit| say.t(&unit.name.zh, &unit.name.en)).to_owned()
}

/// The subject of a part: a section of the film, a file, a partner. Numbers are the same as on the command line.
pub(crate) fn part_name(catalogue: &Catalogue, say: Say, part: &str) -> String {
    let said = |zh: &str, en: &str| say.t(zh, en).to_owned();
    match part.parse() {
        Ok(Part::Mezzanine) => said("原片", "source"),
        Ok(Part::Segment(index)) => format!("{} {index}", say.t("片段", "segment")),
        Ok(Part::Audio) => said("声音", "sound"),
        Ok(Part::Rendition(name)) => format!("{} {name}", say.t("成片", "rendition")),
        Ok(Part::Partner(id)) => partner_name(catalogue, say, id.as_str()),
        Err(_) => part.to_owned(),
    }
}

/// A state of a work, of a delivery, or of a job.
pub(crate) fn state_name(say: Say, name: &str) -> String {
    let known = [say.state(name), say.delivery(name), say.part(name)].into_iter().find(|text| text != name);
    known.unwrap_or_else(|| name.to_owned())
}

/// The states in which an act was refused, for the detail of its problem: in Chinese by their names; in English by
/// their stable names, which programs compare.
pub(crate) fn in_states<'a>(names: impl IntoIterator<Item = &'a str>) -> Detail {
    let names: Vec<&str> = names.into_iter().collect();
    let zh: Vec<String> = names.iter().map(|name| state_name(Say::new(Lang::Zh), name)).collect();
    Detail::new(format!("当前状态：{}", zh.join("、")), names.join(", "))
}

/// `STAGE/PART`, as trouble and the audit trail name a part: `转码：片段 3`.
pub(crate) fn place_name(catalogue: &Catalogue, say: Say, place: &str) -> String {
    match place.split_once('/') {
        Some((stage, part)) => {
            format!("{}{}{}", say.stage(stage), say.t("：", ": "), part_name(catalogue, say, part))
        }
        None => partner_name(catalogue, say, place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_named_in_chinese_and_keeps_its_stable_name_in_english() {
        let detail = in_states(["awaiting_release", "live", "paused"]);
        assert_eq!(detail.text(Lang::Zh), "当前状态：待发布、已上线、已暂停");
        assert_eq!(detail.text(Lang::En), "awaiting_release, live, paused");
    }

    #[test]
    fn whatever_the_catalogue_knows_has_a_name_and_all_else_its_id() {
        let (catalogue, say) = (Catalogue::builtin(), Say::new(Lang::Zh));
        let place = |text: &str| place_name(&catalogue, say, text);
        assert_eq!(place("publish/partner/bilibili"), "投放：B站");
        assert_eq!(place("transcode/segment/3"), "转码：片段 3");
        assert_eq!(place("assemble/rendition/web-720"), "合成：成片 web-720");
        assert_eq!([place("probe/mezzanine"), place("cctv"), place("gone")], ["检测：原片", "央视网", "gone"]);
        assert_eq!(partner_names(&catalogue, Say::new(Lang::En), ["cctv", "gone"]), "CCTV.com, gone");
        let theme = |contest| theme_name(&catalogue, say, contest, "green");
        assert_eq!(
            (theme(None), theme(Some("demo")), theme(Some("none"))),
            ("绿色低碳".into(), "绿色低碳".into(), "green".into())
        );
    }
}
