//! Compares the database with the object store: what is missing, what differs from its record, and what has no record.
//! It also finds stuck work, which needs the database only.
//!
//! It works through both in the order of ids, a few hundred entries at a time, so that its memory does not grow with
//! them. Services may run meanwhile: before anything is reported, both sides are checked again. Objects that are
//! younger than the grace period, in use, or garbage already are left alone.
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

/// Entries, or uploads, that are compared at a time.
const CHUNK: i64 = 200;
/// Objects that a deep check reads in parallel.
const READ_AT_ONCE: usize = 2;
/// The folders of entries' objects, and those of uploads. `Kind` knows their contents.
const OF_ENTRIES: [&str; 5] = ["bags", "previews", "proofs", "renditions", "work"];
const OF_UPLOADS: &str = "uploads";
/// All of these, in order.
pub const FOLDERS: [&str; 6] = ["bags", "previews", "proofs", "renditions", OF_UPLOADS, "work"];

/// How to check.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether to read every object and compare its SHA-256, too.
    pub deep: bool,
    /// Objects younger than this are ignored, because their row may not be written yet.
    pub grace: Duration,
    /// Whether to repair what can be repaired.
    pub repair: bool,
}

/// The result.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Objects that match their record.
    pub sound: u64,
    /// Their bytes.
    pub sound_bytes: u64,
    /// Objects that are young, in use, or garbage already.
    pub left_alone: u64,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// What could not be checked, and why.
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

/// Checks everything. `said` is called with each finding as it is made.
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
    /// Everything under `prefix` that belongs to owners after `after`, up to `until`; without an end, up to the end of
    /// the prefix.
    async fn chunk(
        &mut self,
        prefix: &str,
        after: Option<Uuid>,
        until: Option<Uuid>,
        ids: &[Uuid],
    ) -> anyhow::Result<()> {
        let expected = self.expected(prefix, ids).await?;
        // '0' follows '/', so this bound is after every key of that id and before every key of the next id.
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

    /// The current record of a key: the chunk was read a moment ago.
    async fn expected_now(&self, key: &str) -> anyhow::Result<Option<Expected>> {
        let Some((prefix, owner)) = place(key) else { return Ok(None) };
        Ok(self.expected(prefix, &[owner]).await?.remove(key))
    }

    async fn missing(&mut self, wanted: &Expected) -> anyhow::Result<()> {
        match self.objects.head(&wanted.key).await {
            // It has been added since.
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

    /// Acts that these entries need and no part will do.
    async fn stuck(&mut self, ids: &[Uuid]) -> anyhow::Result<()> {
        for stuck in self.store.stuck(ids).await? {
            self.found(Finding::of_stuck(&stuck)).await?;
        }
        Ok(())
    }

    /// Multipart uploads that were started and whose parts the object store no longer has.
    async fn multiparts(&mut self, uploads: &[Uuid]) -> anyhow::Result<()> {
        for open in self.store.open_multiparts(uploads).await? {
            let told = self.store.upload_parts(UploadId(open.upload)).await?;
            let whole = match self.objects.list_parts(&open.multipart()).await {
                // A server may not know an upload and still answer, with an empty list.
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

    /// Multipart uploads that the object store keeps, and bills, for uploads that have ended or were never ours.
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
            // An upload's row exists before its first part, so an upload without a row has no part under way.
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

    /// Objects with keys that are not ours. We never delete them.
    async fn foreign(&mut self) -> anyhow::Result<()> {
        for there in self.objects.list_top().await.context("list the bucket")? {
            let folder = there.key.split('/').next().unwrap_or_default();
            if !FOLDERS.contains(&folder) {
                self.found(Finding::of_object(&there, Kind::Other, Fault::Foreign)).await?;
            }
        }
        Ok(())
    }

    /// Counts an object that matches, after reading it in a deep check.
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

    /// One object that cannot be read is a finding; a server that does not answer ends the check.
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

/// The folder and the owner of a key; `None` if the key is not ours.
fn place(key: &str) -> Option<(&str, Uuid)> {
    let (prefix, rest) = key.split_once('/')?;
    let (owner, file) = rest.split_once('/')?;
    let known = FOLDERS.contains(&prefix);
    // In our own notation of ids, because a key is compared as text.
    let id: Uuid = owner.parse().ok()?;
    (known && !file.is_empty() && id.to_string() == owner).then_some((prefix, id))
}

fn is_young(modified: Option<DateTime<Utc>>, now: DateTime<Utc>, grace: Duration) -> bool {
    let grace = TimeDelta::from_std(grace).unwrap_or(TimeDelta::MAX);
    // An object of unknown age counts as young: nothing is deleted because a date is missing.
    modified.is_none_or(|at| now.signed_duration_since(at) < grace)
}

/// Whether an object without a row may still be needed, or is to be deleted already.
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
