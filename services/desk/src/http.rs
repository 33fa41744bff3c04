//! The staff API: parse, call, render. Which route is whose stands in `routes`, and is enforced in `gate`.
use pipeline::id::ContestId;
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Problem};
use runtime::store::tokens::TokenRow;

pub(crate) use crate::view::{Page, cursor_of, limit_of};

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
pub(crate) mod persons;
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

/// The contest to look at: the one that was asked for, within what the token is bound to.
fn scope(token: &TokenRow, asked: Option<String>) -> Result<Option<ContestId>, Problem> {
    let named = |wrong| Code::QueryWrong.about(format!("contest: {wrong}"));
    let asked = asked.map(ContestId::try_from).transpose().map_err(named)?;
    match (&token.contest, asked) {
        (Some(bound), Some(asked)) if *bound != asked => {
            Err(Code::ContestForeign.refused(Door::Organisers, Reason::Forbidden, Some(token.id)))
        }
        (Some(bound), _) => Ok(Some(bound.clone())),
        (None, asked) => Ok(asked),
    }
}
