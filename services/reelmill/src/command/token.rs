//! `reelmill token create|list|revoke`: tokens of persons, for programs that use the organisers' API.
use std::time::Duration;

use pipeline::id::ContestId;
use runtime::bearer::Bearer;
use runtime::store::Store;
use runtime::store::history::By;
use runtime::store::tokens::{NewToken, Role};
use uuid::Uuid;

use super::person;
use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output::{Format, OutputArgs, Table, print, print_json};
use crate::typed;

/// What to do with tokens.
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// Make a token and print it, this once
    Create {
        /// Whose it is, by login name or id; the audit trail names them for all that is done with it
        #[arg(long, value_name = "PERSON")]
        person: String,
        /// A role that they hold: screener, organiser, operator, auditor or admin
        #[arg(long, value_name = "ROLE")]
        role: Role,
        /// What it is for, as `list` shows it
        #[arg(long, value_name = "NAME", value_parser = typed::token_name)]
        name: String,
        /// Only this contest; if absent, all contests, or the only one in which they hold the role
        #[arg(long, value_name = "CONTEST")]
        contest: Option<ContestId>,
        /// How long it holds, in days or hours, such as 90d or 8h; at most 366d
        #[arg(long, value_name = "TIME", default_value = "90d", value_parser = life)]
        expires: Duration,
        /// Why, for the audit trail
        #[arg(long, value_name = "WORDS", value_parser = typed::reason)]
        reason: Option<String>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Show all tokens, newest first, those that are over too
    List {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// End a token at once
    Revoke {
        /// The token's id, as `list` shows it
        id: Uuid,
        /// Why, for the audit trail
        #[arg(long, value_name = "WORDS", value_parser = typed::reason)]
        reason: Option<String>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

const HOUR_S: u64 = 3600;
/// Longest life. Whoever needs one longer makes a new one.
const MOST_HOURS: u64 = 366 * 24;

fn life(text: &str) -> Result<Duration, String> {
    let wrong = || "a time such as 90d or 8h, at most 366d".to_owned();
    let (digits, hours) = match text.split_at_checked(text.len().saturating_sub(1)) {
        Some((digits, "d")) => (digits, 24),
        Some((digits, "h")) => (digits, 1),
        _ => return Err(wrong()),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    match count.checked_mul(hours) {
        Some(hours) if (1..=MOST_HOURS).contains(&hours) => Ok(Duration::from_secs(hours * HOUR_S)),
        _ => Err(wrong()),
    }
}

/// Does it.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args {
        Args::Create { person, role, name, contest, expires, reason, database } => {
            let store = database.connect().await?;
            let person = person::find(&store, &person).await?.id;
            person::known_contests(&database, contest.iter())?;
            let new = NewToken { id: Uuid::now_v7(), person, role, name, contest, expires_after: expires };
            create(&store, &new, &database.by(&store, reason).await?).await
        }
        Args::List { output, database } => list(output, &database).await,
        Args::Revoke { id, reason, database } => {
            let store = database.connect().await?;
            let revoked = store.revoke_token(id, &database.by(&store, reason).await?).await?;
            let token = revoked.ok_or_else(|| WrongUsage(format!("there is no token {id}")))?;
            eprintln!("{} token {} of {} is revoked", token.role, token.name, token.person_name);
            Ok(Exit::Done)
        }
    }
}

async fn create(store: &Store, new: &NewToken, by: &By) -> anyhow::Result<Exit> {
    let bearer = Bearer::new(new.id)?;
    let kept = bearer.keep().await?;
    let token = store.create_token(new, &kept, by).await?;
    eprintln!(
        "{} token {} of {} for {}, holds until {}; it is shown only now:",
        token.role,
        token.name,
        token.person_name,
        token.contest.as_ref().map_or("every contest", ContestId::as_str),
        token.expires_at.format("%Y-%m-%d %H:%M UTC"),
    );
    print(&format!("{}\n", bearer.tell()))?;
    Ok(Exit::Done)
}

async fn list(output: OutputArgs, database: &DatabaseArgs) -> anyhow::Result<Exit> {
    let tokens = database.connect().await?.tokens(None).await?;
    if output.output == Format::Json {
        print_json(&tokens)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::with_headings(&["id", "person", "role", "name", "contest", "expires", "revoked"]);
    let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    for token in tokens {
        table.row([
            token.id.to_string(),
            token.person_name,
            token.role.to_string(),
            token.name,
            token.contest.map_or_else(|| "all".to_owned(), |contest| contest.to_string()),
            day(token.expires_at),
            token.revoked_at.map(day).unwrap_or_default(),
        ]);
    }
    print(&table.to_string())?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_days_or_hours() {
        assert_eq!(life("90d").unwrap(), Duration::from_secs(90 * 24 * HOUR_S));
        assert_eq!(life("8h").unwrap(), Duration::from_secs(8 * HOUR_S));
        for wrong in ["", "d", "0d", "90", "367d", "-1d", "1.5d", "1日", "99999999999999999999d"] {
            assert!(life(wrong).is_err(), "{wrong}");
        }
    }
}
