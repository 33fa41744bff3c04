//! `reelmill retention [--dry-run]`: removes expired data by the catalogue's policy, or reports what would be removed.
use std::time::Duration;

use anyhow::Context;
use runtime::clock::Clock;
use runtime::retention::{self, Line};

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output::{self, Format, OutputArgs, Table};
use crate::settings;

/// Options of `retention`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only report what would be deleted
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Counts, or removes and counts. The services do the same once an hour.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let store = args.database.connect().await?;
    let config = settings::read(&settings::NO_SERVERS).map_err(|error| WrongUsage(error.to_string()))?;
    let (policy, now) = (config.catalogue.read()?.retention, Clock::default().now());
    let lines = if args.dry_run {
        retention::preview(&store, &policy, now, &config.work.scratch_dir)
            .await
            .context("look for what is past its time")?
    } else {
        let by = args.database.by(&store, Some("past its time by retention.toml".to_owned())).await?;
        // Everything that the dry run counts, however much: the user waits for it.
        let removing = retention::run(&store, &policy, now, &by, Duration::MAX);
        let lines = removing.await.context("delete expired data")?.lines;
        let removed = retention::run_scratch(&policy, now, &config.work.scratch_dir);
        eprintln!("{removed} directories of dead processes were removed on this machine");
        lines
    };
    match args.output.output {
        Format::Json => output::print_json(&lines)?,
        Format::Table => output::print(&text(&lines, args.dry_run))?,
    }
    Ok(Exit::Done)
}

fn text(lines: &[Line], dry_run: bool) -> String {
    let mut table =
        Table::with_headings(&["POLICY", "KEPT", if dry_run { "WOULD GO" } else { "WENT" }, "BYTES", "WHAT"]);
    for line in lines {
        let kept = match line.kept {
            Some(kept) => kept.to_string(),
            None if line.policy == "garbage" => String::new(),
            None => "for ever".to_owned(),
        };
        let bytes = if line.bytes > 0 { output::bytes(line.bytes) } else { String::new() };
        table.row([line.policy, &kept, &line.count.to_string(), &bytes, line.of]);
    }
    table.to_string()
}
