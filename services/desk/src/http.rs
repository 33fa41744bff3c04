//! The staff API: parse, call, render. `routes` lists who may use which route; `gate` enforces it; `openapi` describes
//! it.
use crate::act::Caller;
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Problem};
use runtime::store::people::tokens::TokenRow;

pub(crate) mod bag;
pub(crate) mod confirm;
pub(crate) mod contact;
pub(crate) mod cure;
pub(crate) mod deliver;
pub(crate) mod deliveries;
pub(crate) mod docs;
pub(crate) mod entry;
pub(crate) mod evidence;
pub(crate) mod gate;
pub(crate) mod hold;
pub(crate) mod list;
pub(crate) mod openapi;
pub(crate) mod partners;
pub(crate) mod persons;
pub(crate) mod pictures;
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

/// Logs the token with a refusal of another contest; views do not know the token.
pub(crate) fn logged(token: &TokenRow) -> impl Fn(Problem) -> Problem {
    let id = token.id;
    move |problem| match problem.code {
        Code::ContestForeign => Code::ContestForeign.refused(Door::Organisers, Reason::Forbidden, Some(id)),
        _ => problem,
    }
}

/// The reader in the form that views take.
pub(crate) fn reader(token: &TokenRow) -> Caller {
    Caller { by: token.by(None), sees: token.sees(), roles: Some([token.held()].into()), key: None }
}
