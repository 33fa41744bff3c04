//! What may be chosen in the filter: contests, themes, states and partners of the catalogue, never what people typed. A list of every unit
//! would be long, slow, and full of spellings.
use pages::Say;
use pipeline::delivery::Observed;
use pipeline::submission::State;

use super::query::Query;
use crate::Desk;
use crate::act::Caller;
use crate::view::{contests, works};

/// One choice of a list.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) chosen: bool,
}

/// A list to choose from, with its name and label.
pub(super) struct Choices {
    pub(super) lists: Vec<List>,
}

/// One list.
pub(super) struct List {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) choices: Vec<Choice>,
}

impl Choices {
    pub(super) fn of(desk: &Desk, caller: &Caller, query: &Query, say: Say) -> Self {
        let seen = contests::contests(desk, caller);
        let chosen = query.contest().map(|it| it.to_string());
        let contests = seen.iter().map(|it| (it.id.clone(), say.t(&it.zh, &it.en).to_owned()));
        let mut themes: Vec<(String, String)> = Vec::new();
        for theme in seen.iter().filter(|it| chosen.as_ref().is_none_or(|id| *id == it.id)).flat_map(|it| &it.themes) {
            if themes.iter().all(|(id, _)| *id != theme.id) {
                themes.push((theme.id.clone(), say.t(&theme.zh, &theme.en).to_owned()));
            }
        }
        let partners = works::recipients(desk, caller, &query.filter(1)).unwrap_or_default();
        let partners = partners.into_iter().map(|it| (it.id, say.t(&it.zh, &it.en).to_owned()));
        let states = State::NAMES.into_iter().map(|name| (name.to_owned(), say.state(name)));
        let deliveries = Observed::NAMES.into_iter().map(|name| (name.to_owned(), say.delivery(name)));
        let list = |name, label, choices: Vec<(String, String)>, chosen: Option<&str>| {
            let choice = |(value, text): (String, String)| {
                let chosen = chosen == Some(value.as_str());
                Choice { value, text, chosen }
            };
            List { name, label, choices: choices.into_iter().map(choice).collect() }
        };
        let (theme, state) = (query.theme.as_deref(), query.state.as_deref());
        let (partner, delivery) = (query.partner.as_deref(), query.delivery.as_deref());
        let lists = vec![
            list("contest", say.t("活动", "Contest"), contests.collect(), chosen.as_deref()),
            list("theme", say.t("征选主题", "Theme"), themes, theme),
            list("state", say.t("作品状态", "State"), states.collect(), state),
            list("partner", say.t("平台", "Partner"), partners.collect(), partner),
            list("delivery", say.t("投放状态", "Delivery"), deliveries.collect(), delivery),
        ];
        // One contest is no choice.
        Self { lists: lists.into_iter().filter(|it| it.name != "contest" || it.choices.len() > 1).collect() }
    }
}
