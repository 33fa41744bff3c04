//! The acts of staff: one file per act. The API, the pages and the command line parse a wish, call its act and show the
//! result.
//!
//! An act is one transaction: it recognises a repetition by its key, locks the work, refuses what cannot be done, changes the store
//! through `Submission::advance` and `Delivery::apply`, and writes the audit row. Its dry run is the same transaction, rolled back at
//! the end, so the two cannot disagree.
use std::collections::BTreeSet;

use pipeline::delivery::Delivery;
use pipeline::id::{ContestId, PartnerId, PersonId, SubmissionId, UnitId};
use pipeline::person::{Held, Role, Sees};
use pipeline::submission::Submission;
use pipeline::text::Limit;
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::typed;
use runtime::store::Transaction;
use runtime::store::deliveries::{self, DeliveryRow};
use runtime::store::history::By;
use runtime::store::idempotency::{Answer, Begun, Keyed};
use runtime::store::submissions::{self, FormText};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::Desk;
use crate::next::{Step, demand};

pub mod authorise;
mod beginning;
pub mod bulk;
pub mod claim;
pub mod confirm;
pub mod contact;
pub mod cure;
pub mod decide;
pub mod deliver;
pub mod evidence;
pub mod hold;
pub mod invitation;
pub mod job;
pub mod note;
pub mod offered;
pub mod person;
pub mod recall;
pub mod recalled;
pub mod release;
pub mod reprocess;
pub mod retry;
pub mod review;
pub mod session;
pub mod sign_in;
pub mod texts;
pub mod token;
pub mod twins;
pub mod webhook;
pub mod withdraw;

/// The caller of an act.
#[derive(Clone)]
pub struct Caller {
    /// The actor in the audit trail.
    pub by: By,
    /// The contests whose works the caller may see and change.
    pub sees: Sees,
    /// The roles of the caller's credential; for a token, its one role. `None`: an operator on the command line, who
    /// has the database's password and may do every act.
    pub roles: Option<BTreeSet<Held>>,
    /// Recognises a repeated request; `None` where requests are not repeated automatically, such as on a command line.
    pub key: Option<Keyed>,
}

/// What an act did, or would do.
#[derive(Debug)]
pub struct Done<T> {
    /// The result.
    pub value: T,
    /// Whether an earlier request with the same key did it, whose result this is.
    pub repeated: bool,
}

/// Ends the transaction of a dry run: everything it did is rolled back.
#[derive(Debug, thiserror::Error)]
#[error("a dry run ends here")]
struct Rehearsed(serde_json::Value);

impl Caller {
    /// The problem of an act that the caller's credential does not permit.
    pub(crate) fn denied(&self, code: Code) -> Problem {
        code.refused(Door::Organisers, Reason::Forbidden, self.by.credential)
    }

    /// The calling person. The queue is for persons: a command-line login without a person has none.
    pub(crate) fn person(&self) -> Result<PersonId, Problem> {
        self.by.person.ok_or_else(|| Code::PersonUnknown.into())
    }

    /// The caller with a reason for the audit trail: 1 to 500 characters, or none.
    pub(crate) fn because(&self, reason: Option<&str>) -> Result<By, Problem> {
        Ok(self.by.clone().because(typed::optional("reason", reason, Limit::REASON)?))
    }

    /// Must be called first in the act's transaction. `Some`: it was done before, with this result.
    pub(crate) async fn begin<T: DeserializeOwned>(
        &self,
        tx: &mut Transaction,
        dry_run: bool,
    ) -> anyhow::Result<Option<Done<T>>> {
        let Some(key) = self.key.as_ref().filter(|_| !dry_run) else { return Ok(None) };
        match key.begin(tx).await? {
            Begun::First => Ok(None),
            Begun::Again(answer) => Ok(Some(Done { value: serde_json::from_value(answer.body)?, repeated: true })),
            Begun::AnotherRequest => Err(Problem::from(Code::IdempotencyKeyReused).into()),
        }
    }

    /// Must be called last in the act's transaction: stores the result under the key, or ends a dry run.
    pub(crate) async fn end<T: Serialize + Sync>(
        &self,
        tx: &mut Transaction,
        dry_run: bool,
        value: T,
    ) -> anyhow::Result<Done<T>> {
        if dry_run {
            return Err(Rehearsed(serde_json::to_value(&value)?).into());
        }
        if let Some(key) = &self.key {
            let body = serde_json::to_value(&value)?;
            key.end(tx, &Answer { status: 200, location: None, body, again: false }).await?;
        }
        Ok(Done { value, repeated: false })
    }

    /// Locks and reads the work. A work of another contest does not exist for the caller.
    pub(crate) async fn look(&self, tx: &mut Transaction, id: SubmissionId) -> anyhow::Result<Seen> {
        let unknown = || Problem::from(Code::SubmissionUnknown);
        let work = submissions::seen(tx, id).await?.ok_or_else(unknown)?;
        if !self.sees.includes(&work.contest) {
            return Err(unknown().into());
        }
        Ok(Seen { id, contest: work.contest, form: work.form, machine: work.machine, deliveries: work.deliveries })
    }
}

/// The problem of an act that needs a reason and has none.
pub(crate) fn missing_reason() -> Problem {
    Code::FieldWrong.about(Detail::new("须为 1 至 500 个字符", "1 to 500 characters").of("reason"))
}

/// The allowed number.
pub(crate) fn at_most(most: usize) -> Detail {
    Detail::new(format!("至多 {most} 项"), format!("at most {most}"))
}

/// A unit of a contest by its id; with `known` it must be in the catalogue.
pub(crate) fn unit_named(desk: &Desk, contest: &ContestId, id: &str, known: bool) -> Result<UnitId, Problem> {
    let contest = desk.catalogue.contest(contest);
    let parsed = id.parse::<UnitId>().ok();
    parsed.filter(|it| !known || contest.is_some_and(|contest| contest.unit(it).is_some())).ok_or_else(|| {
        let all: Vec<_> = contest.iter().flat_map(|it| &it.units).map(|unit| unit.id.as_str()).collect();
        Code::FieldWrong.about(format!("unit: {}", all.join(", ")))
    })
}

/// A role by its name.
pub(crate) fn role_named(field: &str, name: &str) -> Result<Role, Problem> {
    let all = || Role::ALL.map(Role::name).join(", ");
    name.parse().map_err(|_| Code::FieldWrong.about(format!("{field}: {}", all())))
}

/// A contest by its id; with `known` it must be in the catalogue.
pub(crate) fn contest_named(desk: &Desk, id: &str, known: bool) -> Result<ContestId, Problem> {
    let parsed = id.parse::<ContestId>().ok();
    parsed.filter(|it| !known || desk.catalogue.contest(it).is_some()).ok_or_else(|| {
        let all: Vec<_> = desk.catalogue.contests.keys().map(ContestId::as_str).collect();
        Code::ContestUnknown.about(all.join(", "))
    })
}

/// The result of an act's transaction; for a dry run, what it would have done.
pub(crate) fn settle<T: DeserializeOwned>(result: anyhow::Result<Done<T>>) -> Result<Done<T>, Problem> {
    result.or_else(|error| match error.downcast::<Rehearsed>() {
        Ok(Rehearsed(value)) => {
            let value = serde_json::from_value(value).map_err(anyhow::Error::from)?;
            Ok(Done { value, repeated: false })
        }
        Err(error) => Err(error.into()),
    })
}

/// A work as read by an act under its lock.
pub(crate) struct Seen {
    pub(crate) id: SubmissionId,
    pub(crate) contest: ContestId,
    pub(crate) form: FormText,
    pub(crate) machine: Submission,
    pub(crate) deliveries: Vec<DeliveryRow>,
}

impl Seen {
    /// A digest of what the caller decides about: the work, its run and state, and what is desired at each partner.
    /// Progress is not included. Hex, 32 characters.
    pub(crate) fn digest(&self) -> String {
        let desired = |row: &DeliveryRow| format!("{}={}", row.partner, row.machine.desired.name());
        let desired: Vec<_> = self.deliveries.iter().map(desired).collect();
        let (run, state) = (self.machine.run, self.machine.state.name());
        let text = format!("{} {run} {state} {}", self.id, desired.join(" "));
        hex::encode(&Sha256::digest(text)[..16])
    }

    /// Refuses an act whose basis has changed: the digest returned by a dry run is no longer the work's.
    pub(crate) fn unchanged_since(&self, digest: Option<&str>) -> anyhow::Result<()> {
        match digest {
            Some(digest) if digest != self.digest() => Err(Problem::from(Code::Changed).into()),
            Some(_) | None => Ok(()),
        }
    }

    /// Locks the delivery to a partner, which must be waiting for this act; returns its state with the row that the act
    /// saw.
    pub(crate) async fn waiting_for(
        &self,
        act: Step,
        desk: &Desk,
        tx: &mut Transaction,
        partner: &PartnerId,
    ) -> anyhow::Result<(Delivery, &DeliveryRow)> {
        let stands = deliveries::standing(tx, self.id, partner).await?;
        let (Some(stands), Some(row)) = (stands, self.delivery(partner)) else {
            return Err(Problem::from(Code::DeliveryUnknown).into());
        };
        demand(act, desk.catalogue.partner(partner).map(|it| it.method), &stands)?;
        Ok((stands, row))
    }

    /// The delivery to a partner.
    pub(crate) fn delivery(&self, partner: &PartnerId) -> Option<&DeliveryRow> {
        self.deliveries.iter().find(|row| row.partner == *partner)
    }
}
