//! A work as an act reads it under its lock.
use pipeline::delivery::Delivery;
use pipeline::id::{ContestId, PartnerId, SubmissionId};
use pipeline::submission::Submission;
use runtime::problem::{Code, Problem};
use runtime::store::Transaction;
use runtime::store::partners::deliveries::{self, DeliveryRow};
use runtime::store::submissions::{self, FormText};
use sha2::{Digest, Sha256};

use super::caller::Caller;
use crate::Desk;
use crate::next::{Step, demand};

impl Caller {
    /// Locks and reads the work. A work of another contest does not exist for the caller.
    pub(crate) async fn lock(&self, tx: &mut Transaction, id: SubmissionId) -> anyhow::Result<Seen> {
        let unknown = || Problem::from(Code::SubmissionUnknown);
        let work = submissions::seen(tx, id).await?.ok_or_else(unknown)?;
        if !self.sees.includes(&work.contest) {
            return Err(unknown().into());
        }
        Ok(Seen { id, contest: work.contest, form: work.form, machine: work.machine, deliveries: work.deliveries })
    }
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
        let stands = deliveries::current(tx, self.id, partner).await?;
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
