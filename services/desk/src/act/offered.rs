//! Which acts on one work would be accepted now, so that pages offer only these. Each answer uses the act's own rule:
//! the event that it would apply to the work, or the check that it makes. If something changes between the answer and
//! the act, the act refuses.
use std::collections::BTreeSet;

use pipeline::id::PartnerId;
use pipeline::person::Sees;
use pipeline::stage::Stage;
use pipeline::submission::{Event, Redo};
use runtime::problem::{Code, Problem};
use runtime::store::bulk::{self, Ask, Which};
use runtime::store::partners::orders;
use runtime::store::submissions::SubmissionRow;

use super::bulk::making::refused as refused_by_look;
use super::recall::is_concerned;
use super::{cure, retry};
use crate::Desk;
use crate::names::in_states;

/// An act on one work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkAct {
    /// Publish it, to all partners or some.
    Release,
    /// Recall it, from all partners or some.
    Recall,
    /// Begin a new run.
    Reprocess,
    /// Hold its film, or lift the hold.
    Hold,
    /// Open a window in which its entrant may replace the film and correct the texts.
    Cure,
    /// Run failed parts again.
    Retry,
    /// Take it out of the contest at its entrant's wish.
    Withdraw,
}

impl WorkAct {
    /// Every act.
    pub const ALL: [WorkAct; 7] = [
        WorkAct::Release,
        WorkAct::Recall,
        WorkAct::Reprocess,
        WorkAct::Hold,
        WorkAct::Cure,
        WorkAct::Retry,
        WorkAct::Withdraw,
    ];
}

/// Why the act would be refused whatever is chosen in its form; `None` if it would be accepted. The caller already has
/// the role.
pub async fn refusal(desk: &Desk, work: &SubmissionRow, act: WorkAct) -> Result<Option<Problem>, Problem> {
    let machine = &work.machine;
    let refused = || Some(Code::StateWrong.about(in_states([machine.state.name()])));
    Ok(match act {
        WorkAct::Hold => None,
        WorkAct::Release if machine.would_change(Event::Released { partners: None }) => None,
        WorkAct::Withdraw if machine.would_change(Event::Withdrawn) => None,
        WorkAct::Recall if orders::may_recall(machine) && machine.would_change(Event::Revoked) => None,
        WorkAct::Release | WorkAct::Recall | WorkAct::Withdraw => refused(),
        WorkAct::Cure => {
            let facts = desk.store.facts(work.id).await?.ok_or(Code::SubmissionUnknown)?;
            let helps = cure::would_help(desk.contest(&work.contest)?, &facts, desk.clock.now());
            if helps { None } else { refused() }
        }
        WorkAct::Retry => {
            let parts = desk.store.parts(work.id).await?;
            let none = !parts.iter().any(|part| retry::may_be_tried(&part.status));
            none.then(|| Code::NothingParked.into())
        }
        WorkAct::Reprocess => reprocess_refused(desk, work).await?,
    })
}

/// The earliest stage is the one that most states allow. The check is that of the act itself, including other jobs.
async fn reprocess_refused(desk: &Desk, work: &SubmissionRow) -> Result<Option<Problem>, Problem> {
    let which = Which::Named(vec![work.id]);
    let ask = Ask::Reprocess { from: Stage::Probe, redo: Redo::default() };
    let within = Sees::Only([work.contest.clone()].into());
    let which = &which;
    let ask = &ask;
    let within = &within;
    let looked = desk
        .store
        .transaction("look_at_one_work", |tx, _| Box::pin(async move { bulk::look(tx, which, ask, within).await }));
    Ok(looked.await?.refusal().map(refused_by_look))
}

/// Partners of the work's plan to which a release would begin a delivery now.
pub fn releasable(work: &SubmissionRow) -> BTreeSet<PartnerId> {
    let machine = &work.machine;
    let starts = |partner: &&PartnerId| {
        machine.would_change(Event::Released { partners: Some(BTreeSet::from([(*partner).clone()])) })
    };
    machine.work.partners.iter().filter(starts).cloned().collect()
}

/// Partners that have the work or may have it, which a recall would concern.
pub async fn recallable(desk: &Desk, work: &SubmissionRow) -> Result<BTreeSet<PartnerId>, Problem> {
    let rows = desk.store.deliveries(work.id).await?;
    Ok(rows.into_iter().filter(|row| is_concerned(&row.machine)).map(|row| row.partner).collect())
}
