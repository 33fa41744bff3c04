//! Compares the records of some owners with the objects under their prefixes, and counts what matches.
use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};
use uuid::Uuid;

use super::finding::{Fault, Finding};
use super::kind::Kind;
use super::place::{FOLDERS, OF_UPLOADS, place};
use super::repair;
use super::report::{Look, Report};
use crate::objects::{Listed, ObjectError, Objects};
use crate::store::Store;
use crate::store::files::fsck::{Expected, Owner};

/// Objects that a deep check reads in parallel.
const READ_AT_ONCE: usize = 2;

/// One check in progress.
pub(super) struct Check<'a> {
    pub(super) store: &'a Store,
    pub(super) objects: &'a Objects,
    look: Look,
    pub(super) report: Report,
}

impl<'a> Check<'a> {
    /// Nothing is checked yet.
    pub(super) fn new(store: &'a Store, objects: &'a Objects, look: Look) -> Self {
        Self { store, objects, look, report: Report::default() }
    }

    /// Everything under `prefix` that belongs to owners after `after`, up to `until`; without an end, up to the end of
    /// the prefix.
    pub(super) async fn chunk(
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
    pub(super) async fn stuck(&mut self, ids: &[Uuid]) -> anyhow::Result<()> {
        for stuck in self.store.stuck(ids).await? {
            self.found(Finding::of_stuck(&stuck)).await?;
        }
        Ok(())
    }

    /// Objects with keys that are not ours. We never delete them.
    pub(super) async fn foreign(&mut self) -> anyhow::Result<()> {
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
    pub(super) fn unreadable(&mut self, key: &str, error: &ObjectError) -> anyhow::Result<()> {
        if let ObjectError::Unavailable(words) = error {
            anyhow::bail!("the object store does not answer: {words}");
        }
        self.report.not_looked_at.push(format!("{key}: {error}"));
        Ok(())
    }

    pub(super) async fn found(&mut self, mut finding: Finding) -> anyhow::Result<()> {
        if self.look.repair {
            finding.repaired = repair::repair(self.store, self.objects, &finding).await?;
        }
        self.report.findings.push(finding);
        Ok(())
    }
}

fn is_young(modified: Option<DateTime<Utc>>, now: DateTime<Utc>, grace: Duration) -> bool {
    let grace = TimeDelta::from_std(grace).unwrap_or(TimeDelta::MAX);
    // An object of unknown age counts as young: nothing is deleted because a date is missing.
    modified.is_none_or(|at| now.signed_duration_since(at) < grace)
}

/// Whether an object without a row may still be needed, or is to be deleted already.
pub(super) fn wanted_still(owner: &Owner, key: &str) -> bool {
    owner.doomed || owner.in_hand || (owner.delivering && key.starts_with("bags/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_date_is_young() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(2);
        let grace = Duration::from_secs(86_400);
        assert!(is_young(None, now, grace));
        assert!(is_young(Some(now - TimeDelta::hours(23)), now, grace));
        assert!(!is_young(Some(now - TimeDelta::hours(25)), now, grace));
    }
}
