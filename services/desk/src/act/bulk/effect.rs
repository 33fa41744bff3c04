//! What partners would receive from a release, or lose through a recall.
use pipeline::catalogue::Catalogue;
use pipeline::id::PartnerId;
use runtime::store::bulk::{self, Ask, Kind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The effect of a release or a recall at one partner.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PartnerEffect)]
pub struct Effect {
    /// Its id in the catalogue.
    pub partner: String,
    /// How works are delivered to it, such as `bilibili` or `operator`.
    pub method: String,
    /// Works that it would receive, or be asked to remove.
    pub works: u64,
    /// How many of them are live there now.
    pub live: u64,
    /// For a recall: hours until the removal must be proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_hours: Option<u32>,
    /// For a release: hours of the day in Beijing in which works are sent, `[from, to)`; at any hour if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<(u32, u32)>,
}

impl Effect {
    pub(super) fn of(catalogue: &Catalogue, ask: &Ask, id: &PartnerId, effect: bulk::Effect) -> Self {
        let partner = catalogue.partner(id);
        let recall = ask.kind() == Kind::Recall;
        Self {
            partner: id.to_string(),
            method: partner.map_or("unknown", |it| it.method.name()).to_owned(),
            works: effect.works,
            live: effect.live,
            within_hours: recall.then(|| partner.map_or(24, |it| it.recall_within_h)),
            hours: partner.and_then(|it| it.window).filter(|_| !recall).map(|it| (it.from_hour, it.to_hour)),
        }
    }
}
