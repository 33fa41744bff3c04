//! `reelmill release ID…`: the gate between assembly and publishing, for all partners or some, now or at a time.
use std::collections::BTreeSet;

use anyhow::Context;
use chrono::{DateTime, FixedOffset, Utc};
use pipeline::catalogue::Catalogue;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::submission::{Event, State};
use runtime::store::Store;
use runtime::store::submissions::SubmissionRow;

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output::{self, Table};
use crate::settings::{self, NO_SERVERS};

/// Options of `release`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entries' ids
    #[arg(required = true)]
    ids: Vec<SubmissionId>,
    /// Only to these partners; a later release adds others
    #[arg(long, value_delimiter = ',', value_name = "PARTNER,…")]
    partners: Vec<String>,
    /// Not before this time, such as 2024-08-15T20:00:00+08:00
    #[arg(long, value_name = "TIME", value_parser = instant)]
    at: Option<DateTime<Utc>>,
    /// Only say what would go to whom, and when
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// An instant needs its offset: it is one moment, wherever the reader stands.
pub(crate) fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let read = DateTime::<FixedOffset>::parse_from_rfc3339(text);
    read.map(|at| at.to_utc()).map_err(|_| "a time with its offset, such as 2024-08-15T20:00:00+08:00".to_owned())
}

/// Opens the gates, or says what that would do. Entries that nothing changes for are told, and make it wrong usage.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let store = args.database.connect().await?;
    let catalogue = settings::read(&NO_SERVERS)?.catalogue()?;
    let partners: Option<BTreeSet<PartnerId>> =
        (!args.partners.is_empty()).then(|| args.partners.iter().cloned().map(PartnerId::new).collect());
    if let Some(wrong) = partners.iter().flatten().find(|partner| catalogue.partner(partner).is_none()) {
        return Err(WrongUsage(format!("the catalogue has no partner {wrong}")).into());
    }
    let mut entries = Vec::new();
    for id in &args.ids {
        let entry = store.submission(*id).await?;
        entries.push(entry.ok_or_else(|| WrongUsage(format!("there is no entry {id}")))?);
    }
    if args.dry_run {
        output::print(&dry_run(&catalogue, &entries, partners.as_ref(), args.at))?;
        return Ok(Exit::Done);
    }
    let mut exit = Exit::Done;
    for entry in &entries {
        if !release(&store, entry, partners.as_ref(), &args).await? {
            exit = Exit::Usage;
        }
    }
    Ok(exit)
}

async fn release(
    store: &Store,
    entry: &SubmissionRow,
    partners: Option<&BTreeSet<PartnerId>>,
    args: &Args,
) -> anyhow::Result<bool> {
    let id = entry.id;
    let by = args.database.by(store, None).await?;
    let applied = store.release(id, partners, args.at, by).await;
    let applied = applied.with_context(|| format!("release {id}"))?;
    let state = applied.machine.state.name();
    if applied.changed {
        let to: Vec<String> = applied.started.iter().map(|todo| todo.part.to_string()).collect();
        let when = args.at.map(|at| format!(" from {} on", at.to_rfc3339())).unwrap_or_default();
        eprintln!(
            "{id}: released to {}{when}, now {state}",
            if to.is_empty() { "nobody".into() } else { to.join(", ") }
        );
    } else {
        eprintln!("{id} is in state {state}, where this changes nothing");
    }
    Ok(applied.changed)
}

/// What `release` would start: one line an entry and partner.
fn dry_run(
    catalogue: &Catalogue,
    entries: &[SubmissionRow],
    partners: Option<&BTreeSet<PartnerId>>,
    at: Option<DateTime<Utc>>,
) -> String {
    let mut table = Table::with_headings(&["ENTRY", "TITLE", "PARTNER", "BY", "WHEN"]);
    for entry in entries {
        // The state machine itself says what would follow.
        let mut machine = entry.machine.clone();
        let started = machine.advance(Event::Released { partners: partners.cloned() });
        let id = entry.id.to_string();
        if started.is_empty() {
            let state = entry.machine.state.name();
            let why = match entry.machine.state {
                State::AwaitingRelease => "no such partner in its plan".to_owned(),
                _ => format!("nothing: it is in state {state}"),
            };
            table.row([id.as_str(), entry.title.as_str(), "–", "–", why.as_str()]);
        }
        for part in started.iter().map(|todo| todo.part.to_string()) {
            let name = part.split_once('/').map_or(part.as_str(), |(_, name)| name);
            let partner = catalogue.partner(&PartnerId::new(name));
            let method = partner.map_or("unknown", |partner| partner.method.name());
            let window = partner.and_then(|partner| partner.window);
            let mut when = at.map_or_else(|| "at once".to_owned(), |at| format!("from {} on", at.to_rfc3339()));
            if let Some(window) = window {
                when += &format!(", {}–{} o'clock in Beijing", window.from_hour, window.to_hour);
            }
            table.row([id.as_str(), entry.title.as_str(), name, method, when.as_str()]);
        }
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_needs_its_offset() {
        assert_eq!(instant("2024-08-15T20:00:00+08:00").unwrap().to_rfc3339(), "2024-08-15T12:00:00+00:00");
        assert!(instant("2024-08-15 20:00").is_err());
        assert!(instant("tomorrow").is_err());
    }
}
