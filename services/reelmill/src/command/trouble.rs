//! `reelmill trouble`: everything that waits for a person, the most pressing first, and the command that goes with it. Reads only.
use runtime::store::trouble::Trouble;

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{self, Format, OutputArgs, Table};

/// Options of `trouble`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// At most this many lines
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Lists it.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let found = args.database.connect().await?.trouble(args.limit).await?;
    output::print(&match args.output.output {
        Format::Json => serde_json::to_string_pretty(&found)? + "\n",
        Format::Table if found.is_empty() => "nothing waits for a person\n".to_owned(),
        Format::Table => table(&found),
    })?;
    Ok(Exit::Done)
}

fn table(found: &[Trouble]) -> String {
    let mut table = Table::with_headings(&["WHAT", "WHERE", "SINCE", "WHY", "NEXT"]);
    for trouble in found {
        let what = trouble.kind.replace('_', " ");
        let since = since(trouble.since_s);
        table.row([&what, &trouble.place, &since, trouble.words.as_deref().unwrap_or_default(), &next(trouble)]);
    }
    table.to_string()
}

/// What to type next. The runbook has the rest.
fn next(trouble: &Trouble) -> String {
    let Trouble { submission, place, .. } = trouble;
    match trouble.kind.as_str() {
        "stuck" => "reelmill fsck --repair".to_owned(),
        "parked" => format!("reelmill retry {submission}/{place}"),
        "overdue_recall" => format!("reelmill recalled {submission} --partner {place} --screenshot FILE"),
        "waits_for_person" => format!("reelmill delivered {submission} --partner {place} --url URL"),
        _ => format!("reelmill status {submission}"),
    }
}

/// The two largest units are enough.
fn since(seconds: f64) -> String {
    let minutes = (seconds / 60.0) as u64;
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_says_what_to_type() {
        let trouble = |kind: &str, place: &str| Trouble {
            kind: kind.into(),
            submission: uuid::Uuid::nil(),
            place: place.into(),
            since_s: 90_000.0,
            words: Some("no space left on device".into()),
        };
        let id = uuid::Uuid::nil();
        assert_eq!(next(&trouble("parked", "transcode/segment/3")), format!("reelmill retry {id}/transcode/segment/3"));
        assert_eq!(next(&trouble("stuck", "publish/partner/cctv")), "reelmill fsck --repair");
        assert_eq!(next(&trouble("unknown_delivery", "bilibili")), format!("reelmill status {id}"));
        let shown = table(&[trouble("overdue_recall", "cctv")]);
        assert!(
            shown.contains("overdue recall") && shown.contains("1 d 1 h") && shown.contains("--partner cctv"),
            "{shown}"
        );
        assert_eq!(since(59.0 * 60.0), "59 min");
    }
}
