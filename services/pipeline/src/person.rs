//! People who are not entrants: who they are, which roles they hold, and what follows from that. Entrants have no row
//! here; they are identified by the token of their entry.
//!
//! Roles are held for one contest or for all of them, and none implies another. In particular `admin` only manages
//! persons: an admin who also releases works holds `organiser` as well, and the audit trail shows when and by whom it
//! was given. So a stolen credential of one role cannot act in another.
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::id::{ContestId, UnitId};

mod by;
mod held;
mod login;
mod refused;
mod role;
mod sees;

pub use crate::id::{CredentialId, PersonId};
pub use by::{Actor, By};
pub use held::{Held, WrongHeld, contest_of};
pub use login::{LOGIN_PATTERN, Login, WrongLogin};
pub use refused::Refused;
pub use role::{Role, UnknownRole};
pub use sees::Sees;

/// Whether a person with these roles may give and take the role `held`: an admin of its contest, or of all contests.
/// The roles are all of a person's, or the one of their token.
pub fn may_give(roles: &BTreeSet<Held>, held: &Held) -> bool {
    Held::of(Role::Admin, held.contest.clone()).is_covered_by(roles)
}

/// Whether a person with these roles may change or end this person: only an admin who may give each role that the
/// person holds. A person without roles belongs to no contest and is changed by an admin of all contests.
pub fn may_manage(roles: &BTreeSet<Held>, other: &Person) -> bool {
    let admin = Held::everywhere(Role::Admin);
    admin.is_covered_by(roles) || (!other.roles.is_empty() && other.roles.iter().all(|held| may_give(roles, held)))
}

/// A person who works with entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Their name, as the audit trail shows it.
    pub name: String,
    /// Their login name. No two persons who are not ended have the same one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
    /// The roles that they hold.
    pub roles: BTreeSet<Held>,
    /// When they were added.
    pub created_at: DateTime<Utc>,
    /// When they were ended. From then on they hold no role, and none of their credentials is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
}

/// Roles to give to a person and to take from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleChange {
    /// To give. A role already held changes nothing.
    pub add: BTreeSet<Held>,
    /// To take. Each must be held in exactly this form: `organiser@demo` cannot be taken from `organiser`.
    pub remove: BTreeSet<Held>,
}

impl Person {
    /// The units that they recommend for: contest and unit.
    pub fn recommends_for(&self) -> impl Iterator<Item = (&ContestId, &UnitId)> {
        let there = self.ended_at.is_none();
        let units = self.roles.iter().filter(move |held| there && held.role == Role::Recommender);
        units.filter_map(|held| Some((held.contest.as_ref()?, held.unit.as_ref()?)))
    }

    /// Whether all their roles are recommender: they work at the public address only.
    pub fn only_recommends(&self) -> bool {
        !self.roles.is_empty() && self.roles.iter().all(|held| held.role == Role::Recommender)
    }

    /// Whether they hold this role.
    pub fn holds(&self, wanted: &Held) -> bool {
        self.ended_at.is_none() && wanted.is_covered_by(&self.roles)
    }

    /// The role of a new token of theirs: a role that they hold, in the requested contest. If none was requested and
    /// they hold the role in one contest only, the token is bound to that contest.
    ///
    /// # Errors
    /// [`Refused::Ended`]; [`Refused::Outranks`]; [`Refused::ContestMissing`], if they hold the role in several
    /// contests.
    pub fn token(&self, role: Role, contest: Option<ContestId>) -> Result<Held, Refused> {
        self.is_there()?;
        let asked = Held::of(role, contest);
        if self.holds(&asked) {
            return Ok(asked);
        }
        // A token is for programs of staff, and has no unit.
        let mut held = self.roles.iter().filter(|held| held.role == role && held.unit.is_none());
        match (&asked.contest, held.next(), held.next()) {
            (None, Some(only), None) => Ok(only.clone()),
            (None, Some(_), Some(_)) => Err(Refused::ContestMissing(role)),
            (Some(_), _, _) | (None, None, _) => Err(Refused::Outranks(asked)),
        }
    }

    /// Which contests they may see in this role.
    pub fn sees(&self, role: Role) -> Sees {
        if self.holds(&Held::everywhere(role)) {
            return Sees::All;
        }
        let held = self.roles.iter().filter(|held| held.role == role && self.ended_at.is_none());
        Sees::Only(held.filter_map(|held| held.contest.clone()).collect())
    }

    /// Which contests they may see in any of these roles.
    pub fn sees_in(&self, roles: &[Role]) -> Sees {
        let mut contests = BTreeSet::new();
        for role in roles {
            match self.sees(*role) {
                Sees::All => return Sees::All,
                Sees::Only(these) => contests.extend(these),
            }
        }
        Sees::Only(contests)
    }

    /// The person as visible to someone who sees these contests: with the roles that hold there. `None` if none does:
    /// for them the person does not exist.
    pub fn within(mut self, contests: &Sees) -> Option<Self> {
        let Sees::Only(_) = contests else { return Some(self) };
        self.roles.retain(|held| held.contest.as_ref().is_none_or(|it| contests.includes(it)));
        (!self.roles.is_empty()).then_some(self)
    }

    /// The roles after a change. `other_admins`: whether another person is an admin of all contests.
    ///
    /// # Errors
    /// [`Refused::Ended`], [`Refused::NotHeld`], [`Refused::LastAdmin`].
    pub fn changed(&self, change: &RoleChange, other_admins: bool) -> Result<BTreeSet<Held>, Refused> {
        self.is_there()?;
        if let Some(missing) = change.remove.difference(&self.roles).next() {
            return Err(Refused::NotHeld(missing.clone()));
        }
        let mut after = &self.roles - &change.remove;
        after.extend(change.add.iter().cloned());
        self.leaves_an_admin(&after, other_admins)?;
        Ok(after)
    }

    /// Whether they may be ended now. `other_admins` as for [`Person::changed`].
    ///
    /// # Errors
    /// [`Refused::LastAdmin`].
    pub fn may_end(&self, other_admins: bool) -> Result<(), Refused> {
        self.leaves_an_admin(&BTreeSet::new(), other_admins)
    }

    fn is_there(&self) -> Result<(), Refused> {
        if self.ended_at.is_some() { Err(Refused::Ended(self.id)) } else { Ok(()) }
    }

    /// An installation with an admin of all contests keeps one: without any, only the database's owner could make
    /// another.
    fn leaves_an_admin(&self, after: &BTreeSet<Held>, other_admins: bool) -> Result<(), Refused> {
        let admin = Held::everywhere(Role::Admin);
        let last = self.holds(&admin) && !admin.is_covered_by(after) && !other_admins;
        if last { Err(Refused::LastAdmin) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
