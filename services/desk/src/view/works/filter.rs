//! Which works are listed.
use pipeline::catalogue::Theme;
use pipeline::delivery::Observed;
use pipeline::id::PartnerId;
use pipeline::submission::State;
use pipeline::text::{Limit, Text};
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::openapi::vocabulary::{DeliveryState, SubmissionState};
use runtime::store::watching::listing::Wanted;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Desk;
use crate::act::Caller;
use crate::view::{contests_of, cursor_of, known, limit_of};

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

/// The filter, checked against the catalogue.
pub(super) fn wanted(desk: &Desk, caller: &Caller, filter: &Filter) -> Result<Wanted, Problem> {
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
