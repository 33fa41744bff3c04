//! Reprocess: new runs, of one work at once or of many as a job. What is in force stays so until the new files have passed quality
//! control, and partners keep what they hold unless `replace` says otherwise.
//!
//! A dry run looks at the works as the act does (`bulk::look`), is refused as the act is, and estimates the rest from one snapshot. Files
//! that exist already are looked for in both the API and the command line.
//!
//! People who are bound to a contest may make jobs of that contest: a selection that names no contest is restricted to theirs, one that
//! names another is refused with `contest_foreign`, and works of another contest do not exist for them.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use pipeline::catalogue::Catalogue;
use pipeline::id::{ContestId, PartnerId, SubmissionId};
use pipeline::lang::Lang;
use pipeline::partner::{Replacement, SourceTag};
use pipeline::selection::{Selection, SelectionError};
use pipeline::stage::Stage;
use pipeline::submission::Redo;
use runtime::problem::{Code, Problem};
use runtime::store::bulk::{self, Ask, Looked, Refusal, Which};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::release::known;
use super::{Caller, Done, settle};
use crate::Desk;

/// A new run of one work.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reprocess {
    /// Where it begins; never later than the last run had come to.
    pub from: Beginning,
    /// Publish to these partners only; to all of the work's if absent.
    #[serde(default)]
    pub partners: Option<BTreeSet<String>>,
    /// Take back what these partners hold and send the new files, where the partner allows it. Otherwise they keep what they hold.
    #[serde(default)]
    pub replace: bool,
    /// Only say what would be done: renditions, hours, and what partners hold.
    #[serde(default)]
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused when what it saw has changed.
    #[serde(default)]
    pub digest: Option<String>,
    /// Why, for the audit trail.
    #[serde(default)]
    pub reason: Option<String>,
}

/// New runs of many works, as a job. Either `where` or `works` says which.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// Conditions with blanks between them, such as `theme=green partner=bilibili engine<0.3`.
    #[serde(rename = "where", default)]
    #[schema(max_length = 2000)]
    pub selection: Option<String>,
    /// These works. A single one is begun at once.
    #[serde(default)]
    pub works: Option<BTreeSet<Uuid>>,
    /// Where each run begins; never later than the work's last run had come to.
    pub from: Beginning,
    /// Publish to these partners only; to all of each work's if absent.
    #[serde(default)]
    pub partners: Option<BTreeSet<String>>,
    /// Take back what these partners hold and send the new files, where the partner allows it. Otherwise they keep what they hold.
    #[serde(default)]
    pub replace: bool,
    /// Only say what would be done: works, renditions, hours, and what partners hold.
    #[serde(default)]
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused when what it saw has changed.
    #[serde(default)]
    pub digest: Option<String>,
    /// Why, for the audit trail.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A stage at which a run can begin. Not `assemble`: encoded segments are deleted once they are assembled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Beginning {
    /// The film is measured again.
    Probe,
    /// The measurements are judged again.
    Screen,
    /// All files are encoded again.
    Transcode,
    /// The files in force are published again.
    Publish,
}

/// What is begun, or would be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Reprocessed {
    /// The job; absent in a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Uuid>,
    /// Where the runs begin.
    pub from: Beginning,
    /// Works that can begin now. A job starts them a few at a time, and judges each again when its turn comes.
    pub works: u64,
    /// Works that cannot begin there now, by the state that they are in.
    pub cannot_begin: BTreeMap<String, u64>,
    /// Works that are left to another job.
    pub in_another_job: u64,
    /// Works whose files are being made now. They are begun if they are ready when their turn comes.
    pub under_way: u64,
    /// What the runs would come to; only in a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Digest of the works, their states, and what is desired at each partner.
    pub digest: String,
}

/// What the works that can begin would come to.
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
    /// Works all of whose files exist already and are taken over. Absent for runs that begin before `transcode`, and for more than 2000
    /// works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused_works: Option<u64>,
    /// Median of measured over estimated time, by which estimates are multiplied. Absent where nothing was measured yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_factor: Option<f64>,
    /// What partners hold of these works.
    pub partners: Vec<Held>,
}

/// What one partner holds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PartnerHolding)]
pub struct Held {
    /// Its id in the catalogue.
    pub partner: String,
    /// Works that it has or may have.
    pub holds: u64,
    /// Those of them that would make room for the new files.
    pub replaced: u64,
    /// What replacing there takes: `in_place`, `by_new_folder`, `delete_and_resubmit`, `by_operator` or `never`.
    pub replacement: String,
    /// Where that is known from; absent where it follows from the method.
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

/// What both wishes say of the runs.
struct Terms {
    ask: Ask,
    from: Beginning,
    dry_run: bool,
    digest: Option<String>,
}

impl Beginning {
    /// The stage.
    pub fn stage(self) -> Stage {
        match self {
            Beginning::Probe => Stage::Probe,
            Beginning::Screen => Stage::Screen,
            Beginning::Transcode => Stage::Transcode,
            Beginning::Publish => Stage::Publish,
        }
    }
}

impl fmt::Display for Beginning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stage().name())
    }
}

impl FromStr for Beginning {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        let all = [Beginning::Probe, Beginning::Screen, Beginning::Transcode, Beginning::Publish];
        let found = all.into_iter().find(|it| it.stage().name() == name);
        found.ok_or_else(|| match name {
            "assemble" => "encoded segments are deleted once they are assembled; begin at transcode".to_owned(),
            _ => "a run begins at probe, screen, transcode or publish".to_owned(),
        })
    }
}

/// Begins a new run of one work, or says what it would come to. Refused with `state_wrong` where the work cannot begin there, and with
/// `in_another_job` where a job will begin it.
pub async fn one(
    desk: &Desk,
    caller: &Caller,
    id: SubmissionId,
    wish: Reprocess,
) -> Result<Done<Reprocessed>, Problem> {
    let Reprocess { from, partners, replace, dry_run, digest, reason } = wish;
    let caller = Caller { by: caller.because(reason.as_deref())?, ..caller.clone() };
    let ask = Ask { from: from.stage(), redo: redo(&desk.catalogue, partners, replace)? };
    run(desk, &caller, &Which::Named(vec![id]), &Terms { ask, from, dry_run, digest }).await
}

/// Makes a job, or says what it would come to. Refused with `nothing_selected`, `too_many_works`, `state_wrong` where no work can begin
/// there, and `in_another_job` where other jobs have all that could.
pub async fn many(desk: &Desk, caller: &Caller, wish: NewJob) -> Result<Done<Reprocessed>, Problem> {
    let NewJob { selection, works, from, partners, replace, dry_run, digest, reason } = wish;
    let which = match (selection, works) {
        (Some(text), None) => Which::Selected(Box::new(selected(&desk.catalogue, caller.contest.as_ref(), &text)?)),
        (None, Some(works)) => Which::Named(works.into_iter().map(SubmissionId).collect()),
        (None, None) | (Some(_), Some(_)) => return Err(Code::FieldWrong.about("where, works: one of them")),
    };
    let caller = Caller { by: caller.because(reason.as_deref())?, ..caller.clone() };
    let ask = Ask { from: from.stage(), redo: redo(&desk.catalogue, partners, replace)? };
    run(desk, &caller, &which, &Terms { ask, from, dry_run, digest }).await
}

async fn run(desk: &Desk, caller: &Caller, which: &Which, terms: &Terms) -> Result<Done<Reprocessed>, Problem> {
    let done = desk.store.transaction("reprocess", |tx, _| {
        Box::pin(async move {
            let Terms { ask, from, dry_run, digest } = terms;
            if let Some(done) = caller.begin(tx, *dry_run).await? {
                return Ok(done);
            }
            if *dry_run {
                bulk::one_snapshot(tx).await?;
            } else {
                bulk::take_turn(tx, which).await?;
            }
            let looked = bulk::look(tx, which, ask, caller.contest.as_ref()).await?;
            if digest.as_ref().is_some_and(|digest| *digest != looked.digest) {
                return Err(Problem::from(Code::Changed).into());
            }
            if let Some(refusal) = looked.refusal() {
                return Err(refused(refusal).into());
            }
            let mut result = Reprocessed {
                job: None,
                from: *from,
                works: looked.works(),
                cannot_begin: looked.cannot_begin.clone(),
                in_another_job: looked.in_another_job,
                under_way: looked.under_way,
                estimate: None,
                dry_run: *dry_run,
                digest: looked.digest.clone(),
            };
            if *dry_run {
                result.estimate = Some(estimate(desk, tx, &looked, ask).await?);
            } else {
                result.job = Some(bulk::begin(tx, desk.store.policy(), which, ask, &looked, &caller.by).await?.id);
            }
            caller.end(tx, *dry_run, result).await
        })
    });
    settle(done.await)
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Missing(id) => Code::SubmissionUnknown.about(id.to_string()),
        Refusal::Nothing => Code::NothingSelected.into(),
        Refusal::TooMany => Code::TooManyWorks.about(format!("at most {}", bulk::MAX_WORKS)),
        Refusal::CannotBegin(states) => Code::StateWrong.about(states.join(", ")),
        Refusal::InAnotherJob(job) => Code::InAnotherJob.about(job.to_string()),
    }
}

async fn estimate(
    desk: &Desk,
    tx: &mut runtime::store::Transaction,
    looked: &Looked,
    ask: &Ask,
) -> anyhow::Result<Estimate> {
    let bulk::Estimate { renditions, elapsed, holdings } =
        bulk::estimate(tx, looked, ask, Some(desk.addresses)).await?;
    let held = |(id, holding): (&PartnerId, &bulk::Holding)| {
        let partner = desk.catalogue.partner(id);
        let source = partner.and_then(|it| it.replace.as_ref());
        Held {
            partner: id.to_string(),
            holds: holding.holds,
            replaced: holding.replaced,
            replacement: partner.map_or(Replacement::Never, |it| it.replacement()).name().to_owned(),
            known_from: source.map(|it| KnownFrom { tag: it.tag, source: it.source.clone() }),
        }
    };
    Ok(Estimate {
        renditions,
        cpu_hours: elapsed.seconds / 3600.0,
        measured_works: elapsed.measured_works,
        estimated_works: elapsed.estimated_works,
        unknown_works: elapsed.unknown_works,
        reused_works: elapsed.found_works,
        median_factor: elapsed.median_factor,
        partners: holdings.iter().map(held).collect(),
    })
}

/// The selection, checked against the catalogue and restricted to the caller's contest.
fn selected(catalogue: &Catalogue, contest: Option<&ContestId>, text: &str) -> Result<Selection, Problem> {
    let wrong = |error: SelectionError| {
        Code::FieldWrong.about(format!("where: {} / {}", error.text(Lang::Zh), error.text(Lang::En)))
    };
    let mut selection: Selection = text.parse().map_err(wrong)?;
    selection.check(catalogue).map_err(wrong)?;
    if let Some(contest) = contest {
        if selection.contest.any.iter().any(|named| named != contest.as_str()) {
            return Err(Code::ContestForeign.into());
        }
        selection.contest.any = BTreeSet::from([contest.to_string()]);
    }
    Ok(selection)
}

/// What each run does with partners.
fn redo(catalogue: &Catalogue, partners: Option<BTreeSet<String>>, replace: bool) -> Result<Redo, Problem> {
    let partners = known(catalogue, partners)?;
    let named = |id: &PartnerId| partners.as_ref().is_none_or(|some| some.contains(id));
    let replaceable = catalogue.partners.values().filter(|it| replace && it.replacement() != Replacement::Never);
    let replace = replaceable.map(|it| it.id.clone()).filter(named).collect();
    Ok(Redo { partners, replace })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(contest: Option<&str>, text: &str) -> Result<String, &'static str> {
        let contest = contest.map(ContestId::new);
        let selection = selected(&Catalogue::builtin(), contest.as_ref(), text);
        selection.map(|it| it.to_string()).map_err(|problem| problem.code.name())
    }

    #[test]
    fn a_selection_of_people_who_are_bound_to_a_contest_is_restricted_to_it() {
        assert_eq!(check(None, "state=published").unwrap(), "state=published");
        assert_eq!(check(Some("demo"), "state=published").unwrap(), "contest=demo state=published");
        assert_eq!(check(Some("demo"), "contest=demo").unwrap(), "contest=demo");
        assert_eq!(check(Some("demo"), "contest=industry-power-2024").unwrap_err(), "contest_foreign");
        assert_eq!(check(Some("demo"), "contest=demo,industry-power-2024").unwrap_err(), "contest_foreign");
    }

    #[test]
    fn a_stage_at_which_no_run_begins_is_refused_with_those_that_do() {
        assert_eq!("screen".parse::<Beginning>(), Ok(Beginning::Screen));
        assert!("assemble".parse::<Beginning>().unwrap_err().contains("begin at transcode"));
        assert!("upload".parse::<Beginning>().unwrap_err().contains("probe, screen, transcode or publish"));
    }
}
