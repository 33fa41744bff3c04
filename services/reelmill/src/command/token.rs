//! `reelmill token create|list|revoke`: tokens of persons, for programs that use the organisers' API.
use desk::act::token::{CreateToken, RevokeToken, create, revoke};
use desk::view::Paging;
use desk::view::tokens::tokens;
use pipeline::person::Sees;
use uuid::Uuid;

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{Format, OutputArgs, Table, print, print_json};
use crate::paging::{self, PagingArgs};
use crate::typed;

/// What to do with tokens.
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// Create a token and print it; it is not shown again
    Create(CreateArgs),
    /// Show tokens, newest first, including those that have ended
    List {
        #[command(flatten)]
        paging: PagingArgs,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// End a token immediately
    Revoke {
        /// The token's id, as `list` shows it
        id: Uuid,
        /// Why, for the audit trail
        #[arg(long, value_name = "WORDS", value_parser = typed::reason)]
        reason: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// Options of `create`.
#[derive(clap::Args)]
pub(crate) struct CreateArgs {
    /// Its owner, by login name or id; the audit trail names this person for every act with the token
    #[arg(long, value_name = "PERSON")]
    person: String,
    /// A role that they hold: screener, organiser, operator, auditor or admin
    #[arg(long, value_name = "ROLE")]
    role: String,
    /// What it is for, as `list` shows it
    #[arg(long, value_name = "NAME", value_parser = typed::token_name)]
    name: String,
    /// Only this contest; if absent, all contests, or the only one in which they hold the role
    #[arg(long, value_name = "CONTEST")]
    contest: Option<String>,
    /// How long it is valid, in days or hours, such as 90d or 8h; at most 366d
    #[arg(long, value_name = "TIME", default_value = "90d")]
    expires: String,
    /// Why, for the audit trail
    #[arg(long, value_name = "WORDS", value_parser = typed::reason)]
    reason: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the command.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args {
        Args::Create(args) => run_create(args).await,
        Args::List { paging, output, database } => list(paging.into(), output, &database).await,
        Args::Revoke { id, reason, output, database } => {
            run_revoke(id, RevokeToken { reason }, output, &database).await
        }
    }
}

async fn run_create(args: CreateArgs) -> anyhow::Result<Exit> {
    let CreateArgs { person, role, name, contest, expires, reason, output, database } = args;
    let desk = database.desk().await?;
    let wish = CreateToken { role, name, contest, expires, reason };
    let created = create(&desk, &database.caller(&desk).await?, Some(&person), wish).await?.value;
    if output.output == Format::Json {
        print_json(&created)?;
        return Ok(Exit::Done);
    }
    let token = created.token;
    eprintln!(
        "{} token {} of {} for {}, valid until {}; it is shown only now:",
        token.role,
        token.name,
        token.person_name,
        token.contest.as_deref().unwrap_or("every contest"),
        token.expires_at.format("%Y-%m-%d %H:%M UTC"),
    );
    print(&format!("{}\n", created.bearer))?;
    Ok(Exit::Done)
}

async fn run_revoke(id: Uuid, wish: RevokeToken, output: OutputArgs, database: &DatabaseArgs) -> anyhow::Result<Exit> {
    let desk = database.desk().await?;
    let token = revoke(&desk, &database.caller(&desk).await?, id, wish).await?.value;
    if output.output == Format::Json {
        print_json(&token)?;
    } else {
        eprintln!("{} token {} of {} is revoked", token.role, token.name, token.person_name);
    }
    Ok(Exit::Done)
}

async fn list(paging: Paging, output: OutputArgs, database: &DatabaseArgs) -> anyhow::Result<Exit> {
    let page = tokens(&database.desk().await?, &Sees::All, &paging).await?;
    if output.output == Format::Json {
        print_json(&page)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::with_headings(&["id", "person", "role", "name", "contest", "expires", "revoked"]);
    let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    for token in page.items {
        table.row([
            token.id.to_string(),
            token.person_name,
            token.role,
            token.name,
            token.contest.unwrap_or_else(|| "all".to_owned()),
            day(token.expires_at),
            token.revoked_at.map(day).unwrap_or_default(),
        ]);
    }
    print(&table.to_string())?;
    paging::print_next(page.next.as_deref());
    Ok(Exit::Done)
}
