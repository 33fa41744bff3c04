//! `reelmill person add|list|role|end`: who works with entries, and in which roles.
use std::collections::BTreeSet;

use pipeline::id::{ContestId, PersonId};
use pipeline::person::{Held, Login, Person, RoleChange};
use runtime::store::Store;
use runtime::store::persons::NewPerson;
use uuid::Uuid;

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output::{Format, OutputArgs, Table, print, print_json};
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
        login: Login,
        /// A role that they hold in all contests or in one: screener, organiser, operator, auditor or admin
        #[arg(long = "role", value_name = "ROLE[@CONTEST]", required = true, num_args = 1..)]
        roles: Vec<Held>,
        /// Why, for the audit trail
        #[arg(long, value_name = "WHY", value_parser = typed::reason)]
        reason: Option<String>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Show all persons, newest first, including those who were ended
    List {
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
        add: Vec<Held>,
        /// A role to take, as `list` shows it
        #[arg(long, value_name = "ROLE[@CONTEST]", num_args = 1..)]
        remove: Vec<Held>,
        /// Why, for the audit trail
        #[arg(long, value_name = "WHY", value_parser = typed::reason)]
        reason: Option<String>,
        #[command(flatten)]
        database: DatabaseArgs,
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
        database: DatabaseArgs,
    },
}

/// Does it.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args {
        Args::Add { name, login, roles, reason, database } => {
            let new = NewPerson {
                id: PersonId(Uuid::now_v7()),
                name,
                login: Some(login),
                roles: roles.into_iter().collect(),
            };
            add(&new, reason, &database).await
        }
        Args::List { output, database } => list(output, &database).await,
        Args::Role { person, add, remove, reason, database } => {
            let change = RoleChange { add: add.into_iter().collect(), remove: remove.into_iter().collect() };
            change_roles(&person, &change, reason, &database).await
        }
        Args::End { person, reason, database } => {
            let store = database.connect().await?;
            let id = find(&store, &person).await?.id;
            let ended = store.end_person(id, &database.by(&store, Some(reason)).await?).await?;
            eprintln!("{} is ended; none of their tokens is valid", ended.name);
            Ok(Exit::Done)
        }
    }
}

/// The person of a login name or an id. A login name is only that of a person who is not ended.
pub(super) async fn find(store: &Store, named: &str) -> anyhow::Result<Person> {
    let found = match named.parse() {
        Ok(id) => store.person(id).await?,
        Err(_) => store.person_by_login(named).await?,
    };
    found.ok_or_else(|| WrongUsage(format!("there is no person {named}: see `reelmill person list`")).into())
}

/// Whether the catalogue has these contests. A typing error would otherwise be a role that never opens anything.
pub(super) fn known_contests<'a>(
    database: &DatabaseArgs,
    contests: impl IntoIterator<Item = &'a ContestId>,
) -> anyhow::Result<()> {
    let mut contests = contests.into_iter().peekable();
    if contests.peek().is_none() {
        return Ok(());
    }
    let catalogue = database.catalogue()?;
    match contests.find(|contest| catalogue.contest(contest).is_none()) {
        Some(unknown) => Err(WrongUsage(format!("the catalogue has no contest {unknown}")).into()),
        None => Ok(()),
    }
}

fn contests(roles: &BTreeSet<Held>) -> impl Iterator<Item = &ContestId> {
    roles.iter().filter_map(|held| held.contest.as_ref())
}

async fn add(new: &NewPerson, reason: Option<String>, database: &DatabaseArgs) -> anyhow::Result<Exit> {
    let store = database.connect().await?;
    known_contests(database, contests(&new.roles))?;
    let person = store.add_person(new, &database.by(&store, reason).await?).await?;
    eprintln!("{} is added as {}", person.name, joined(&person.roles));
    print(&format!("{}\n", person.id))?;
    Ok(Exit::Done)
}

async fn change_roles(
    named: &str,
    change: &RoleChange,
    reason: Option<String>,
    database: &DatabaseArgs,
) -> anyhow::Result<Exit> {
    let store = database.connect().await?;
    known_contests(database, contests(&change.add))?;
    let id = find(&store, named).await?.id;
    let person = store.change_roles(id, change, &database.by(&store, reason).await?).await?;
    eprintln!("{} holds {}", person.name, joined(&person.roles));
    Ok(Exit::Done)
}

async fn list(output: OutputArgs, database: &DatabaseArgs) -> anyhow::Result<Exit> {
    let persons = database.connect().await?.persons().await?;
    if output.output == Format::Json {
        print_json(&persons)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::with_headings(&["id", "name", "login", "roles", "since", "ended"]);
    let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    for person in persons {
        table.row([
            person.id.to_string(),
            person.name,
            person.login.map(|login| login.to_string()).unwrap_or_default(),
            joined(&person.roles),
            day(person.created_at),
            person.ended_at.map(day).unwrap_or_default(),
        ]);
    }
    print(&table.to_string())?;
    Ok(Exit::Done)
}

fn joined(roles: &BTreeSet<Held>) -> String {
    let roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
    if roles.is_empty() { "no role".to_owned() } else { roles.join(" ") }
}
