//! Which keys the embedded store accepts. `s3s-fs` stores an object as a file with its key as the path, so `a/../b` is
//! `b`. S3 itself would store two objects, so no key may be such a path, whatever the client has checked.
use pipeline::object_key::is_plain;
use s3s::access::{S3Access, S3AccessContext};
use s3s::dto::{CopyObjectInput, CopySource, DeleteObjectsInput, UploadPartCopyInput};
use s3s::path::S3Path;
use s3s::{S3Request, S3Result, s3_error};

/// Accepts signed requests for plain keys.
pub(super) struct PlainKeys;

#[async_trait::async_trait]
impl S3Access for PlainKeys {
    /// Called before every operation. Listing and bucket calls have no key.
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        if cx.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "Signature is required"));
        }
        match cx.s3_path() {
            S3Path::Object { key, .. } => plain(key),
            S3Path::Root | S3Path::Bucket { .. } => Ok(()),
        }
    }

    async fn copy_object(&self, request: &mut S3Request<CopyObjectInput>) -> S3Result<()> {
        source(&request.input.copy_source)
    }

    async fn upload_part_copy(&self, request: &mut S3Request<UploadPartCopyInput>) -> S3Result<()> {
        source(&request.input.copy_source)
    }

    async fn delete_objects(&self, request: &mut S3Request<DeleteObjectsInput>) -> S3Result<()> {
        request.input.delete.objects.iter().try_for_each(|object| plain(&object.key))
    }
}

fn source(from: &CopySource) -> S3Result<()> {
    match from {
        CopySource::Bucket { key, .. } => plain(key),
        CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => {
            Err(s3_error!(NotImplemented, "copies come from buckets only"))
        }
    }
}

fn plain(key: &str) -> S3Result<()> {
    if is_plain(key) { Ok(()) } else { Err(s3_error!(InvalidArgument, "the key could be a path")) }
}
