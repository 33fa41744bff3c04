//! What an act's form offers to choose from.
use pages::Say;
use pipeline::lang::Lang;
use pipeline::person::Sees;
use pipeline::submission::Submission;
use runtime::problem::Problem;
use runtime::store::submissions::SubmissionRow;

use super::deed::Deed;
use crate::Desk;
use crate::act::reprocess::Beginning;
use crate::view::deliveries;
use crate::view::work::{self, Part};

/// Stages at which a new run can begin, the usual one first.
pub(super) const BEGINNINGS: [Beginning; 4] =
    [Beginning::Transcode, Beginning::Probe, Beginning::Screen, Beginning::Publish];

/// Lists of (value, text).
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) partners: Vec<(String, String)>,
    pub(crate) stages: Vec<(String, String)>,
    pub(crate) parts: Vec<(String, String)>,
    /// Whether the film is held now, and why.
    pub(crate) held: Option<String>,
}

impl Options {
    pub(crate) async fn of(desk: &Desk, row: &SubmissionRow, deed: Deed, say: Say) -> Result<Self, Problem> {
        let mut options = Self::default();
        match deed {
            Deed::Release | Deed::Reprocess => options.partners = of_contest(desk, row, say.lang),
            Deed::Recall => {
                let named = of_contest(desk, row, say.lang);
                let name = |id: &str| named.iter().find(|(it, _)| it == id).map_or(id, |(_, name)| name).to_owned();
                let rows = deliveries::deliveries(desk, &Sees::All, row.id).await?;
                options.partners = rows.into_iter().map(|it| (it.partner.clone(), name(&it.partner))).collect();
            }
            Deed::Retry => {
                let parts = work::parts(desk, row).await?.into_iter();
                let failed = parts.filter(|it| may_be_retried(&row.machine, it));
                let shown = |it: Part| {
                    let error = it.last_error.unwrap_or_default();
                    let text = format!("{} {}{}{error}", say.stage(&it.stage), it.part, say.t("：", ": "));
                    (format!("{}/{}", it.stage, it.part), text)
                };
                options.parts = failed.map(shown).collect();
            }
            Deed::Hold => options.held = desk.store.held(row.id).await?.map(|(_, reason)| reason),
            Deed::Withdraw => {}
        }
        if deed == Deed::Reprocess {
            let possible = BEGINNINGS.into_iter().filter(|from| row.machine.state.may_reprocess(from.stage()));
            options.stages = possible.map(|it| (it.to_string(), say.stage(&it.to_string()))).collect();
        }
        Ok(options)
    }
}

fn of_contest(desk: &Desk, row: &SubmissionRow, lang: Lang) -> Vec<(String, String)> {
    let contest = desk.catalogue.contest(&row.contest);
    let partners = contest.into_iter().flat_map(|it| desk.catalogue.partners_of(it));
    partners.map(|it| (it.id.to_string(), it.name.text(lang).to_owned())).collect()
}

/// Whether a part of this run has failed too often or waits for its next attempt.
pub(super) fn may_be_retried(work: &Submission, part: &Part) -> bool {
    part.run == work.run && matches!(part.status.as_str(), "parked" | "waiting")
}
