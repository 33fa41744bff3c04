//! Names that a selection may contain: those of the catalogue. A misspelled name would match nothing, or with `!=`
//! everything, so it is refused.
use std::collections::BTreeSet;

use super::{Names, Selection, SelectionError, parse};
use crate::catalogue::Catalogue;
use crate::delivery::Observed;
use crate::id::{ContestId, PartnerId};

impl Selection {
    /// Refuses a state, of a work or a delivery, that does not exist, and a contest, a theme or a partner that the
    /// catalogue does not have. Themes are those of the contests that the selection allows. Renditions are not checked:
    /// those of earlier ladders may still be in force.
    ///
    /// # Errors
    /// [`SelectionError::Value`], which lists what exists.
    pub fn check(&self, catalogue: &Catalogue) -> Result<(), SelectionError> {
        check("state", &self.state, &parse::states())?;
        check("contest", &self.contest, &catalogue.contests.keys().map(ContestId::as_str).collect::<Vec<_>>())?;
        check("delivery", &self.delivery, &Observed::NAMES)?;
        check("partner", &self.partner, &catalogue.partners.keys().map(PartnerId::as_str).collect::<Vec<_>>())?;
        let contests = catalogue.contests.values().filter(|it| self.contest.selects(it.id.as_str()));
        // Contests may share a theme; each is listed once.
        let themes: BTreeSet<&str> = contests.flat_map(|it| &it.themes).map(|theme| theme.id.as_str()).collect();
        check("theme", &self.theme, &themes.into_iter().collect::<Vec<_>>())
    }
}

fn check(field: &'static str, names: &Names, known: &[&str]) -> Result<(), SelectionError> {
    match names.any.iter().chain(&names.none).find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => Err(SelectionError::unknown(field, unknown, known)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    fn refused(text: &str) -> String {
        let selection: Selection = text.parse().unwrap();
        selection.check(&Catalogue::builtin()).expect_err(text).text(Lang::En)
    }

    #[test]
    fn a_name_that_the_catalogue_does_not_have_is_refused_with_those_that_it_has() {
        for (text, allowed) in [
            ("contest=demmo", "allowed is demo"),
            ("contest=demo,demmo", "contest cannot be \"demmo\""),
            ("partner!=bilbili", "partner cannot be \"bilbili\"; allowed is "),
            ("partner=youku", "bilibili, "),
            ("theme=gren", "green"),
            ("contest=demo theme!=gren", "theme cannot be \"gren\"; allowed is "),
        ] {
            let error = refused(text);
            assert!(error.contains(allowed), "{text}: {error}");
        }
    }

    #[test]
    fn names_of_the_catalogue_and_renditions_of_any_age_are_accepted() {
        for text in ["contest=demo theme=green partner=bilibili state!=rejected", "rendition=old-480 engine<0.3"] {
            assert_eq!(text.parse::<Selection>().unwrap().check(&Catalogue::builtin()), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_state_that_was_not_parsed_is_checked_too() {
        let selection = Selection { state: Names::one("nope"), ..Selection::default() };
        let error = selection.check(&Catalogue::builtin()).unwrap_err().text(Lang::Zh);
        assert!(error.contains("published") && error.contains("可用"), "{error}");
    }
}
