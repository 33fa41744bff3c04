//! The embedded server, and the server of the environment.
use std::env;

use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use crate::objects::{Objects, S3Access};

pub(super) struct Stage {
    pub(super) objects: Objects,
    pub(super) upload: UploadId,
    pub(super) dir: tempfile::TempDir,
    _server: DropGuard,
}

impl Stage {
    pub(super) fn key(&self) -> ObjectKey {
        ObjectKey::Upload(self.upload)
    }

    pub(super) fn tail(&self, n: u64) -> ObjectKey {
        ObjectKey::UploadTail(self.upload, n)
    }

    pub(super) fn prefix(&self) -> String {
        ObjectKey::upload_prefix(self.upload)
    }

    pub(super) async fn content(&self, key: &ObjectKey) -> Vec<u8> {
        let path = self.dir.path().join("fetched");
        self.objects.get_to_file(key, &path).await.unwrap();
        std::fs::read(path).unwrap()
    }
}

pub(super) async fn embedded() -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let (access_key, secret_key) = ("key".to_owned(), "secret".to_owned());
    tokio::spawn(crate::embedded_s3::serve(
        dir.path().join("s3"),
        listener,
        access_key.clone(),
        secret_key.clone(),
        stop.clone(),
    ));
    let access = S3Access {
        endpoint: Some(endpoint),
        region: "us-east-1".into(),
        bucket: "films".into(),
        access_key,
        secret_key,
        path_style: true,
    };
    stage(access, dir, stop.drop_guard()).await
}

/// The server of the environment, if there is one.
async fn other() -> Option<Stage> {
    let endpoint = env::var("TEST_S3_ENDPOINT").ok()?;
    let named = |name: &str, otherwise: &str| env::var(name).unwrap_or_else(|_| otherwise.to_owned());
    let access = S3Access {
        endpoint: Some(endpoint),
        region: named("S3_REGION", "us-east-1"),
        bucket: named("S3_BUCKET", "reelmill"),
        access_key: named("S3_ACCESS_KEY_ID", ""),
        secret_key: named("S3_SECRET_ACCESS_KEY", ""),
        path_style: true,
    };
    Some(stage(access, tempfile::tempdir().unwrap(), CancellationToken::new().drop_guard()).await)
}

async fn stage(access: S3Access, dir: tempfile::TempDir, server: DropGuard) -> Stage {
    let objects = Objects::new(&access);
    objects.ensure_bucket().await.unwrap();
    Stage { objects, upload: UploadId(Uuid::now_v7()), dir, _server: server }
}

pub(super) async fn stages() -> Vec<Stage> {
    let mut stages = vec![embedded().await];
    stages.extend(other().await);
    stages
}

/// Bytes that do not repeat with any part size.
pub(super) fn bytes(length: usize) -> Vec<u8> {
    (0..length as u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}
