//! `reelmill trouble`: everything that waits for a person, the most pressing first, and the matching command. Reads
//! only.
use desk::view::trouble::{self, Item, TroubleFilter};

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{self, Format, OutputArgs, Table};

/// Options of `trouble`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this contest's works
    #[arg(long, value_name = "CONTEST")]
    contest: Option<String>,
    /// Lines at most, 1 to 200; 100 if absent
    #[arg(long, value_name = "LINES")]
    limit: Option<u32>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Lists it.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let (desk, caller) = args.database.acting().await?;
    let filter = TroubleFilter { contest: args.contest, limit: args.limit };
    let found = trouble::trouble(&desk, &caller, &filter).await?;
    match args.output.output {
        Format::Json => output::print_json(&found)?,
        Format::Table if found.is_empty() => output::print("nothing waits for a person\n")?,
        Format::Table => output::print(&table(&found))?,
    }
    Ok(Exit::Done)
}

fn table(found: &[Item]) -> String {
    let mut table = Table::with_headings(&["WHAT", "WORK", "WHERE", "SINCE", "WHY"]).with_commands("NEXT");
    for item in found {
        let what = item.code.replace('_', " ");
        let due = item.due.map(|due| format!(" by {}", due.format("%Y-%m-%d %H:%M UTC"))).unwrap_or_default();
        let why = format!("{}{due}", item.words.as_deref().unwrap_or(item.en));
        let title = item.title.as_deref().unwrap_or_default();
        table.row([what.as_str(), title, &item.place, &since(item.age_s), &why]);
        table.command(&item.command);
    }
    table.to_string()
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
    fn each_line_says_since_when_and_what_to_type() {
        let item = Item {
            code: "overdue_recall".into(),
            submission: None,
            contest: None,
            title: Some("竖着看工厂".into()),
            place: "cctv".into(),
            age_s: 90_000.0,
            due: None,
            zh: "",
            en: "The recall is past its deadline and not proven.",
            words: None,
            command: "reelmill recalled ID --partner cctv --screenshot FILE".into(),
        };
        let shown = table(&[item]);
        for part in
            ["overdue recall", "竖着看工厂", "1 d 1 h", "past its deadline", "--partner cctv --screenshot FILE\n"]
        {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert_eq!(since(59.0 * 60.0), "59 min");
    }
}
