//! `reelmill person add|list|role|invite|reset|sessions|end`: who works with entries, in which roles, and how they sign
//! in.
use desk::act::invitation::{Invite, invite};
use desk::act::person::{AddPerson, ChangeRoles, EndPerson, Managed, add, change_roles, end};
use desk::act::session::{EndSessions, end_of};
use desk::view::Paging;
use desk::view::persons::{HeldRole, persons};
use desk::view::sessions;
use pipeline::person::Sees;
use runtime::store::people::invitations::Purpose;

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{Format, OutputArgs, Table, print, print_json};
use crate::paging;
pub(crate) use args::Args;
use args::{ActArgs, LinkArgs, Which};

mod args;

/// Runs the command.
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
        Args::Invite(args) => run_link(Purpose::Invite, args).await,
        Args::Reset(args) => run_link(Purpose::Reset, args).await,
        Args::Sessions { person, end: None, output, database, .. } => list_sessions(&person, output, &database).await,
        Args::Sessions { person, end: Some(which), reason, output, database } => {
            let session = match which {
                Which::All => None,
                Which::One(session) => Some(session),
            };
            end_sessions(&person, EndSessions { session, reason }, output, &database).await
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
    print_result(&managed, "is added as", act.output)
}

async fn run_role(named: &str, wish: ChangeRoles, act: ActArgs) -> anyhow::Result<Exit> {
    let desk = act.database.desk().await?;
    let managed = change_roles(&desk, &act.database.caller(&desk).await?, named, wish).await?.value;
    print_result(&managed, "holds", act.output)
}

async fn run_end(named: &str, wish: EndPerson, act: ActArgs) -> anyhow::Result<Exit> {
    let desk = act.database.desk().await?;
    let managed = end(&desk, &act.database.caller(&desk).await?, named, wish).await?.value;
    print_result(&managed, "is ended, and none of their tokens and sessions is valid; held", act.output)
}

async fn run_link(purpose: Purpose, args: LinkArgs) -> anyhow::Result<Exit> {
    let LinkArgs { person, reason, act } = args;
    let desk = act.database.desk().await?;
    let wish = Invite { purpose, reason, dry_run: act.dry_run };
    let invited = invite(&desk, &act.database.caller(&desk).await?, &person, wish).await?.value;
    if act.output.output == Format::Json {
        print_json(&invited)?;
        return Ok(Exit::Done);
    }
    let (name, until) = (&invited.person.name, invited.expires_at.format("%Y-%m-%d %H:%M UTC"));
    if invited.dry_run {
        eprintln!("dry run, nothing was done: a link for {name} would be valid until {until}");
        return Ok(Exit::Done);
    }
    if invited.link.starts_with("/units/") {
        eprintln!("PUBLIC_URL is not set: put the public address before this path");
    } else if invited.link.starts_with('/') {
        eprintln!("DESK_URL is not set: put the address of the desk before this path");
    }
    eprintln!("{name} sets password and second factor by this link, once, until {until}; it is shown only now:");
    print(&format!("{}\n", invited.link))?;
    Ok(Exit::Done)
}

async fn list_sessions(named: &str, output: OutputArgs, database: &DatabaseArgs) -> anyhow::Result<Exit> {
    let desk = database.desk().await?;
    let sessions = sessions::of_named(&desk, &database.caller(&desk).await?, named).await?;
    if output.output == Format::Json {
        print_json(&sessions)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::with_headings(&["id", "since", "last request", "second factor", "browser", "address"]);
    let minute = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    for it in sessions {
        let (agent, address) = (it.agent.unwrap_or_default(), it.address.unwrap_or_default());
        table.row([it.id.to_string(), minute(it.created_at), minute(it.seen_at), it.factor, agent, address]);
    }
    print(&table.to_string())?;
    Ok(Exit::Done)
}

async fn end_sessions(
    named: &str,
    wish: EndSessions,
    output: OutputArgs,
    database: &DatabaseArgs,
) -> anyhow::Result<Exit> {
    let desk = database.desk().await?;
    let ended = end_of(&desk, &database.caller(&desk).await?, named, wish).await?.value;
    if output.output == Format::Json {
        print_json(&ended)?;
    } else {
        eprintln!("{} sessions of {named} are ended", ended.sessions.len());
    }
    Ok(Exit::Done)
}

/// The result as JSON, or in one sentence on stderr.
fn print_result(managed: &Managed, done: &str, output: OutputArgs) -> anyhow::Result<Exit> {
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
    let page = persons(&database.desk().await?, &Sees::All, &paging).await?;
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
    paging::print_next(page.next.as_deref());
    Ok(Exit::Done)
}

fn joined(roles: &[HeldRole]) -> String {
    let roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
    if roles.is_empty() { "no role".to_owned() } else { roles.join(" ") }
}
