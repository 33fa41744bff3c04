//! `s3s-fs` with the features that we need: completing an upload is fast and survives crashes and disconnecting
//! clients, multipart uploads can be listed, a deleted object leaves no sidecar files, and objects are read in large
//! pieces.
use std::io::SeekFrom;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::complete::{Completion, sweep_orphans};
use super::paths::{object_path, object_stem};

/// Bytes of an object that are read at a time.
const READ_BYTES: usize = 256 * 1024;

/// A directory as S3.
pub(super) struct Files {
    root: PathBuf,
    inner: FileSystem,
}

impl Files {
    /// Opens the directory and deletes what a crash left half written.
    pub(super) fn open(root: &Path) -> anyhow::Result<Self> {
        let inner = FileSystem::new(root).map_err(|err| anyhow::anyhow!("{err:?}"))?;
        sweep_orphans(root)?;
        Ok(Self { root: root.canonicalize()?, inner })
    }
}

/// Passes calls on unchanged.
macro_rules! as_it_is {
    ($($call:ident($input:ty) -> $output:ty),* $(,)?) => {
        #[async_trait::async_trait]
        impl S3 for Files {
            $(async fn $call(&self, req: S3Request<$input>) -> S3Result<S3Response<$output>> {
                self.inner.$call(req).await
            })*

            async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
                let stem = object_stem(&req.input.bucket, &req.input.key);
                let done = self.inner.delete_object(req).await?;
                for sidecar in ["metadata", "internal"] {
                    // It may not exist, and if it stays it is only garbage.
                    let _ = tokio::fs::remove_file(self.root.join(format!("{stem}.{sidecar}.json"))).await;
                }
                Ok(done)
            }

            async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
                let GetObjectInput { bucket, key, range, .. } = req.input.clone();
                let mut found = self.inner.get_object(req).await?;
                if let Some(body) = body(&self.root, &bucket, &key, range, found.output.content_length).await {
                    found.output.body = Some(body);
                }
                Ok(found)
            }

            async fn complete_multipart_upload(
                &self,
                req: S3Request<CompleteMultipartUploadInput>,
            ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
                complete(self.root.clone(), req.input).await
            }

            async fn list_multipart_uploads(
                &self,
                req: S3Request<ListMultipartUploadsInput>,
            ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
                let ListMultipartUploadsInput { bucket, prefix, .. } = req.input;
                let prefix = prefix.unwrap_or_default();
                let uploads = multiparts(&self.root, &bucket, &prefix).map_err(|err| s3_error!(err, InternalError))?;
                Ok(S3Response::new(ListMultipartUploadsOutput {
                    bucket: Some(bucket),
                    prefix: Some(prefix),
                    is_truncated: Some(false),
                    uploads: Some(uploads),
                    ..Default::default()
                }))
            }
        }
    };
}

as_it_is! {
    create_bucket(CreateBucketInput) -> CreateBucketOutput,
    head_bucket(HeadBucketInput) -> HeadBucketOutput,
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput,
    list_buckets(ListBucketsInput) -> ListBucketsOutput,
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput,
    put_object(PutObjectInput) -> PutObjectOutput,
    head_object(HeadObjectInput) -> HeadObjectOutput,
    copy_object(CopyObjectInput) -> CopyObjectOutput,
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput,
    list_objects(ListObjectsInput) -> ListObjectsOutput,
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output,
    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput,
    upload_part(UploadPartInput) -> UploadPartOutput,
    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput,
    list_parts(ListPartsInput) -> ListPartsOutput,
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput,
}

/// The bytes of an object, read in large pieces: `s3s-fs` reads 4 KiB at a time, each on another thread, which keeps a
/// core busy at 150 MB/s. `None` if its own body must be used: the key is not a plain path, or the object has changed
/// by now.
async fn body(
    root: &Path,
    bucket: &str,
    key: &str,
    range: Option<Range>,
    length: Option<i64>,
) -> Option<StreamingBlob> {
    let mut file = tokio::fs::File::open(object_path(root, bucket, key)?).await.ok()?;
    let bytes = file.metadata().await.ok()?.len();
    let wanted = range.map_or(Ok(0..bytes), |range| range.check(bytes)).ok()?;
    if length.and_then(|length| u64::try_from(length).ok()) != Some(wanted.end - wanted.start) {
        return None;
    }
    file.seek(SeekFrom::Start(wanted.start)).await.ok()?;
    let read = ReaderStream::with_capacity(file.take(wanted.end - wanted.start), READ_BYTES);
    Some(StreamingBlob::wrap(read))
}

/// Runs in a separate task, so that a disconnecting client does not stop it in the middle.
async fn complete(
    root: PathBuf,
    input: CompleteMultipartUploadInput,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let CompleteMultipartUploadInput { bucket, key, upload_id, multipart_upload, if_match, if_none_match, .. } = input;
    if if_match.is_some() || if_none_match.is_some() {
        return Err(s3_error!(NotImplemented, "completing under a condition"));
    }
    let parts = multipart_upload.and_then(|listed| listed.parts).unwrap_or_default();
    let completion = Completion { bucket: bucket.clone(), key: key.clone(), upload: upload_id, parts };
    let running = tokio::task::spawn_blocking(move || completion.run(&root));
    let e_tag = running.await.map_err(|err| s3_error!(err, InternalError))??;
    Ok(S3Response::new(CompleteMultipartUploadOutput {
        bucket: Some(bucket),
        key: Some(key),
        e_tag: Some(e_tag),
        ..Default::default()
    }))
}

/// Multipart uploads in progress, read from the names of the sidecars that `s3s-fs` creates at their start.
fn multiparts(root: &Path, bucket: &str, prefix: &str) -> std::io::Result<Vec<MultipartUpload>> {
    let stem = object_stem(bucket, "");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let name = entry?.file_name();
        let upload = name
            .to_str()
            .and_then(|name| name.strip_prefix(&stem))
            .and_then(|name| name.strip_suffix(".metadata.json"))
            .and_then(|name| name.split_once(".upload-"));
        let Some((key, id)) = upload else { continue };
        let Some(key) = URL_SAFE_NO_PAD.decode(key).ok().and_then(|key| String::from_utf8(key).ok()) else { continue };
        if key.starts_with(prefix) {
            found.push(MultipartUpload { key: Some(key), upload_id: Some(id.to_owned()), ..Default::default() });
        }
    }
    found.sort_by(|a, b| (&a.key, &a.upload_id).cmp(&(&b.key, &b.upload_id)));
    Ok(found)
}
