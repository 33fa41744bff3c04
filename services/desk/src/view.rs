//! What staff see: one file for each view, each with one struct that the API, the pages and the command line show. Read
//! only.
//!
//! Lists are paged by cursor, and counts are limited. A work of another contest does not exist for the caller.
use pipeline::id::ContestId;
use pipeline::person::Sees;
use runtime::problem::{Code, Detail, Problem};
use runtime::store::watching::listing::{Count, MOST_ROWS};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Desk;
use crate::act::Caller;

pub mod ahead;
pub mod audit;
pub mod bag;
pub mod beside;
pub mod board;
pub mod card;
pub mod checks;
pub mod compare;
pub mod contests;
pub mod deliveries;
pub mod delivery;
pub mod exchanges;
pub mod home;
pub mod jobs;
pub mod parked;
pub mod partners;
pub mod persons;
pub mod queue;
pub mod sentence;
pub mod sessions;
pub mod storyboard;
pub mod tokens;
pub mod trace;
pub mod trouble;
pub mod webhooks;
pub mod work;
pub mod works;

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// The page after the one whose `next` this is; the first if absent.
    pub cursor: Option<String>,
    /// 1 to 200, 50 if absent.
    pub limit: Option<u32>,
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// In the list's order.
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many there are on all pages together, on the first page of lists that count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
}

impl<T> Page<T> {
    /// Built from one item more than was asked for, if there are that many. The cursor names the last item that is
    /// shown.
    pub(crate) fn of(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next, count: None }
    }
}

/// Items on a page by default.
const PAGE: u32 = 50;

/// The requested size of a page.
pub(crate) fn limit_of(asked: Option<u32>) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(PAGE);
    let wrong =
        || Code::QueryWrong.about(Detail::new(format!("1 至 {MOST_ROWS}"), format!("1 to {MOST_ROWS}")).of("limit"));
    if (1..=MOST_ROWS).contains(&limit) { Ok(limit) } else { Err(wrong()) }
}

/// The position in a list that a cursor names.
pub(crate) fn cursor_of<T: std::str::FromStr>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    cursor.map(|it| it.parse().map_err(|_| wrong_cursor())).transpose()
}

/// The problem of a cursor that did not come from a page.
pub(crate) fn wrong_cursor() -> Problem {
    Code::QueryWrong.about(Detail::new("须为上一页给出的 next", "as `next` named it").of("cursor"))
}

/// The contests to look at: the requested one, which must be in the catalogue, or else all that the caller sees.
pub(crate) fn contests_of(desk: &Desk, caller: &Caller, asked: Option<&str>) -> Result<Sees, Problem> {
    let Some(asked) = asked.map(ContestId::new) else { return Ok(caller.sees.clone()) };
    if caller.sees == Sees::All {
        let all: Vec<_> = desk.catalogue.contests.keys().map(ContestId::as_str).collect();
        known("contest", asked.as_str(), &all)?;
    }
    caller.sees.narrowed(&asked).ok_or_else(|| Code::ContestForeign.into())
}

/// Requires that a filter's value is a known one. With an unknown value, the empty list would look like a result.
pub(crate) fn known(filter: &str, value: &str, all: &[&str]) -> Result<(), Problem> {
    if all.contains(&value) {
        return Ok(());
    }
    let (zh, en) = (format!("可用值为 {}", all.join("、")), format!("one of {}", all.join(", ")));
    Err(Code::FilterUnknown.about(Detail::new(zh, en).of(filter)))
}

#[cfg(test)]
mod tests {
    use pipeline::lang::Lang;

    use super::*;

    #[test]
    fn a_page_names_the_next_one_only_where_there_is_more() {
        let page = |items: Vec<u32>| Page::of(items, 2, ToString::to_string);
        assert_eq!(page(vec![9, 8]).next, None);
        let more = page(vec![9, 8, 7]);
        assert_eq!((more.items, more.next.as_deref()), (vec![9, 8], Some("8")));
    }

    #[test]
    fn an_unknown_value_lists_what_there_is() {
        let problem = known("theme", "grene", &["digital", "green"]).expect_err("a typo");
        assert_eq!(problem.code.name(), "filter_unknown");
        let detail = problem.detail.expect("a detail");
        assert_eq!(detail.text(Lang::En), "theme: one of digital, green");
        assert_eq!(detail.text(Lang::Zh), "theme：可用值为 digital、green");
    }

    #[test]
    fn pages_are_bounded() {
        assert_eq!(limit_of(None).expect("the usual"), PAGE);
        assert!(limit_of(Some(0)).is_err() && limit_of(Some(201)).is_err() && limit_of(Some(200)).is_ok());
        assert!(cursor_of::<i64>(Some("x")).is_err());
    }
}
