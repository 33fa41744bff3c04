//! `reelmill migrate`: brings the schema up to date as its owner, under an advisory lock, and grants services what they need.
use runtime::config::DEFAULT_SERVICE_ROLE;
use runtime::transport::Trusted;

use crate::database;
use crate::exit::{Exit, WrongUsage};

/// Options of `migrate`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// PostgreSQL as the owner of the schema; DATABASE_URL if absent
    #[arg(long, env = "DATABASE_OWNER_URL", hide_env_values = true, value_name = "URL")]
    owner_url: Option<String>,

    /// PostgreSQL, `postgres://user@host:port/database`
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,

    /// Role that is granted the rights that services need; their logins are its members. It is created if it is
    /// missing. Empty: services log in as the owner
    #[arg(long, env = "DATABASE_SERVICE_ROLE", default_value = DEFAULT_SERVICE_ROLE, value_name = "ROLE")]
    service_role: String,

    /// Servers that may be reached without TLS
    #[arg(long, env = "ALLOW_PLAINTEXT", value_delimiter = ',', value_name = "HOST|CIDR,…")]
    allow_plaintext: Vec<Trusted>,
}

/// Runs the missing migrations.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let Some(url) = args.owner_url.or(args.database_url) else {
        return Err(WrongUsage("neither DATABASE_OWNER_URL nor DATABASE_URL is set".to_owned()).into());
    };
    let store = database::connect(&url, args.allow_plaintext).await?;
    store.migrate_for(&args.service_role).await?;
    eprintln!("the schema is up to date");
    if !args.service_role.is_empty() && store.login().await?.name != args.service_role {
        eprintln!("members of {} may use it", args.service_role);
    }
    Ok(Exit::Done)
}
