//! One delivery in progress: everything that an adapter needs, and the only way to record what it did. Its files are in
//! `package`, its state for another worker in `session`.
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use pipeline::delivery::{Delivery, DeliveryEvent, Desired};
use pipeline::partner::Partner;
use pipeline::preflight::Written;
use runtime::outcome::{Outcome, Output};
use runtime::store::partners::accounts::Budget;
use runtime::store::partners::deliveries::DeliveryRow;
use runtime::store::partners::exchanges::{ExchangeOutcome, NewExchange};
use runtime::store::work::parts::Commit;
use runtime::worker::Job;
use serde_json::Value;

use crate::exchange::{PartnerHttp, account_of};
use crate::partner_setting::{is_secret, partner_setting, variable};
use crate::partner_text;
use crate::redact::Secrets;
use crate::tools::Tools;
use crate::turn::Turn;

mod package;
mod session;

/// Calls a minute to a partner without a published rate.
const CALLS_PER_MINUTE: u32 = 120;
/// Calls that may be made at once.
const BURST: u32 = 20;

/// One delivery in progress.
pub(crate) struct Task<'a> {
    pub(crate) tools: &'a Tools,
    pub(crate) job: &'a Job,
    pub(crate) partner: &'a Partner,
    pub(crate) delivery: DeliveryRow,
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
        let (event, receipt) =
            (partner_text::cleaned(event, &self.secrets), receipt.map(|it| self.secrets.cut_json(it.clone())));
        let noted = self.tools.store.delivery_apply(&self.job.claim, &event, receipt.as_ref()).await?;
        self.delivery.machine = noted.context("another worker has this delivery by now")?;
        if receipt.is_some() {
            self.delivery.receipt = receipt;
        }
        Ok(())
    }

    /// Fails unless the claim still holds in the database: the last check before an irreversible step.
    pub(crate) async fn still_ours(&self) -> Result<()> {
        match self.tools.store.renew(&self.job.claim, 1.0).await? {
            Commit::Committed => Ok(()),
            Commit::Fenced => bail!("another worker has this delivery by now"),
        }
    }

    /// Calls to the partner, as evidence of this work.
    pub(crate) fn http(&self) -> PartnerHttp<'_> {
        let per_minute = self.partner.limits.calls_per_minute.as_ref().map_or(CALLS_PER_MINUTE, |limit| limit.value);
        PartnerHttp {
            store: &self.tools.store,
            client: &self.tools.client,
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
        let id = self.tools.store.open_exchange(&new).await?;
        self.tools.store.close_exchange(id, ExchangeOutcome::Answered, &answer).await
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

    /// The work's texts for this partner: an organiser's, else the entry's own.
    pub(crate) fn texts(&self) -> Written {
        let work = &self.job.submission;
        Written::of(self.delivery.texts.as_ref(), &work.title, &work.synopsis, &self.theme())
    }

    /// The theme's name for people.
    pub(crate) fn theme(&self) -> String {
        let work = &self.job.submission;
        let themes = self.tools.catalogue.contest(&work.contest).map(|contest| contest.themes.as_slice());
        let theme = themes.unwrap_or_default().iter().find(|theme| theme.id == work.theme);
        theme.map_or_else(|| work.theme.clone(), |theme| theme.zh.clone())
    }

    /// The wait until the next poll: a quarter of the delivery's age, from the configured base to one hour.
    pub(crate) fn look_again(&self) -> Outcome {
        Outcome::Later(wait(self.tools.clock.now(), self.delivery.updated_at, self.tools.poll_base))
    }

    /// Whether a recall should have been proven by now.
    pub(crate) fn is_overdue(&self) -> bool {
        self.delivery.recall_due.is_some_and(|due| due < self.tools.clock.now())
    }

    /// Time until the work may be sent: at the release's time and in the partner's publish window; `None` if now.
    pub(crate) fn until_it_may_be_sent(&self) -> Option<Duration> {
        let now = self.tools.clock.now();
        let released = self.machine().not_before.and_then(|at| (at - now).to_std().ok()).filter(|wait| !wait.is_zero());
        released.or_else(|| self.partner.window.as_ref().and_then(|window| window.opens_in(now)))
    }

    /// The outcome of the part once the delivery is settled.
    pub(crate) fn done(&self) -> Outcome {
        Outcome::Done(Output::Published { receipt: self.delivery.receipt.clone().unwrap_or(Value::Null) })
    }
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
}
