//! Who acts: a person with name, id, credential and address, or a worker. The history shows the name; the audit trail
//! records all of it.
use std::borrow::Cow;
use std::fmt;

use crate::id::{CredentialId, PersonId};

/// Kind of actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A stage's worker: no person.
    Worker,
    /// The entrant, by the token of the entry.
    Entrant,
    /// Decides reviews.
    Screener,
    /// Releases, recalls, reprocesses.
    Organiser,
    /// Delivers works to partners, retries what failed; also everyone who uses the command line.
    Operator,
    /// Reads everything, changes nothing.
    Auditor,
    /// Manages persons.
    Admin,
    /// Enters works for a recommending unit.
    Recommender,
}

impl Actor {
    /// Every kind.
    pub const ALL: [Actor; 8] = [
        Actor::Worker,
        Actor::Entrant,
        Actor::Screener,
        Actor::Organiser,
        Actor::Operator,
        Actor::Auditor,
        Actor::Admin,
        Actor::Recommender,
    ];

    /// The kind of this name.
    pub fn called(name: &str) -> Option<Self> {
        Actor::ALL.into_iter().find(|actor| actor.name() == name)
    }

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Actor::Worker => "worker",
            Actor::Entrant => "entrant",
            Actor::Screener => "screener",
            Actor::Organiser => "organiser",
            Actor::Operator => "operator",
            Actor::Auditor => "auditor",
            Actor::Admin => "admin",
            Actor::Recommender => "recommender",
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who acts, and why. An act of a person goes to the audit trail with all of this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// Kind of actor.
    pub actor: Actor,
    /// The person's name; `operator on HOST` for a login at the command line that belongs to no person. For entrants
    /// just `entrant`: their names are personal data.
    pub name: Cow<'static, str>,
    /// The person's id. `None` for workers, entrants, and a login that belongs to no person.
    pub person: Option<PersonId>,
    /// The credential used, such as a token. `None` at the command line, which has the database's password instead.
    pub credential: Option<CredentialId>,
    /// Pseudonym of the address that the request came from. Never the address.
    pub address: Option<String>,
    /// The reason, in that person's words.
    pub reason: Option<String>,
}

impl By {
    /// A stage's worker.
    pub const WORKER: By = By::named(Actor::Worker, Cow::Borrowed("worker"));
    /// The entrant, by the token of the entry.
    pub const ENTRANT: By = By::named(Actor::Entrant, Cow::Borrowed("entrant"));

    const fn named(actor: Actor, name: Cow<'static, str>) -> Self {
        Self { actor, name, person: None, credential: None, address: None, reason: None }
    }

    /// A named actor without a row in persons.
    pub fn person(actor: Actor, name: impl Into<String>) -> Self {
        Self::named(actor, Cow::Owned(name.into()))
    }

    /// A person with an id.
    pub fn of(actor: Actor, person: PersonId, name: impl Into<String>) -> Self {
        Self { person: Some(person), ..Self::person(actor, name) }
    }

    /// The same, with a credential.
    #[must_use]
    pub fn with_credential(self, credential: CredentialId) -> Self {
        Self { credential: Some(credential), ..self }
    }

    /// The same, from an address with this pseudonym.
    #[must_use]
    pub fn from_address(self, pseudonym: Option<String>) -> Self {
        Self { address: pseudonym, ..self }
    }

    /// The same, with a reason.
    #[must_use]
    pub fn because(self, reason: Option<String>) -> Self {
        Self { reason, ..self }
    }

    /// Whether this is not a worker, so that the act belongs in the audit trail.
    pub fn is_person(&self) -> bool {
        match self.actor {
            Actor::Worker => false,
            Actor::Entrant
            | Actor::Screener
            | Actor::Organiser
            | Actor::Operator
            | Actor::Auditor
            | Actor::Admin
            | Actor::Recommender => true,
        }
    }
}

/// An actor without a name of its own gets the name of its kind.
impl From<Actor> for By {
    fn from(actor: Actor) -> Self {
        By::person(actor, actor.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_actor_is_found_by_its_name() {
        for actor in Actor::ALL {
            assert_eq!(Actor::called(actor.name()), Some(actor));
        }
        assert_eq!(Actor::called("judge"), None);
    }
}
