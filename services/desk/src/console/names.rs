//! Contests and partners by their names in the page's language. One that the catalogue no longer has is shown by its id.
use pages::Say;
use pipeline::catalogue::Catalogue;
use pipeline::id::{ContestId, PartnerId};

use super::Visit;
use crate::view::contests::Contest;

pub(crate) fn contest_name(catalogue: &Catalogue, say: Say, id: &str) -> String {
    catalogue.contest(&ContestId::new(id)).map_or_else(|| id.to_owned(), |it| it.name.text(say.lang).to_owned())
}

pub(crate) fn partner_name(catalogue: &Catalogue, say: Say, id: &str) -> String {
    catalogue.partner(&PartnerId::new(id)).map_or_else(|| id.to_owned(), |it| it.name.text(say.lang).to_owned())
}

/// Id and name of each contest that the visitor may see on this page, by id.
pub(crate) fn contests_seen(catalogue: &Catalogue, visit: &Visit) -> Vec<(String, String)> {
    let seen = catalogue.contests.values().filter(|it| visit.sees(&it.id));
    seen.map(|it| (it.id.to_string(), it.name.text(visit.say.lang).to_owned())).collect()
}

/// Id and name of each theme of these contests, once.
pub(crate) fn themes(contests: &[Contest], say: Say) -> Vec<(&str, &str)> {
    let mut themes: Vec<(&str, &str)> = Vec::new();
    for theme in contests.iter().flat_map(|it| &it.themes) {
        if themes.iter().all(|(id, _)| *id != theme.id) {
            themes.push((&theme.id, say.t(&theme.zh, &theme.en)));
        }
    }
    themes
}
