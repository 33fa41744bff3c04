//! `reelmill webhook …`: who is told of changes, with which secret, and what became of it.
use anyhow::Context;
use pipeline::id::{ContestId, MessageId};
use publish::guarded::Guarded;
use publish::webhooks::target::Target;
use runtime::clock::Clock;
use runtime::config::Config;
use runtime::store::webhooks::TYPES;
use runtime::store::webhooks::endpoints::NewEndpoint;
use runtime::store::webhooks::log::{LogRow, LoggedAttempt};
use serde_json::json;
use uuid::Uuid;

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output::{Format, OutputArgs, Table, print, print_json};
use crate::settings;

/// What to do with webhooks.
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// Tell an address of changes from now on; prints the secret that signs, once
    Add {
        /// Where to send: https, or http inside of ALLOW_PRIVATE_NETWORKS
        url: String,
        /// Only events of this type; may be given again
        #[arg(long = "type", value_name = "TYPE", value_parser = clap::builder::PossibleValuesParser::new(TYPES))]
        types: Vec<String>,
        /// Only entries of this contest
        #[arg(long, value_name = "CONTEST")]
        contest: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Show who is told, and what waits for them
    List {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Make a new secret and print it once; the old one signs beside it for 24 hours
    Rotate {
        /// The webhook's id
        id: Uuid,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Tell an address nothing more, and forget its secrets
    Remove {
        /// The webhook's id
        id: Uuid,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Show what was sent, newest first, with every attempt and what it was answered
    Log {
        /// The webhook's id
        id: Uuid,
        /// At most this many messages
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Send a message again under its old id, or all that were not delivered
    Resend {
        /// The webhook's id
        id: Uuid,
        /// The message's id, as `log` shows it; all that were not delivered if absent
        #[arg(long, value_name = "MESSAGE")]
        message: Option<MessageId>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Send a test message; `log` shows what became of it
    Test {
        /// The webhook's id
        id: Uuid,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// Does it.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args {
        Args::Add { url, types, contest, output, database } => add(&url, types, contest, output, &database).await,
        Args::List { output, database } => list(output, &database).await,
        Args::Rotate { id, output, database } => rotate(id, output, &database).await,
        Args::Remove { id, database } => {
            let removed = database.connect().await?.remove_webhook(id, &database.by(None)).await?;
            found(removed, id)?;
            eprintln!("{id}: removed");
            Ok(Exit::Done)
        }
        Args::Log { id, limit, output, database } => log(id, limit, output, &database).await,
        Args::Resend { id, message, database } => {
            let again =
                database.connect().await?.resend_webhooks(id, message.map(|it| it.0), &database.by(None)).await?;
            if again == 0 {
                return Err(WrongUsage(format!("webhook {id} has nothing to send again, or is not enabled")).into());
            }
            eprintln!("{id}: {again} messages are sent again");
            Ok(Exit::Done)
        }
        Args::Test { id, database } => {
            let message = database.connect().await?.test_webhook(id, Clock::default().now()).await?;
            let message = message.ok_or_else(|| WrongUsage(format!("there is no enabled webhook {id}")))?;
            print(&format!("{}\n", MessageId(message)))?;
            Ok(Exit::Done)
        }
    }
}

async fn add(
    url: &str,
    types: Vec<String>,
    contest: Option<String>,
    output: OutputArgs,
    database: &DatabaseArgs,
) -> anyhow::Result<Exit> {
    let config = config()?;
    Guarded::new(&config.allow_private_networks)?.check(url).map_err(WrongUsage)?;
    let contest = contest.map(ContestId::new);
    if let Some(contest) = &contest
        && config.catalogue()?.contest(contest).is_none()
    {
        return Err(WrongUsage(format!("the catalogue has no contest {contest}")).into());
    }
    let (id, target, keys) = (Uuid::now_v7(), Target::new(url)?, config.keyring()?);
    let new = NewEndpoint { id, host: target.host(), types, contest, sealed: target.seal(&keys, id)? };
    database.connect().await?.add_webhook(&new, &database.by(None)).await?;
    tell_secret(id, &target, output)
}

async fn rotate(id: Uuid, output: OutputArgs, database: &DatabaseArgs) -> anyhow::Result<Exit> {
    let keys = config()?.keyring()?;
    let store = database.connect().await?;
    let sealed = store.webhook_sealed(id).await?.ok_or_else(|| missing(id))?;
    let mut target = Target::open(&keys, id, &sealed)?;
    target.rotate(Clock::default().now())?;
    let replaced = store.rotate_webhook(id, &sealed, &target.seal(&keys, id)?, &database.by(None)).await?;
    if !replaced {
        return Err(WrongUsage(format!("somebody else changed webhook {id} at this moment")).into());
    }
    tell_secret(id, &target, output)
}

/// The only time that a secret is told.
fn tell_secret(id: Uuid, target: &Target, output: OutputArgs) -> anyhow::Result<Exit> {
    match output.output {
        Format::Json => print_json(&json!({ "id": id, "secret": target.secret() }))?,
        Format::Table => {
            let mut table = Table::of_facts();
            table.fact("id", id.to_string());
            table.fact("secret", target.secret());
            print(&table.to_string())?;
            eprintln!("The secret is not shown again. It verifies `webhook-signature` (standardwebhooks.com).");
        }
    }
    Ok(Exit::Done)
}

async fn list(output: OutputArgs, database: &DatabaseArgs) -> anyhow::Result<Exit> {
    let rows = database.connect().await?.webhooks().await?;
    if output.output == Format::Json {
        let rows = rows.iter().map(|row| {
            json!({
                "id": row.id, "host": row.host, "types": row.types, "contest": row.contest, "state": row.state,
                "pending": row.pending, "failed": row.failed, "quiet_until": row.quiet_until, "created_at": row.created_at,
            })
        });
        print_json(&rows.collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let mut table = Table::with_headings(&["WEBHOOK", "HOST", "TYPES", "CONTEST", "STATE", "PENDING", "FAILED"]);
    for row in rows {
        let types = if row.types.is_empty() { "all".to_owned() } else { row.types.join(" ") };
        let contest = row.contest.unwrap_or_else(|| "all".to_owned());
        let numbers = (row.pending.to_string(), row.failed.to_string());
        table.row([row.id.to_string(), row.host, types, contest, row.state, numbers.0, numbers.1]);
    }
    print(&table.to_string())?;
    Ok(Exit::Done)
}

async fn log(id: Uuid, limit: i64, output: OutputArgs, database: &DatabaseArgs) -> anyhow::Result<Exit> {
    let rows = database.connect().await?.webhook_log(id, limit).await?;
    if output.output == Format::Json {
        print_json(&rows)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::with_headings(&["AT", "MESSAGE", "TYPE", "STATUS", "ATTEMPTS", "LAST"]);
    for row in &rows {
        let at = row.created_at.format("%Y-%m-%d %H:%M:%S").to_string();
        let message = row.id.to_string();
        let (attempts, last) = (row.attempts.len().to_string(), last(row));
        table.row([at, message, row.kind.clone(), row.status.clone(), attempts, last]);
    }
    print(&table.to_string())?;
    Ok(Exit::Done)
}

/// How the last attempt ended, in a few words.
fn last(row: &LogRow) -> String {
    let Some(LoggedAttempt { status, error, elapsed_ms, answer, .. }) = row.attempts.last() else {
        return String::new();
    };
    let Some(elapsed_ms) = elapsed_ms else { return "under way, or cut off".to_owned() };
    let ended = match (status, error) {
        (Some(status), _) => format!("{status} {}", answer.as_deref().unwrap_or_default()),
        (None, error) => error.clone().unwrap_or_default(),
    };
    // One line: the whole of it is in the JSON.
    let ended: String = ended.chars().take(80).collect();
    format!("{} ({elapsed_ms} ms)", ended.trim_end())
}

fn found(there: bool, id: Uuid) -> anyhow::Result<()> {
    if there { Ok(()) } else { Err(missing(id).into()) }
}

fn missing(id: Uuid) -> WrongUsage {
    WrongUsage(format!("there is no webhook {id}"))
}

/// The services' settings, without their servers: keys, allowed networks, catalogue.
fn config() -> anyhow::Result<Config> {
    settings::read(&settings::NO_SERVERS).context("read the settings")
}
