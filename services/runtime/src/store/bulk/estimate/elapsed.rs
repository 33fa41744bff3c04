//! The work that new runs would take.
use pipeline::id::SubmissionId;
use pipeline::stage::Stage;
use sqlx::PgConnection;
use uuid::Uuid;

use super::measured::{measured, median_factor};
use super::planned::{Addresses, all_found, plans, seconds_of};
use crate::store::bulk::look::Beginning;

/// Processor time of workers in core-seconds, and how it is known.
#[derive(Clone, Debug, Default)]
pub struct Elapsed {
    /// The total, in seconds.
    pub seconds: f64,
    /// Works whose own earlier parts were measured.
    pub measured_works: u64,
    /// Works that were estimated from their plans.
    pub estimated_works: u64,
    /// Works without any data; not included in `seconds`.
    pub unknown_works: u64,
    /// Works whose files all exist already under the same address, so that nothing is encoded for them. `None` if this
    /// was not checked.
    pub found_works: Option<u64>,
    /// Seconds of work for each second of a plan's estimate: the median of what this installation measured. `None` if
    /// it has measured nothing; then estimates are used unchanged.
    pub median_factor: Option<f64>,
}

/// Plans in memory at the same time; each has about ten kilobytes.
const PLANS_AT_ONCE: usize = 200;

/// A dry run of more works than this does not check for finished files: a digest and a query for each would take too
/// long.
const MOST_LOOKED_FOR: usize = 2000;

/// Stages that cost processor time and that a run from `from` performs.
fn costly(from: Stage) -> Vec<String> {
    let costs = |stage: &Stage| match stage {
        Stage::Probe | Stage::Transcode | Stage::Assemble => true,
        Stage::Screen | Stage::Publish => false,
    };
    Stage::ALL.iter().filter(|stage| **stage >= from && costs(stage)).map(|stage| stage.name().to_owned()).collect()
}

/// The work of new runs of these works, from a stage on.
pub(super) async fn elapsed(
    tx: &mut PgConnection,
    works: &[Beginning],
    from: Stage,
    addresses: Option<Addresses>,
) -> anyhow::Result<Elapsed> {
    let stages = costly(from);
    let ids: Vec<Uuid> = works.iter().map(|work| work.id).collect();
    let measured = measured(tx, &ids, &stages).await?;
    let factor = median_factor(tx, &stages, from).await?;
    let mut elapsed = Elapsed { median_factor: factor, ..Elapsed::default() };
    // The plan of a run that starts before transcode is not known yet, and thousands of works are not checked one by
    // one.
    let addresses = addresses.filter(|_| from >= Stage::Transcode && works.len() <= MOST_LOOKED_FOR);
    elapsed.found_works = addresses.map(|_| 0);
    for works in works.chunks(PLANS_AT_ONCE) {
        let unknown = |work: &&Beginning| addresses.is_some() || !measured.contains_key(&SubmissionId(work.id));
        let plans = plans(tx, &works.iter().filter(unknown).map(|work| work.id).collect::<Vec<_>>()).await?;
        for work in works {
            let plan = plans.get(&work.id);
            if let (Some(addresses), Some(plan)) = (addresses, plan)
                && all_found(tx, plan, addresses).await?
            {
                elapsed.found_works = elapsed.found_works.map(|found| found + 1);
                continue;
            }
            let planned_s = plan.and_then(|plan| seconds_of(&plan.plan.0, &plan.media_info.0, from));
            match (measured.get(&SubmissionId(work.id)), planned_s) {
                (Some(seconds), _) => {
                    elapsed.measured_works += 1;
                    elapsed.seconds += seconds;
                }
                (None, Some(seconds)) => {
                    elapsed.estimated_works += 1;
                    elapsed.seconds += seconds * factor.unwrap_or(1.0);
                }
                (None, None) => elapsed.unknown_works += 1,
            }
        }
    }
    Ok(elapsed)
}
