//! The figures of a dry run, computed from stored data. Times are those that this installation has measured.
//!
//! | what | where |
//! |---|---|
//! | what partners have, would get or would lose | here |
//! | the work of new runs | `elapsed` |
//! | what earlier runs took | `measured` |
//! | plans, and files that exist already | `planned` |
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use pipeline::id::PartnerId;
use pipeline::stage::Stage;
use pipeline::submission::Redo;
use sqlx::PgConnection;
use uuid::Uuid;

use super::ask::Ask;
use super::look::Looked;

mod elapsed;
mod measured;
mod planned;

pub use elapsed::Elapsed;
use elapsed::elapsed;
pub use planned::Addresses;

/// The cost of new runs.
#[derive(Clone, Debug, Default)]
pub struct Estimate {
    /// Renditions that would be produced.
    pub renditions: u64,
    /// The work that they would take.
    pub elapsed: Elapsed,
    /// What partners have, by the stage at which runs start.
    pub holdings: BTreeMap<PartnerId, Holding>,
    /// What each partner would receive from a release, or lose through a recall.
    pub effects: BTreeMap<PartnerId, Effect>,
}

/// The effect of a release or a recall at one partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Works that it would receive, or be asked to remove.
    pub works: u64,
    /// How many of them are live there now.
    pub live: u64,
}

/// What one partner has of the selected works.
#[derive(Clone, Copy, Debug, Default)]
pub struct Holding {
    /// Works that it has, or may have.
    pub holds: u64,
    /// How many of them would be replaced by the new run's files.
    pub replaced: u64,
}

/// Computes what `ask` would do to these works. It changes nothing. With `addresses`, works whose files exist cost
/// nothing.
pub async fn estimate(
    tx: &mut PgConnection,
    looked: &Looked,
    ask: &Ask,
    addresses: Option<Addresses>,
) -> anyhow::Result<Estimate> {
    let mut estimate = Estimate::default();
    let ids: Vec<Uuid> = looked.begin.iter().map(|work| work.id).collect();
    match ask {
        Ask::Reprocess { from, redo } => {
            if *from < Stage::Publish {
                estimate.renditions = looked.begin.iter().map(|work| work.renditions).sum();
                estimate.elapsed = elapsed(tx, &looked.begin, *from, addresses).await?;
            }
            estimate.holdings = holdings(tx, &ids, redo).await?;
        }
        Ask::Release { .. } => {
            for (partners, works) in &looked.recipients {
                for partner in partners {
                    estimate.effects.entry(partner.clone()).or_default().works += works.len() as u64;
                }
            }
        }
        Ask::Recall { partners, .. } => estimate.effects = losses(tx, &ids, partners.as_ref()).await?,
    }
    Ok(estimate)
}

/// Deliveries of these works that partners would be asked to remove.
async fn losses(
    tx: &mut PgConnection,
    ids: &[Uuid],
    partners: Option<&BTreeSet<PartnerId>>,
) -> anyhow::Result<BTreeMap<PartnerId, Effect>> {
    let partners: Option<Vec<String>> = partners.map(|some| some.iter().map(ToString::to_string).collect());
    let rows = sqlx::query!(
        r#"/* losses */
        select partner, count(*) as "works!", count(*) filter (where state = 'live') as "live!" from deliveries
        where submission = any($1) and ($2::text[] is null or partner = any($2))
            and (machine ->> 'desired' = 'live' or state <> 'recalled')
        group by partner order by partner"#,
        ids,
        partners.as_deref(),
    )
    .fetch_all(tx)
    .await
    .context("count what partners would lose")?;
    let effect = |works: i64, live: i64| Effect { works: works.unsigned_abs(), live: live.unsigned_abs() };
    Ok(rows.into_iter().map(|row| (PartnerId::new(row.partner), effect(row.works, row.live))).collect())
}

/// Deliveries of these works that are, or may be, with a partner.
async fn holdings(tx: &mut PgConnection, ids: &[Uuid], redo: &Redo) -> anyhow::Result<BTreeMap<PartnerId, Holding>> {
    let rows = sqlx::query!(
        r#"/* holdings */
        select partner, count(*) as "holds!" from deliveries
        where submission = any($1)
            and state in ('sending', 'unknown', 'awaiting_operator', 'in_review', 'live', 'recalling')
        group by partner order by partner"#,
        ids,
    )
    .fetch_all(tx)
    .await
    .context("count what partners hold")?;
    let holding = |partner: PartnerId, holds: i64| {
        let replaced = if redo.replace.contains(&partner) { holds } else { 0 };
        (partner, Holding { holds: holds as u64, replaced: replaced as u64 })
    };
    Ok(rows.into_iter().map(|row| holding(PartnerId::new(row.partner), row.holds)).collect())
}
