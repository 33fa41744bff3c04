//! What staff can see: one file a view, each with one query and one struct, paged by cursor. The API and the command line show the same
//! structs.
use runtime::problem::{Code, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub mod jobs;
pub mod webhooks;

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// In the list's order.
    pub items: Vec<T>,
    /// The `cursor` of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// From one item more than is shown, if there are as many. The cursor names the last item that is shown.
    pub(crate) fn of(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paged {
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Items on a page, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Items of a page, unless asked otherwise.
const PAGE: u32 = 50;
/// Items of a page at most.
const MOST: u32 = 200;

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
