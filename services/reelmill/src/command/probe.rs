//! `reelmill probe FILE`: measures a file in the sandbox and judges it by a contest's rules, without any server.
use std::path::PathBuf;

use indicatif::MultiProgress;
use pipeline::lang::Lang;
use pipeline::media_info::MediaInfo;
use pipeline::rejection::Rejection;
use pipeline::screening::{Outcome, Verdict, screen};
use serde::Serialize;

use crate::exit::Exit;
use crate::local::{CatalogueArgs, Local};
use crate::output::{self, Format, OutputArgs, Table};
use crate::progress;

mod media_table;

pub(crate) use media_table::media_table;

/// Options of `probe`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The video
    file: PathBuf,
    #[command(flatten)]
    catalogue: CatalogueArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What is known of a file, as JSON.
#[derive(Serialize)]
struct Report<'a> {
    accepted: bool,
    reason: Option<&'a Rejection>,
    verdict: Option<&'a Verdict>,
    media_info: Option<&'a MediaInfo>,
}

/// Prints the verdict and what was measured; 3 if it would be refused.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let (_, contest) = args.catalogue.read()?;
    let local = Local::new()?;
    let source = local.source(&args.file)?;
    let bar = progress::of_job(&MultiProgress::new(), "measuring");
    let (info, verdict, reason) = match local.probe(&source, &bar).await? {
        Err(reason) => (None, None, Some(reason)),
        Ok(info) => {
            let verdict = screen(&info, &contest.rules);
            let reason = verdict.rejection();
            (Some(info), Some(verdict), reason)
        }
    };
    if args.output.output == Format::Json {
        let (verdict, media_info) = (verdict.as_ref(), info.as_ref());
        output::print_json(&Report { accepted: reason.is_none(), reason: reason.as_ref(), verdict, media_info })?;
    } else {
        if let Some(verdict) = &verdict {
            output::print(&(verdict_table(verdict) + "\n"))?;
        }
        if let Some(info) = &info {
            output::print(&media_table(info))?;
        }
    }
    Ok(match &reason {
        None => Exit::Done,
        Some(reason) => refused(reason),
    })
}

/// Tells a refusal in both languages.
pub(crate) fn refused(reason: &Rejection) -> Exit {
    eprintln!("refused ({})", reason.code());
    eprintln!("  {}", output::plain(&reason.text(Lang::Zh)));
    eprintln!("  {}", output::plain(&reason.text(Lang::En)));
    Exit::Refused
}

/// Most ranges of a likeness in a table; JSON has them all.
const MOST_RANGES: usize = 4;

/// A verdict, one rule a line; rules that were broken say so in both languages.
pub(crate) fn verdict_table(verdict: &Verdict) -> String {
    let mut table = Table::with_headings(&["RULE", "", "MEASURED", "ALLOWED"]);
    for rule in &verdict.rules {
        let name = serde_json::to_value(rule.rule).ok();
        let name = name.as_ref().and_then(|name| name.as_str()).unwrap_or_default();
        let mark = match rule.outcome {
            Outcome::Pass => "ok",
            Outcome::Warn => "look",
            Outcome::Fail => "FAILS",
        };
        table.row([name, mark, &rule.measured, &rule.limit]);
    }
    table.to_string() + &others(verdict)
}

/// The entries that a verdict is about, with where they match; nothing where there are none.
fn others(verdict: &Verdict) -> String {
    let mut table = Table::with_headings(&["LIKE ENTRY", "IN", "OF THE SHORTER", "AGREEMENT", "HERE", "THERE"]);
    let twins = || verdict.rules.iter().flat_map(|rule| &rule.others);
    for twin in twins() {
        let id = twin.submission.to_string();
        if twin.same_file {
            table.row([id.as_str(), "every byte", "100 %", "100 %", "", ""]);
        }
        for (what, found) in [("picture", &twin.likeness.picture), ("sound", &twin.likeness.sound)] {
            let Some(found) = found else { continue };
            let percent = |of: u32| format!("{of} %");
            let range = |start: u64, end: u64| format!("{}–{}", clock(start), clock(end));
            for (index, it) in found.ranges.iter().take(MOST_RANGES).enumerate() {
                let (here, there) = (range(it.start_ms, it.end_ms), range(it.other_start_ms, it.other_end_ms));
                let first = |text: String| if index == 0 { text } else { String::new() };
                let (covered, agreement) = (percent(found.covered_percent), percent(found.agreement_percent));
                let cells = [id.clone(), what.to_owned(), covered, agreement].map(first);
                table.row([&*cells[0], &*cells[1], &*cells[2], &*cells[3], &*here, &*there]);
            }
        }
    }
    if twins().next().is_none() { String::new() } else { format!("\n{table}") }
}

/// `m:ss` of a time in a work.
fn clock(ms: u64) -> String {
    format!("{}:{:02}", ms / 60_000, ms / 1000 % 60)
}
