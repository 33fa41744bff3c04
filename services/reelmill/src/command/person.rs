//! `reelmill person add|list|role|end`: who works with entries, and in which roles.
use desk::act::person::{AddPerson, ChangeRoles, EndPerson, Managed, add, change_roles, end};
use desk::view::Paging;
use desk::view::persons::{HeldRole, persons};

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{Format, OutputArgs, Table, print, print_json};
use crate::paging::{self, PagingArgs};
use crate::typed;

/// What to do with persons.
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// Add a person and print their id
    Add {
        /// Their name; the audit trail shows it
        #[arg(value_name = "NAME", value_parser = typed::name)]
        name: String,
        /// Their login name on the machines where these commands are typed
        #[arg(long, value_name = "LOGIN")]
        login: String,
        /// A role that they hold in all contests or in one: screener, organiser, operator, auditor or admin
        #[arg(long = "role", value_name = "ROLE[@CONTEST]", required = true, num_args = 1..)]
        roles: Vec<HeldRole>,
        /// Why, for the audit trail
        #[arg(long, value_name = "WHY", value_parser = typed::reason)]
        reason: Option<String>,
        #[command(flatten)]
        act: ActArgs,
    },
    /// Show persons, newest first, including those who were ended
    List {
        #[command(flatten)]
        paging: PagingArgs,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Give roles to a person or take them; tokens of a role that is taken are revoked
    Role {
        /// The person, by login name or id
        #[arg(value_name = "PERSON")]
        person: String,
        /// A role to give
        #[arg(long, value_name = "ROLE[@CONTEST]", num_args = 1.., required_unless_present = "remove")]
        add: Vec<HeldRole>,
        /// A role to take, as `list` shows it
        #[arg(long, value_name = "ROLE[@CONTEST]", num_args = 1..)]
        remove: Vec<HeldRole>,
        /// Why, for the audit trail
        #[arg(long, value_name = "WHY", value_parser = typed::reason)]
        reason: Option<String>,
        #[command(flatten)]
        act: ActArgs,
    },
    /// End a person: none of their tokens is valid from now on, and their login name is free
    End {
        /// The person, by login name or id
        #[arg(value_name = "PERSON")]
        person: String,
        /// Why, for the audit trail
        #[arg(long, value_name = "WHY", value_parser = typed::reason)]
        reason: String,
        #[command(flatten)]
        act: ActArgs,
    },
}

/// What the acts share.
#[derive(clap::Args)]
pub(crate) struct ActArgs {
    /// Only say what would follow
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Does it.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args {
        Args::Add { name, login, roles, reason, act } => {
            let wish = AddPerson { name, login, roles, dry_run: act.dry_run, reason };
            run_add(wish, act).await
        }
        Args::List { paging, output, database } => list(paging.into(), output, &database).await,
        Args::Role { person, add, remove, reason, act } => {
            let wish = ChangeRoles { add, remove, dry_run: act.dry_run, reason };
            run_role(&person, wish, act).await
        }
        Args::End { person, reason, act } => {
            let wish = EndPerson { reason, dry_run: act.dry_run };
            run_end(&person, wish, act).await
        }
    }
}

async fn run_add(wish: AddPerson, act: ActArgs) -> anyhow::Result<Exit> {
    let desk = act.database.desk().await?;
    let managed = add(&desk, &act.database.caller(&desk).await?, wish).await?.value;
    if act.output.output == Format::Table && !act.dry_run {
        print(&format!("{}\n", managed.person.id))?;
    }
    tell(&managed, "is added as", act.output)
}

async fn run_role(named: &str, wish: ChangeRoles, act: ActArgs) -> anyhow::Result<Exit> {
    let desk = act.database.desk().await?;
    let managed = change_roles(&desk, &act.database.caller(&desk).await?, named, wish).await?.value;
    tell(&managed, "holds", act.output)
}

async fn run_end(named: &str, wish: EndPerson, act: ActArgs) -> anyhow::Result<Exit> {
    let desk = act.database.desk().await?;
    let managed = end(&desk, &act.database.caller(&desk).await?, named, wish).await?.value;
    tell(&managed, "is ended, and none of their tokens is valid; held", act.output)
}

/// The result as JSON, or in one sentence on stderr.
fn tell(managed: &Managed, done: &str, output: OutputArgs) -> anyhow::Result<Exit> {
    let Managed { person, dry_run } = managed;
    match output.output {
        Format::Json => print_json(managed)?,
        Format::Table => {
            let only = if *dry_run { "dry run, nothing was done: " } else { "" };
            eprintln!("{only}{} {done} {}", person.name, joined(&person.roles));
        }
    }
    Ok(Exit::Done)
}

async fn list(paging: Paging, output: OutputArgs, database: &DatabaseArgs) -> anyhow::Result<Exit> {
    let page = persons(&database.desk().await?, None, &paging).await?;
    if output.output == Format::Json {
        print_json(&page)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::with_headings(&["id", "name", "login", "roles", "since", "ended"]);
    let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    for person in page.items {
        table.row([
            person.id.to_string(),
            person.name,
            person.login.unwrap_or_default(),
            joined(&person.roles),
            day(person.created_at),
            person.ended_at.map(day).unwrap_or_default(),
        ]);
    }
    print(&table.to_string())?;
    paging::tell_next(page.next.as_deref());
    Ok(Exit::Done)
}

fn joined(roles: &[HeldRole]) -> String {
    let roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
    if roles.is_empty() { "no role".to_owned() } else { roles.join(" ") }
}
