//! What can be chosen in the filter: contests, themes, states and partners of the catalogue, never text that people
//! typed. A list of every unit would be long, slow and full of spelling variants.
use pipeline::delivery::Observed;
use pipeline::submission::State;

use super::query::Query;
use crate::Desk;
use crate::act::Caller;
use crate::console::{Choice, Visit, choices, contests_seen, themes};
use crate::view::{contests, works};

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
    pub(super) fn of(desk: &Desk, visit: &Visit, caller: &Caller, query: &Query) -> Self {
        let say = visit.say;
        let contest = query.contest().map(|it| it.to_string());
        let mut seen = contests::contests(desk, caller);
        seen.retain(|it| contest.as_ref().is_none_or(|id| *id == it.id));
        let partners = works::recipients(desk, caller, &query.filter(1)).unwrap_or_default();
        let partners = partners.iter().map(|it| (it.id.as_str(), say.t(&it.zh, &it.en)));
        let states = State::NAMES.map(|name| (name, say.state(name)));
        let deliveries = Observed::NAMES.map(|name| (name, say.delivery(name)));
        let list = |name, (zh, en), choices| List { name, label: say.t(zh, en), choices };
        let contests = choices(contests_seen(&desk.catalogue, visit), contest.as_deref());
        let mut lists = vec![
            list("contest", ("活动", "Contest"), contests),
            list("theme", ("征选主题", "Theme"), choices(themes(&seen, say), query.theme.as_deref())),
            list("state", ("作品状态", "State"), choices(states, query.state.as_deref())),
            list("partner", ("平台", "Partner"), choices(partners, query.partner.as_deref())),
            list("delivery", ("投放状态", "Delivery"), choices(deliveries, query.delivery.as_deref())),
        ];
        // With a single contest there is nothing to choose.
        lists.retain(|it| it.name != "contest" || it.choices.len() > 1);
        Self { lists }
    }
}
