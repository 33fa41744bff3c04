//! Addresses of queues and cards, and what they name.
use pipeline::id::{ContestId, SubmissionId};
use pipeline::queue::Queue;
use runtime::problem::{Code, Problem};
use serde::Deserialize;
use uuid::Uuid;

use crate::console::address;

/// Which cards are searched for the next one.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Among {
    /// Only after this work.
    pub(super) after: Option<Uuid>,
    /// Only of this contest.
    contest: Option<String>,
}

impl Among {
    pub(super) fn contest(&self) -> Option<ContestId> {
        self.contest.as_deref().map(ContestId::new)
    }
}

/// A queue's card.
#[derive(Deserialize)]
pub(super) struct At {
    pub(super) name: String,
    #[serde(rename = "id")]
    _id: String,
}

/// The queue of this name.
pub(super) fn queue_named(name: &str) -> Result<&'static Queue, Problem> {
    Queue::called(name).ok_or_else(|| Code::RouteUnknown.into())
}

/// The address of a card.
pub(super) fn card_at(queue: &Queue, id: SubmissionId, contest: Option<&ContestId>) -> String {
    address(&format!("/queue/{}/{id}", queue.name), contest.map(|it| ("contest", it.as_str())))
}

/// The address of the next card.
pub(super) fn next_at(queue: &Queue, contest: Option<&ContestId>, after: Option<SubmissionId>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(after.map(|id| ("after", id.to_string())));
    query.extend_pairs(contest.map(|id| ("contest", id.as_str())));
    let query = query.finish();
    if query.is_empty() { format!("/queue/{}", queue.name) } else { format!("/queue/{}?{query}", queue.name) }
}
