//! The tables of works that there are.
use pages::Say;
use runtime::problem::{Code, Detail, Problem};

/// Which table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// The list as the page shows it.
    #[default]
    List,
    /// 作品汇总表: what was entered and where it is online.
    Summary,
    /// 初筛意见表: what screening measured and reviewers decided.
    Opinions,
}

impl Kind {
    /// Every table.
    pub const ALL: [Kind; 3] = [Kind::List, Kind::Summary, Kind::Opinions];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::List => "list",
            Kind::Summary => "summary",
            Kind::Opinions => "opinions",
        }
    }

    /// Its name for a person.
    pub fn title(self, say: Say) -> &'static str {
        match self {
            Kind::List => say.t("作品列表", "List of works"),
            Kind::Summary => say.t("作品汇总表", "Summary of works"),
            Kind::Opinions => say.t("初筛意见表", "Screening opinions"),
        }
    }

    /// The table of this name; the list if none is named.
    pub fn named(name: Option<&str>) -> Result<Self, Problem> {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(Kind::List) };
        let all = || Kind::ALL.map(Kind::name).join(", ");
        Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let said = |of: &str| format!("{of}{}", all());
            Code::FilterUnknown.about(Detail::new(said("可用："), said("one of ")).of("kind"))
        })
    }
}

#[cfg(test)]
mod tests {
    use pipeline::lang::Lang;

    use super::*;

    #[test]
    fn a_table_that_does_not_exist_is_refused_with_those_that_do() {
        assert_eq!(Kind::named(None).unwrap(), Kind::List);
        assert_eq!(Kind::named(Some("")).unwrap(), Kind::List);
        for kind in Kind::ALL {
            assert_eq!(Kind::named(Some(kind.name())).unwrap(), kind);
        }
        let problem = Kind::named(Some("scores")).unwrap_err();
        assert_eq!(problem.code.name(), "filter_unknown");
        assert!(problem.text(Lang::En).contains("list, summary, opinions"), "{}", problem.text(Lang::En));
    }
}
