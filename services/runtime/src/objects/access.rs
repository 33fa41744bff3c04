//! Where the object store is, and how requests are signed.
use crate::config::S3Config;

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

impl From<&S3Config> for S3Access {
    fn from(config: &S3Config) -> Self {
        Self {
            endpoint: config.endpoint.clone(),
            region: config.region.clone(),
            bucket: config.bucket.clone(),
            access_key: config.access_key.clone(),
            secret_key: config.secret_key.clone(),
            path_style: config.path_style,
        }
    }
}
