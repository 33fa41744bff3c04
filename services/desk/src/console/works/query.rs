//! The query of the list's address: the filters, the page, and the pages before it.
use pipeline::catalogue::Catalogue;
use pipeline::id::ContestId;
use pipeline::person::Sees;
use pipeline::selection::{Names, Selection};
use serde::Deserialize;

use crate::console::address;
use crate::view::works::Filter;

/// How many pages back an address remembers.
const MOST_BACK: usize = 20;
/// How the first page is written among them.
const FIRST: &str = "-";

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Query {
    contest: Option<String>,
    pub(super) theme: Option<String>,
    pub(super) state: Option<String>,
    pub(super) unit: Option<String>,
    pub(super) partner: Option<String>,
    pub(super) delivery: Option<String>,
    pub(super) title: Option<String>,
    cursor: Option<String>,
    /// The cursors of the pages before this one, oldest first.
    back: Option<String>,
    limit: Option<u32>,
    /// Which table, if a file is asked for.
    pub(super) kind: Option<String>,
}

impl Query {
    /// The contest in the filter.
    pub(super) fn contest(&self) -> Option<ContestId> {
        self.contest.as_deref().map(ContestId::new)
    }

    /// The filters as the view takes them.
    pub(super) fn filter(&self, limit: u32) -> Filter {
        Filter {
            contest: self.contest.clone(),
            state: self.state.clone(),
            theme: self.theme.clone(),
            unit: self.unit.clone(),
            partner: self.partner.clone(),
            delivery: self.delivery.clone(),
            title: self.title.clone(),
            cursor: self.cursor.clone(),
            limit: Some(self.limit.unwrap_or(limit)),
        }
    }

    /// The filters as they are written in an address.
    pub(super) fn filters(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("contest", &self.contest),
            ("theme", &self.theme),
            ("state", &self.state),
            ("unit", &self.unit),
            ("partner", &self.partner),
            ("delivery", &self.delivery),
            ("title", &self.title),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
    }

    /// Whether any filter is set.
    pub(super) fn is_filtered(&self) -> bool {
        !self.filters().is_empty()
    }

    /// The address of the first page, on every other page.
    pub(super) fn first(&self) -> Option<String> {
        self.cursor.as_ref().map(|_| self.at(None, &[]))
    }

    /// The address of the previous page, as far as the address remembers it.
    pub(super) fn previous(&self) -> Option<String> {
        let mut pages = self.back_pages();
        let last = pages.pop()?;
        Some(self.at((last != FIRST).then_some(last), &pages))
    }

    /// The address of the next page.
    pub(super) fn next(&self, cursor: &str) -> String {
        let mut pages = self.back_pages();
        pages.push(self.cursor.as_deref().unwrap_or(FIRST));
        let forgotten = pages.len().saturating_sub(MOST_BACK);
        self.at(Some(cursor), &pages[forgotten..])
    }

    /// The filters as a bulk selection. A selection with no filter is refused, so in that case it names the person's
    /// contests, or else all of them.
    pub(super) fn selection(&self, catalogue: &Catalogue, sees: &Sees) -> String {
        let named = |name: &Option<String>| name.as_ref().map(Names::one).unwrap_or_default();
        let mut selection = Selection {
            contest: named(&self.contest),
            theme: named(&self.theme),
            state: named(&self.state),
            title: self.title.as_deref().map(|text| text.trim().to_owned()),
            unit: self.unit.as_deref().map(|text| text.trim().to_owned()),
            partner: named(&self.partner),
            delivery: named(&self.delivery),
            ..Selection::default()
        };
        if selection.is_everything() {
            let all = || catalogue.contests.keys().map(ToString::to_string).collect();
            selection.contest.any = sees.names().unwrap_or_else(all).into_iter().collect();
        }
        selection.to_string()
    }

    fn back_pages(&self) -> Vec<&str> {
        self.back.as_deref().map(|back| back.split('.').collect()).unwrap_or_default()
    }

    fn at(&self, cursor: Option<&str>, back: &[&str]) -> String {
        let mut pairs = self.filters();
        pairs.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        pairs.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
        if !back.is_empty() {
            pairs.push(("back", back.join(".")));
        }
        address("/works", pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(state: Option<&str>) -> Query {
        Query { state: state.map(str::to_owned), ..Query::default() }
    }

    fn selection(query: &Query, contests: &[&str]) -> String {
        let only = Sees::Only(contests.iter().map(|id| ContestId::new(*id)).collect());
        query.selection(&Catalogue::builtin(), if contests.is_empty() { &Sees::All } else { &only })
    }

    #[test]
    fn pages_lead_on_and_back_again() {
        let first = of(Some("published"));
        assert_eq!((first.first(), first.previous()), (None, None));
        assert_eq!(first.next("b"), "/works?state=published&cursor=b&back=-");
        let second = Query { cursor: Some("b".into()), back: Some("-".into()), ..first };
        assert_eq!(second.previous().unwrap(), "/works?state=published");
        assert_eq!(second.first().unwrap(), "/works?state=published");
        assert_eq!(second.next("c"), "/works?state=published&cursor=c&back=-.b");
        let third = Query { cursor: Some("c".into()), back: Some("-.b".into()), ..second };
        assert_eq!(third.previous().unwrap(), "/works?state=published&cursor=b&back=-");
    }

    #[test]
    fn an_address_remembers_a_bounded_number_of_pages() {
        let back = vec!["x"; MOST_BACK].join(".");
        let deep = Query { cursor: Some("y".into()), back: Some(back), ..Query::default() };
        let next = deep.next("z");
        assert_eq!(next.matches('x').count(), MOST_BACK - 1, "{next}");
        assert!(next.ends_with(".y"), "{next}");
    }

    #[test]
    fn a_filter_becomes_a_selection() {
        assert_eq!(selection(&of(Some("published")), &[]), "state=published");
        let named = Query { partner: Some("cctv".into()), theme: Some("green".into()), ..Query::default() };
        assert_eq!(selection(&named, &[]), "theme=green partner=cctv");
        let titled =
            Query { title: Some("绿色 工厂".into()), unit: Some(" 协会 ".into()), ..of(Some("published")) };
        assert_eq!(selection(&titled, &[]), "state=published title~\"绿色 工厂\" unit~协会");
        let waiting =
            Query { delivery: Some("awaiting_operator".into()), partner: Some("cctv".into()), ..Query::default() };
        assert_eq!(selection(&waiting, &[]), "partner=cctv delivery=awaiting_operator");
        let all = selection(&of(None), &[]);
        assert!(all.starts_with("contest=") && all.contains("demo"), "{all}");
        assert_eq!(selection(&of(None), &["demo", "small"]), "contest=demo,small");
    }
}
