//! `--where` of `release` and `recall`: the act on all works that a selection finds, as a job.
use desk::Desk;
use desk::act::Caller;
use desk::act::bulk::{JobMade, NewJob, many};

use crate::exit::Exit;
use crate::output::{self, Format, OutputArgs, Table};

/// Makes the job and prints its id on stdout, or reports what it would do.
pub(crate) async fn run(desk: &Desk, caller: &Caller, wish: NewJob, output: OutputArgs) -> anyhow::Result<Exit> {
    let made = many(desk, caller, wish).await?.value;
    match (output.output, made.job) {
        (Format::Json, _) => output::print_json(&made)?,
        (Format::Table, None) => output::print(&foreseen(&made))?,
        (Format::Table, Some(job)) => {
            let (works, kind) = (made.works, made.kind);
            eprintln!("{kind} of {works} works, a few at a time: reelmill bulk show {job}");
            output::print(&format!("{job}\n"))?;
        }
    }
    Ok(Exit::Done)
}

/// What a job would do.
fn foreseen(made: &JobMade) -> String {
    let mut facts = Table::of_facts();
    facts.row(["works", &made.works.to_string()]);
    for (state, works) in &made.cannot_begin {
        facts.row(["left out", &format!("{works} in state {state}")]);
    }
    if made.in_another_job > 0 {
        facts.row(["left out", &format!("{} that other jobs of this kind have", made.in_another_job)]);
    }
    for it in &made.lasting {
        let at = it.partner.as_ref().map(|partner| format!("{partner}: ")).unwrap_or_default();
        facts.row(["for good", &format!("{at}{} ({} works)", it.en, it.works)]);
    }
    for it in &made.warnings {
        let example = it.examples.first().map(|it| format!(", such as {}: {}", it.id, it.en)).unwrap_or_default();
        facts.row(["not taken", &format!("{}: {} ({} works{example})", it.partner, it.code, it.works)]);
    }
    if made.unread_works > 0 {
        facts.row(["not taken", &format!("the texts of {} more works were not read", made.unread_works)]);
    }
    facts.row(["digest", &made.digest]);
    let mut partners = Table::with_headings(&["partner", "by", "works", "online"]);
    for it in &made.effects {
        partners.row([it.partner.as_str(), &it.method, &it.works.to_string(), &it.live.to_string()]);
    }
    format!("{facts}\n{partners}")
}
