//! `reelmill fsck`: compares the database with the object store, looks for what is stuck, and repairs what can be repaired.
use std::time::Duration;

use anyhow::Context;
use runtime::fsck::{self, Finding, Look, Report};
use runtime::objects::Objects;

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output::{self, Format, OutputArgs, Table};
use crate::settings;

/// Options of `fsck`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Read every object and compare its SHA-256, too; takes as long as reading the whole bucket
    #[arg(long)]
    deep: bool,
    /// Repair what can be repaired: objects that no row names become garbage, uploads whose bytes are gone are ended,
    /// and stuck works continue
    #[arg(long)]
    repair: bool,
    /// Skip objects younger than this, in hours: their rows may not be written yet
    #[arg(long, value_name = "HOURS", default_value_t = 24.0, value_parser = hours)]
    grace: f64,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// No hours, or up to ten years.
fn hours(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "a number of hours, such as 24 or 0.5".to_owned())?;
    if (0.0..=87_600.0).contains(&value) { Ok(value) } else { Err("from 0 to 87600 hours".to_owned()) }
}

/// Compares, repairs if requested, and reports. Exit code 1 while something is wrong that was not repaired.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let store = args.database.connect().await?;
    let config = settings::read(&settings::NO_SERVERS).map_err(|error| WrongUsage(error.to_string()))?;
    let objects = Objects::new(&(&config.s3).into());
    anyhow::ensure!(objects.healthy().await, "the object store does not answer (S3_ENDPOINT, S3_BUCKET and its key)");
    let look = Look { deep: args.deep, repair: args.repair, grace: Duration::from_secs_f64(args.grace * 3600.0) };
    let said = |finding: &Finding| eprintln!("{}", output::plain(&format!("{}  {}", finding.name(), finding.key)));
    let report = Box::pin(fsck::check(&store, &objects, look, said)).await.context("compare database and bucket")?;
    match args.output.output {
        Format::Json => output::print_json(&report)?,
        Format::Table => output::print(&text(&report))?,
    }
    Ok(if report.is_wrong() { Exit::Failure } else { Exit::Done })
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    if !report.findings.is_empty() {
        let mut table = Table::with_headings(&["FOUND", "ENTRY", "KEY", "WHAT TO DO"]);
        for finding in &report.findings {
            let entry = finding.submission.map(|id| id.to_string()).unwrap_or_default();
            let done = finding.repaired.as_ref().map(|done| format!("done: {done}"));
            table.row([&finding.name(), &entry, &finding.key, done.as_ref().unwrap_or(&finding.mend)]);
        }
        text += &table.to_string();
        text += "\n";
    }
    for words in &report.not_looked_at {
        text += &format!("not looked at: {}\n", output::plain(words));
    }
    text += &format!(
        "{} objects with {} are what the database says, {} were left alone\n",
        report.sound,
        output::bytes(report.sound_bytes),
        report.left_alone
    );
    for (name, count) in report.counts() {
        text += &format!("{count:>6}  {name}\n");
    }
    text
}
