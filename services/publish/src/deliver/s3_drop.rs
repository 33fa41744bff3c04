//! Delivery into the partner's own bucket: a folder per run, every file read back, and a `.done` marker last, which
//! alone makes it count. If the partner has configured an address, it gets a signed notice; then the work is live, or
//! gone, when the partner has confirmed.
use anyhow::{Context, Result, ensure};
use pipeline::delivery::{IntentId, Observed, Receipt};
use pipeline::object_key::ObjectKey;
use runtime::objects::{ObjectError, Objects, S3Access};

use super::drop_folder::{give_up, put_package};
use super::{Prepared, ReadBack, Seen, Submitted, TakenBack, Way};
use crate::package::PackageFile;
use crate::task::Task;

use notice::{Notice, Subject};

mod notice;

/// The adapter for one partner's bucket.
pub(crate) struct S3Drop {
    bucket: Objects,
    notice: Option<Notice>,
}

impl S3Drop {
    /// Reads the partner's secret: the address of its bucket.
    pub(crate) fn new(task: &Task<'_>) -> Result<Self> {
        let access = S3Access {
            endpoint: Some(task.secret("S3_ENDPOINT")?),
            region: task.optional_secret("S3_REGION")?.unwrap_or_else(|| "us-east-1".into()),
            bucket: task.secret("S3_BUCKET")?,
            access_key: task.secret("S3_ACCESS_KEY_ID")?,
            secret_key: task.secret("S3_SECRET_ACCESS_KEY")?,
            path_style: true,
        };
        Ok(Self { bucket: Objects::new(&access), notice: Notice::of(task)? })
    }

    async fn complete(&self, task: &Task<'_>) -> Result<bool> {
        match self.bucket.head(&ObjectKey::DropDone(task.job.submission.id, task.machine().run)).await {
            Ok(_) => Ok(true),
            Err(ObjectError::NotFound) => Ok(false),
            Err(error) => Err(error).context("read the drop back"),
        }
    }

    async fn empty(&self, task: &Task<'_>) -> Result<()> {
        let folder = folder(task);
        give_up(task, &self.bucket).await?;
        self.bucket.delete_prefix(&folder, &[]).await.with_context(|| format!("delete {folder}"))?;
        let left = self.bucket.list(&folder).await.with_context(|| format!("list {folder}"))?;
        ensure!(left.is_empty(), "{} objects are still under {folder}", left.len());
        Ok(())
    }
}

/// The notice that the partner has to confirm before a delivery leaves this state.
fn awaited(observed: &Observed) -> Option<Subject> {
    match observed {
        Observed::InReview { .. } => Some(Subject::Delivered),
        Observed::Recalling { .. } => Some(Subject::Recalled),
        Observed::Planned
        | Observed::Sending { .. }
        | Observed::Unknown { .. }
        | Observed::AwaitingOperator { .. }
        | Observed::Live { .. }
        | Observed::Recalled { .. }
        | Observed::Refused { .. } => None,
    }
}

/// What a folder shows without a notice.
fn seen(complete: bool, objects: usize) -> Seen {
    match (complete, objects) {
        (true, _) => Seen::Live(None),
        (false, 0) => Seen::Gone,
        (false, _) => Seen::Unsure(format!("{objects} objects without a marker")),
    }
}

fn folder(task: &Task<'_>) -> String {
    ObjectKey::drop_prefix(task.job.submission.id, task.machine().run)
}

impl Way for S3Drop {
    const LEAVES_FILES: bool = true;

    async fn prepare(&self, task: &mut Task<'_>, files: &[PackageFile]) -> Result<Prepared> {
        let (submission, run) = (task.job.submission.id, task.machine().run);
        let key = |file: &PackageFile| ObjectKey::Drop(submission, run, file.name.clone());
        put_package(task, files, &self.bucket, key).await?;
        Ok(Prepared::Ready)
    }

    async fn submit(&self, task: &mut Task<'_>, files: &[PackageFile], _: IntentId) -> Result<Submitted> {
        let marker = ObjectKey::DropDone(task.job.submission.id, task.machine().run);
        let listing = task.listing(files).to_string();
        self.bucket.put_bytes(&marker, listing).await.with_context(|| format!("put {marker}"))?;
        ensure!(self.complete(task).await?, "{marker} cannot be read back");
        let receipt = Receipt(folder(task));
        // Without a notice a complete folder is published, by this partner's rules.
        Ok(if self.notice.is_some() { Submitted::Accepted(receipt) } else { Submitted::Live(receipt, None) })
    }

    async fn read_back(&self, task: &mut Task<'_>, _: IntentId) -> Result<ReadBack> {
        if self.complete(task).await? {
            return Ok(ReadBack::Found(Receipt(folder(task))));
        }
        // The files of an interrupted delivery never counted, and must not stay if no further run follows.
        self.empty(task).await?;
        Ok(ReadBack::Absent)
    }

    async fn look(&self, task: &mut Task<'_>, _: &Receipt) -> Result<Seen> {
        let folder = folder(task);
        let left = self.bucket.list(&folder).await.context("list the drop")?.len();
        let complete = self.complete(task).await?;
        let Some(notice) = &self.notice else { return Ok(seen(complete, left)) };
        Ok(match awaited(&task.machine().observed) {
            Some(Subject::Delivered) if complete => match notice.send(task, Subject::Delivered, &folder).await? {
                Ok(()) => Seen::Live(None),
                Err(words) => Seen::InReview(words),
            },
            // An empty folder does not show that the partner has removed what it took from there.
            Some(Subject::Recalled) if left == 0 => match notice.send(task, Subject::Recalled, &folder).await? {
                Ok(()) => Seen::Gone,
                Err(words) => Seen::Unsure(words),
            },
            Some(_) | None => seen(complete, left),
        })
    }

    /// The marker first, so that an incomplete folder is never ingested.
    async fn take_back(&self, task: &mut Task<'_>, receipt: Option<&Receipt>) -> Result<TakenBack> {
        let marker = ObjectKey::DropDone(task.job.submission.id, task.machine().run);
        self.bucket.delete(&marker).await.context("delete the marker")?;
        // Checks that all is gone, too.
        self.empty(task).await?;
        Ok(if receipt.is_some() { TakenBack::Asked } else { TakenBack::Gone })
    }

    /// S3 shows at once what it has accepted.
    fn settle(&self, _: &Task<'_>) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}
