//! The files that a delivery's partner gets: which may be sent, fetched one by one, and listed in the receipt.
use std::path::PathBuf;

use anyhow::{Context, Result};
use pipeline::delivery::Desired;
use pipeline::id::PartnerId;
use pipeline::object_key::ObjectKey;
use pipeline::partner::DeliveryMethod;
use pipeline::preflight;
use pipeline::rendition::{Plan, QcOutcome};
use runtime::outcome::{StoredCover, StoredFile};
use runtime::store::files::renditions::RenditionRow;
use serde_json::{Value, json};

use super::Task;
use crate::package::{self, PackageFile, Source};

impl Task<'_> {
    /// The package of the renditions in force, or why it may not be sent: all reasons at once, in Chinese and English.
    pub(crate) async fn package(&self) -> Result<Result<Vec<PackageFile>, String>> {
        let work = &self.job.submission;
        let plan = work.plan.as_ref().context("the submission has no plan")?;
        let rows = self.tools.store.renditions(work.id).await?;
        let chosen = chosen(plan, &rows, &self.partner.id);
        let failures = preflight::check(self.partner, &self.facts(plan, &chosen));
        if !failures.is_empty() {
            return Ok(Err(preflight::listed(&failures)));
        }
        package::build(work, &self.partner.id, &chosen).map(Ok)
    }

    fn facts(&self, plan: &Plan, chosen: &[&RenditionRow]) -> preflight::Facts {
        let work = &self.job.submission;
        let declared = |what: &str| work.declarations.get(what).and_then(Value::as_bool) == Some(true);
        let planned = plan.renditions.iter().filter(|planned| planned.partners.contains(&self.partner.id));
        preflight::Facts {
            wanted: planned.map(|planned| planned.name.clone()).collect(),
            renditions: chosen.iter().map(|row| rendition_facts(row)).collect(),
            covers: package::covers(&self.partner.id, chosen).map(cover_facts).collect(),
            written: self.texts(),
            originality: declared("originality"),
            rights: declared("rights"),
            ai_declared: work.declarations.get("ai_use").is_some_and(|ai| !ai.is_null()),
            released: work.machine.publishes_to().contains(&self.partner.id),
            wanted_live: self.desired() == Desired::Live,
        }
    }

    /// Fetches one file of the package to scratch, verified. One at a time: scratch need not hold a whole package.
    pub(crate) async fn fetch(&self, file: &PackageFile) -> Result<PathBuf> {
        let path = self.job.scratch.input().join("file");
        match &file.source {
            Source::Made(content) => {
                tokio::fs::write(&path, content).await.with_context(|| format!("write {}", path.display()))?;
            }
            Source::Stored(key) => {
                let stored = StoredFile { key: key.clone(), bytes: file.bytes, sha256: file.sha256.clone() };
                self.tools.fetcher.fetch(&stored, &path).await?;
            }
        }
        Ok(path)
    }

    /// The list of delivered files, for the delivery's receipt.
    pub(crate) fn listing(&self, files: &[PackageFile]) -> Value {
        let files: Vec<Value> = files
            .iter()
            .map(|file| json!({ "name": file.name.to_string(), "bytes": file.bytes, "sha256": file.sha256 }))
            .collect();
        let mut listing = json!({ "run": self.machine().run, "files": files });
        if let Some(prefix) = self.prefix() {
            listing["prefix"] = prefix.into();
        }
        listing
    }

    /// The location of the package, if that is a bucket: the partner's, or ours with an operator's bag.
    fn prefix(&self) -> Option<String> {
        let (submission, run) = (self.job.submission.id, self.machine().run);
        match self.partner.method {
            DeliveryMethod::S3Drop => Some(ObjectKey::drop_prefix(submission, run)),
            DeliveryMethod::Operator => Some(ObjectKey::bag_prefix(submission, run, &self.partner.id)),
            DeliveryMethod::Bilibili | DeliveryMethod::Douyin | DeliveryMethod::SftpDrop | DeliveryMethod::Mrss => None,
        }
    }
}

/// The renditions in force that the plan makes for this partner, best first.
fn chosen<'a>(plan: &Plan, rows: &'a [RenditionRow], partner: &PartnerId) -> Vec<&'a RenditionRow> {
    let planned = plan.renditions.iter().filter(|planned| planned.partners.contains(partner));
    planned.filter_map(|planned| rows.iter().find(|row| row.name == planned.name)).collect()
}

fn rendition_facts(row: &RenditionRow) -> preflight::RenditionFacts {
    let made = &row.rendition;
    preflight::RenditionFacts {
        name: row.name.clone(),
        bytes: made.video.bytes,
        duration_ms: made.duration_ms,
        width: made.width,
        height: made.height,
        passed_qc: !made.qc.is_empty() && made.qc.iter().all(|check| check.outcome == QcOutcome::Pass),
    }
}

fn cover_facts(cover: &StoredCover) -> preflight::CoverFacts {
    let StoredCover { aspect, width, height, .. } = *cover;
    preflight::CoverFacts { aspect, width, height, bytes: cover.file.bytes }
}
