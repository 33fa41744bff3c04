//! Which contests a person or a credential may see.
use std::collections::BTreeSet;

use crate::id::ContestId;

/// The contests that a person or a credential may see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sees {
    /// Every contest, and what belongs to none.
    #[default]
    All,
    /// Only these; possibly none.
    Only(BTreeSet<ContestId>),
}

impl Sees {
    /// Whether this contest is one of them.
    pub fn includes(&self, contest: &ContestId) -> bool {
        match self {
            Sees::All => true,
            Sees::Only(contests) => contests.contains(contest),
        }
    }

    /// The contest, where it is exactly one.
    pub fn one(&self) -> Option<&ContestId> {
        match self {
            Sees::Only(contests) if contests.len() == 1 => contests.first(),
            Sees::All | Sees::Only(_) => None,
        }
    }

    /// The contests by name; `None`: all.
    pub fn names(&self) -> Option<Vec<String>> {
        match self {
            Sees::All => None,
            Sees::Only(contests) => Some(contests.iter().map(ToString::to_string).collect()),
        }
    }

    /// This contest alone; `None` if it is not one of them.
    pub fn narrowed(&self, contest: &ContestId) -> Option<Self> {
        self.includes(contest).then(|| Some(contest.clone()).into())
    }
}

/// One contest, or all.
impl From<Option<ContestId>> for Sees {
    fn from(contest: Option<ContestId>) -> Self {
        contest.map_or(Sees::All, |contest| Sees::Only([contest].into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(contests: &[&str]) -> Sees {
        Sees::Only(contests.iter().map(|it| (*it).into()).collect())
    }

    #[test]
    fn a_set_of_contests_is_narrowed_to_one_of_them_and_to_no_other() {
        let both = only(&["demo", "small"]);
        assert_eq!(both.narrowed(&"demo".into()), Some(only(&["demo"])));
        assert_eq!(both.narrowed(&"other".into()), None);
        assert_eq!(Sees::All.narrowed(&"other".into()), Some(only(&["other"])));
        assert_eq!(only(&[]).narrowed(&"demo".into()), None);
    }

    #[test]
    fn no_contest_is_not_all_contests() {
        assert_eq!((Sees::All.names(), only(&[]).names()), (None, Some(Vec::new())));
        assert!(Sees::All.includes(&"demo".into()) && !only(&[]).includes(&"demo".into()));
        assert_eq!((Sees::All.one(), only(&[]).one(), only(&["demo", "small"]).one()), (None, None, None));
        assert_eq!(Sees::from(Some("demo".into())).one(), Some(&"demo".into()));
    }
}
