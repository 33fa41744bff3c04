//! By hand: the bag is made ready in our own bucket, a person takes it to the partner's pages and reports the public address.
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use pipeline::delivery::{DeliveryEvent, Desired, IntentId, Observed, RecallBy};
use pipeline::object_key::ObjectKey;
use runtime::outcome::Outcome;
use uuid::Uuid;

use super::{listing, put_package};
use crate::package::{PackageFile, made};
use crate::publish::Task;

/// The next step of a delivery by hand: done once the bag is ready. Only a recall stays open until a person reports; the report
/// wakes the part, so the looks between are a safety net.
pub(crate) async fn advance(task: &mut Task<'_>) -> Result<Outcome> {
    match (task.machine().observed.clone(), task.desired()) {
        (Observed::Planned, Desired::Live) => hand_over(task).await,
        (Observed::AwaitingOperator { .. } | Observed::InReview { .. } | Observed::Live { .. }, Desired::Live)
        | (Observed::Recalled { .. }, _) => Ok(task.done()),
        (Observed::Refused { words, .. }, Desired::Live) => {
            Ok(Outcome::Parked(format!("{} refused it: {words}", task.partner.id)))
        }
        (Observed::Refused { .. }, Desired::Gone) => Ok(task.done()),
        (Observed::AwaitingOperator { .. } | Observed::InReview { .. } | Observed::Live { .. }, Desired::Gone) => {
            // Nobody may take the bag from now on; whether somebody did already, only a person can say.
            drop_bag(task).await?;
            task.note(DeliveryEvent::RecallStarted { by: RecallBy::Operator }, None).await?;
            Ok(look_again(task))
        }
        (Observed::Recalling { .. }, _) => Ok(look_again(task)),
        (observed @ (Observed::Planned | Observed::Sending { .. } | Observed::Unknown { .. }), _) => {
            bail!("a delivery by hand is never {} with {} desired", observed.name(), task.desired().name())
        }
    }
}

async fn hand_over(task: &mut Task<'_>) -> Result<Outcome> {
    let mut files = task.package().await?;
    files.insert(0, checklist(task, &files)?);
    let (submission, run, partner) = (task.job.submission.id, task.job.run, task.partner.id.clone());
    let key = |file: &PackageFile| ObjectKey::Bag(submission, run, partner.clone(), file.name.clone());
    put_package(task, &files, &task.runtime.objects, key).await?;
    let bag = listing(&ObjectKey::bag_prefix(submission, run, &partner), &files);
    let intent = IntentId(Uuid::now_v7());
    task.note(DeliveryEvent::HandedToOperator { intent }, Some(&bag)).await?;
    // The machines' work ends here. How far the person is, the delivery says; the part need not stay open for weeks.
    Ok(task.done())
}

async fn drop_bag(task: &Task<'_>) -> Result<()> {
    let prefix = ObjectKey::bag_prefix(task.job.submission.id, task.machine().run, &task.partner.id);
    task.runtime.objects.delete_prefix(&prefix, &[]).await.with_context(|| format!("delete the bag {prefix}"))?;
    Ok(())
}

/// What the person does, in Chinese as the partner's pages are.
fn checklist(task: &Task<'_>, files: &[PackageFile]) -> Result<PackageFile> {
    let work = &task.job.submission;
    let mut text = format!("{}（{}）投放清单\n\n", task.partner.name.zh, task.partner.id);
    text += &format!(
        "作品编号：{}\n标题：{}\n简介：{}\n推荐单位：{}\n\n",
        work.id, work.title, work.synopsis, work.recommending_unit
    );
    text += "1. 核对文件（sha256sum -c checksums.sha256）：\n";
    for file in files {
        text += &format!("   - {}（{} 字节）\n", file.name, file.bytes);
    }
    text += "2. 在合作平台上传视频与封面，按标题与简介填写；如平台有“AI 生成”声明栏，按 metadata.json 的 declarations 填写。\n";
    text +=
        &format!("3. 发布后登记公开网址：reelmill delivered {} --partner {} --url 网址\n", work.id, task.partner.id);
    made("checklist.txt", text.into_bytes())
}

/// The longer it waits, the rarer the look: a quarter of its age, from one minute to one hour.
fn look_again(task: &Task<'_>) -> Outcome {
    Outcome::Later(wait(task.runtime.clock.now(), task.delivery.updated_at))
}

fn wait(now: DateTime<Utc>, since: DateTime<Utc>) -> Duration {
    let age = (now - since).to_std().unwrap_or_default();
    (age / 4).clamp(Duration::from_secs(60), Duration::from_secs(3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_grow_rarer_but_never_stop() {
        let at = |s: i64| DateTime::from_timestamp(s, 0).unwrap();
        assert_eq!(wait(at(0), at(0)), Duration::from_secs(60));
        assert_eq!(wait(at(2000), at(0)), Duration::from_secs(500));
        assert_eq!(wait(at(1_000_000), at(0)), Duration::from_secs(3600));
        // A clock that was set back must not panic.
        assert_eq!(wait(at(0), at(50)), Duration::from_secs(60));
    }
}
