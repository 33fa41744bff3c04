//! The list of works: newest first, with every filter.
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use pipeline::catalogue::Theme;
use pipeline::id::ContestId;
use pipeline::lang::Lang;
use runtime::problem::Problem;
use runtime::serving::openapi::vocabulary::{DeliveryState, SubmissionState};
use runtime::store::watching::listing::{Listed, ListedDelivery};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::work::Rejected;
use super::{Page, contests_of};
use crate::Desk;
use crate::act::Caller;
use filter::wanted;

mod filter;

pub use filter::Filter;

/// One work of the list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Line {
    /// The work.
    pub id: Uuid,
    /// The number of the entrant's receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Its contest.
    pub contest: String,
    /// As in the work's own view.
    #[schema(value_type = SubmissionState)]
    pub state: &'static str,
    /// Which pass it is in, from 1.
    pub run: u32,
    /// As entered.
    pub title: String,
    /// As entered.
    pub theme: String,
    /// As entered.
    pub recommending_unit: String,
    /// Size of the film, once it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<i64>,
    /// Parts that failed too often and wait for an operator.
    pub parked: i64,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejected>,
    /// Where it stands with each partner.
    pub deliveries: Vec<At>,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Where a work stands with one partner.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct At {
    /// The partner.
    pub partner: String,
    /// As in the work's own view.
    #[schema(value_type = DeliveryState)]
    pub state: String,
    /// Where it is online, or was until its recall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
}

/// Lists works.
pub async fn works(desk: &Desk, caller: &Caller, filter: &Filter) -> Result<Page<Line>, Problem> {
    let wanted = wanted(desk, caller, filter)?;
    let found = desk.store.list(&wanted).await?;
    let ids: Vec<Uuid> = found.works.iter().map(|work| work.id).collect();
    let mut deliveries: BTreeMap<Uuid, Vec<At>> = BTreeMap::new();
    for delivery in desk.store.listed_deliveries(&ids).await? {
        deliveries.entry(delivery.submission).or_default().push(At::from(delivery));
    }
    let line = |work: Listed| {
        let deliveries = deliveries.remove(&work.id).unwrap_or_default();
        Line::of(work, deliveries)
    };
    let items = found.works.into_iter().map(line).collect();
    let count = if wanted.before.is_none() { Some(desk.store.count_listed(&wanted).await?) } else { None };
    Ok(Page { items, next: found.next.map(|id| id.to_string()), count })
}

/// A partner that listed works go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Its id in the catalogue.
    pub id: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
}

/// The partners of the contests that the filter may find, each once, in the order of the contests' calls.
pub fn recipients(desk: &Desk, caller: &Caller, filter: &Filter) -> Result<Vec<Recipient>, Problem> {
    let contests = contests_of(desk, caller, filter.contest.as_deref())?;
    let mut recipients: Vec<Recipient> = Vec::new();
    let seen = desk.catalogue.contests.values().filter(|it| contests.includes(&it.id));
    for partner in seen.flat_map(|it| desk.catalogue.partners_of(it)) {
        if recipients.iter().all(|it| it.id != partner.id.as_str()) {
            let (zh, en) = (partner.name.zh.clone(), partner.name.en.clone());
            recipients.push(Recipient { id: partner.id.to_string(), zh, en });
        }
    }
    Ok(recipients)
}

/// The name of a work's theme; its id if the catalogue no longer has it.
pub fn theme(desk: &Desk, line: &Line, lang: Lang) -> String {
    let contest = desk.catalogue.contest(&ContestId::new(&line.contest));
    let theme = contest.and_then(|it| it.theme(&line.theme));
    let named = |it: &Theme| if lang == Lang::Zh { it.zh.clone() } else { it.en.clone() };
    theme.map_or_else(|| line.theme.clone(), named)
}

impl Line {
    fn of(work: Listed, deliveries: Vec<At>) -> Self {
        let machine = work.machine.0;
        Self {
            id: work.id,
            receipt: work.receipt,
            contest: work.contest,
            state: machine.state.name(),
            run: machine.run,
            title: work.title,
            theme: work.theme,
            recommending_unit: work.recommending_unit,
            bytes: work.bytes,
            parked: work.parked,
            rejection: Rejected::of(&machine.state),
            deliveries,
            created_at: work.created_at,
            updated_at: work.updated_at,
        }
    }
}

impl From<ListedDelivery> for At {
    fn from(row: ListedDelivery) -> Self {
        Self { partner: row.partner, state: row.state, public_url: row.public_url }
    }
}
