//! By hand: the bag is made ready in our own bucket, a person takes it to the partner's pages and reports the public address.
use anyhow::{Context, Result, bail};
use pipeline::delivery::{IntentId, Receipt};
use pipeline::object_key::ObjectKey;

use super::drop_folder::put_package;
use super::{Prepared, ReadBack, Seen, Submitted, TakenBack, Way};
use crate::package::{PackageFile, made};
use crate::task::Task;

/// The way by hand.
pub(crate) struct Operator;

impl Way for Operator {
    const BY_HAND: bool = true;

    async fn prepare(&self, task: &mut Task<'_>, files: &[PackageFile]) -> Result<Prepared> {
        let mut files = files.to_vec();
        files.insert(0, checklist(task, &files)?);
        let (submission, run, partner) = (task.job.submission.id, task.machine().run, task.partner.id.clone());
        let key = |file: &PackageFile| ObjectKey::Bag(submission, run, partner.clone(), file.name.clone());
        put_package(task, &files, &task.runtime.objects, key).await?;
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

    /// Nobody may take the bag from now on; whether somebody did already, only a person can say.
    async fn take_back(&self, task: &mut Task<'_>, _: Option<&Receipt>) -> Result<TakenBack> {
        let prefix = ObjectKey::bag_prefix(task.job.submission.id, task.machine().run, &task.partner.id);
        task.runtime.objects.delete_prefix(&prefix, &[]).await.with_context(|| format!("delete the bag {prefix}"))?;
        Ok(TakenBack::Person("the partner has no API".into()))
    }
}

/// What the person does, in Chinese as the partner's pages are.
fn checklist(task: &Task<'_>, files: &[PackageFile]) -> Result<PackageFile> {
    let work = &task.job.submission;
    let written = task.texts();
    let mut text = format!("{}（{}）投放清单\n\n", task.partner.name.zh, task.partner.id);
    text += &format!(
        "作品编号：{}\n标题：{}\n简介：{}\n标签：{}\n推荐单位：{}\n\n",
        work.id,
        written.title,
        written.text,
        written.tags.join("、"),
        work.recommending_unit
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
