//! The choices of a visitor, by name: visible contests, and themes.
use pages::Say;
use pipeline::catalogue::Catalogue;

use super::Visit;
use crate::view::contests::Contest;

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
