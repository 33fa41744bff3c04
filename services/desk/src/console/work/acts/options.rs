//! What an act's form offers to choose from.
use pages::Say;
use pipeline::id::PartnerId;
use runtime::problem::Problem;
use runtime::store::submissions::SubmissionRow;

use crate::Desk;
use crate::act::offered::{self, WorkAct};
use crate::act::reprocess::Beginning;
use crate::act::retry;
use crate::console::job_text::stage_text;
use crate::names::{failure, part_name, partner_name};
use crate::view::work::{self, Part};

/// Stages at which a new run can start, the usual one first.
const BEGINNINGS: [Beginning; 4] = [Beginning::Transcode, Beginning::Probe, Beginning::Screen, Beginning::Publish];

/// Lists of (value, text).
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) partners: Vec<(String, String)>,
    pub(crate) stages: Vec<(String, String)>,
    pub(crate) parts: Vec<(String, String)>,
    /// Whether the film is held now, and why.
    pub(crate) held: Option<String>,
    /// The end of the cure window that is open now, and what is to be cured.
    pub(crate) cure: Option<(String, String)>,
}

impl Options {
    pub(crate) async fn of(desk: &Desk, row: &SubmissionRow, act: WorkAct, say: Say) -> Result<Self, Problem> {
        let mut options = Self::default();
        match act {
            WorkAct::Release => options.partners = named(desk, say, offered::releasable(row)),
            WorkAct::Reprocess => options.partners = named(desk, say, of_contest(desk, row)),
            WorkAct::Recall => options.partners = named(desk, say, offered::recallable(desk, row).await?),
            WorkAct::Retry => {
                let parts = work::parts(desk, row).await?.into_iter();
                let failed = parts.filter(|it| retry::may_be_tried(&it.status));
                let shown = |it: Part| {
                    let error = failure(say, &it.last_error.unwrap_or_default());
                    let part = part_name(&desk.catalogue, say, &it.part);
                    let text = format!("{} · {part}{}{error}", say.stage(&it.stage), say.t("：", ": "));
                    (format!("{}/{}", it.stage, it.part), text)
                };
                options.parts = failed.map(shown).collect();
            }
            WorkAct::Hold => options.held = desk.store.held(row.id).await?.map(|(_, reason)| reason),
            WorkAct::Cure => {
                let open = row.cure.as_ref().filter(|cure| desk.clock.now() < cure.until);
                options.cure = open.map(|cure| (say.time(&cure.until), cure.reason.clone()));
            }
            WorkAct::Withdraw => {}
        }
        if act == WorkAct::Reprocess {
            let possible = BEGINNINGS.into_iter().filter(|from| row.machine.state.may_reprocess(from.stage()));
            options.stages = possible.map(|it| (it.to_string(), stage_text(say, it).to_owned())).collect();
        }
        Ok(options)
    }
}

fn of_contest(desk: &Desk, row: &SubmissionRow) -> Vec<PartnerId> {
    let contest = desk.catalogue.contest(&row.contest);
    contest.into_iter().flat_map(|it| desk.catalogue.partners_of(it)).map(|it| it.id.clone()).collect()
}

/// Partners to choose from, by name.
fn named(desk: &Desk, say: Say, partners: impl IntoIterator<Item = PartnerId>) -> Vec<(String, String)> {
    let named = |id: PartnerId| (id.to_string(), partner_name(&desk.catalogue, say, id.as_str()));
    partners.into_iter().map(named).collect()
}
