//! Settings of the database.
use clap::Args;

/// The service role, unless the installation names another.
pub const DEFAULT_SERVICE_ROLE: &str = "reelmill_service";

/// The database: where it is, and how much of it this process uses.
#[derive(Args, Clone)]
pub struct DatabaseConfig {
    /// PostgreSQL, `postgres://user@host:port/database?sslmode=verify-full`. TLS (at least `sslmode=require`) is required unless the host
    /// is this machine or ALLOW_PLAINTEXT names it.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,

    /// Most connections to PostgreSQL that this process opens. A replica with all roles and two slots a stage needs about 12.
    #[arg(long, env = "DATABASE_CONNECTIONS", default_value_t = 16)]
    pub database_connections: u32,

    /// Role to which `reelmill migrate` grants the rights that services need; their logins are its members. Empty where
    /// they log in as the owner.
    #[arg(long, env = "DATABASE_SERVICE_ROLE", default_value = DEFAULT_SERVICE_ROLE)]
    pub database_service_role: String,

    /// Whether a service that logs in as the owner of the schema brings it up to date by itself. One that does not own it always waits
    /// for `reelmill migrate`.
    #[arg(long, env = "MIGRATE_ON_START", default_value_t = true, action = clap::ArgAction::Set)]
    pub migrate_on_start: bool,
}
