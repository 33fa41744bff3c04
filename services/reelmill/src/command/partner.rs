//! `reelmill partner list` and `reelmill partner authorise PARTNER`: our accounts with partners, and tokens that a person was given there.
use std::collections::BTreeMap;
use std::io::Read as _;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::PartnerId;
use pipeline::partner::DeliveryMethod;
use publish::Tokens;
use runtime::clock::Clock;
use runtime::store::accounts::AccountRow;
use serde_json::{Value, json};

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output::{Format, OutputArgs, Table, print, print_json};
use crate::settings;

/// The most that is read from stdin, bytes. Tokens are short.
const INPUT_BYTES: u64 = 64 * 1024;

/// What to do about partners.
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// Show our accounts with partners: credentials, health, and whether calls are held back
    List(ListArgs),
    /// Store the tokens that a person was given by a partner, over those of before
    Authorise(AuthoriseArgs),
}

/// Options of `list`.
#[derive(clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Options of `authorise`.
#[derive(clap::Args)]
pub(crate) struct AuthoriseArgs {
    /// The partner, as the catalogue calls it
    partner: String,
    /// Read lines NAME=value from stdin instead of the environment's PARTNER_<ID>_ACCESS_TOKEN, _REFRESH_TOKEN and _EXPIRES_AT
    #[arg(long)]
    stdin: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Does what was typed.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args {
        Args::List(args) => list(args).await,
        Args::Authorise(args) => authorise(args).await,
    }
}

async fn list(args: ListArgs) -> anyhow::Result<Exit> {
    let accounts = args.database.connect().await?.accounts().await?;
    let now = Clock::default().now();
    match args.output.output {
        Format::Json => print_json(&accounts.iter().map(|account| as_json(account, now)).collect::<Vec<_>>())?,
        Format::Table => {
            let mut table =
                Table::with_headings(&["partner", "account", "credentials", "health", "budget", "breaker", "words"]);
            for row in &accounts {
                let words = row.health_words.as_deref().unwrap_or_default();
                let (partner, account) = (row.account.partner.as_str(), row.account.name.as_str());
                table.row([
                    partner,
                    account,
                    &credentials(row, now),
                    &row.health,
                    &budget(row, now),
                    &breaker(row, now),
                    words,
                ]);
            }
            print(&table.to_string())?;
        }
    }
    Ok(Exit::Done)
}

fn as_json(row: &AccountRow, now: DateTime<Utc>) -> Value {
    json!({
        "partner": row.account.partner, "account": row.account.name, "credentials": row.has_credentials,
        "expires_at": row.expires_at, "health": row.health, "health_words": row.health_words, "health_at": row.health_at,
        "budget_until": row.budget_until,
        "failures": row.failures, "breaker": if is_open(row, now) { "open" } else { "closed" }, "open_until": row.open_until,
    })
}

fn is_open(row: &AccountRow, now: DateTime<Utc>) -> bool {
    row.open_until.is_some_and(|until| until > now)
}

fn credentials(row: &AccountRow, now: DateTime<Utc>) -> String {
    match (row.has_credentials, row.expires_at) {
        (false, _) => "none".to_owned(),
        (true, None) => "kept".to_owned(),
        (true, Some(end)) if end <= now => "ended".to_owned(),
        (true, Some(end)) => format!("{} h left", (end - now).num_hours()),
    }
}

fn budget(row: &AccountRow, now: DateTime<Utc>) -> String {
    let filled_ms = (row.budget_until - now).num_milliseconds();
    if filled_ms <= 0 { "free".to_owned() } else { format!("{}.{} s in use", filled_ms / 1000, filled_ms % 1000 / 100) }
}

fn breaker(row: &AccountRow, now: DateTime<Utc>) -> String {
    match row.open_until.filter(|until| *until > now) {
        Some(until) => format!("open {} s, {} failures", (until - now).num_seconds().max(1), row.failures),
        None if row.failures > 0 => format!("closed, {} failures", row.failures),
        None => "closed".to_owned(),
    }
}

async fn authorise(args: AuthoriseArgs) -> anyhow::Result<Exit> {
    let config = settings::read(&settings::NO_SERVERS).map_err(|error| WrongUsage(error.to_string()))?;
    let id = PartnerId::new(args.partner);
    let catalogue = config.catalogue()?;
    let partner = catalogue.partner(&id).ok_or_else(|| WrongUsage(format!("the catalogue has no partner {id}")))?;
    let prefix = format!("PARTNER_{}_", id.as_str().to_ascii_uppercase().replace('-', "_"));
    match partner.method {
        DeliveryMethod::Bilibili => {}
        DeliveryMethod::Douyin
        | DeliveryMethod::SftpDrop
        | DeliveryMethod::S3Drop
        | DeliveryMethod::Mrss
        | DeliveryMethod::Operator => {
            let words = format!("{id} keeps no tokens in the database; its secrets are {prefix}… of the environment");
            return Err(WrongUsage(words).into());
        }
    }
    let given = if args.stdin { from_stdin()? } else { std::env::vars().collect() };
    let field = |name: &str| given.get(&format!("{prefix}{name}")).or_else(|| given.get(name)).cloned();
    let wanted = |name: &str| field(name).filter(|value| !value.is_empty()).ok_or_else(|| missing(&prefix, name));
    let expires_at: i64 = match field("EXPIRES_AT") {
        Some(text) => {
            text.trim().parse().map_err(|_| WrongUsage("EXPIRES_AT is not in seconds since 1970".to_owned()))?
        }
        // Renewed at its first use.
        None => 0,
    };
    let tokens = Tokens::new(wanted("ACCESS_TOKEN")?, wanted("REFRESH_TOKEN")?, expires_at);
    let store = args.database.connect().await?;
    publish::authorise(&store, &config.keyring()?, &id, &tokens).await?;
    eprintln!("{id}: the tokens are stored; the next delivery uses them");
    Ok(Exit::Done)
}

fn missing(prefix: &str, name: &str) -> WrongUsage {
    WrongUsage(format!("{prefix}{name} is not given"))
}

fn from_stdin() -> anyhow::Result<BTreeMap<String, String>> {
    let mut text = String::new();
    std::io::stdin().take(INPUT_BYTES).read_to_string(&mut text).context("read stdin")?;
    Ok(pairs(&text))
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_may_hold_equals_signs() {
        let pairs = pairs("ACCESS_TOKEN=ab=c==\n\n# x\nREFRESH_TOKEN = d \n");
        assert_eq!(pairs["ACCESS_TOKEN"], "ab=c==");
        assert_eq!(pairs["REFRESH_TOKEN"], "d");
    }
}
