//! `reelmill webhook …`: the addresses that receive changes, their secrets, and the messages sent.
use desk::act::webhook::{self, NewWebhook, WebhookReason, WebhookResend, WebhookSecret};
use desk::view::webhooks::{self, Message, MessageAttempt, Webhook};
use pipeline::person::Sees;
use runtime::store::outgoing::webhooks::TYPES;
use uuid::Uuid;

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{Format, OutputArgs, Table, print, show};
use crate::paging::{self, PagingArgs};
use crate::typed;

/// What to do with webhooks.
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// Send changes to an address from now on; prints the signing secret once
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
        common: Common,
    },
    /// Show the addresses that receive changes, and the messages that wait for them
    List {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Create a new secret and print it once; for 24 hours, messages are signed with the old one as well
    Rotate(OneArgs),
    /// Send nothing more to an address, and delete its secrets
    Remove(OneArgs),
    /// Show what was sent, newest first, with every attempt and its answer
    Log {
        /// The webhook's id
        id: Uuid,
        #[command(flatten)]
        page: PagingArgs,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Send a message again under its old id, or all that were not delivered
    Resend {
        /// The webhook's id
        id: Uuid,
        /// The message's id, `msg_…`; all that were not delivered if absent
        #[arg(long, value_name = "MESSAGE")]
        message: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Send a test message; `log` shows the result
    Test(OneArgs),
}

/// Options of an act on one webhook.
#[derive(clap::Args)]
pub(crate) struct OneArgs {
    /// The webhook's id
    id: Uuid,
    #[command(flatten)]
    common: Common,
}

/// Options of every act.
#[derive(clap::Args)]
pub(crate) struct Common {
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
        Args::Add { url, types, contest, common: Common { reason, output, database } } => {
            let wish = NewWebhook { url, types: types.into_iter().collect(), contest, reason };
            let (desk, caller) = database.acting().await?;
            let made = webhook::create(&desk, &caller, wish).await?;
            print_secret(&made.value, output)
        }
        Args::Rotate(OneArgs { id, common: Common { reason, output, database } }) => {
            let wish = WebhookReason { reason };
            let (desk, caller) = database.acting().await?;
            let made = webhook::rotate(&desk, &caller, id, wish).await?;
            print_secret(&made.value, output)
        }
        Args::Remove(OneArgs { id, common: Common { reason, output, database } }) => {
            let wish = WebhookReason { reason };
            let (desk, caller) = database.acting().await?;
            let removed = webhook::remove(&desk, &caller, id, wish).await?.value;
            said(&removed, output, "", &format!("{id}: removed"))
        }
        Args::Resend { id, message, common: Common { reason, output, database } } => {
            let wish = WebhookResend { message, reason };
            let (desk, caller) = database.acting().await?;
            let resent = webhook::resend(&desk, &caller, id, wish).await?.value;
            said(&resent, output, "", &format!("{id}: {} messages are sent again", resent.messages))
        }
        Args::Test(OneArgs { id, common: Common { reason, output, database } }) => {
            let wish = WebhookReason { reason };
            let (desk, caller) = database.acting().await?;
            let test = webhook::test(&desk, &caller, id, wish).await?.value;
            said(
                &test,
                output,
                &format!("{}\n", test.message),
                &format!("what became of it: reelmill webhook log {id}"),
            )
        }
        Args::List { output, database } => {
            let rows = webhooks::webhooks(&database.desk().await?, &Sees::All).await?;
            show(&rows, output, list_table(&rows))
        }
        Args::Log { id, page, output, database } => {
            let log = webhooks::messages(&database.desk().await?, &Sees::All, id, &page.into()).await?;
            paging::show(&log, output, log_table(&log.items))
        }
    }
}

/// Prints the result as JSON, or the text on stdout and the sentence on stderr.
fn said(result: &impl serde::Serialize, output: OutputArgs, text: &str, sentence: &str) -> anyhow::Result<Exit> {
    if output.output == Format::Json {
        return show(result, output, Table::of_facts());
    }
    eprintln!("{sentence}");
    print(text)?;
    Ok(Exit::Done)
}

/// The only time that a secret is shown.
fn print_secret(made: &WebhookSecret, output: OutputArgs) -> anyhow::Result<Exit> {
    let mut table = Table::of_facts();
    table.fact("id", made.id.to_string());
    table.fact("secret", &made.secret);
    show(made, output, table)?;
    eprintln!("The secret is not shown again. It verifies `webhook-signature` (standardwebhooks.com).");
    Ok(Exit::Done)
}

fn list_table(rows: &[Webhook]) -> Table {
    let mut table = Table::with_headings(&["WEBHOOK", "HOST", "TYPES", "CONTEST", "STATE", "PENDING", "FAILED"]);
    for row in rows {
        let types = if row.types.is_empty() { "all".to_owned() } else { row.types.join(" ") };
        let contest = row.contest.as_deref().unwrap_or("all");
        let numbers = (row.pending.to_string(), row.failed.to_string());
        table.row([&row.id.to_string(), &row.host, &types, contest, &row.state, &numbers.0, &numbers.1]);
    }
    table
}

fn log_table(rows: &[Message]) -> Table {
    let mut table = Table::with_headings(&["AT", "MESSAGE", "TYPE", "STATUS", "ATTEMPTS", "LAST"]);
    for row in rows {
        let at = row.created_at.format("%Y-%m-%d %H:%M:%S").to_string();
        let (attempts, last) = (row.attempts.len().to_string(), last(row));
        table.row([&at, &row.id, &row.kind, &row.status, &attempts, &last]);
    }
    table
}

/// The outcome of the last attempt, in short.
fn last(row: &Message) -> String {
    let Some(MessageAttempt { status, error, elapsed_ms, answer, .. }) = row.attempts.last() else {
        return String::new();
    };
    let Some(elapsed_ms) = elapsed_ms else { return "under way, or cut off".to_owned() };
    let ended = match (status, error) {
        (Some(status), _) => format!("{status} {}", answer.as_deref().unwrap_or_default()),
        (None, error) => error.clone().unwrap_or_default(),
    };
    // One line: the whole text is in the JSON.
    let ended: String = ended.chars().take(80).collect();
    format!("{} ({elapsed_ms} ms)", ended.trim_end())
}
