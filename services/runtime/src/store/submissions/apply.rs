//! The one function through which submissions change.
use pipeline::id::{SubmissionId, UploadId};
use pipeline::part::PartToDo;
use pipeline::stage::Stage;
use pipeline::submission::{Event, Phase, State, Submission};
use sqlx::PgConnection;

use super::lock::{Locked, lock};
use super::moving::{Step, store_move, store_step};
use crate::store::files::garbage;
use crate::store::partners::{deliveries, recalls};
use crate::store::people::audit::{self, Act};
use crate::store::submissions::former;
use crate::store::submissions::history::{self, By};
use crate::store::watching::watch;
use crate::store::work::{fingerprints, progress};
use crate::store::{Policy, Store};
use crate::telemetry;

/// The effect of an event.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Whether it changed anything. Late and repeated events do not.
    pub changed: bool,
    /// The state after it.
    pub machine: Submission,
    /// The parts that it started.
    pub started: Vec<PartToDo>,
}

impl Store {
    /// Applies `event` in a separate transaction. See [`apply`].
    pub async fn apply(&self, id: SubmissionId, event: &Event, by: impl Into<By>) -> anyhow::Result<Applied> {
        let by = &by.into();
        self.transaction("apply_event", |tx, _| Box::pin(async move { apply(tx, self.policy(), id, event, by).await }))
            .await
    }
}

/// Applies `event` to a submission: the only way in which its state changes. It locks the row, asks the state machine,
/// and writes within the caller's transaction everything that follows.
///
/// | what follows | when | where |
/// |---|---|---|
/// | the state, a line of history | always | `moving` |
/// | parts to start and to cancel, messages, webhooks, the item of a bulk job | it moved or parts start | `moving` |
/// | the decisions about the former film | another film replaced it | `former` |
/// | the end of the progress of its run | its last file is finished | `progress` |
/// | its words and its seat | it moved | `fingerprints` |
/// | the estimate of its work | it moved | `watch` |
/// | finished files in force, objects to delete | it moved | `garbage` |
/// | deliveries to its partners | publish parts start | `deliveries` |
/// | recalls from all partners | it was withdrawn or revoked | `recalls` |
/// | a row of the audit trail | a person did it | `audit` |
pub async fn apply(
    tx: &mut PgConnection,
    policy: &Policy,
    id: SubmissionId,
    event: &Event,
    by: &By,
) -> anyhow::Result<Applied> {
    let locked = lock(tx, id).await?;
    apply_locked(tx, policy, id, locked, event, by).await
}

/// The same for a submission that this transaction has locked already.
pub(in crate::store) async fn apply_locked(
    tx: &mut PgConnection,
    policy: &Policy,
    id: SubmissionId,
    locked: Locked,
    event: &Event,
    by: &By,
) -> anyhow::Result<Applied> {
    let before = locked.machine.0;
    let mut machine = before.clone();
    let started = machine.advance(event.clone());
    if machine == before && started.is_empty() {
        return Ok(Applied { changed: false, machine, started });
    }
    telemetry::follow(id, locked.traceparent.as_deref());
    let moved = machine.run != before.run || machine.state.name() != before.state.name();
    let (what, detail) = (history::name_of(event), history::detail_of(event, &machine)?);
    let step = Step { id, contest: &locked.contest, machine: &machine, at: locked.at, by, what, detail: &detail };
    // Parts are started by the state that needs them, or by a release that adds partners to it.
    if moved || !started.is_empty() {
        store_move(tx, &step, &started).await?;
    } else {
        store_step(tx, &step).await?;
    }
    let upload = locked.mezzanine_upload.map(UploadId);
    if let Event::Replaced { .. } = event {
        former::give_way(tx, policy, id, upload, &before, locked.at).await?;
    }
    if moved {
        if has_finished_files(&before, &machine) {
            progress::end(tx, id, &locked.contest, machine.run, locked.at).await?;
        }
        fingerprints::follow(tx, id, &machine).await?;
        watch::follow(tx, id, &before, &machine).await?;
        garbage::after_move(tx, policy, id, upload, &before, &machine).await?;
    }
    let partners = started.iter().filter_map(|todo| todo.part.partner()).map(|partner| partner.as_str().to_owned());
    deliveries::want(tx, policy, id, &machine, partners.collect()).await?;
    if moved && machine.state.phase() == Phase::TakenBack {
        recalls::recall_all(tx, policy, id, machine.run).await?;
    }
    // The system determines that the bytes are complete, although the entrant sent them.
    if by.is_person() && !matches!(event, Event::Uploaded | Event::Replaced { .. }) {
        let state_before = serde_json::json!({ "run": before.run, "state": before.state.name() });
        let act = Act { act: what, submission: Some(id), partner: None, before: state_before, after: detail };
        audit::add(tx, by, &act).await?;
    }
    Ok(Applied { changed: true, machine, started })
}

/// Whether a run has just passed its last stage that makes files.
fn has_finished_files(before: &Submission, after: &Submission) -> bool {
    let made = matches!(before.state, State::At { stage: Stage::Screen | Stage::Transcode | Stage::Assemble, .. });
    made && after.state.has_files() && before.run == after.run
}
