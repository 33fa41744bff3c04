//! What an act's form offers to choose from.
use pages::Say;
use pipeline::lang::Lang;
use runtime::problem::Problem;
use runtime::store::submissions::SubmissionRow;

use super::deed::Deed;
use crate::Desk;
use crate::act::reprocess::Beginning;
use crate::view::{deliveries, work};

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
                let rows = deliveries::deliveries(desk, None, row.id).await?;
                options.partners = rows.into_iter().map(|it| (it.partner.clone(), name(&it.partner))).collect();
            }
            Deed::Retry => {
                let parts = work::parts(desk, row).await?.into_iter();
                let failed =
                    parts.filter(|it| it.run == row.machine.run && matches!(it.status.as_str(), "parked" | "waiting"));
                let shown = |it: work::Part| {
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
            let stages = [Beginning::Transcode, Beginning::Probe, Beginning::Screen, Beginning::Publish];
            options.stages = stages.map(|it| (it.to_string(), say.stage(&it.to_string()))).into();
        }
        Ok(options)
    }
}

fn of_contest(desk: &Desk, row: &SubmissionRow, lang: Lang) -> Vec<(String, String)> {
    let contest = desk.catalogue.contest(&row.contest);
    let partners = contest.into_iter().flat_map(|it| desk.catalogue.partners_of(it));
    partners.map(|it| (it.id.to_string(), it.name.text(lang).to_owned())).collect()
}
