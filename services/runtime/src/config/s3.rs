//! Settings of the object store.
use clap::Args;

/// Where objects lie.
#[derive(Args, Clone)]
pub struct S3Config {
    /// S3 server; the region's own AWS address if absent.
    #[arg(long = "s3-endpoint", env = "S3_ENDPOINT")]
    pub endpoint: Option<String>,

    /// Bucket for everything.
    #[arg(long = "s3-bucket", env = "S3_BUCKET", default_value = "reelmill")]
    pub bucket: String,

    /// Region.
    #[arg(long = "s3-region", env = "S3_REGION", default_value = "us-east-1")]
    pub region: String,

    /// Access key.
    #[arg(long = "s3-access-key-id", env = "S3_ACCESS_KEY_ID", hide_env_values = true, default_value = "")]
    pub access_key: String,

    /// Secret key.
    #[arg(long = "s3-secret-access-key", env = "S3_SECRET_ACCESS_KEY", hide_env_values = true, default_value = "")]
    pub secret_key: String,

    /// Address buckets as `host/bucket` instead of `bucket.host`. Self-hosted servers usually need this.
    #[arg(long = "s3-path-style", env = "S3_PATH_STYLE", default_value_t = true, action = clap::ArgAction::Set)]
    pub path_style: bool,
}
