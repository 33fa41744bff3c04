//! What readers receive, and who may receive it.
use pipeline::id::{ContestId, PartnerId};
use pipeline::person::{Person, Sees};
use serde::Serialize;
use uuid::Uuid;

use crate::roles::READERS;

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `work`, `delivery` or `job`.
    pub kind: &'static str,
    /// The work or the job; of a delivery, its work.
    pub id: Uuid,
    /// The partner, of a delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// Its state now; absent if only its progress changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Who may see it: people who read each of these contests; if it names none, people who read all.
    #[serde(skip)]
    pub contests: Vec<ContestId>,
}

impl Change {
    /// Whether this person may see it.
    fn is_for(&self, person: &Person) -> bool {
        let sees = person.sees_in(READERS);
        match sees {
            Sees::All => true,
            Sees::Only(_) => !self.contests.is_empty() && self.contests.iter().all(|contest| sees.includes(contest)),
        }
    }
}

/// What a reader receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// Something changed.
    Changed(Change),
    /// A change may have been missed.
    Missed,
}

impl Update {
    /// Whether this person may receive it.
    pub(super) fn is_for(&self, person: &Person) -> bool {
        match self {
            Update::Changed(change) => change.is_for(person),
            Update::Missed => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::DateTime;
    use pipeline::id::PersonId;
    use pipeline::person::{Held, Role};

    use super::*;

    fn person(roles: &[Held]) -> Person {
        let (roles, created_at): (BTreeSet<_>, _) = (roles.iter().cloned().collect(), DateTime::UNIX_EPOCH);
        let id = PersonId(Uuid::nil());
        Person { id, name: "王芳".into(), login: None, roles, created_at, ended_at: None }
    }

    fn change(contests: &[&str]) -> Change {
        let contests = contests.iter().map(|contest| ContestId::new(*contest)).collect();
        Change { kind: "work", id: Uuid::nil(), partner: None, state: Some("probe".into()), contests }
    }

    #[test]
    fn a_person_receives_changes_of_the_contests_that_they_read_and_of_no_other() {
        let everywhere = person(&[Held::everywhere(Role::Auditor)]);
        let bound = person(&[Held::within(Role::Screener, "demo"), Held::everywhere(Role::Admin)]);
        let both = person(&[Held::within(Role::Screener, "demo"), Held::within(Role::Auditor, "small")]);
        let receives = |person: &Person| {
            [&["demo"][..], &["small"], &["demo", "small"], &["demo", "small", "other"], &[]]
                .map(|it| change(it).is_for(person))
        };
        assert_eq!(receives(&everywhere), [true; 5]);
        assert_eq!(receives(&bound), [true, false, false, false, false]);
        assert_eq!(receives(&both), [true, true, true, false, false]);
        let ended = Person { ended_at: Some(DateTime::UNIX_EPOCH), ..everywhere.clone() };
        assert_eq!(receives(&ended), [false; 5]);
    }

    #[test]
    fn a_change_says_no_more_than_readers_need() {
        let said = serde_json::to_value(change(&["demo"])).unwrap();
        assert_eq!(said, serde_json::json!({ "kind": "work", "id": Uuid::nil(), "state": "probe" }));
    }
}
