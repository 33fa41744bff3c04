//! Bulk: new runs, releases or recalls of many works, as a job. Each work is checked again when its turn comes; if the
//! act refuses it, the job records the code.
//!
//! A dry run reads the works as the act does (`bulk::look`), is refused as the act is, and estimates the rest from one
//! snapshot. Both the API and the command line search for files that exist already.
//!
//! People who see some contests make jobs for works of these: a selection without a contest is restricted to theirs,
//! one with another contest is refused with `contest_foreign`, and works of another contest do not exist for them.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use pipeline::catalogue::Catalogue;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::lang::Lang;
use pipeline::partner::{Replacement, SourceTag};
use pipeline::person::Sees;
use pipeline::selection::{Selection, SelectionError};
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::openapi::vocabulary::ReplacementWay;
use runtime::serving::typed;
use runtime::store::Transaction;
use runtime::store::bulk::{self, Ask, Kind, Looked, Refusal, Which};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::lasting::{Lasting, lasting};
use super::release::known;
use super::reprocess::{Beginning, redo};
use super::{Caller, Done, at_most, settle};
use crate::Desk;
use crate::names::in_states;

mod untaken;

pub use untaken::{Example, Untaken};

/// One act on many works, as a job. Either `where` or `works` says which.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewJob {
    /// What each work does; a new run if absent.
    pub kind: Kind,
    /// Conditions separated by blanks, such as `theme=green partner=bilibili delivery=refused title~factory
    /// engine<0.3`.
    #[serde(rename = "where")]
    #[schema(max_length = 2000)]
    pub selection: Option<String>,
    /// These works. A new run of a single one starts immediately.
    pub works: Option<BTreeSet<Uuid>>,
    /// For new runs, and required for them: the stage at which each starts; never later than the stage that the work's
    /// last run had reached.
    pub from: Option<Beginning>,
    /// Only these partners: to publish the runs to, to release to, or to recall from. Absent: all partners of each
    /// work; a recall then revokes the works as a whole.
    pub partners: Option<BTreeSet<String>>,
    /// For new runs: replace the files that these partners have, if the partner allows it. Otherwise they keep their
    /// files.
    pub replace: bool,
    /// For a release: not before this instant; immediately if absent.
    pub at: Option<DateTime<Utc>>,
    /// Only report what would be done: works, renditions, hours, what partners would receive or lose, and what cannot
    /// be undone.
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    pub digest: Option<String>,
    /// Why, for the audit trail; required for a recall.
    pub reason: Option<String>,
}

/// A job that is created, or would be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobMade {
    /// The job; absent in a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Uuid>,
    /// What each work does.
    pub kind: Kind,
    /// Where new runs start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Beginning>,
    /// Works that the act can change now. A job does a few of them at a time, and checks each again when its turn
    /// comes.
    pub works: u64,
    /// Works that it cannot change now, by the state that they are in.
    pub cannot_begin: BTreeMap<String, u64>,
    /// Works that are left to another job.
    pub in_another_job: u64,
    /// Works whose files are being made now. A new run of them starts if they are ready when their turn comes.
    pub under_way: u64,
    /// The cost of new runs; only in a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// What each partner would receive from a release, or lose through a recall; only in a dry run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
    /// What cannot be undone; only in a dry run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lasting: Vec<Lasting>,
    /// What partners do not accept in the works' texts; only in a dry run of a release.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Untaken>,
    /// Works whose texts the dry run did not read, because there are too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unread_works: u64,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Digest of the works, their states, and what is desired at each partner.
    pub digest: String,
}

/// The cost of the works that can start.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Estimate {
    /// Renditions that would be made.
    pub renditions: u64,
    /// Hours of one core.
    pub cpu_hours: f64,
    /// Works whose own earlier parts were measured.
    pub measured_works: u64,
    /// Works that were estimated by their plans.
    pub estimated_works: u64,
    /// Works without a plan, which `cpu_hours` does not count.
    pub unknown_works: u64,
    /// Works whose files all exist already and are reused. Absent for runs that start before `transcode`, and for more
    /// than 2000 works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused_works: Option<u64>,
    /// Median of measured over estimated time, by which estimates are multiplied. Absent if nothing was measured yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_factor: Option<f64>,
    /// What partners have of these works.
    pub partners: Vec<Held>,
}

/// The effect of a release or a recall at one partner.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PartnerEffect)]
pub struct Effect {
    /// Its id in the catalogue.
    pub partner: String,
    /// How works are delivered to it, such as `bilibili` or `operator`.
    pub method: String,
    /// Works that it would receive, or be asked to remove.
    pub works: u64,
    /// How many of them are live there now.
    pub live: u64,
    /// For a recall: hours until the removal must be proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_hours: Option<u32>,
    /// For a release: hours of the day in Beijing in which works are sent, `[from, to)`; at any hour if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<(u32, u32)>,
}

/// What one partner has.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PartnerHolding)]
pub struct Held {
    /// Its id in the catalogue.
    pub partner: String,
    /// Works that it has or may have.
    pub holds: u64,
    /// How many of them would be replaced by the new files.
    pub replaced: u64,
    /// How files are replaced there: `in_place`, `by_new_folder`, `delete_and_resubmit`, `by_operator` or `never`.
    #[schema(value_type = ReplacementWay)]
    pub replacement: String,
    /// The source of this information; absent if it follows from the method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_from: Option<KnownFrom>,
}

/// A source of the catalogue.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KnownFrom {
    /// How well it is known: `O` by the partner's own document, `C` by a third party's contract, `R` by open-source code, `2` by a
    /// secondary page, `A` by our assumption.
    #[schema(value_type = String)]
    pub tag: SourceTag,
    /// The document or page.
    pub source: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The job as requested.
pub(super) struct Terms {
    pub(super) ask: Ask,
    pub(super) from: Option<Beginning>,
    pub(super) dry_run: bool,
    pub(super) digest: Option<String>,
}

/// Makes a job, or reports what it would do. Refused with `nothing_selected`, `too_many_works`, `state_wrong` if the
/// act can change no work, and `in_another_job` if other jobs of the kind contain all works that it could change.
pub async fn many(desk: &Desk, caller: &Caller, wish: NewJob) -> Result<Done<JobMade>, Problem> {
    let which = match (&wish.selection, &wish.works) {
        (Some(text), None) => Which::Selected(Box::new(selected(&desk.catalogue, &caller.sees, text)?)),
        (None, Some(works)) => Which::Named(works.iter().copied().map(SubmissionId).collect()),
        (None, None) | (Some(_), Some(_)) => {
            return Err(Code::FieldWrong.about(Detail::new("须给出其一", "one of them").of("where, works")));
        }
    };
    let caller = Caller { by: caller.because(wish.reason.as_deref())?, ..caller.clone() };
    let ask = asked(desk, &wish, caller.by.reason.is_some())?;
    let NewJob { from, dry_run, digest, .. } = wish;
    run(desk, &caller, &which, &Terms { ask, from, dry_run, digest }).await
}

/// The action for each work. A field of another kind of job is refused.
fn asked(desk: &Desk, wish: &NewJob, reasoned: bool) -> Result<Ask, Problem> {
    let foreign =
        |field: &str| Code::FieldWrong.about(Detail::new("不用于此类任务", "not for a job of this kind").of(field));
    let needed = |field: &str| Code::FieldWrong.about(Detail::new("必填", "required").of(field));
    if wish.kind != Kind::Reprocess && wish.from.is_some() {
        return Err(foreign("from"));
    }
    if wish.kind != Kind::Reprocess && wish.replace {
        return Err(foreign("replace"));
    }
    if wish.kind != Kind::Release && wish.at.is_some() {
        return Err(foreign("at"));
    }
    let partners = wish.partners.clone();
    Ok(match wish.kind {
        Kind::Reprocess => {
            let from = wish.from.ok_or_else(|| needed("from"))?.stage();
            Ask::Reprocess { from, redo: redo(&desk.catalogue, partners, wish.replace)? }
        }
        Kind::Release => {
            let at = wish.at.map(|at| typed::moment("at", at)).transpose()?;
            Ask::Release { partners: known(&desk.catalogue, partners)?, at }
        }
        Kind::Recall if !reasoned => return Err(needed("reason")),
        Kind::Recall => {
            Ask::Recall { partners: known(&desk.catalogue, partners)?, within: recall_within(&desk.catalogue) }
        }
    })
}

/// How long each partner has until a removal must be proven.
pub(super) fn recall_within(catalogue: &Catalogue) -> BTreeMap<PartnerId, Duration> {
    let hours = |hours: u32| Duration::from_secs(u64::from(hours) * 3600);
    catalogue.partners.values().map(|it| (it.id.clone(), hours(it.recall_within_h))).collect()
}

/// Makes the job, or reports what it would do.
pub(super) async fn run(desk: &Desk, caller: &Caller, which: &Which, terms: &Terms) -> Result<Done<JobMade>, Problem> {
    let done = desk.store.transaction("make_job", |tx, _| {
        Box::pin(async move {
            let Terms { ask, from, dry_run, digest } = terms;
            if let Some(done) = caller.begin(tx, *dry_run).await? {
                return Ok(done);
            }
            if *dry_run {
                bulk::read_only(tx).await?;
            } else {
                bulk::take_turn(tx, which, ask).await?;
            }
            let looked = bulk::look(tx, which, ask, &caller.sees).await?;
            if digest.as_ref().is_some_and(|digest| *digest != looked.digest) {
                return Err(Problem::from(Code::Changed).into());
            }
            if let Some(refusal) = looked.refusal() {
                return Err(refused(refusal).into());
            }
            let mut made = made(&looked, ask, *from, *dry_run);
            if *dry_run {
                foresee(desk, tx, &looked, ask, &mut made).await?;
            } else {
                made.job = Some(bulk::begin(tx, desk.store.policy(), which, ask, &looked, &caller.by).await?.id);
            }
            caller.end(tx, *dry_run, made).await
        })
    });
    settle(done.await)
}

fn made(looked: &Looked, ask: &Ask, from: Option<Beginning>, dry_run: bool) -> JobMade {
    JobMade {
        job: None,
        kind: ask.kind(),
        from,
        works: looked.works(),
        cannot_begin: looked.cannot_begin.clone(),
        in_another_job: looked.in_another_job,
        under_way: looked.under_way,
        estimate: None,
        effects: Vec::new(),
        lasting: Vec::new(),
        warnings: Vec::new(),
        unread_works: 0,
        dry_run,
        digest: looked.digest.clone(),
    }
}

/// The problem of an act on works that `look` refuses.
pub(super) fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Missing(id) => Code::SubmissionUnknown.about(id.to_string()),
        Refusal::Nothing => Code::NothingSelected.into(),
        Refusal::TooMany => Code::TooManyWorks.about(at_most(bulk::MAX_WORKS)),
        Refusal::CannotBegin(states) => Code::StateWrong.about(in_states(states.iter().map(String::as_str))),
        Refusal::InAnotherJob(job) => Code::InAnotherJob.about(job.to_string()),
    }
}

/// Adds the parts of a dry run: the estimate, the effects, texts that partners do not accept, and what cannot be
/// undone.
async fn foresee(
    desk: &Desk,
    tx: &mut Transaction,
    looked: &Looked,
    ask: &Ask,
    made: &mut JobMade,
) -> anyhow::Result<()> {
    let found = bulk::estimate(tx, looked, ask, Some(desk.addresses)).await?;
    made.effects = found.effects.iter().map(|(id, effect)| effect_at(&desk.catalogue, ask, id, *effect)).collect();
    if ask.kind() == Kind::Reprocess {
        made.estimate = Some(estimate(&desk.catalogue, &found));
    }
    if ask.kind() == Kind::Release {
        let found = untaken::look(&desk.catalogue, tx, looked).await?;
        (made.unread_works, made.warnings) = (found.unread, found.all());
    }
    made.lasting = lasting(&desk.catalogue, ask, made);
    Ok(())
}

fn effect_at(catalogue: &Catalogue, ask: &Ask, id: &PartnerId, effect: bulk::Effect) -> Effect {
    let partner = catalogue.partner(id);
    let recall = ask.kind() == Kind::Recall;
    Effect {
        partner: id.to_string(),
        method: partner.map_or("unknown", |it| it.method.name()).to_owned(),
        works: effect.works,
        live: effect.live,
        within_hours: recall.then(|| partner.map_or(24, |it| it.recall_within_h)),
        hours: partner.and_then(|it| it.window).filter(|_| !recall).map(|it| (it.from_hour, it.to_hour)),
    }
}

fn estimate(catalogue: &Catalogue, found: &bulk::Estimate) -> Estimate {
    let bulk::Estimate { renditions, elapsed, holdings, .. } = found;
    let held = |(id, holding): (&PartnerId, &bulk::Holding)| {
        let partner = catalogue.partner(id);
        let source = partner.and_then(|it| it.replace.as_ref());
        Held {
            partner: id.to_string(),
            holds: holding.holds,
            replaced: holding.replaced,
            replacement: partner.map_or(Replacement::Never, |it| it.replacement()).name().to_owned(),
            known_from: source.map(|it| KnownFrom { tag: it.tag, source: it.source.clone() }),
        }
    };
    Estimate {
        renditions: *renditions,
        cpu_hours: elapsed.seconds / 3600.0,
        measured_works: elapsed.measured_works,
        estimated_works: elapsed.estimated_works,
        unknown_works: elapsed.unknown_works,
        reused_works: elapsed.found_works,
        median_factor: elapsed.median_factor,
        partners: holdings.iter().map(held).collect(),
    }
}

/// The selection, checked against the catalogue and restricted to the contests that the caller sees.
fn selected(catalogue: &Catalogue, sees: &Sees, text: &str) -> Result<Selection, Problem> {
    let wrong = |error: SelectionError| {
        Code::FieldWrong.about(Detail::new(error.text(Lang::Zh), error.text(Lang::En)).of("where"))
    };
    let mut selection: Selection = text.parse().map_err(wrong)?;
    selection.check(catalogue).map_err(wrong)?;
    if let Some(seen) = sees.names() {
        // Without a contest the selection would include all contests.
        if seen.is_empty() || selection.contest.any.iter().any(|named| !seen.contains(named)) {
            return Err(Code::ContestForeign.into());
        }
        if selection.contest.any.is_empty() {
            selection.contest.any = seen.into_iter().collect();
        }
    }
    Ok(selection)
}

#[cfg(test)]
mod tests {
    use pipeline::id::ContestId;

    use super::*;

    fn check(sees: Option<&[&str]>, text: &str) -> Result<String, &'static str> {
        let only = |contests: &[&str]| Sees::Only(contests.iter().map(|it| ContestId::new(*it)).collect());
        let selection = selected(&Catalogue::builtin(), &sees.map_or(Sees::All, only), text);
        selection.map(|it| it.to_string()).map_err(|problem| problem.code.name())
    }

    #[test]
    fn a_selection_of_people_who_see_some_contests_is_restricted_to_these() {
        let both = Some(&["demo", "small"][..]);
        assert_eq!(check(both, "state=published").unwrap(), "contest=demo,small state=published");
        assert_eq!(check(both, "contest=demo").unwrap(), "contest=demo");
        assert_eq!(check(both, "contest=demo,industry-power-2024").unwrap_err(), "contest_foreign");
        assert_eq!(check(Some(&[]), "state=published").unwrap_err(), "contest_foreign");
        assert_eq!(check(None, "state=published").unwrap(), "state=published");
        assert_eq!(check(Some(&["demo"]), "state=published").unwrap(), "contest=demo state=published");
        assert_eq!(check(Some(&["demo"]), "contest=demo").unwrap(), "contest=demo");
        assert_eq!(check(Some(&["demo"]), "contest=industry-power-2024").unwrap_err(), "contest_foreign");
        assert_eq!(check(Some(&["demo"]), "contest=demo,industry-power-2024").unwrap_err(), "contest_foreign");
    }
}
