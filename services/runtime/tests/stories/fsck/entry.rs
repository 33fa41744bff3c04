//! An entry with every kind of object, and a look at both stores.
use std::collections::BTreeMap;
use std::time::Duration;

use pipeline::id::{Fence, SubmissionId, UploadId};
use pipeline::object_key::{Compared, ObjectKey, PreviewFile};
use runtime::fsck::{Look, Report, check};
use runtime::objects::{Objects, StoredFile};
use runtime::outcome::StoredPreview;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::World;

pub(super) const LOOK: Look = Look { deep: false, grace: Duration::ZERO, repair: false };

pub(super) async fn put(objects: &Objects, key: &ObjectKey, bytes: &'static str) -> StoredFile {
    objects.put_bytes(key, bytes).await.unwrap();
    StoredFile { key: key.to_string(), bytes: bytes.len() as u64, sha256: hex::encode(Sha256::digest(bytes)) }
}

pub(super) async fn sql(world: &World, text: &'static str, id: Uuid, more: &[&str]) {
    let mut query = sqlx::query(text).bind(id);
    for value in more {
        query = query.bind((*value).to_owned());
    }
    query.execute(world.store.pool()).await.unwrap();
}

pub(super) async fn looks(world: &World, objects: &Objects, look: Look) -> Report {
    check(&world.store, objects, look, |_| {}).await.unwrap()
}

pub(super) fn counted(report: &Report) -> BTreeMap<String, usize> {
    report.counts()
}

pub(super) fn counts<const N: usize>(of: [(&str, usize); N]) -> BTreeMap<String, usize> {
    of.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

/// An entry with everything that is stored of one: its source, a rendition with two covers, a preview and a proof.
pub(super) struct Entry {
    pub(super) id: SubmissionId,
    pub(super) upload: UploadId,
}

impl Entry {
    pub(super) fn rendition(&self, fence: i64) -> ObjectKey {
        ObjectKey::Rendition(self.id, 1, "web-720".into(), Fence(fence))
    }

    pub(super) async fn whole(world: &World, objects: &Objects) -> Self {
        let entry = Self { id: world.uploaded().await, upload: UploadId(Uuid::new_v4()) };
        let Self { id, upload } = entry;
        // Its state machine does not matter here: everything about it has ended.
        sql(world, "update submissions set state = 'published' where id = $1", id.0, &[]).await;
        sql(world, "update parts set status = 'done' where submission = $1", id.0, &[]).await;
        let source = put(objects, &ObjectKey::Upload(upload), "source").await;
        sql(
            world,
            "insert into uploads (id, submission, state, part_size, expires_at, created_at)
            select $1, id, 'finished', 8388608, now(), now() from submissions where id = $2::uuid",
            upload.0,
            &[&id.to_string()],
        )
        .await;
        sql(
            world,
            "update submissions set mezzanine_upload = $2::uuid, mezzanine_bytes = 6, mezzanine_sha256 = decode($3, 'hex')
            where id = $1",
            id.0,
            &[&upload.to_string(), &source.sha256],
        )
        .await;
        let video = put(objects, &entry.rendition(1), "video").await;
        let cover = put(objects, &ObjectKey::Cover(id, 1, "web-720".into(), Fence(1)), "cover").await;
        let partners = put(objects, &ObjectKey::PartnerCover(id, 1, "web-720".into(), Fence(1), 0), "square").await;
        let covers = json!([{ "aspect": "1:1", "file": partners }]).to_string();
        let still = |of| ObjectKey::Comparison(id, 1, "web-720".into(), Fence(1), 0, of);
        let source_still = put(objects, &still(Compared::Source), "before").await;
        let still = put(objects, &still(Compared::Rendition), "after").await;
        let pair = json!({ "frame": 7, "at_ms": 280, "width": 1, "height": 1, "ssim": 0.9, "source": source_still, "rendition": still });
        let comparison = json!([pair]).to_string();
        sql(
            world,
            "insert into renditions (submission, run, name, object_key, bytes, sha256, cover_key, cover_bytes, cover_sha256,
                width, height, duration_ms, qc, engine, in_force, covers, comparison)
            values ($1, 1, 'web-720', $2, 5, decode($3, 'hex'), $4, 5, decode($5, 'hex'), 1, 1, 1, '[]', '', true, $6::jsonb,
                $7::jsonb)",
            id.0,
            &[&video.key, &video.sha256, &cover.key, &cover.sha256, &covers, &comparison],
        )
        .await;
        let preview = |file| ObjectKey::Preview(id, 1, Fence(1), file);
        let preview = StoredPreview {
            proxy: put(objects, &preview(PreviewFile::Proxy), "proxy").await,
            storyboard: put(objects, &preview(PreviewFile::Storyboard), "sheet").await,
            cues: put(objects, &preview(PreviewFile::Cues), "cues").await,
        };
        let files = serde_json::to_string(&preview).unwrap();
        sql(world, "insert into previews (submission, run, files) values ($1, 1, $2::jsonb)", id.0, &[&files]).await;
        let proof = put(objects, &ObjectKey::Proof(id, "cctv".into(), [7; 32]), "picture").await;
        sql(
            world,
            "insert into proofs (id, submission, partner, shows, seen_at, file_key, file_bytes, file_sha256, by_whom)
            values (gen_random_uuid(), $1, 'cctv', 'live', now(), $2, 7, decode($3, 'hex'), 'me')",
            id.0,
            &[&proof.key, &proof.sha256],
        )
        .await;
        entry
    }
}
