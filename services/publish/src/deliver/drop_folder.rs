//! A folder of objects in a bucket, as a drop or an operator's bag is one: put file by file, each read back.
use anyhow::{Context, Result, ensure};
use pipeline::object_key::ObjectKey;
use runtime::objects::Objects;

use crate::package::PackageFile;
use crate::task::Task;

/// Copies a package into a bucket, file by file, and reads each back: only what has the right digest there counts as put.
pub(crate) async fn put_package(
    task: &Task<'_>,
    files: &[PackageFile],
    to: &Objects,
    key: impl Fn(&PackageFile) -> ObjectKey,
) -> Result<()> {
    for (index, file) in files.iter().enumerate() {
        let key = key(file);
        let path = task.fetch(file).await?;
        to.put_file(&key, &path).await.with_context(|| format!("put {key}"))?;
        let (bytes, sha256) = to.get_to_file(&key, &path).await.with_context(|| format!("read {key} back"))?;
        let sha256 = hex::encode(sha256);
        ensure!(
            bytes == file.bytes && sha256 == file.sha256,
            "{key} read back has {bytes} bytes with digest {sha256}, not {} with {}",
            file.bytes,
            file.sha256
        );
        task.job.progress.set((index + 1) as f64 / files.len() as f64);
    }
    Ok(())
}
