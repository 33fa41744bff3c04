//! The client: one bucket, deadlines and attempts of every call.
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, Config, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    SharedInterceptor, StalledStreamProtectionConfig,
};
use tracing::Instrument;

use super::access::S3Access;
use super::error::ObjectError;
use super::watch::Watch;
use crate::metrics::Metrics;
use crate::telemetry::spans;

/// Attempts of one call, including the first. Together they wait at most a second: callers have longer retries of their
/// own.
const TRIES: u32 = 4;
/// The longest wait before the first repetition; it doubles with each.
const BACKOFF: Duration = Duration::from_millis(150);
/// One attempt of a call that transfers no body.
const SMALL: Duration = Duration::from_secs(10);
/// One attempt of a call that transfers a body of up to one part, or that makes the server join parts.
pub(super) const LARGE: Duration = Duration::from_secs(300);

/// The bucket. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    pub(super) client: Client,
    pub(super) bucket: Arc<str>,
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

    /// Waits for one call of the server's API, with a span of its own.
    pub(super) async fn traced<T, E>(
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
}

/// The deadlines of a call, each of whose attempts may take `attempt`.
fn deadline(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(attempt)
        .operation_timeout(attempt * 2)
        .build()
}

/// Allows each attempt of a call this time.
pub(super) fn within(attempt: Duration) -> Builder {
    Config::builder().timeout_config(deadline(attempt))
}
