//! Compares what the database says there is with what the object store has: what is missing, what is not what it should be, and
//! what nobody knows of. Looks for what is stuck as well, which the database alone says.
//!
//! Works through both in order of their ids, a few hundred entries at a time, so that memory does not grow with them. Services may
//! run meanwhile: whatever looks wrong is looked at again on both sides before it is said, what is younger than the grace or under
//! somebody's hands is left alone, and so is what is garbage already.
use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};
use pipeline::id::UploadId;
use serde::Serialize;
use uuid::Uuid;

use crate::objects::{Listed, ObjectError, Objects};
use crate::store::Store;
use crate::store::fsck::{Expected, Owner};

mod finding;
mod repair;

pub use finding::{Fault, Finding, Kind};

/// Entries, or uploads, that are compared in one go.
const CHUNK: i64 = 200;
/// Objects that are read side by side by a deep look.
const READ_AT_ONCE: usize = 2;
/// Where objects of entries lie, and where those of uploads do. `Kind` knows what lies there.
const OF_ENTRIES: [&str; 5] = ["bags", "previews", "proofs", "renditions", "work"];
const OF_UPLOADS: &str = "uploads";
/// All of these, in order.
pub const FOLDERS: [&str; 6] = ["bags", "previews", "proofs", "renditions", OF_UPLOADS, "work"];

/// How to look.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether every object is read and its SHA-256 compared, too.
    pub deep: bool,
    /// Objects younger than this are nobody's yet: their row may be on its way.
    pub grace: Duration,
    /// Whether to repair what can be repaired.
    pub repair: bool,
}

/// What was seen.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Objects that the database knows, and that are what it says.
    pub sound: u64,
    /// Their bytes.
    pub sound_bytes: u64,
    /// Objects that are young, in somebody's hands, or garbage already.
    pub left_alone: u64,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// What could not be looked at, and why.
    pub not_looked_at: Vec<String>,
}

impl Report {
    /// Whether something is wrong that was not repaired.
    pub fn is_wrong(&self) -> bool {
        self.findings.iter().any(|finding| finding.repaired.is_none())
    }

    /// How many findings there are of each code and kind, as `code/kind`.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for finding in &self.findings {
            *counts.entry(finding.name()).or_insert(0) += 1;
        }
        counts
    }
}

/// Looks at everything. `said` hears of each finding as it is made.
pub async fn check(
    store: &Store,
    objects: &Objects,
    look: Look,
    mut said: impl FnMut(&Finding) + Send,
) -> anyhow::Result<Report> {
    let mut check = Check { store, objects, look, report: Report::default() };
    let mut told = 0;
    let mut after = None;
    loop {
        let ids = store.submissions_after(after, CHUNK).await?;
        let until = ids.last().copied();
        for prefix in OF_ENTRIES {
            check.chunk(prefix, after, until, &ids).await?;
        }
        check.stuck(&ids).await?;
        check.report.findings[told..].iter().for_each(&mut said);
        told = check.report.findings.len();
        after = until;
        if until.is_none() {
            break;
        }
    }
    loop {
        let ids = store.uploads_after(after, CHUNK).await?;
        let until = ids.last().copied();
        check.chunk(OF_UPLOADS, after, until, &ids).await?;
        check.multiparts(&ids).await?;
        after = until;
        if until.is_none() {
            break;
        }
    }
    check.unknown_multiparts().await?;
    check.foreign().await?;
    check.report.findings[told..].iter().for_each(&mut said);
    Ok(check.report)
}

struct Check<'a> {
    store: &'a Store,
    objects: &'a Objects,
    look: Look,
    report: Report,
}

impl Check<'_> {
    /// Everything under `prefix` that belongs to owners behind `after` up to `until`; without an end, up to the prefix' end.
    async fn chunk(
        &mut self,
        prefix: &str,
        after: Option<Uuid>,
        until: Option<Uuid>,
        ids: &[Uuid],
    ) -> anyhow::Result<()> {
        let expected = self.expected(prefix, ids).await?;
        // '0' follows '/': so the bound lies behind everything of that id, and before everything of the next.
        let bound = |id: Uuid| format!("{prefix}/{id}0");
        let from = after.map(bound);
        let found = self.objects.list_range(&format!("{prefix}/"), from.as_deref(), until.map(bound).as_deref()).await;
        let found: BTreeMap<String, Listed> =
            found.context("list the bucket")?.into_iter().map(|it| (it.key.clone(), it)).collect();
        let mut sound = Vec::new();
        for (key, wanted) in &expected {
            match found.get(key) {
                None => self.missing(wanted).await?,
                Some(there) if there.bytes != wanted.bytes => {
                    self.differs(wanted, Fault::WrongSize(there.bytes)).await?
                }
                Some(_) => sound.push(wanted.clone()),
            }
        }
        for there in found.values().filter(|it| !expected.contains_key(&it.key)) {
            self.unknown(there).await?;
        }
        self.read(sound).await
    }

    async fn expected(&self, prefix: &str, ids: &[Uuid]) -> anyhow::Result<BTreeMap<String, Expected>> {
        let all = if prefix == OF_UPLOADS {
            self.store.expected_of_uploads(ids).await?
        } else {
            self.store.expected_of_submissions(ids).await?
        };
        let under = |it: &Expected| it.key.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
        Ok(all.into_iter().filter(under).map(|it| (it.key.clone(), it)).collect())
    }

    /// What the database says now of a key: the chunk was read a moment ago.
    async fn expected_now(&self, key: &str) -> anyhow::Result<Option<Expected>> {
        let Some((prefix, owner)) = place(key) else { return Ok(None) };
        Ok(self.expected(prefix, &[owner]).await?.remove(key))
    }

    async fn missing(&mut self, wanted: &Expected) -> anyhow::Result<()> {
        match self.objects.head(&wanted.key).await {
            // It came since.
            Ok(_) => return Ok(()),
            Err(ObjectError::NotFound) => {}
            Err(error) => return self.unreadable(&wanted.key, &error),
        }
        if self.expected_now(&wanted.key).await?.is_some_and(|now| now == *wanted) {
            self.found(Finding::of(wanted, Fault::Missing)).await?;
        }
        Ok(())
    }

    async fn differs(&mut self, wanted: &Expected, fault: Fault) -> anyhow::Result<()> {
        if self.expected_now(&wanted.key).await?.is_some_and(|now| now == *wanted) {
            self.found(Finding::of(wanted, fault)).await?;
        }
        Ok(())
    }

    /// An object that no row names.
    async fn unknown(&mut self, there: &Listed) -> anyhow::Result<()> {
        let Some((prefix, owner)) = place(&there.key) else {
            return self.found(Finding::of_object(there, Kind::Other, Fault::Foreign)).await;
        };
        let now = self.store.time().await?;
        if is_young(there.modified, now, self.look.grace) || self.expected_now(&there.key).await?.is_some() {
            self.report.left_alone += 1;
            return Ok(());
        }
        let owner = if prefix == OF_UPLOADS {
            self.store.owner_of_upload(owner, &there.key).await?
        } else {
            self.store.owner_of_objects(owner, &there.key).await?
        };
        if wanted_still(&owner, &there.key) {
            self.report.left_alone += 1;
            return Ok(());
        }
        self.found(Finding::of_object(there, Kind::of_key(&there.key), Fault::Orphan)).await
    }

    /// What is wanted of these entries and that no part will do.
    async fn stuck(&mut self, ids: &[Uuid]) -> anyhow::Result<()> {
        for stuck in self.store.stuck(ids).await? {
            self.found(Finding::of_stuck(&stuck)).await?;
        }
        Ok(())
    }

    /// Uploads in parts that were begun and whose parts the object store does not have any more.
    async fn multiparts(&mut self, uploads: &[Uuid]) -> anyhow::Result<()> {
        for open in self.store.open_multiparts(uploads).await? {
            let told = self.store.upload_parts(UploadId(open.upload)).await?;
            let whole = match self.objects.list_parts(&open.multipart()).await {
                // A server may know nothing of an upload and still answer with a list, of nothing.
                Ok(parts) => {
                    told.iter().all(|it| parts.iter().any(|part| (part.number, part.bytes) == (it.number, it.bytes)))
                }
                Err(ObjectError::NotFound) => false,
                Err(error) => {
                    self.unreadable(&open.multipart().key, &error)?;
                    continue;
                }
            };
            if whole {
                self.report.sound += 1;
            } else if self.store.open_multiparts(&[open.upload]).await?.contains(&open) {
                self.found(Finding::of_multipart(&open)).await?;
            }
        }
        Ok(())
    }

    /// Uploads in parts that the object store holds, and bills, for uploads that are over or were never ours.
    async fn unknown_multiparts(&mut self) -> anyhow::Result<()> {
        let begun = match self.objects.list_multiparts(&format!("{OF_UPLOADS}/")).await {
            Ok(begun) => begun,
            Err(error) => {
                let words = format!("unfinished uploads in parts, which the server does not list: {error}");
                self.report.not_looked_at.push(words);
                return Ok(());
            }
        };
        for multipart in begun {
            // An upload's row is there before its first part, so one without a row has none on its way.
            let wanted = match place(&multipart.key) {
                Some((_, upload)) => wanted_still(&self.store.owner_of_upload(upload, &multipart.key).await?, "parts"),
                None => true,
            };
            if !wanted {
                self.found(Finding::of_unknown_multipart(&multipart)).await?;
            }
        }
        Ok(())
    }

    /// What lies beside everything that we have a key for. Never ours to delete.
    async fn foreign(&mut self) -> anyhow::Result<()> {
        for there in self.objects.list_top().await.context("list the bucket")? {
            let folder = there.key.split('/').next().unwrap_or_default();
            if !FOLDERS.contains(&folder) {
                self.found(Finding::of_object(&there, Kind::Other, Fault::Foreign)).await?;
            }
        }
        Ok(())
    }

    /// Counts what is sound, after reading it where a deep look is asked for.
    async fn read(&mut self, sound: Vec<Expected>) -> anyhow::Result<()> {
        if !self.look.deep {
            self.report.sound += sound.len() as u64;
            self.report.sound_bytes += sound.iter().map(|it| it.bytes).sum::<u64>();
            return Ok(());
        }
        let objects = self.objects;
        let mut read = stream::iter(sound)
            .map(|wanted| async move { (objects.digest(&wanted.key).await, wanted) })
            .buffer_unordered(READ_AT_ONCE);
        let mut ended = Vec::new();
        while let Some(it) = read.next().await {
            ended.push(it);
        }
        drop(read);
        for (digest, wanted) in ended {
            match digest {
                Ok((bytes, _)) if bytes != wanted.bytes => self.differs(&wanted, Fault::WrongSize(bytes)).await?,
                Ok((_, digest)) if wanted.sha256.as_ref().is_some_and(|it| it[..] != digest[..]) => {
                    self.differs(&wanted, Fault::WrongDigest(hex::encode(digest))).await?;
                }
                Ok((bytes, _)) => {
                    self.report.sound += 1;
                    self.report.sound_bytes += bytes;
                }
                Err(ObjectError::NotFound) => self.missing(&wanted).await?,
                Err(error) => self.unreadable(&wanted.key, &error)?,
            }
        }
        Ok(())
    }

    /// One object that does not open is a fact; a server that does not answer ends the look.
    fn unreadable(&mut self, key: &str, error: &ObjectError) -> anyhow::Result<()> {
        if let ObjectError::Unavailable(words) = error {
            anyhow::bail!("the object store does not answer: {words}");
        }
        self.report.not_looked_at.push(format!("{key}: {error}"));
        Ok(())
    }

    async fn found(&mut self, mut finding: Finding) -> anyhow::Result<()> {
        if self.look.repair {
            finding.repaired = repair::repair(self.store, self.objects, &finding).await?;
        }
        self.report.findings.push(finding);
        Ok(())
    }
}

/// The folder of a key and whose it is; `None` for what is no key of ours.
fn place(key: &str) -> Option<(&str, Uuid)> {
    let (prefix, rest) = key.split_once('/')?;
    let (owner, file) = rest.split_once('/')?;
    let known = FOLDERS.contains(&prefix);
    // Written as we write ids, since a key is found by its text.
    let id: Uuid = owner.parse().ok()?;
    (known && !file.is_empty() && id.to_string() == owner).then_some((prefix, id))
}

fn is_young(modified: Option<DateTime<Utc>>, now: DateTime<Utc>, grace: Duration) -> bool {
    let grace = TimeDelta::from_std(grace).unwrap_or(TimeDelta::MAX);
    // Of unknown age is young: nothing is deleted for want of a date.
    modified.is_none_or(|at| now.signed_duration_since(at) < grace)
}

/// Whether somebody may still come for an object that no row names, or is to delete it already.
fn wanted_still(owner: &Owner, key: &str) -> bool {
    owner.doomed || owner.in_hand || (owner.delivering && key.starts_with("bags/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_we_write_have_an_owner() {
        let id = Uuid::now_v7();
        assert_eq!(place(&format!("renditions/{id}/1/web/3.mp4")), Some(("renditions", id)));
        for foreign in [
            format!("renditions/{id}"),
            format!("renditions/{}/1/x", id.simple()),
            format!("holiday/{id}/1"),
            "renditions/x/1".to_owned(),
            format!("uploads/{id}/"),
        ] {
            assert_eq!(place(&foreign), None, "{foreign}");
        }
    }

    #[test]
    fn what_has_no_date_is_young() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(2);
        let grace = Duration::from_secs(86_400);
        assert!(is_young(None, now, grace));
        assert!(is_young(Some(now - TimeDelta::hours(23)), now, grace));
        assert!(!is_young(Some(now - TimeDelta::hours(25)), now, grace));
    }
}
