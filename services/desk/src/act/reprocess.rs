//! Reprocess: a new run of one work. Files in force stay in force until the new files have passed quality control, and
//! partners keep their files unless `replace` says otherwise. For many works at once, `bulk` makes a job.
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use pipeline::catalogue::Catalogue;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::partner::Replacement;
use pipeline::stage::Stage;
use pipeline::submission::Redo;
use runtime::problem::Problem;
use runtime::store::bulk::{Ask, Which};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bulk::{JobMade, Terms, run};
use super::release::known;
use super::{Caller, Done};
use crate::Desk;

/// A new run of one work.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reprocess {
    /// Where it starts; never later than the stage that the last run had reached.
    pub from: Beginning,
    /// Publish only to these partners; if absent, to all of the work's.
    #[serde(default)]
    pub partners: Option<BTreeSet<String>>,
    /// Replace the files that these partners have, if the partner allows it. Otherwise they keep their files.
    #[serde(default)]
    pub replace: bool,
    /// Only report what would be done: renditions, hours, and what partners have.
    #[serde(default)]
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    #[serde(default)]
    pub digest: Option<String>,
    /// Why, for the audit trail.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A stage at which a run can start. Not `assemble`: encoded segments are deleted once they are assembled.
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

/// Begins a new run of one work, or reports what it would do. Refused with `state_wrong` if the work cannot begin
/// there, and with `in_another_job` if a job will begin it.
pub async fn one(desk: &Desk, caller: &Caller, id: SubmissionId, wish: Reprocess) -> Result<Done<JobMade>, Problem> {
    let Reprocess { from, partners, replace, dry_run, digest, reason } = wish;
    let caller = Caller { by: caller.because(reason.as_deref())?, ..caller.clone() };
    let ask = Ask::Reprocess { from: from.stage(), redo: redo(&desk.catalogue, partners, replace)? };
    run(desk, &caller, &Which::Named(vec![id]), &Terms { ask, from: Some(from), dry_run, digest }).await
}

/// The effect of each run on partners.
pub(super) fn redo(catalogue: &Catalogue, partners: Option<BTreeSet<String>>, replace: bool) -> Result<Redo, Problem> {
    let partners = known(catalogue, partners)?;
    let named = |id: &PartnerId| partners.as_ref().is_none_or(|some| some.contains(id));
    let replaceable = catalogue.partners.values().filter(|it| replace && it.replacement() != Replacement::Never);
    let replace = replaceable.map(|it| it.id.clone()).filter(named).collect();
    Ok(Redo { partners, replace })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_at_which_no_run_begins_is_refused_with_those_that_do() {
        assert_eq!("screen".parse::<Beginning>(), Ok(Beginning::Screen));
        assert!("assemble".parse::<Beginning>().unwrap_err().contains("begin at transcode"));
        assert!("upload".parse::<Beginning>().unwrap_err().contains("probe, screen, transcode or publish"));
    }
}
