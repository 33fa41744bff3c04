//! The staff API: parse, call, render. Which route is whose stands in `routes`, and is enforced in `gate`.
use pipeline::id::ContestId;
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Problem};
use runtime::store::tokens::TokenRow;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) mod bag;
pub(crate) mod confirm;
pub(crate) mod contact;
pub(crate) mod deliver;
pub(crate) mod deliveries;
pub(crate) mod entry;
pub(crate) mod evidence;
pub(crate) mod gate;
pub(crate) mod hold;
pub(crate) mod list;
pub(crate) mod openapi;
pub(crate) mod partners;
pub(crate) mod preview;
pub(crate) mod proofs;
pub(crate) mod recall;
pub(crate) mod recalled;
pub(crate) mod release;
pub(crate) mod reprocess;
pub(crate) mod retry;
pub(crate) mod review;
pub(crate) mod routes;
pub(crate) mod texts;
pub(crate) mod tokens;
pub(crate) mod trail;
pub(crate) mod verify;
pub(crate) mod webhooks;
pub(crate) mod wish;
pub(crate) mod withdraw;
pub(crate) mod work;

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// In the list's order.
    items: Vec<T>,
    /// Give it as `cursor` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<T> Page<T> {
    /// From one item more than was asked for, if there are as many. The cursor names the last item that is shown.
    fn of(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}

/// Items of a page, unless asked otherwise.
const PAGE: u32 = 50;
/// Items of a page at most.
const MOST: u32 = 200;

/// The size of a page that was asked for.
fn limit_of(asked: Option<u32>) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(PAGE);
    if (1..=MOST).contains(&limit) { Ok(limit) } else { Err(Code::QueryWrong.about(format!("limit: 1 to {MOST}"))) }
}

/// The place in a list that a cursor names.
fn cursor_of<T: std::str::FromStr>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    let parsed = cursor.map(|it| it.parse().map_err(|_| Code::QueryWrong.about("cursor: as `next` named it")));
    parsed.transpose()
}

/// The contest to look at: the one that was asked for, within what the token is bound to.
fn scope(token: &TokenRow, asked: Option<String>) -> Result<Option<ContestId>, Problem> {
    let asked = asked.map(ContestId::new);
    match (&token.contest, asked) {
        (Some(bound), Some(asked)) if *bound != asked => {
            Err(Code::ContestForeign.refused(Door::Organisers, Reason::Forbidden, Some(token.id)))
        }
        (Some(bound), _) => Ok(Some(bound.clone())),
        (None, asked) => Ok(asked),
    }
}
