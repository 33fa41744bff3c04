//! Why a work was rejected.
use pipeline::lang::Lang;
use pipeline::submission::State;
use serde::Serialize;
use utoipa::ToSchema;

/// Why a work was rejected.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Rejected {
    /// The stage that found it; `screen` for a reviewer's refusal.
    pub stage: &'static str,
    /// Stable name.
    pub code: &'static str,
    /// The sentence in Chinese.
    pub zh: String,
    /// The sentence in English.
    pub en: String,
}

impl Rejected {
    /// The reason, in a state that is a rejection.
    pub(crate) fn of(state: &State) -> Option<Self> {
        let State::Rejected { stage, reason } = state else { return None };
        let (zh, en) = (reason.text(Lang::Zh), reason.text(Lang::En));
        Some(Self { stage: stage.name(), code: reason.code(), zh, en })
    }
}
