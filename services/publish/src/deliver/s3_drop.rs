//! Into the partner's own bucket: a folder a run, every file read back, and a `.done` marker last, which alone makes it count.
use anyhow::{Context, Result, bail, ensure};
use pipeline::delivery::{DeliveryEvent, Desired, IntentId, Observed, RecallBy, Receipt};
use pipeline::object_key::ObjectKey;
use runtime::objects::{ObjectError, Objects, S3Access};
use runtime::outcome::Outcome;
use uuid::Uuid;

use super::{listing, put_package};
use crate::package::PackageFile;
use crate::publish::Task;

/// The next steps of a drop, up to its end. Each is written down before and after, so that a crash anywhere is read back.
pub(crate) async fn advance(task: &mut Task<'_>) -> Result<Outcome> {
    let bucket = Objects::new(&access(task.partner.id.as_str(), |name| std::env::var(name).ok())?);
    // A call that has no answer is one of ours that was cut off: we hold the part now, so nobody is still putting.
    if let Observed::Sending { intent } = task.machine().observed {
        task.note(DeliveryEvent::AnswerLost { intent }, None).await?;
    }
    if let Observed::Unknown { intent } = task.machine().observed {
        let found = read_back(task, &bucket).await?;
        if found.is_none() {
            // What was cut off half-way never counted; it must not lie there either when nothing follows.
            empty(task, &bucket).await?;
        }
        task.note(DeliveryEvent::ReadBack { intent, found }, None).await?;
    }
    match (task.machine().observed.clone(), task.desired()) {
        (Observed::Planned, Desired::Live) => {
            send(task, &bucket).await?;
            Ok(task.done())
        }
        (Observed::InReview { receipt }, Desired::Live) => {
            // Read back whole: by this partner's rules a complete folder is published.
            task.note(DeliveryEvent::WentLive { receipt, public_url: None }, None).await?;
            Ok(task.done())
        }
        (Observed::Live { .. }, Desired::Live) | (Observed::Recalled { .. }, _) => Ok(task.done()),
        (Observed::InReview { .. } | Observed::Live { .. } | Observed::Recalling { .. }, _) => {
            recall(task, &bucket).await?;
            Ok(task.done())
        }
        (Observed::Refused { words, .. }, _) => Ok(Outcome::Parked(format!("{} refused it: {words}", task.partner.id))),
        (
            observed @ (Observed::Planned
            | Observed::Sending { .. }
            | Observed::Unknown { .. }
            | Observed::AwaitingOperator { .. }),
            _,
        ) => bail!("a drop is never {} with {} desired", observed.name(), task.desired().name()),
    }
}

async fn send(task: &mut Task<'_>, bucket: &Objects) -> Result<()> {
    let files = task.package().await?;
    let intent = IntentId(Uuid::now_v7());
    task.note(DeliveryEvent::Sending { intent }, None).await?;
    let (submission, run) = (task.job.submission.id, task.job.run);
    let key = |file: &PackageFile| ObjectKey::Drop(submission, run, file.name.clone());
    put_package(task, &files, bucket, key).await?;
    let folder = ObjectKey::drop_prefix(submission, run);
    let receipt = listing(&folder, &files);
    // From here on it counts, so this is the last moment at which a lost claim still stops it.
    task.still_ours().await?;
    let marker = ObjectKey::DropDone(submission, run);
    bucket.put_bytes(&marker, receipt.to_string()).await.with_context(|| format!("put {marker}"))?;
    ensure!(read_back(task, bucket).await?.is_some(), "{marker} cannot be read back");
    let event = DeliveryEvent::WentLive { receipt: Receipt(folder), public_url: None };
    task.note(event, Some(&receipt)).await
}

/// The folder's name, if the drop is complete: its marker is there.
async fn read_back(task: &Task<'_>, bucket: &Objects) -> Result<Option<Receipt>> {
    let (submission, run) = (task.job.submission.id, task.machine().run);
    match bucket.head(&ObjectKey::DropDone(submission, run)).await {
        Ok(_) => Ok(Some(Receipt(ObjectKey::drop_prefix(submission, run)))),
        Err(ObjectError::NotFound) => Ok(None),
        Err(error) => Err(error).context("read the drop back"),
    }
}

/// Takes the folder back, marker first so that nobody picks up half of it, and looks whether it is gone.
async fn recall(task: &mut Task<'_>, bucket: &Objects) -> Result<()> {
    task.note(DeliveryEvent::RecallStarted { by: RecallBy::System }, None).await?;
    bucket
        .delete(&ObjectKey::DropDone(task.job.submission.id, task.machine().run))
        .await
        .context("delete the marker")?;
    empty(task, bucket).await?;
    task.note(DeliveryEvent::RecallConfirmed, None).await
}

async fn empty(task: &Task<'_>, bucket: &Objects) -> Result<()> {
    let folder = ObjectKey::drop_prefix(task.job.submission.id, task.machine().run);
    bucket.delete_prefix(&folder, &[]).await.with_context(|| format!("delete {folder}"))?;
    let left = bucket.list(&folder).await.with_context(|| format!("list {folder}"))?;
    ensure!(left.is_empty(), "{} objects are still under {folder}", left.len());
    Ok(())
}

/// Where the partner's bucket is: its secret, from the environment as `PARTNER_NAME_S3_…`.
fn access(partner: &str, read: impl Fn(&str) -> Option<String>) -> Result<S3Access> {
    let name = |what: &str| format!("PARTNER_{}_S3_{what}", partner.to_ascii_uppercase());
    let wanted = |what: &str| read(&name(what)).with_context(|| format!("{} is not set", name(what)));
    Ok(S3Access {
        endpoint: Some(wanted("ENDPOINT")?),
        region: read(&name("REGION")).unwrap_or_else(|| "us-east-1".into()),
        bucket: wanted("BUCKET")?,
        access_key: wanted("ACCESS_KEY_ID")?,
        secret_key: wanted("SECRET_ACCESS_KEY")?,
        path_style: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_secret_is_named() {
        let error = access("tiangong", |_| None).err().unwrap();
        assert_eq!(error.to_string(), "PARTNER_TIANGONG_S3_ENDPOINT is not set");
    }
}
