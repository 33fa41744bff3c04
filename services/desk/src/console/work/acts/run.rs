//! How each act reads its request from the form, and which lines its result gives.
use std::collections::BTreeSet;

use pages::Say;
use runtime::problem::{Code, Detail, Problem};
use runtime::store::submissions::SubmissionRow;

use super::consequences::{Consequences, InWords};
use super::fields::Fields;
use crate::Desk;
use crate::act::Caller;
use crate::act::cure::{self, Cure};
use crate::act::hold::{self, Hold};
use crate::act::offered::WorkAct;
use crate::act::recall::{self, Recall};
use crate::act::release::{self, Release};
use crate::act::reprocess::{self, Beginning, Reprocess};
use crate::act::retry::{self, Retry};
use crate::act::withdraw::{self, Withdraw};
use crate::console::local;

impl WorkAct {
    /// Does it, or with `dry_run` only says what would follow.
    pub(super) async fn run(
        self,
        desk: &Desk,
        caller: &Caller,
        work: &SubmissionRow,
        fields: &Fields,
        dry_run: bool,
        say: Say,
    ) -> Result<Consequences, Problem> {
        let Fields { digest, reason, .. } = fields.clone();
        let partners = (!fields.partners.is_empty()).then(|| fields.partners.iter().cloned().collect::<BTreeSet<_>>());
        let in_words = InWords { desk, say };
        match self {
            WorkAct::Release => {
                let at = fields.at.as_deref().map(|at| local::instant("at", at)).transpose()?;
                let wish = Release { partners, at, dry_run, digest, reason };
                Ok(in_words.released(&release::release(desk, caller, work.id, wish).await?.value))
            }
            WorkAct::Recall => {
                let wish = Recall { reason: reason.unwrap_or_default(), partners, dry_run, digest };
                Ok(in_words.recalled(&recall::recall(desk, caller, work.id, wish).await?.value))
            }
            WorkAct::Reprocess => {
                let from = fields.from.as_deref().unwrap_or_default().parse::<Beginning>();
                let from = from.map_err(|said| {
                    Code::FieldWrong.about(Detail::new("须为 probe、screen、transcode 或 publish", said).of("from"))
                })?;
                let replace = fields.replace.is_some();
                let wish = Reprocess { from, partners, replace, dry_run, digest, reason };
                Ok(in_words.reprocessed(&reprocess::one(desk, caller, work.id, wish).await?.value))
            }
            WorkAct::Hold => {
                let wish = Hold { held: fields.held.as_deref() == Some("yes"), reason, dry_run, digest };
                Ok(in_words.held(&hold::hold(desk, caller, work.id, wish).await?.value))
            }
            WorkAct::Cure => {
                let until = fields.until.as_deref().map(|at| local::instant("until", at)).transpose()?;
                let wish = Cure { until, reason, dry_run, digest };
                Ok(in_words.cured(&cure::cure(desk, caller, work.id, wish).await?.value))
            }
            WorkAct::Retry => {
                let only = fields.part.as_deref().and_then(|part| part.split_once('/'));
                let (stage, part) = only.map(|(stage, part)| (stage.to_owned(), part.to_owned())).unzip();
                let wish = Retry { part, stage, dry_run, digest, reason };
                Ok(in_words.retried(&retry::retry(desk, caller, work.id, wish).await?.value))
            }
            WorkAct::Withdraw => {
                let wish = Withdraw { dry_run, digest, reason };
                Ok(in_words.withdrawn(&withdraw::withdraw(desk, caller, work.id, wish).await?.value))
            }
        }
    }
}
