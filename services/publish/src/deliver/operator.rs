//! Delivery by hand: the bag is prepared in our own bucket, a person uploads it on the partner's pages and reports it.
//! The desk shows what to enter there (`view::bag`).
use anyhow::{Context, Result, bail};
use pipeline::delivery::{IntentId, Receipt};
use pipeline::object_key::ObjectKey;

use super::drop_folder::put_package;
use super::{Prepared, ReadBack, Seen, Submitted, TakenBack, Way};
use crate::package::PackageFile;
use crate::task::Task;

/// The adapter.
pub(crate) struct Operator;

impl Way for Operator {
    const BY_HAND: bool = true;

    async fn prepare(&self, task: &mut Task<'_>, files: &[PackageFile]) -> Result<Prepared> {
        let (submission, run) = (task.job.submission.id, task.machine().run);
        let partner = task.partner.id.clone();
        let key = |file: &PackageFile| ObjectKey::Bag(submission, run, partner.clone(), file.name.clone());
        put_package(task, files, &task.tools.objects, key).await?;
        Ok(Prepared::AskPerson)
    }

    async fn submit(&self, _: &mut Task<'_>, _: &[PackageFile], _: IntentId) -> Result<Submitted> {
        bail!("a delivery by hand is not submitted by a machine")
    }

    async fn read_back(&self, _: &mut Task<'_>, _: IntentId) -> Result<ReadBack> {
        bail!("a delivery by hand has no call to read back")
    }

    async fn look(&self, _: &mut Task<'_>, _: &Receipt) -> Result<Seen> {
        Ok(Seen::Unsure("only a person can look".into()))
    }

    /// The bag may not be used from now on; whether it was used already, only a person knows.
    async fn take_back(&self, task: &mut Task<'_>, _: Option<&Receipt>) -> Result<TakenBack> {
        let prefix = ObjectKey::bag_prefix(task.job.submission.id, task.machine().run, &task.partner.id);
        task.tools.objects.delete_prefix(&prefix, &[]).await.with_context(|| format!("delete the bag {prefix}"))?;
        Ok(TakenBack::Person("the partner has no API".into()))
    }
}
