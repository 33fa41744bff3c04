//! The list of works: newest first, with every filter.
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use pipeline::catalogue::Theme;
use pipeline::delivery::Observed;
use pipeline::id::{ContestId, PartnerId};
use pipeline::lang::Lang;
use pipeline::submission::State;
use pipeline::text::{Limit, Text};
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::openapi::vocabulary::{DeliveryState, SubmissionState};
use runtime::store::listing::{Listed, ListedDelivery, Wanted};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::work::Rejected;
use super::{Page, contests_of, cursor_of, known, limit_of};
use crate::Desk;
use crate::act::Caller;

/// Which works. A contest, state, theme or partner that does not exist is a problem that names those that do.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only this contest.
    pub contest: Option<String>,
    /// Only this state, such as `awaiting_review`.
    #[param(value_type = Option<SubmissionState>)]
    pub state: Option<String>,
    /// Only this theme.
    pub theme: Option<String>,
    /// Only those whose recommending unit contains this.
    pub unit: Option<String>,
    /// Only those with a delivery to this partner.
    pub partner: Option<String>,
    /// Only those with a delivery in this state, such as `unknown`; with `partner`, to that partner.
    #[param(value_type = Option<DeliveryState>)]
    pub delivery: Option<String>,
    /// Only those whose title contains this. A page looks through 20,000 works; `next` continues after them.
    pub title: Option<String>,
    /// The page after the one whose `next` this is.
    pub cursor: Option<String>,
    /// 1 to 200, 50 if absent.
    pub limit: Option<u32>,
}

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

/// The filter, checked against the catalogue.
fn wanted(desk: &Desk, caller: &Caller, filter: &Filter) -> Result<Wanted, Problem> {
    let contests = contests_of(desk, caller, filter.contest.as_deref())?;
    if let Some(state) = &filter.state {
        known("state", state, &State::NAMES)?;
    }
    if let Some(state) = &filter.delivery {
        known("delivery", state, &Observed::NAMES)?;
    }
    if let Some(theme) = &filter.theme {
        let seen = desk.catalogue.contests.values().filter(|it| contests.includes(&it.id));
        let themes: Vec<&Theme> = seen.flat_map(|it| &it.themes).collect();
        let mut ids: Vec<&str> = themes.iter().map(|it| it.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        known("theme", theme, &ids)?;
    }
    if let Some(partner) = &filter.partner {
        let all: Vec<&str> = desk.catalogue.partners.keys().map(PartnerId::as_str).collect();
        known("partner", partner, &all)?;
    }
    Ok(Wanted {
        contests,
        state: filter.state.clone(),
        theme: filter.theme.clone(),
        partner: filter.partner.as_deref().map(PartnerId::new),
        delivery: filter.delivery.clone(),
        title: sought("title", filter.title.as_deref())?,
        unit: sought("unit", filter.unit.as_deref())?,
        before: cursor_of(filter.cursor.as_deref())?,
        limit: limit_of(filter.limit)?,
    })
}

/// A text to search for: at most as long as a name may be. An empty one does not filter.
fn sought(filter: &str, text: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let wrong = |error| Code::QueryWrong.about(Detail::of_text(filter, error));
    Text::new(text, Limit::NAME).map(|text| Some(text.into())).map_err(wrong)
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
