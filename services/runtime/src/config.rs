//! The settings of a process: command line or environment, checked before any connection is made.
//!
//! Each group of settings is a type in a file of its own, and a function takes the groups that it needs. Only what starts a
//! process takes all of them.
use clap::Args;

use crate::network::Network;
use crate::transport::Trusted;

mod broker;
mod catalogue;
mod child;
mod database;
mod desk;
mod keys;
mod mail;
mod publish;
mod s3;
mod seconds;
mod serving;
mod upload;
mod work;

pub use broker::BrokerConfig;
pub use catalogue::CatalogueConfig;
pub use child::ChildConfig;
pub use database::{DEFAULT_SERVICE_ROLE, DatabaseConfig};
pub use desk::DeskConfig;
pub use keys::KeysConfig;
pub use mail::MailConfig;
pub use publish::PublishConfig;
pub use s3::S3Config;
pub use serving::ServingConfig;
pub use upload::UploadConfig;
pub use work::WorkConfig;

/// Settings of every role. Each is an option and an environment variable; secrets are best given by the environment.
#[derive(Args, Clone)]
pub struct Config {
    /// The database.
    #[command(flatten)]
    pub database: DatabaseConfig,

    /// Servers that PostgreSQL and RabbitMQ may be reached at without TLS, by commas: host names, addresses, CIDR blocks. This machine
    /// need not be named.
    #[arg(long, env = "ALLOW_PLAINTEXT", value_delimiter = ',', value_name = "HOST|CIDR,…")]
    pub allow_plaintext: Vec<Trusted>,

    /// The broker.
    #[command(flatten)]
    pub broker: BrokerConfig,

    /// The object store.
    #[command(flatten)]
    pub s3: S3Config,

    /// The catalogue.
    #[command(flatten)]
    pub catalogue: CatalogueConfig,

    /// Keys for personal data.
    #[command(flatten)]
    pub keys: KeysConfig,

    /// The public API.
    #[command(flatten)]
    pub upload: UploadConfig,

    /// Every port.
    #[command(flatten)]
    pub serving: ServingConfig,

    /// Work on parts.
    #[command(flatten)]
    pub work: WorkConfig,

    /// Networks of our own that calls to given addresses (webhooks, notices, public addresses) may reach, as CIDR blocks separated
    /// by commas, such as `10.1.0.0/16`. Plain http is allowed there too. None if absent.
    #[arg(long, env = "ALLOW_PRIVATE_NETWORKS", value_delimiter = ',', value_name = "CIDR,…")]
    pub allow_private_networks: Vec<Network>,

    /// Deliveries to partners.
    #[command(flatten)]
    pub publish: PublishConfig,

    /// The desk.
    #[command(flatten)]
    pub desk: DeskConfig,

    /// Mail.
    #[command(flatten)]
    pub mail: MailConfig,

    /// OTLP collector (HTTP) for traces; none are exported without one.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,

    /// Sandboxed children.
    #[command(flatten)]
    pub child: ChildConfig,
}
