//! What lists, pages and tables show: one query and one struct a view, paged by cursor. The API, the pages and the command line show the
//! same struct. A view is restricted to one contest where its reader is.
use runtime::problem::{Code, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub mod bag;
pub mod deliveries;
pub mod jobs;
pub mod persons;
pub mod tokens;
pub mod webhooks;

/// Items of a page, unless asked otherwise.
const PAGE: u32 = 50;
/// Items of a page at most.
pub(crate) const MOST: u32 = 200;

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
}

impl<T> Page<T> {
    /// From one item more than was asked for, if there are as many. The cursor names the last item that is shown.
    pub(crate) fn of(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}

/// The size of a page that was asked for.
pub(crate) fn limit_of(asked: Option<u32>) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(PAGE);
    if (1..=MOST).contains(&limit) { Ok(limit) } else { Err(Code::QueryWrong.about(format!("limit: 1 to {MOST}"))) }
}

/// The place in a list that a cursor names.
pub(crate) fn cursor_of<T: std::str::FromStr>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    let parsed = cursor.map(|it| it.parse().map_err(|_| Code::QueryWrong.about("cursor: as `next` named it")));
    parsed.transpose()
}
