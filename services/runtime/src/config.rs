//! The settings of a process: command line or environment, checked before any connection is made.
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use pipeline::catalogue::Catalogue;

use crate::doors::Pseudonyms;
use crate::network::Network;
use crate::objects::S3Access;
use crate::seal::Keyring;
use crate::serving::origins::Origins;
use crate::transport::Trusted;

/// The service role, unless the installation names another.
pub const DEFAULT_SERVICE_ROLE: &str = "reelmill_service";

/// Settings of every role. Each is an option and an environment variable; secrets are best given by the environment.
#[derive(Args, Clone)]
pub struct Config {
    /// PostgreSQL, `postgres://user@host:port/database?sslmode=verify-full`. TLS (at least `sslmode=require`) is required unless the host
    /// is this machine or ALLOW_PLAINTEXT names it.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,

    /// Most connections to PostgreSQL that this process opens. A replica with all roles and two slots a stage needs about 12.
    #[arg(long, env = "DATABASE_CONNECTIONS", default_value_t = 16)]
    pub database_connections: u32,

    /// Role that `reelmill migrate` grants what services need; their logins are its members. Empty where they log in as the owner.
    #[arg(long, env = "DATABASE_SERVICE_ROLE", default_value = DEFAULT_SERVICE_ROLE)]
    pub database_service_role: String,

    /// Whether a service that logs in as the owner of the schema brings it up to date by itself. One that does not own it always waits
    /// for `reelmill migrate`.
    #[arg(long, env = "MIGRATE_ON_START", default_value_t = true, action = clap::ArgAction::Set)]
    pub migrate_on_start: bool,

    /// Servers that PostgreSQL and RabbitMQ may be reached at without TLS, by commas: host names, addresses, CIDR blocks. This machine
    /// need not be named.
    #[arg(long, env = "ALLOW_PLAINTEXT", value_delimiter = ',', value_name = "HOST|CIDR,…")]
    pub allow_plaintext: Vec<Trusted>,

    /// RabbitMQ, `amqps://user:password@host:port/vhost`; `amqp://` under the same condition as PostgreSQL without TLS.
    #[arg(long, env = "AMQP_URL", hide_env_values = true)]
    pub amqp_url: String,

    /// Put before every queue and exchange name, so that several installations can share a vhost.
    #[arg(long, env = "AMQP_PREFIX", default_value = "")]
    pub amqp_prefix: String,

    /// Object store.
    #[command(flatten)]
    pub s3: S3Config,

    /// Directory with `contests/`, `partners/` and `ladders.toml` instead of the built-in catalogue.
    #[arg(long, env = "CATALOGUE_DIR")]
    pub catalogue_dir: Option<PathBuf>,

    /// Keys for personal data, `id:base64` with 32 bytes each, separated by commas. The first one seals; all of them open.
    #[arg(long, env = "PERSONAL_DATA_KEYS", hide_env_values = true)]
    pub personal_data_keys: Option<String>,

    /// Where the public API listens. Port 0 takes any free port.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Where /metrics, /healthz and /readyz listen. Port 0 takes any free port.
    #[arg(long, env = "ADMIN_LISTEN", default_value = "127.0.0.1:9090")]
    pub admin_listen: SocketAddr,

    /// Address under which entrants reach the public API, for links and upload addresses; the listening address if absent.
    #[arg(long, env = "PUBLIC_URL")]
    pub public_url: Option<String>,

    /// Entries that one address may make at once, and then every minute; 0 for any number. Each replica counts for itself.
    #[arg(long, env = "ENTRIES_PER_MINUTE", default_value_t = 120)]
    pub entries_per_minute: u32,

    /// Of a hundred connections, requests and uploads that are served at once, those that one address may have. Each replica counts
    /// for itself.
    #[arg(long, env = "ADDRESS_SHARE_PERCENT", default_value_t = 25, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub address_share_percent: u8,

    /// What the unfinished uploads of one entry may come to, as a multiple of its contest's largest film. A film that is sent in
    /// pieces needs two, since the pieces go when it is joined; the third is for an attempt that was left unfinished.
    #[arg(long, env = "UPLOAD_BUDGET_FACTOR", default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=100))]
    pub upload_budget_factor: u8,

    /// GiB of entrants' films in the whole installation, whole or unfinished, from which on no upload begins; those that began go on
    /// until there is a tenth more. Finished files are not counted. 0 for no bound.
    #[arg(long, env = "UPLOAD_HIGH_WATER_GIB", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(..=1_048_576))]
    pub upload_high_water_gib: u32,

    /// Unfinished uploads in the whole installation from which on none begins. Those that stood still for an hour and never came to
    /// 8 MiB are given up then. 0 for no bound.
    #[arg(long, env = "UPLOAD_MOST_UNFINISHED", default_value_t = 20_000)]
    pub upload_most_unfinished: u32,

    /// KiB a second that a client sends at least on average; a slower one is ended after a minute, keeps what it sent and may
    /// resume.
    #[arg(long, env = "UPLOAD_LEAST_KIB_S", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub upload_least_kib_s: u16,

    /// Proxies of ours before the public API, the desk and partners' address, each of which adds the address that it saw to
    /// X-Forwarded-For.
    #[arg(long, env = "FORWARDED_HOPS", default_value_t = 0)]
    pub forwarded_hops: u8,

    /// Sites whose scripts may use the public API in a browser: `*` for all, `none`, or origins separated by commas, such as
    /// `https://contest.example.org`. No cookie counts there, so all of them gain nothing without a token.
    #[arg(long, env = "CORS_ORIGINS", default_value = "*", value_name = "ORIGIN,…")]
    pub cors_origins: Origins,

    /// Have the built-in contest `demo`, which is always open and meant for trials.
    #[arg(long, env = "DEMO_CONTEST", default_value_t = false)]
    pub demo_contest: bool,

    /// Directory for the files of running parts; local, fast, and emptied freely.
    #[arg(long, env = "SCRATCH_DIR", default_value = "/tmp/reelmill")]
    pub scratch_dir: PathBuf,

    /// Parts that this process does at once, for each of its stages.
    #[arg(long, env = "SLOTS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub slots: u16,

    /// How long a claim holds without renewal, in seconds. A dead worker's part runs elsewhere this long after, plus one
    /// reconciler tick.
    #[arg(long, env = "LEASE_S", default_value_t = 30.0, value_parser = seconds)]
    pub lease_s: f64,

    /// Seconds between two looks of the reconciler for expired leases, due retries and missing messages.
    #[arg(long, env = "RECONCILE_S", default_value_t = 5.0, value_parser = seconds)]
    pub reconcile_s: f64,

    /// First back-off of a failed part, in seconds; it doubles with each attempt.
    #[arg(long, env = "RETRY_BASE_S", default_value_t = 2.0, value_parser = seconds)]
    pub retry_base_s: f64,

    /// Attempts after which a failing part is parked for an operator.
    #[arg(long, env = "MAX_ATTEMPTS", default_value_t = 5, value_parser = clap::value_parser!(i32).range(1..))]
    pub max_attempts: i32,

    /// Works of bulk jobs that are worked on at once, in the whole installation.
    #[arg(long, env = "BULK_IN_FLIGHT", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub bulk_in_flight: u32,

    /// Seconds after which a part of bulk work that newer entries kept waiting goes before them, a few of each stage at a time.
    #[arg(long, env = "BULK_AGE_S", default_value_t = 900.0, value_parser = seconds)]
    pub bulk_age_s: f64,

    /// Seconds before objects that are no longer needed are deleted. Well above the lease, so that no worker still writes there.
    #[arg(long, env = "GARBAGE_DELAY_S", default_value_t = 900.0, value_parser = seconds)]
    pub garbage_delay_s: f64,

    /// Seconds that a stopping worker lets its parts run on before it hands them back. Below 8, since all must be handed
    /// back within 10.
    #[arg(long, env = "STOP_GRACE_S", default_value_t = 4.0, value_parser = seconds)]
    pub stop_grace_s: f64,

    /// Networks of our own that calls to given addresses (webhooks, notices, public addresses) may reach, as CIDR blocks separated
    /// by commas, such as `10.1.0.0/16`. Plain http is allowed there too. None if absent.
    #[arg(long, env = "ALLOW_PRIVATE_NETWORKS", value_delimiter = ',', value_name = "CIDR,…")]
    pub allow_private_networks: Vec<Network>,

    /// First wait between two looks at what a partner does, in seconds; waits grow with the age, up to an hour.
    #[arg(long, env = "POLL_BASE_S", default_value_t = 30.0, value_parser = seconds)]
    pub poll_base_s: f64,

    /// Seconds after an unanswered call to a partner before "it is not there" is believed and it is sent again.
    #[arg(long, env = "UNKNOWN_SETTLE_S", default_value_t = 60.0, value_parser = seconds)]
    pub unknown_settle_s: f64,

    /// Where the publish role listens: the feed that partners pull, their webhooks. Port 0 takes any free port.
    #[arg(long, env = "PUBLISH_LISTEN", default_value = "127.0.0.1:8081")]
    pub publish_listen: SocketAddr,

    /// Address under which partners reach the publish role; the listening address if absent.
    #[arg(long, env = "PUBLISH_URL")]
    pub publish_url: Option<String>,

    /// Where the desk listens, the service role for staff. Port 0 takes any free port.
    #[arg(long, env = "DESK_LISTEN", default_value = "127.0.0.1:8082")]
    pub desk_listen: SocketAddr,

    /// Address under which staff reach the desk, for links: https, and a host name of its own. http is accepted for loopback addresses
    /// only. Links are paths if absent.
    #[arg(long, env = "DESK_URL")]
    pub desk_url: Option<String>,

    /// Mail server that sends entrants a new link to their entry: `smtps://user:password@host`, or `smtp://host?tls=required`; without TLS
    /// under the same condition as PostgreSQL. Needs MAIL_FROM and PUBLIC_URL. No mail is sent without it.
    #[arg(long, env = "SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<String>,

    /// Sender of that mail, such as `noreply@example.org`.
    #[arg(long, env = "MAIL_FROM")]
    pub mail_from: Option<String>,

    /// OTLP collector (HTTP) for traces; none are exported without one.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,

    /// Work on a kernel without Landlock. Media then runs behind seccomp and resource limits only.
    #[arg(long, env = "REELMILL_ALLOW_MISSING_LANDLOCK", default_value_t = false)]
    pub allow_missing_landlock: bool,

    /// Program that runs the sandboxed media jobs, called with the argument `child`; this program if absent.
    #[arg(long, env = "REELMILL_CHILD_EXE", hide = true)]
    pub child_exe: Option<PathBuf>,
}

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

    /// Address buckets as `host/bucket` instead of `bucket.host`. What self-hosted servers want.
    #[arg(long = "s3-path-style", env = "S3_PATH_STYLE", default_value_t = true, action = clap::ArgAction::Set)]
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

/// A positive number of seconds, at most a day.
fn seconds(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "a number of seconds, such as 30 or 0.5".to_owned())?;
    if value > 0.0 && value <= 86_400.0 { Ok(value) } else { Err("more than 0 and at most 86400 seconds".to_owned()) }
}

impl Config {
    /// How long a claim is valid.
    pub fn lease(&self) -> Duration {
        Duration::from_secs_f64(self.lease_s)
    }

    /// Time between two ticks of the reconciler.
    pub fn reconcile_every(&self) -> Duration {
        Duration::from_secs_f64(self.reconcile_s)
    }

    /// First wait between two polls of a partner.
    pub fn poll_base(&self) -> Duration {
        Duration::from_secs_f64(self.poll_base_s)
    }

    /// After which time a missing answer of a call counts as not received.
    pub fn unknown_settle(&self) -> Duration {
        Duration::from_secs_f64(self.unknown_settle_s)
    }

    /// The keys that encrypt personal data and credentials.
    pub fn keyring(&self) -> anyhow::Result<Keyring> {
        Keyring::parse(self.personal_data_keys.as_deref().unwrap_or_default()).context("read PERSONAL_DATA_KEYS")
    }

    /// Names for addresses in logs: made with PERSONAL_DATA_KEYS if they are set, else with a key of this process. An
    /// unreadable setting is reported where the keys are needed.
    pub fn pseudonyms(&self) -> Pseudonyms {
        self.keyring().map_or_else(|_| Pseudonyms::random(), |keys| Pseudonyms::by(keys.pseudonym_key()))
    }

    /// The catalogue: built in, without the demo unless it is enabled, or read from `catalogue_dir`. An invalid file is
    /// an error that names the file and the key.
    pub fn catalogue(&self) -> anyhow::Result<Arc<Catalogue>> {
        let Some(dir) = &self.catalogue_dir else {
            let all = Catalogue::builtin();
            return Ok(Arc::new(if self.demo_contest { all } else { all.without_demo() }));
        };
        let files = catalogue_files(dir).with_context(|| format!("read the catalogue in {}", dir.display()))?;
        let catalogue = Catalogue::from_files(&files).with_context(|| format!("catalogue in {}", dir.display()))?;
        Ok(Arc::new(catalogue))
    }
}

/// The `.toml` files of a catalogue as (name relative to `dir`, text): `ladders.toml`, `contests/*.toml`, `partners/*.toml`.
fn catalogue_files(dir: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for folder in ["", "contests", "partners"] {
        let inside = dir.join(folder);
        let entries = std::fs::read_dir(&inside).with_context(|| format!("open {}", inside.display()))?;
        for entry in entries {
            let path = entry.with_context(|| format!("read {}", inside.display()))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if !name.ends_with(".toml") || !path.is_file() {
                continue;
            }
            let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
            files.push((if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }, text));
        }
    }
    files.sort();
    Ok(files)
}
