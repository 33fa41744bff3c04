//! `reelmill partner list` and `reelmill partner authorise PARTNER`: our accounts with partners, and tokens that a
//! person obtained there.
use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Read as _};

use anyhow::Context;
use chrono::{DateTime, Utc};
use desk::act::authorise::authorise as store_tokens;
use desk::view::partners::{Account, Partner, partners};
use pipeline::id::PartnerId;
use pipeline::partner::DeliveryMethod;
use publish::Tokens;
use runtime::clock::Clock;

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output::{Format, OutputArgs, Table, print, print_json};
use crate::{settings, typed};

/// Most bytes read from stdin. Tokens are short.
const INPUT_BYTES: u64 = 64 * 1024;

/// What to do about partners.
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// Show our accounts with partners: credentials, health, and whether calls are held back
    List(ListArgs),
    /// Store the tokens that a partner gave to a person, in place of the former ones
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
    /// Why, for the audit trail
    #[arg(long, value_name = "WHY", value_parser = typed::reason)]
    reason: Option<String>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the command.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args {
        Args::List(args) => list(args).await,
        Args::Authorise(args) => authorise(args).await,
    }
}

async fn list(args: ListArgs) -> anyhow::Result<Exit> {
    let partners = partners(&args.database.desk().await?).await?;
    match args.output.output {
        Format::Json => print_json(&partners)?,
        Format::Table => print(&table(&partners, Clock::default().now()))?,
    }
    Ok(Exit::Done)
}

fn table(partners: &[Partner], now: DateTime<Utc>) -> String {
    let headings = ["partner", "method", "account", "credentials", "health", "budget", "breaker", "words"];
    let mut table = Table::with_headings(&headings);
    for partner in partners {
        if partner.accounts.is_empty() {
            table.row([partner.id.as_str(), partner.method]);
        }
        for account in &partner.accounts {
            table.row([
                partner.id.as_str(),
                partner.method,
                &account.name,
                &credentials(account),
                &account.health,
                &budget(account, now),
                &breaker(account, now),
                account.words.as_deref().unwrap_or_default(),
            ]);
        }
    }
    table.to_string()
}

fn credentials(account: &Account) -> String {
    match (account.has_credentials, account.days_left) {
        (false, _) => "none".to_owned(),
        (true, None) => "kept".to_owned(),
        (true, Some(..0)) => "ended".to_owned(),
        (true, Some(0)) => "less than a day left".to_owned(),
        (true, Some(1)) => "1 day left".to_owned(),
        (true, Some(days)) => format!("{days} days left"),
    }
}

fn budget(account: &Account, now: DateTime<Utc>) -> String {
    let filled_ms = account.budget_until.map_or(0, |until| (until - now).num_milliseconds());
    if filled_ms <= 0 { "free".to_owned() } else { format!("{}.{} s in use", filled_ms / 1000, filled_ms % 1000 / 100) }
}

fn breaker(account: &Account, now: DateTime<Utc>) -> String {
    match account.open_until {
        Some(until) => format!("open {} s, {} failures", (until - now).num_seconds().max(1), account.failures),
        None if account.failures > 0 => format!("closed, {} failures", account.failures),
        None => "closed".to_owned(),
    }
}

async fn authorise(args: AuthoriseArgs) -> anyhow::Result<Exit> {
    let (desk, caller) = args.database.acting().await?;
    let id = PartnerId::new(args.partner);
    let partner =
        desk.catalogue.partner(&id).ok_or_else(|| WrongUsage(format!("the catalogue has no partner {id}")))?;
    let prefix = format!("PARTNER_{}_", id.as_str().to_ascii_uppercase().replace('-', "_"));
    if !keeps_tokens(partner.method) {
        let words = format!("{id} keeps no tokens in the database; its secrets are {prefix}… of the environment");
        return Err(WrongUsage(words).into());
    }
    let given = if args.stdin { from_stdin()? } else { std::env::vars().collect() };
    let keys = settings::read(&settings::NO_SERVERS).map_err(|error| WrongUsage(error.to_string()))?.keys.keyring()?;
    let (account, sealed) = tokens(&given, &prefix)?.sealed(&keys, &id)?;
    store_tokens(&desk, &caller, &account, &sealed, args.reason.as_deref()).await?;
    eprintln!("{id}: the tokens are stored; the next delivery uses them");
    Ok(Exit::Done)
}

/// Whether tokens at such a partner are renewed, and so stored in the database.
fn keeps_tokens(method: DeliveryMethod) -> bool {
    match method {
        DeliveryMethod::Bilibili => true,
        DeliveryMethod::Douyin
        | DeliveryMethod::SftpDrop
        | DeliveryMethod::S3Drop
        | DeliveryMethod::Mrss
        | DeliveryMethod::Operator => false,
    }
}

/// The tokens among the given variables, by their names with or without the partner's prefix.
fn tokens(given: &BTreeMap<String, String>, prefix: &str) -> Result<Tokens, WrongUsage> {
    let field = |name: &str| given.get(&format!("{prefix}{name}")).or_else(|| given.get(name)).cloned();
    let missing = |name: &str| WrongUsage(format!("{prefix}{name} is not given"));
    let wanted = |name: &str| field(name).filter(|value| !value.is_empty()).ok_or_else(|| missing(name));
    let wrong = |_| WrongUsage("EXPIRES_AT is not in seconds since 1970".to_owned());
    // A token without an expiry is renewed at its first use.
    let expires_at = field("EXPIRES_AT").map_or(Ok(0), |text| text.trim().parse().map_err(wrong))?;
    Ok(Tokens::new(wanted("ACCESS_TOKEN")?, wanted("REFRESH_TOKEN")?, expires_at))
}

fn from_stdin() -> anyhow::Result<BTreeMap<String, String>> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprintln!("lines ACCESS_TOKEN=…, REFRESH_TOKEN=… and EXPIRES_AT=…, then Ctrl-D:");
    }
    let mut text = String::new();
    stdin.take(INPUT_BYTES).read_to_string(&mut text).context("read stdin")?;
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
