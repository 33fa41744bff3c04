//! The staff API: parse, call, render. Which route is whose stands in `routes`, and is enforced in `gate`.
use pipeline::id::ContestId;
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Problem};
use runtime::store::tokens::TokenRow;

use crate::act::Caller;
pub(crate) use crate::view::{cursor_of, limit_of};

pub(crate) mod contact;
pub(crate) mod deliveries;
pub(crate) mod entry;
pub(crate) mod evidence;
pub(crate) mod gate;
pub(crate) mod list;
pub(crate) mod openapi;
pub(crate) mod partners;
pub(crate) mod preview;
pub(crate) mod proofs;
pub(crate) mod recall;
pub(crate) mod release;
pub(crate) mod reprocess;
pub(crate) mod retry;
pub(crate) mod review;
pub(crate) mod routes;
pub(crate) mod tokens;
pub(crate) mod trail;
pub(crate) mod verify;
pub(crate) mod webhooks;
pub(crate) mod wish;
pub(crate) mod work;

/// A refusal of another contest names the token in the log, which views do not know.
pub(crate) fn logged(token: &TokenRow) -> impl Fn(Problem) -> Problem {
    let id = token.id;
    move |problem| match problem.code {
        Code::ContestForeign => Code::ContestForeign.refused(Door::Organisers, Reason::Forbidden, Some(id)),
        _ => problem,
    }
}

/// Who reads, as views want it.
pub(crate) fn reader(token: &TokenRow) -> Caller {
    Caller { by: token.by(None), contest: token.contest.clone(), key: None }
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
