//! One delivery in progress: everything that an adapter needs, and the only way to record what it did.
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use pipeline::delivery::{Delivery, DeliveryEvent, Desired};
use pipeline::id::PartnerId;
use pipeline::object_key::ObjectKey;
use pipeline::partner::{DeliveryMethod, Partner};
use pipeline::preflight::{self, Written};
use pipeline::rendition::{Plan, QcOutcome};
use runtime::outcome::{Outcome, Output, StoredCover, StoredFile};
use runtime::service::Runtime;
use runtime::store::accounts::Budget;
use runtime::store::deliveries::DeliveryRow;
use runtime::store::exchanges::{ExchangeOutcome, NewExchange};
use runtime::store::parts::Commit;
use runtime::store::renditions::RenditionRow;
use runtime::worker::Job;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::exchange::{PartnerHttp, account_of};
use crate::guarded::Guarded;
use crate::package::{self, PackageFile, Source};
use crate::redact::Secrets;
use crate::told;
use crate::turn::Turn;

/// Calls a minute to a partner without a published rate.
const CALLS_PER_MINUTE: u32 = 120;
/// Calls that may be made at once.
const BURST: u32 = 20;

/// One delivery in progress.
pub(crate) struct Task<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) job: &'a Job,
    pub(crate) partner: &'a Partner,
    pub(crate) delivery: DeliveryRow,
    pub(crate) client: &'a reqwest::Client,
    pub(crate) guarded: &'a Guarded,
    pub(crate) secrets: Secrets,
    pub(crate) turn: Turn,
}

impl Task<'_> {
    /// Whether the work should be visible at the partner, or gone.
    pub(crate) fn desired(&self) -> Desired {
        self.delivery.machine.desired
    }

    /// The delivery as last stored.
    pub(crate) fn machine(&self) -> &Delivery {
        &self.delivery.machine
    }

    /// Records an event. Fails if the part is no longer ours: then nothing may be sent any more either.
    pub(crate) async fn note(&mut self, event: DeliveryEvent, receipt: Option<&Value>) -> Result<()> {
        let (event, receipt) = (told::tamed(event, &self.secrets), receipt.map(|it| self.secrets.cut_json(it.clone())));
        let noted = self.runtime.store.delivery_apply(&self.job.claim, &event, receipt.as_ref()).await?;
        self.delivery.machine = noted.context("another worker has this delivery by now")?;
        if receipt.is_some() {
            self.delivery.receipt = receipt;
        }
        Ok(())
    }

    /// Fails unless the claim still holds in the database: the last check before an irreversible step.
    pub(crate) async fn still_ours(&self) -> Result<()> {
        match self.runtime.store.renew(&self.job.claim, 1.0).await? {
            Commit::Committed => Ok(()),
            Commit::Fenced => bail!("another worker has this delivery by now"),
        }
    }

    /// Calls to the partner, as evidence of this work.
    pub(crate) fn http(&self) -> PartnerHttp<'_> {
        let per_minute = self.partner.limits.calls_per_minute.as_ref().map_or(CALLS_PER_MINUTE, |limit| limit.value);
        PartnerHttp {
            store: &self.runtime.store,
            client: self.client,
            account: account_of(&self.partner.id),
            budget: Budget { per_minute, burst: BURST.min(per_minute) },
            submission: Some(self.job.submission.id),
            secrets: &self.secrets,
            turn: &self.turn,
        }
    }

    /// Evidence of an exchange that is not an HTTP call of ours.
    pub(crate) async fn record(&self, step: &str, request: Value, answer: Value) -> Result<()> {
        let (request, answer) = (self.secrets.cut_json(request), self.secrets.cut_json(answer));
        let new = NewExchange {
            submission: Some(self.job.submission.id),
            partner: &self.partner.id,
            intent: None,
            step,
            request: &request,
            passing: false,
        };
        let id = self.runtime.store.open_exchange(&new).await?;
        self.runtime.store.close_exchange(id, ExchangeOutcome::Answered, &answer).await
    }

    /// A secret of this partner, from `PARTNER_<ID>_<NAME>` or the file that `PARTNER_<ID>_<NAME>_FILE` names.
    pub(crate) fn secret(&self, name: &str) -> Result<String> {
        self.optional_secret(name)?.with_context(|| format!("{} is not set", variable(&self.partner.id, name)))
    }

    /// An optional setting of this partner; see [`Task::secret`].
    pub(crate) fn optional_secret(&self, name: &str) -> Result<Option<String>> {
        let value = partner_setting(&self.partner.id, name, |name| std::env::var(name).ok())?;
        if let Some(value) = &value
            && is_secret(name)
        {
            self.secrets.add(value);
        }
        Ok(value)
    }

    /// Loads every secret of this partner, including those that this job does not use: a partner knows them all and may
    /// echo them.
    pub(crate) fn learn_secrets(&self) {
        let prefix = variable(&self.partner.id, "");
        for (variable, _) in std::env::vars_os() {
            let Some(name) = variable.to_str().and_then(|variable| variable.strip_prefix(&prefix)) else { continue };
            // Its user reports one that cannot be read.
            let _ = self.optional_secret(name.strip_suffix("_FILE").unwrap_or(name));
        }
    }

    /// The stored state for continuing after a crash.
    pub(crate) async fn session<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        let (id, partner) = (self.job.submission.id, &self.partner.id);
        let Some(sealed) = self.runtime.store.delivery_session(id, partner).await? else { return Ok(None) };
        // A state of an earlier run or of an older version is useless; its loss only costs the time to start again.
        let opened = self.runtime.config.keyring()?.open_for(&self.session_place(), &sealed).ok();
        Ok(opened.and_then(|opened| serde_json::from_slice(&opened).ok()))
    }

    /// Stores what is needed to continue after a crash.
    pub(crate) async fn save_session<T: Serialize + Sync>(&self, session: &T) -> Result<()> {
        let plain = serde_json::to_vec(session).context("write a session")?;
        let sealed = self.runtime.config.keyring()?.seal_for(&self.session_place(), &plain)?;
        self.kept(self.runtime.store.keep_session(&self.job.claim, Some(&sealed)).await?)
    }

    /// Forgets it.
    pub(crate) async fn forget_session(&self) -> Result<()> {
        self.kept(self.runtime.store.keep_session(&self.job.claim, None).await?)
    }

    fn kept(&self, commit: Commit) -> Result<()> {
        match commit {
            Commit::Committed => Ok(()),
            Commit::Fenced => bail!("another worker has this delivery by now"),
        }
    }

    /// A session opens only for the run and partner that it was stored for.
    fn session_place(&self) -> Vec<u8> {
        format!("session:{}/{}/{}", self.job.submission.id, self.machine().run, self.partner.id).into_bytes()
    }

    /// The work's texts for this partner: an organiser's, else the entry's own.
    pub(crate) fn texts(&self) -> Written {
        let work = &self.job.submission;
        Written::of(self.delivery.texts.as_ref(), &work.title, &work.synopsis, &self.theme())
    }

    /// The theme's name for people.
    pub(crate) fn theme(&self) -> String {
        let work = &self.job.submission;
        let themes = self.runtime.catalogue.contest(&work.contest).map(|contest| contest.themes.as_slice());
        let theme = themes.unwrap_or_default().iter().find(|theme| theme.id == work.theme);
        theme.map_or_else(|| work.theme.clone(), |theme| theme.zh.clone())
    }

    /// The package of the renditions in force, or why it may not be sent: all reasons at once, in Chinese and English.
    pub(crate) async fn package(&self) -> Result<Result<Vec<PackageFile>, String>> {
        let work = &self.job.submission;
        let plan = work.plan.as_ref().context("the submission has no plan")?;
        let rows = self.runtime.store.renditions(work.id).await?;
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
                self.runtime.fetch(&stored, &path).await?;
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

    /// The wait until the next poll: a quarter of the delivery's age, from the configured base to one hour.
    pub(crate) fn look_again(&self) -> Outcome {
        Outcome::Later(wait(self.runtime.clock.now(), self.delivery.updated_at, self.runtime.config.poll_base()))
    }

    /// Whether a recall should have been proven by now.
    pub(crate) fn is_overdue(&self) -> bool {
        self.delivery.recall_due.is_some_and(|due| due < self.runtime.clock.now())
    }

    /// Time until the work may be sent: at the release's time and in the partner's publish window; `None` if now.
    pub(crate) fn until_it_may_be_sent(&self) -> Option<Duration> {
        let now = self.runtime.clock.now();
        let released = self.machine().not_before.and_then(|at| (at - now).to_std().ok()).filter(|wait| !wait.is_zero());
        released.or_else(|| self.partner.window.as_ref().and_then(|window| window.opens_in(now)))
    }

    /// The outcome of the part once the delivery is settled.
    pub(crate) fn done(&self) -> Outcome {
        Outcome::Done(Output::Published { receipt: self.delivery.receipt.clone().unwrap_or(Value::Null) })
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

/// Name of a partner's setting in the environment.
pub(crate) fn variable(partner: &PartnerId, name: &str) -> String {
    format!("PARTNER_{}_{name}", partner.as_str().to_ascii_uppercase().replace('-', "_"))
}

/// Addresses and names appear in evidence; credentials do not.
fn is_secret(name: &str) -> bool {
    ["SECRET", "TOKEN", "KEY", "PASSWORD"].iter().any(|word| name.contains(word)) && !name.ends_with("HOST_KEY")
}

/// A partner's setting from the environment, or from the file that the environment names.
pub(crate) fn partner_setting(
    partner: &PartnerId,
    name: &str,
    read: impl Fn(&str) -> Option<String>,
) -> Result<Option<String>> {
    let variable = variable(partner, name);
    if let Some(value) = read(&variable).filter(|value| !value.is_empty()) {
        return Ok(Some(value));
    }
    let Some(path) = read(&format!("{variable}_FILE")) else { return Ok(None) };
    let text = std::fs::read_to_string(&path).with_context(|| format!("read the file that {variable}_FILE names"))?;
    Ok(Some(text.trim_end().to_owned()))
}

fn wait(now: DateTime<Utc>, since: DateTime<Utc>, base: Duration) -> Duration {
    let age = (now - since).to_std().unwrap_or_default();
    (age / 4).clamp(base, Duration::from_secs(3600).max(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_grow_rarer_but_never_stop() {
        let at = |s: i64| DateTime::from_timestamp(s, 0).unwrap();
        let base = Duration::from_secs(60);
        assert_eq!(wait(at(0), at(0), base), base);
        assert_eq!(wait(at(2000), at(0), base), Duration::from_secs(500));
        assert_eq!(wait(at(1_000_000), at(0), base), Duration::from_secs(3600));
        // A clock that was set back must not cause a panic.
        assert_eq!(wait(at(0), at(50), base), base);
    }

    #[test]
    fn a_setting_comes_from_the_environment_or_from_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "from a file\n").unwrap();
        let path = file.path().display().to_string();
        let read = |name: &str| match name {
            "PARTNER_CCTV_SFTP_KEY_FILE" => Some(path.clone()),
            "PARTNER_CCTV_SFTP_HOST" => Some("example.org".into()),
            _ => None,
        };
        let setting = |name: &str| partner_setting(&"cctv".into(), name, read).unwrap();
        assert_eq!(setting("SFTP_HOST").as_deref(), Some("example.org"));
        assert_eq!(setting("SFTP_KEY").as_deref(), Some("from a file"));
        assert_eq!(setting("SFTP_PORT"), None);
    }
}
