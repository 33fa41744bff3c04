//! Works that are selected by conditions.
use pipeline::catalogue::Catalogue;
use pipeline::lang::Lang;
use pipeline::person::Sees;
use pipeline::selection::{Selection, SelectionError};
use runtime::problem::{Code, Detail, Problem};

/// The selection, checked against the catalogue and restricted to the contests that the caller sees.
pub(super) fn selected(catalogue: &Catalogue, sees: &Sees, text: &str) -> Result<Selection, Problem> {
    let wrong = |error: SelectionError| {
        Code::FieldWrong.about(Detail::new(error.text(Lang::Zh), error.text(Lang::En)).of("where"))
    };
    let mut selection: Selection = text.parse().map_err(wrong)?;
    selection.check(catalogue).map_err(wrong)?;
    if let Some(seen) = sees.names() {
        // Without a contest the selection would include all contests.
        if seen.is_empty() || selection.contest.any.iter().any(|named| !seen.contains(named)) {
            return Err(Code::ContestForeign.into());
        }
        if selection.contest.any.is_empty() {
            selection.contest.any = seen.into_iter().collect();
        }
    }
    Ok(selection)
}

#[cfg(test)]
mod tests {
    use pipeline::id::ContestId;

    use super::*;

    fn check(sees: Option<&[&str]>, text: &str) -> Result<String, &'static str> {
        let only = |contests: &[&str]| Sees::Only(contests.iter().map(|it| ContestId::new(*it)).collect());
        let selection = selected(&Catalogue::builtin(), &sees.map_or(Sees::All, only), text);
        selection.map(|it| it.to_string()).map_err(|problem| problem.code.name())
    }

    #[test]
    fn a_selection_of_people_who_see_some_contests_is_restricted_to_these() {
        let both = Some(&["demo", "small"][..]);
        assert_eq!(check(both, "state=published").unwrap(), "contest=demo,small state=published");
        assert_eq!(check(both, "contest=demo").unwrap(), "contest=demo");
        assert_eq!(check(both, "contest=demo,industry-power-2024").unwrap_err(), "contest_foreign");
        assert_eq!(check(Some(&[]), "state=published").unwrap_err(), "contest_foreign");
        assert_eq!(check(None, "state=published").unwrap(), "state=published");
        assert_eq!(check(Some(&["demo"]), "state=published").unwrap(), "contest=demo state=published");
        assert_eq!(check(Some(&["demo"]), "contest=demo").unwrap(), "contest=demo");
        assert_eq!(check(Some(&["demo"]), "contest=industry-power-2024").unwrap_err(), "contest_foreign");
        assert_eq!(check(Some(&["demo"]), "contest=demo,industry-power-2024").unwrap_err(), "contest_foreign");
    }
}
