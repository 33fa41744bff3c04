//! Checks the works of a job before anything starts: which of them can start, and whether the job is refused. A dry run
//! and the act itself both use this, so they cannot disagree.
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use pipeline::id::{ContestId, PartnerId, SubmissionId};
use pipeline::part::Part;
use pipeline::person::Sees;
use pipeline::stage::Stage;
use pipeline::submission::Submission;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::ask::Ask;
use super::which::{MAX_WORKS, Which, single};
use super::{items, select};
use crate::store::orders;

/// Works that are checked at a time: each machine has about a kilobyte.
const JUDGED_AT_ONCE: usize = 2000;

/// The works that were found.
#[derive(Clone, Debug)]
pub struct Looked {
    /// All of them, by time of entry.
    pub(super) ids: Vec<Uuid>,
    /// Works that would start now, or that the act would change.
    pub(super) begin: Vec<Beginning>,
    /// Works that cannot start there, by their state.
    pub cannot_begin: BTreeMap<String, u64>,
    /// Works that another job has.
    pub in_another_job: u64,
    /// One of these jobs.
    other: Option<Uuid>,
    /// Works whose files are being made now. A job waits for its turn, and checks them again then.
    pub under_way: u64,
    /// The first named work that does not exist for the caller.
    missing: Option<SubmissionId>,
    /// The contests of the works.
    pub(super) contests: Vec<String>,
    /// For a release: the works that would go to each set of partners. Most works go to the same ones, so the sets are
    /// few.
    pub(super) recipients: BTreeMap<BTreeSet<PartnerId>, Vec<Uuid>>,
    /// Digest of the works, their runs and states, and the desired state at each partner. Hex, 32 characters.
    pub digest: String,
}

/// A work that would start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beginning {
    pub(super) id: Uuid,
    /// Renditions of its present plan.
    pub(super) renditions: u64,
}

/// Why nothing starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A named work does not exist.
    Missing(SubmissionId),
    /// No work was found.
    Nothing,
    /// More than [`MAX_WORKS`] were found.
    TooMany,
    /// None of them can start there; their states.
    CannotBegin(Vec<String>),
    /// This job has all that could start.
    InAnotherJob(Uuid),
}

impl Looked {
    /// How many works would start now.
    pub fn works(&self) -> u64 {
        self.begin.len() as u64
    }

    /// The contest of all works, if it is the same.
    pub(super) fn contest(&self) -> Option<ContestId> {
        let [one] = &self.contests[..] else { return None };
        Some(ContestId::new(one.clone()))
    }

    /// Why nothing starts, if so. Works whose files are being made do not refuse a job: they may be ready when their
    /// turn comes.
    pub fn refusal(&self) -> Option<Refusal> {
        if let Some(id) = self.missing {
            return Some(Refusal::Missing(id));
        }
        if self.ids.is_empty() {
            return Some(Refusal::Nothing);
        }
        if self.ids.len() > MAX_WORKS {
            return Some(Refusal::TooMany);
        }
        if !self.begin.is_empty() || self.under_way > 0 {
            return None;
        }
        match self.other {
            Some(job) => Some(Refusal::InAnotherJob(job)),
            None => Some(Refusal::CannotBegin(self.cannot_begin.keys().cloned().collect())),
        }
    }
}

struct Work {
    id: Uuid,
    machine: Json<Submission>,
    renditions: i64,
    job: Option<Uuid>,
    under_way: bool,
    held: bool,
}

/// Waits until no other job is being created, so that of two jobs with the same works the second one sees what the
/// first has taken; and locks a single work. An act calls this before [`look`]; a dry run does not.
pub async fn take_turn(tx: &mut PgConnection, which: &Which, ask: &Ask) -> anyhow::Result<()> {
    sqlx::query!("/* create_bulk_jobs_in_turn */ select pg_advisory_xact_lock(hashtext('reelmill_bulk'))")
        .execute(&mut *tx)
        .await
        .context("wait for another job to be made")?;
    if let Some(id) = single(which, ask) {
        items::lock(tx, id).await?;
    }
    Ok(())
}

/// Makes the rest of the transaction read-only. Each statement sees the state at its own start: a snapshot for a
/// hundred thousand works would prevent vacuum from removing what the queue leaves meanwhile. The digest is read before
/// the figures, so an act that carries it is refused if anything changed that the figures may have seen. It must be the
/// first call in its transaction.
pub async fn read_only(tx: &mut PgConnection) -> anyhow::Result<()> {
    sqlx::query!("/* read_only */ set transaction read only").execute(tx).await?;
    Ok(())
}

/// Finds the works and checks each. Named works of other contests do not exist; the caller must restrict a selection to
/// the contests.
pub async fn look(tx: &mut PgConnection, which: &Which, ask: &Ask, within: &Sees) -> anyhow::Result<Looked> {
    let ids = select::ids(tx, which, within).await?;
    let (digest, contests) = digest(tx, &ids).await?;
    let mut looked = Looked {
        missing: missing(which, &ids),
        begin: Vec::new(),
        cannot_begin: BTreeMap::new(),
        in_another_job: 0,
        other: None,
        under_way: 0,
        recipients: BTreeMap::new(),
        contests,
        digest,
        ids,
    };
    if looked.ids.len() <= MAX_WORKS {
        judge(tx, &mut looked, which, ask).await?;
    }
    Ok(looked)
}

fn missing(which: &Which, found: &[Uuid]) -> Option<SubmissionId> {
    let Which::Named(named) = which else { return None };
    let found: BTreeSet<Uuid> = found.iter().copied().collect();
    named.iter().copied().find(|id| !found.contains(&id.0)).filter(|_| named.len() <= MAX_WORKS)
}

async fn judge(tx: &mut PgConnection, looked: &mut Looked, which: &Which, ask: &Ask) -> anyhow::Result<()> {
    // A single work starts whatever is in progress, and a person may restart a run of its own job that is stuck.
    let single = single(which, ask).is_some();
    let ids = std::mem::take(&mut looked.ids);
    for ids in ids.chunks(JUDGED_AT_ONCE) {
        for work in works(tx, ids, single, ask).await? {
            let Judged { changes, starts } = judged(&work, ask);
            if let Some(job) = work.job {
                looked.in_another_job += 1;
                looked.other = Some(job);
            } else if !changes {
                *looked.cannot_begin.entry(work.machine.0.state.name().to_owned()).or_default() += 1;
            } else if work.under_way && !single {
                looked.under_way += 1;
            } else {
                looked.begin.push(Beginning { id: work.id, renditions: renditions(&work, ask) });
                if !starts.is_empty() {
                    looked.recipients.entry(starts).or_default().push(work.id);
                }
            }
        }
    }
    looked.ids = ids;
    Ok(())
}

/// The effect of the act on one work.
struct Judged {
    /// Whether it changes anything; otherwise it is refused.
    changes: bool,
    /// Partners to which deliveries would start immediately.
    starts: BTreeSet<PartnerId>,
}

fn judged(work: &Work, ask: &Ask) -> Judged {
    let before = &work.machine.0;
    let mut after = before.clone();
    let started = after.advance(ask.event());
    let partner = |todo: pipeline::part::PartToDo| match todo.part {
        Part::Partner(partner) => Some(partner),
        Part::Mezzanine | Part::Segment(_) | Part::Audio | Part::Rendition(_) => None,
    };
    let changes = match ask {
        Ask::Reprocess { .. } | Ask::Release { .. } => after != *before,
        // A recall that failed at a partner is tried again.
        Ask::Recall { partners, .. } => {
            orders::may_recall(before) && (after != *before || (partners.is_some() && work.held))
        }
    };
    Judged { changes, starts: started.into_iter().filter_map(partner).collect() }
}

/// Renditions that a new run would produce.
fn renditions(work: &Work, ask: &Ask) -> u64 {
    match ask {
        Ask::Reprocess { from, .. } if *from < Stage::Publish => work.renditions.unsigned_abs(),
        Ask::Reprocess { .. } | Ask::Release { .. } | Ask::Recall { .. } => 0,
    }
}

/// The digest and the contests of the works. In SQL, so that neither rows nor texts of a hundred thousand works are
/// transferred.
async fn digest(tx: &mut PgConnection, ids: &[Uuid]) -> anyhow::Result<(String, Vec<String>)> {
    let row = sqlx::query!(
        r#"/* digest_of_works */
        select encode(substr(sha256(convert_to(coalesce(string_agg(line, ' / ' order by id), ''), 'UTF8')), 1, 16), 'hex')
                as "digest!",
            coalesce(array_agg(distinct contest), '{}') as "contests!"
        from (
            select s.id, s.contest, concat_ws(' ', s.id, s.run, s.state, (
                select string_agg(concat_ws('=', d.partner, d.machine ->> 'desired'), ' ' order by d.partner collate "C")
                from deliveries d where d.submission = s.id)) as line
            from submissions s where s.id = any($1)
        ) works"#,
        ids,
    )
    .fetch_one(tx)
    .await
    .context("compute the digest of the works")?;
    Ok((row.digest, row.contests))
}

async fn works(tx: &mut PgConnection, ids: &[Uuid], single: bool, ask: &Ask) -> anyhow::Result<Vec<Work>> {
    let partners: Option<Vec<String>> =
        ask.partners().map(|partners| partners.iter().map(ToString::to_string).collect());
    sqlx::query_as!(
        Work,
        r#"/* works_to_begin */
        select s.id, s.machine as "machine: Json<Submission>",
            coalesce(jsonb_array_length(s.plan -> 'renditions'), 0)::int8 as "renditions!",
            (select i.job from bulk_items i where i.submission = s.id and i.kind = $3 and i.state in ('waiting', 'started')
                and (i.state = 'waiting' or not $2)) as job,
            $3 = 'reprocess' and exists (select from parts p where p.submission = s.id and p.stage <> 'publish'
                and p.status in ('pending', 'waiting', 'claimed')) as "under_way!",
            -- Desired there, or being taken back by no part that works.
            $3 = 'recall' and exists (select from deliveries d
                where d.submission = s.id and ($4::text[] is null or d.partner = any($4))
                    and (d.machine ->> 'desired' = 'live' or (d.state not in ('recalled', 'refused') and not exists (
                        select from parts p where p.submission = s.id and p.stage = 'publish' and p.part = 'partner/' || d.partner
                            and p.status in ('pending', 'waiting', 'claimed'))))) as "held!"
        from submissions s where s.id = any($1) order by s.id"#,
        ids,
        single,
        ask.kind().name(),
        partners.as_deref(),
    )
    .fetch_all(tx)
    .await
    .context("read the works")
}
