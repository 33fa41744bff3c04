//! `reelmill release ID…`: the gate between assembly and publishing, for all partners or some, now or at a time.
use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset, Utc};
use desk::act::bulk::NewJob;
use desk::act::release::{Release, Released, release};
use pipeline::id::SubmissionId;
use runtime::store::bulk::Kind;

use super::many;
use crate::database::DatabaseArgs;
use crate::exit::{self, Exit};
use crate::output::{self, Format, OutputArgs, Table};
use crate::typed;

/// Options of `release`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entries' ids
    #[arg(required_unless_present = "selection", conflicts_with = "selection")]
    ids: Vec<SubmissionId>,
    /// Instead of ids: conditions with blanks between them, such as 'theme=green unit~association state=awaiting_release'; a job does it, a few at a time
    #[arg(long = "where", value_name = "SELECTION")]
    selection: Option<String>,
    /// Only to these partners; a later release adds others
    #[arg(long, value_delimiter = ',', value_name = "PARTNER,…")]
    partners: Vec<String>,
    /// Not before this time, such as 2024-08-15T20:00:00+08:00
    #[arg(long, value_name = "TIME", value_parser = instant)]
    at: Option<DateTime<Utc>>,
    /// Only report what would be sent to which partners, and when
    #[arg(long)]
    dry_run: bool,
    /// The digest of a dry run; refused if what the act concerns has changed since
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// Why, for the audit trail
    #[arg(long, value_name = "WHY", value_parser = typed::reason)]
    reason: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// A time needs its offset, so that it is one instant everywhere.
pub(crate) fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let read = DateTime::<FixedOffset>::parse_from_rfc3339(text);
    read.map(|at| at.to_utc()).map_err(|_| "a time with its offset, such as 2024-08-15T20:00:00+08:00".to_owned())
}

/// Opens the gates, or reports what that would do; as JSON one document per work. A refusal does not stop the others.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let desk = args.database.desk().await?;
    let caller = args.database.caller(&desk).await?;
    let partners = (!args.partners.is_empty()).then(|| args.partners.iter().cloned().collect());
    if let Some(selection) = args.selection {
        let Args { at, dry_run, digest, reason, .. } = args;
        let (kind, selection) = (Kind::Release, Some(selection));
        let wish = NewJob { kind, selection, partners, at, dry_run, digest, reason, ..NewJob::default() };
        return many::run(&desk, &caller, wish, args.output).await;
    }
    let wish = Release {
        partners,
        at: args.at,
        dry_run: args.dry_run,
        digest: args.digest.clone(),
        reason: args.reason.clone(),
    };
    let json = args.output.output == Format::Json;
    let (mut exit, mut table) = (Exit::Done, Table::with_headings(&["WORK", "PARTNER", "BY", "WHEN"]));
    for id in &args.ids {
        match release(&desk, &caller, *id, wish.clone()).await {
            Ok(done) if json => output::print_json(&done.value)?,
            Ok(done) => {
                warn(&done.value);
                if args.dry_run {
                    row(&mut table, &done.value);
                    output::print_digest(id, &done.value.digest);
                } else {
                    eprintln!("{id}: released to {}, now {}", names(&done.value), done.value.state);
                }
            }
            Err(problem) => exit = exit::refused_for(*id, &problem),
        }
    }
    if args.dry_run && !json && !table.is_bare() {
        output::print(&table.to_string())?;
    }
    Ok(exit)
}

fn names(released: &Released) -> String {
    released.partners.iter().map(|it| it.partner.as_str()).collect::<Vec<_>>().join(", ")
}

/// The texts that partners do not accept: nothing is sent to them until that is fixed.
fn warn(released: &Released) {
    for recipient in &released.partners {
        for it in &recipient.warnings {
            eprintln!("{}: {}: {}: {}\n{}", released.id, it.partner, it.code, it.en, it.zh);
        }
        let options: BTreeSet<&str> = recipient.warnings.iter().filter_map(|it| option(&it.code)).collect();
        for option in options {
            eprintln!("write others: reelmill texts {} --partner {} {option}", released.id, recipient.partner);
        }
    }
}

/// The option of `texts` that fixes a warning.
fn option(warning: &str) -> Option<&'static str> {
    match warning {
        "title_too_short" | "title_too_long" => Some("--title TEXT"),
        "text_too_long" => Some("--text TEXT"),
        "too_many_tags" | "tags_too_long" => Some("--tags TAG"),
        _ => None,
    }
}

/// One line per partner.
fn row(table: &mut Table, released: &Released) {
    for it in &released.partners {
        let mut when = released.at.map_or_else(|| "at once".to_owned(), |at| format!("from {}", at.to_rfc3339()));
        if let Some((from, to)) = it.hours {
            when += &format!(", {from}–{to} o'clock in Beijing");
        }
        table.row([released.id.to_string(), it.partner.clone(), it.method.clone(), when]);
    }
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
