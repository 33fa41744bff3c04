//! The object store: the only place that uses S3. Every call has a deadline and a limited number of attempts.
//!
//! Objects are written under an `ObjectKey` and read back under the stored text of one. Differences between servers are
//! noted where they matter: the tests run on s3s-fs (embedded) and Garage.
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, Config, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    SharedInterceptor, StalledStreamProtectionConfig,
};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use pipeline::object_key::ObjectKey;
use tracing::Instrument;

use crate::telemetry::spans;

use crate::metrics::Metrics;

mod copy;
mod error;
mod files;
mod multipart;
mod read;
mod stretch;
mod watch;

pub use error::ObjectError;
pub use files::StoredFile;
pub use multipart::{Body, Multipart, StoredPart};
pub use read::ObjectReader;

use watch::Watch;

/// Attempts of one call, including the first. Together they wait at most a second: callers have longer retries of their
/// own.
const TRIES: u32 = 4;
/// The longest wait before the first repetition; it doubles with each.
const BACKOFF: Duration = Duration::from_millis(150);
/// One attempt of a call that transfers no body.
const SMALL: Duration = Duration::from_secs(10);
/// One attempt of a call that transfers a body of up to one part, or that makes the server join parts.
const LARGE: Duration = Duration::from_secs(300);
/// Deletes under a prefix that run in parallel.
const DELETES: usize = 8;

/// The address of the object store and how to sign requests.
#[derive(Clone)]
pub struct S3Access {
    /// Address such as `http://127.0.0.1:9000`; `None` for Amazon's own of the region.
    pub endpoint: Option<String>,
    /// Region for signing.
    pub region: String,
    /// The one bucket.
    pub bucket: String,
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
    /// Bucket in the path instead of the host name, which self-hosted servers need.
    pub path_style: bool,
}

/// The bucket. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    client: Client,
    bucket: Arc<str>,
}

/// One object of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The key.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// When it was stored, by the server's clock; `None` if the server does not report it.
    pub modified: Option<DateTime<Utc>>,
}

impl From<&aws_sdk_s3::types::Object> for Listed {
    fn from(object: &aws_sdk_s3::types::Object) -> Self {
        let modified = object.last_modified().and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos()));
        let bytes = object.size().unwrap_or_default().try_into().unwrap_or_default();
        Self { key: object.key().unwrap_or_default().to_owned(), bytes, modified }
    }
}

impl Objects {
    /// Creates the client without connecting.
    pub fn new(access: &S3Access) -> Self {
        Self::with(access, None)
    }

    /// Like [`Objects::new`], and counts every call.
    pub fn watched(access: &S3Access, metrics: &Metrics) -> Self {
        Self::with(access, Some(Watch(metrics.calls.clone())))
    }

    fn with(access: &S3Access, watch: Option<Watch>) -> Self {
        let tls = aws_smithy_http_client::tls::Provider::Rustls(
            aws_smithy_http_client::tls::rustls_provider::CryptoMode::Ring,
        );
        let http = aws_smithy_http_client::Builder::new().tls_provider(tls).build_https();
        let keys = Credentials::new(&access.access_key, &access.secret_key, None, None, "configuration");
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .region(Region::new(access.region.clone()))
            .credentials_provider(keys)
            .force_path_style(access.path_style)
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES).with_initial_backoff(BACKOFF))
            .timeout_config(deadline(SMALL))
            // Garage refuses to complete an upload if its parts carry a checksum that was not declared at the start,
            // and s3s-fs keeps an object whose checksum it refused. So no checksums are sent unless required; important
            // objects are read back and compared.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .stalled_stream_protection(
                StalledStreamProtectionConfig::enabled().grace_period(Duration::from_secs(30)).build(),
            );
        config.set_interceptors(watch.map(SharedInterceptor::new));
        if let Some(endpoint) = &access.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Self { client: Client::from_conf(config.build()), bucket: access.bucket.as_str().into() }
    }

    /// Creates the bucket if it does not exist.
    pub async fn ensure_bucket(&self) -> Result<(), ObjectError> {
        match self.client.head_bucket().bucket(&*self.bucket).send().await {
            Ok(_) => return Ok(()),
            Err(err) => match ObjectError::from(err) {
                ObjectError::NotFound => {}
                other => return Err(other),
            },
        }
        match self.client.create_bucket().bucket(&*self.bucket).send().await.map_err(ObjectError::from) {
            Ok(_) => Ok(()),
            // Another process was faster; any other error shows at the next call.
            Err(_) if self.healthy().await => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// Whether the bucket answers within two seconds.
    pub async fn healthy(&self) -> bool {
        let head = self.client.head_bucket().bucket(&*self.bucket).send();
        matches!(tokio::time::timeout(Duration::from_secs(2), head).await, Ok(Ok(_)))
    }

    /// Stores a small object in one call.
    pub async fn put_bytes(&self, key: &ObjectKey, bytes: impl Into<Bytes>) -> Result<(), ObjectError> {
        self.put(key, ByteStream::from(bytes.into())).await.map(drop)
    }

    /// Stores one object from memory or from a section of a file, at most of a part's size; returns its ETag.
    pub async fn put_body(&self, key: &ObjectKey, body: Body) -> Result<String, ObjectError> {
        self.put(key, body.into_stream().await?).await
    }

    async fn put(&self, key: &ObjectKey, body: ByteStream) -> Result<String, ObjectError> {
        let put = self.client.put_object().bucket(&*self.bucket).key(key.to_string()).body(body);
        let put = put.customize().config_override(within(LARGE)).send();
        let put = self.traced("PutObject", &key.to_string(), put).await?;
        Ok(put.e_tag().unwrap_or_default().to_owned())
    }

    /// Waits for one call of the server's API, with a span of its own.
    async fn traced<T, E>(
        &self,
        operation: &'static str,
        key: &str,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, ObjectError>
    where
        ObjectError: From<E>,
    {
        let span = spans::object_store(operation, &self.bucket, key);
        let result = Box::pin(call).instrument(span.clone()).await.map_err(ObjectError::from);
        if let Err(error) = &result {
            spans::failed(&span, error.name());
        }
        result
    }

    /// Size of an object in bytes.
    pub async fn head(&self, key: &impl Display) -> Result<u64, ObjectError> {
        let head = self.client.head_object().bucket(&*self.bucket).key(key.to_string()).send().await?;
        Ok(head.content_length().unwrap_or_default().try_into().unwrap_or_default())
    }

    /// Deletes an object; a missing one counts as deleted.
    pub async fn delete(&self, key: &impl Display) -> Result<(), ObjectError> {
        match self.client.delete_object().bucket(&*self.bucket).key(key.to_string()).send().await {
            Ok(_) => Ok(()),
            Err(err) => match ObjectError::from(err) {
                ObjectError::NotFound => Ok(()),
                other => Err(other),
            },
        }
    }

    /// Every object under a prefix, in order of key.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, ObjectError> {
        let mut found = Vec::new();
        let mut pages = self.client.list_objects_v2().bucket(&*self.bucket).prefix(prefix).into_paginator().send();
        while let Some(page) = pages.next().await {
            found.extend(page?.contents().iter().map(Listed::from));
        }
        Ok(found)
    }

    /// Objects under a prefix whose keys are after `after` and before `until`, in order of key, as servers list them.
    pub async fn list_range(
        &self,
        prefix: &str,
        after: Option<&str>,
        until: Option<&str>,
    ) -> Result<Vec<Listed>, ObjectError> {
        let call = self.client.list_objects_v2().bucket(&*self.bucket).prefix(prefix);
        let mut pages = call.set_start_after(after.map(str::to_owned)).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page?;
            let mut ends = false;
            for object in page.contents() {
                let object = Listed::from(object);
                if until.is_some_and(|until| object.key.as_str() >= until) {
                    ends = true;
                } else {
                    found.push(object);
                }
            }
            if ends {
                break;
            }
        }
        Ok(found)
    }

    /// The next objects under a prefix after the key `after`, as many as the server lists in one answer.
    pub async fn list_page(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Listed>, ObjectError> {
        let call = self.client.list_objects_v2().bucket(&*self.bucket).prefix(prefix);
        let page = call.set_start_after(after.map(str::to_owned)).send().await?;
        Ok(page.contents().iter().map(Listed::from).collect())
    }

    /// The top level of the bucket: objects without a folder, and one object for each folder.
    pub async fn list_top(&self) -> Result<Vec<Listed>, ObjectError> {
        let call = self.client.list_objects_v2().bucket(&*self.bucket).delimiter("/");
        let mut pages = call.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page?;
            found.extend(page.contents().iter().map(Listed::from));
            let folders = page.common_prefixes().iter().filter_map(|it| it.prefix());
            found.extend(folders.map(|it| Listed { key: it.to_owned(), bytes: 0, modified: None }));
        }
        Ok(found)
    }

    /// Deletes everything under a prefix, except `keep`; returns how many objects were deleted.
    pub async fn delete_prefix(&self, prefix: &str, keep: &[String]) -> Result<usize, ObjectError> {
        let going: Vec<_> = self.list(prefix).await?.into_iter().filter(|it| !keep.contains(&it.key)).collect();
        let count = going.len();
        // One at a time and not with `DeleteObjects`, which needs a checksum, and servers differ in which.
        stream::iter(going)
            .map(|object| async move { self.delete(&object.key).await })
            .buffer_unordered(DELETES)
            .try_collect::<()>()
            .await?;
        Ok(count)
    }
}

/// The deadlines of a call, each of whose attempts may take `attempt`.
fn deadline(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(attempt)
        .operation_timeout(attempt * 2)
        .build()
}

fn within(attempt: Duration) -> Builder {
    Config::builder().timeout_config(deadline(attempt))
}

#[cfg(test)]
mod tests;
